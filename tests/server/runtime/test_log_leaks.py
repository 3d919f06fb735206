"""No request text in the log, whichever layer fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2, health_pb2_grpc

from summsvc.server.services.health import TRANSLATION_SERVICE
from summsvc.v1 import article_pb2
from summsvc.v1 import summarization_service_pb2 as summaries
from summsvc.v1 import translation_service_pb2 as translations
from summsvc.v1.summarization_service_pb2_grpc import SummarizationServiceStub
from summsvc.v1.translation_service_pb2_grpc import TranslationServiceStub
from tests.server.breaking import LAYERS, SPECIAL_LAYERS
from tests.server.watched import eventually

MARK = "Zanzibar"
"""Part of every field of every request. The log must not contain it in any case."""

SAID = {"engine": "engine failed", "log": "log line lost", "print": "not shown"}
"""Text in the log for a layer that failed; for others it is the line of code."""

PATIENCE_S = 120
TOKEN = f"{MARK}-secret"
BODY = f"The {MARK} president met the mayor in Riga on Friday. It will rain in {MARK} tomorrow."
GREEDY = article_pb2.DecodingOptions(beam_size=1)
METADATA = (
    ("authorization", f"Bearer {TOKEN}"),
    ("x-request-id", "the-callers-own"),
    ("x-other", MARK),
)


@dataclass
class Broken:
    """Server process with one layer that can be made to fail."""

    address: str
    chosen: Path
    log: Path

    def break_(self, layer: str) -> None:
        self.chosen.write_text(layer, "utf-8")

    def text(self) -> str:
        return self.log.read_text("utf-8")

    def wait_for(self, said: str, begin: int) -> None:
        """Wait until the log contains a text, behind its first ``begin`` characters."""
        eventually(lambda: said in self.text()[begin:])


@contextmanager
def broken_server(tmp_path: Path, model_dir: Path, form: str) -> Iterator[Broken]:
    tokens, chosen, log = tmp_path / "tokens", tmp_path / "layer", tmp_path / "log"
    tokens.write_text(TOKEN)
    chosen.write_text("")
    flags = {
        "port": 0,
        "metrics-port": -1,
        "model-dir": model_dir,
        "token-file": tokens,
        "log-format": form,
        "log-level": "debug",
        "drain-s": 1,
    }
    command = [sys.executable, "-m", "tests.server.breaking", str(chosen), "serve"]
    command += [f"--{name}={value}" for name, value in flags.items()]
    with (
        log.open("wb") as stderr,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            cwd=Path(__file__).parents[3],
            env=os.environ | {"PYTHONASYNCIODEBUG": "1"},
        ) as process,
    ):
        assert process.stdout is not None
        try:
            address = process.stdout.readline().split()[-1]
            yield Broken(address, chosen, log)
        except IndexError:
            pytest.fail(log.read_text("utf-8"))
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_S) == 0


def article() -> article_pb2.Article:
    return article_pb2.Article(title=f"News of {MARK}", body=BODY, language_code="en")


def to_translate() -> translations.TranslateRequest:
    return translations.TranslateRequest(
        article=article(),
        target_language_code="ru",
        do_not_translate=[MARK],
        glossary=[translations.GlossaryEntry(source="Riga", target=f"{MARK}ом")],
        bypass_cache=True,
        decoding=GREEDY,
    )


def to_summarize() -> summaries.SummarizeRequest:
    return summaries.SummarizeRequest(
        article=article(), target_language_code="ru", bypass_cache=True, decoding=GREEDY
    )


def filled(message: Message) -> Any:
    """Fill a message: the mark in every string, one entry in every repeated field."""
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        if field.type == field.TYPE_MESSAGE:
            filled(value.add() if field.is_repeated else value)
        elif field.type == field.TYPE_STRING and field.is_repeated:
            value.append(MARK)
        elif field.type == field.TYPE_STRING:
            setattr(message, field.name, MARK)
    return message


def call_all(channel: grpc.Channel, translation: Any, summary: Any) -> list[str]:
    """Make a call of every kind; return the codes of the failed calls."""
    translator, summarizer = TranslationServiceStub(channel), SummarizationServiceStub(channel)
    calls: list[Callable[..., Any]] = [
        lambda **more: translator.Translate(translation, **more),
        lambda **more: summarizer.Summarize(summary, **more),
        lambda **more: translator.BatchTranslate(
            translations.BatchTranslateRequest(requests=[translation]), **more
        ),
        lambda **more: summarizer.BatchSummarize(
            summaries.BatchSummarizeRequest(requests=[summary]), **more
        ),
        lambda **more: list(
            translator.StreamTranslate(
                translations.StreamTranslateRequest(request=translation), **more
            )
        ),
        lambda **more: channel.unary_unary(f"/summsvc.{MARK}/{MARK}", bytes, bytes)(b"", **more),
    ]
    failed = []
    for call in calls:
        try:
            call(timeout=PATIENCE_S, metadata=METADATA)
        except grpc.RpcError as error:
            failed.append(error.code().name)
    return failed


def summarize(channel: grpc.Channel, token: str) -> None:
    metadata = (("authorization", f"Bearer {token}"), ("x-other", MARK))
    request = summaries.SummarizeRequest(article=article())
    SummarizationServiceStub(channel).Summarize(request, metadata=metadata, timeout=PATIENCE_S)


@pytest.mark.parametrize("form", ["json", "console"])
def test_no_text_of_a_request_is_in_the_log(tmp_path: Path, model_dir: Path, form: str) -> None:
    with (
        broken_server(tmp_path, model_dir, form) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        health = health_pb2_grpc.HealthStub(channel)
        serving = health_pb2.HealthCheckResponse.SERVING
        asked = health_pb2.HealthCheckRequest(service=TRANSLATION_SERVICE)
        eventually(lambda: health.Check(asked).status == serving)
        assert call_all(channel, to_translate(), to_summarize()) == ["UNIMPLEMENTED"]
        for layer in (*LAYERS, *SPECIAL_LAYERS):
            before = len(server.text())
            server.break_(layer)
            if layer in LAYERS:
                failed = call_all(channel, to_translate(), to_summarize())
                assert failed != ["UNIMPLEMENTED"], layer
            else:
                with suppress(grpc.RpcError):
                    summarize(channel, TOKEN)
            server.break_("")
            said = SAID.get(layer, ", in fail")
            server.wait_for(said, before)
            assert MARK.casefold() not in server.text()[before:].casefold(), layer
        wrong = filled(translations.TranslateRequest()), filled(summaries.SummarizeRequest())
        assert len(call_all(channel, *wrong)) == 4
        with pytest.raises(grpc.RpcError):
            summarize(channel, f"{MARK}-wrong")
        assert "the-callers-own" in server.text()
    assert MARK.casefold() not in server.text().casefold()
