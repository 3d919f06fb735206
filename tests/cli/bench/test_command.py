"""``summsvc bench`` against a real server without models, and against a fake one."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import grpc

from summsvc.v1 import model_service_pb2
from summsvc.v1 import summarization_service_pb2 as summaries
from tests.cli.conftest import Summsvc
from tests.cli.pseudo_terminal import on_terminal
from tests.client.fake import FakeServer


def test_a_closed_loop_as_json(summsvc: Summsvc) -> None:
    done = summsvc("bench", "--clients", "2", "--calls", "20", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert (report["completed"], report["failures"]) == (20, {})
    assert (report["clients"], report["rate"], report["interrupted"]) == (2, None, False)
    assert sum(each["calls"] for each in report["histogram"]) == 20
    assert report["latency_ms"]["min"] <= report["latency_ms"]["p50"] <= report["latency_ms"]["max"]
    assert report["server_ms"]["segmentation"] > 0
    assert report["segments_per_s"] > 0


def test_a_fixed_rate_with_own_articles(summsvc: Summsvc, tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.txt").write_text("The council met on Friday. The talks continue.")
    done = summsvc("bench", tmp_path, "--rate", "100", "--calls", "10", "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["completed"], report["articles"]) == (0, 10, 2)
    assert (report["clients"], report["rate"]) == (None, 100)
    assert report["sent_late_ms"]["max"] >= 0


def test_the_report_in_words_fits_a_terminal(summsvc: Summsvc) -> None:
    seen = on_terminal("bench", "--calls", "10", env=summsvc.env)
    assert seen.code == 0
    assert "10 calls completed, 0 failed" in seen.text
    assert "p99.9" in seen.text
    assert "█" in seen.text
    assert max(map(len, seen.text.splitlines())) <= 80


def test_another_machine_is_refused_before_anything_is_sent(summsvc: Summsvc) -> None:
    done = summsvc("bench", "--server", "192.0.2.1:50051")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--allow-remote" in done.stderr


def test_without_a_server_the_code_is_3(summsvc: Summsvc) -> None:
    done = summsvc("bench", "--server", "127.0.0.1:9")
    assert (done.returncode, done.stdout) == (3, "")
    assert "start one with 'summsvc serve'" in done.stderr


def test_an_error_of_the_first_call_ends_the_test(summsvc: Summsvc) -> None:
    done = summsvc("bench", "--to", "ru")
    assert (done.returncode, done.stdout) == (1, "")
    assert "summsvc models pull firefox-en-ru" in done.stderr


def test_an_article_that_cannot_be_read_ends_the_test(summsvc: Summsvc, tmp_path: Path) -> None:
    done = summsvc("bench", tmp_path / "gone.txt")
    assert (done.returncode, done.stdout) == (1, "")
    assert "gone.txt: no such file" in done.stderr


def prepared(fake: FakeServer) -> None:
    fake.answers["GetServerInfo"] = lambda *_: model_service_pb2.GetServerInfoResponse(version="9")


def test_failed_calls_are_counted_and_give_the_code_1(fake: FakeServer, at_fake: Summsvc) -> None:
    prepared(fake)

    def answer(_: Any, context: grpc.ServicerContext) -> Any:
        if len(fake.calls) % 2:
            return context.abort(grpc.StatusCode.INTERNAL, "broken")
        return summaries.SummarizeResponse(summary="x")

    fake.answers["Summarize"] = answer
    done = at_fake("bench", "--clients", "1", "--calls", "4")
    assert done.returncode == 1
    assert "2 calls completed, 2 failed" in done.stdout
    assert "  2 INTERNAL" in done.stdout


def test_an_interrupt_prints_the_report_so_far(fake: FakeServer, at_fake: Summsvc) -> None:
    prepared(fake)
    hanging = threading.Event()

    def answer(_: Any, context: grpc.ServicerContext) -> Any:
        if len(fake.calls) > 6:
            context.add_callback(ended.set)
            hanging.set()
            ended.wait(60)
        return summaries.SummarizeResponse(summary="x")

    ended = threading.Event()
    fake.answers["Summarize"] = answer
    process = at_fake.start(
        "bench", "--clients", "1", "--seconds", "600", "--json",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert hanging.wait(60)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    report = json.loads(out)
    assert (process.returncode, err) == (130, b"")
    assert report["interrupted"]
    # One call each of GetServerInfo and the warm-up are not counted.
    assert report["completed"] == 4
