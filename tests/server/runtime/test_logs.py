"""Log formats, and a log writer that never blocks."""

from __future__ import annotations

import fcntl
import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import grpc
import pytest

from summsvc.server.runtime import log_writer as lines_module
from summsvc.server.runtime.log_writer import LogWriter
from summsvc.v1 import model_service_pb2 as pb
from summsvc.v1.model_service_pb2_grpc import ModelServiceStub

PIPE_BYTES = 4096
PATIENCE_S = 30
COUNT = 1000

SAYING = """
import logging, sys, warnings
import structlog
from summsvc.server.runtime import logs
logs.configure(*sys.argv[1:])
log = structlog.get_logger("summsvc.calls")
structlog.contextvars.bind_contextvars(request_id="r-1")
log.debug("too little")
log.info("call", code="OK", ms=1.5, name="Žemaitė \\ud800", other={1})
structlog.contextvars.unbind_contextvars("request_id")
try:
    1 / 0
except ZeroDivisionError as error:
    log.exception("failed", item=3)
    log.error("again", exc_info=error)
logging.getLogger("lib").info("not %s", "that")
logging.getLogger("lib").warning("from %s", "afar")
warnings.warn("old")
logs.flush()
"""


def said(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", SAYING, *arguments], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    return done.stderr


def test_one_json_object_per_line() -> None:
    entries: list[dict[str, Any]] = [json.loads(line) for line in said("info", "json").splitlines()]
    assert all(each.pop("timestamp").endswith("Z") for each in entries)
    traces = [each.pop("exception") for each in entries[1:3]]
    assert all(trace.startswith("Traceback") and "ZeroDivisionError" in trace for trace in traces)
    ours = {"logger": "summsvc.calls"}
    assert entries[:5] == [
        ours
        | {"event": "call", "level": "info", "request_id": "r-1", "code": "OK", "ms": 1.5}
        | {"name": "Žemaitė \ud800", "other": "{1}"},
        ours | {"event": "failed", "level": "error", "item": 3},
        ours | {"event": "again", "level": "error"},
        {"event": "not that", "level": "info", "logger": "lib"},
        {"event": "from afar", "level": "warning", "logger": "lib"},
    ]
    (warned,) = entries[5:]
    assert (warned["level"], warned["logger"]) == ("warning", "py.warnings")
    assert "UserWarning: old" in warned["event"]


def test_console_format() -> None:
    text = said("warning", "console")
    assert "r-1" not in text
    assert text.count("ZeroDivisionError: division by zero") == 2
    assert "from afar" in text
    assert "not that" not in text


class Pipe:
    """A small pipe that is read on request."""

    def __init__(self) -> None:
        self.end, self.begin = os.pipe()
        fcntl.fcntl(self.begin, fcntl.F_SETPIPE_SZ, PIPE_BYTES)

    def read(self, until: str) -> list[str]:
        """Read lines up to the first one that contains ``until``."""
        got = b""
        while until.encode() not in got or not got.endswith(b"\n"):
            got += os.read(self.end, PIPE_BYTES)
        return got.decode().splitlines()

    def close(self) -> None:
        os.close(self.end)
        os.close(self.begin)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    made.close()


@pytest.mark.parametrize("blocking", [True, False])
def test_unread_lines_are_dropped_and_counted(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch, blocking: bool
) -> None:
    monkeypatch.setattr(lines_module, "MAX_QUEUED_LINES", 50)
    monkeypatch.setattr(lines_module, "LINES_PER_TURN", 10)
    os.set_blocking(pipe.begin, blocking)
    gaps: SimpleQueue[int] = SimpleQueue()
    lines = LogWriter(pipe.begin, gaps.put)
    for i in range(COUNT):
        lines.write(f"{i:099}\n")
    assert not lines.wait_until_written(0.01)
    dropped = lines.dropped
    assert dropped > COUNT / 2
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.extend(pipe.read("end")), daemon=True)
    reader.start()
    told = 0
    while told < dropped:
        told += gaps.get(timeout=PATIENCE_S)
    lines.write("end\n")
    reader.join(PATIENCE_S)
    numbers = [int(line) for line in got[:-1]]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == COUNT - dropped
    assert lines.wait_until_written(PATIENCE_S)
    assert told == dropped == lines.dropped


def test_a_closed_reader_does_not_stop_the_writer(pipe: Pipe) -> None:
    lines = LogWriter(pipe.begin, lambda _: None)
    lines.write("one\n")
    assert pipe.read("one") == ["one"]
    nobody, elsewhere = os.pipe()
    os.close(nobody)
    kept = os.dup(pipe.begin)
    os.dup2(elsewhere, pipe.begin)
    lines.write("two\n")
    assert lines.wait_until_written(PATIENCE_S)
    assert lines.dropped == 1
    os.dup2(kept, pipe.begin)
    lines.write("three\n")
    assert pipe.read("three") == ["three"]
    os.close(elsewhere)
    os.close(kept)


def test_lines_of_one_write_do_not_exceed_an_atomic_one() -> None:
    sizes = [100] * 100 + [10_000] + [1] * 10
    groups = list(lines_module._writes("x" * size for size in sizes))
    assert [len(line) for group in groups for line in group] == sizes
    written = [sum(map(len, group)) for group in groups]
    assert [size for size in written if size > select.PIPE_BUF] == [10_000]
    assert len(groups) == 5


def test_a_server_with_an_unread_log_answers_and_exits(tmp_path: Path) -> None:
    code = "from summsvc.cli import main; main()"
    flags = ["--port", "0", "--metrics-port", "-1", "--model-dir", str(tmp_path)]
    with subprocess.Popen(
        [sys.executable, "-c", code, "serve", *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        fcntl.fcntl(process.stderr, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        try:
            address = process.stdout.readline().split()[-1]
            with grpc.insecure_channel(address) as channel:
                stub = ModelServiceStub(channel)
                for _ in range(PIPE_BYTES // 100):
                    stub.GetServerInfo(pb.GetServerInfoRequest(), timeout=PATIENCE_S)
        finally:
            process.terminate()
        assert process.wait(PATIENCE_S) == 0
