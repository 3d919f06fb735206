"""No text of a request in the log, in the metrics or in an error, whichever layer fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from summsvc.server.services.health import TRANSLATION_SERVICE
from summsvc.v1 import article_pb2
from summsvc.v1 import model_service_pb2 as models
from summsvc.v1 import summarization_service_pb2 as summaries
from summsvc.v1 import translation_service_pb2 as translations
from summsvc.v1.model_service_pb2_grpc import ModelServiceStub
from summsvc.v1.summarization_service_pb2_grpc import SummarizationServiceStub
from summsvc.v1.translation_service_pb2_grpc import TranslationServiceStub
from tests.running import free_ports
from tests.server.breaking import LAYERS, SPECIAL_LAYERS
from tests.server.watched import eventually

MARK = "Zanzibar"
"""Part of every field of every request, of a token and of metadata. Neither the log nor the
metrics nor an error of another caller may contain it in any case."""

SAID = {"engine": "engine failed", "log": "log line lost", "print": "not shown"}
"""Text in the log for a layer that failed; for others it is the line of code."""

PATIENCE_S = 120
TOKEN = f"{MARK}-secret"
OTHER_TOKEN = "of-another-caller"
REQUEST_ID = ("x-request-id", "the-callers-own")
BODY = f"The {MARK} president met the mayor in Riga on Friday. It will rain in {MARK} tomorrow."
GREEDY = article_pb2.DecodingOptions(beam_size=1)
METADATA = (
    ("authorization", f"Bearer {TOKEN}"),
    REQUEST_ID,
    ("x-other", MARK),
)


@dataclass
class Broken:
    """Server process with one layer that can be made to fail."""

    address: str
    chosen: Path
    log: Path
    metrics_port: int

    def break_(self, layer: str) -> None:
        self.chosen.write_text(layer, "utf-8")

    def text(self) -> str:
        return self.log.read_text("utf-8")

    def metrics(self) -> str:
        url = f"http://127.0.0.1:{self.metrics_port}/metrics"
        with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
            return str(answer.read().decode())

    def wait_for(self, said: str, begin: int) -> None:
        """Wait until the log contains a text, behind its first ``begin`` characters."""
        eventually(lambda: said in self.text()[begin:])


@contextmanager
def broken_server(tmp_path: Path, model_dir: Path, form: str) -> Iterator[Broken]:
    tokens, chosen, log = tmp_path / "tokens", tmp_path / "layer", tmp_path / "log"
    tokens.write_text(f"{TOKEN}\n{OTHER_TOKEN}\n")
    (metrics_port,) = free_ports(1)
    chosen.write_text("")
    flags = {
        "port": 0,
        "metrics-port": metrics_port,
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
            yield Broken(address, chosen, log, metrics_port)
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


def call_all(
    channel: grpc.Channel, translation: Any, summary: Any, metadata: Any = METADATA
) -> list[Any]:
    """Make a call of every kind; return the failed calls."""
    translator, summarizer = TranslationServiceStub(channel), SummarizationServiceStub(channel)
    info, health = ModelServiceStub(channel), health_pb2_grpc.HealthStub(channel)
    reflected = reflection_pb2_grpc.ServerReflectionStub(channel)
    symbol = reflection_pb2.ServerReflectionRequest(host=MARK, file_containing_symbol=MARK)
    unary: list[tuple[Any, Any]] = [
        (translator.Translate, translation),
        (summarizer.Summarize, summary),
        (translator.BatchTranslate, translations.BatchTranslateRequest(requests=[translation])),
        (summarizer.BatchSummarize, summaries.BatchSummarizeRequest(requests=[summary])),
        (channel.unary_unary(f"/summsvc.{MARK}/{MARK}", bytes, bytes), b""),
        (info.ListModels, models.ListModelsRequest()),
        (info.GetServerInfo, models.GetServerInfoRequest()),
        (health.Check, health_pb2.HealthCheckRequest(service=MARK)),
    ]
    calls = [
        method.future(request, timeout=PATIENCE_S, metadata=metadata) for method, request in unary
    ]
    stream = translations.StreamTranslateRequest(request=translation)
    streams: list[Any] = [
        translator.StreamTranslate(stream, timeout=PATIENCE_S, metadata=metadata),
        reflected.ServerReflectionInfo(iter([symbol]), timeout=PATIENCE_S, metadata=metadata),
    ]
    watch = health.Watch(health_pb2.HealthCheckRequest(service=MARK), metadata=metadata)
    with suppress(grpc.RpcError):
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
    watch.cancel()
    for call in (*calls, *streams):
        with suppress(grpc.RpcError):
            list(call) if call in streams else call.result()
        assert REQUEST_ID in [tuple(entry) for entry in call.trailing_metadata()], call
    return [call for call in (*calls, *streams) if call.code() is not grpc.StatusCode.OK]


def codes(calls: list[Any]) -> list[str]:
    return [call.code().name for call in calls]


def text_of(call: Any) -> str:
    """Return all that a caller learns of a failed call."""
    return f"{call.details()} {call.debug_error_string()} {call.trailing_metadata()}"


def clean_request() -> translations.TranslateRequest:
    """Make a request without the mark, which shares its batches with those of another caller."""
    return translations.TranslateRequest(
        article=article_pb2.Article(body="The talks will continue.", language_code="en"),
        target_language_code="ru",
        bypass_cache=True,
        decoding=GREEDY,
    )


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
        unknown = ["UNIMPLEMENTED", "NOT_FOUND"]
        assert codes(call_all(channel, to_translate(), to_summarize())) == unknown
        another = (("authorization", f"Bearer {OTHER_TOKEN}"),)
        secrets = ("Traceback", 'File "', ".py", str(tmp_path), str(model_dir), "site-packages")
        for layer in (*LAYERS, *SPECIAL_LAYERS):
            before = len(server.text())
            server.break_(layer)
            if layer in LAYERS:
                other = TranslationServiceStub(channel).Translate.future(
                    clean_request(), timeout=PATIENCE_S, metadata=another
                )
                failed = call_all(channel, to_translate(), to_summarize())
                assert codes(failed) != unknown, layer
                if other.code() is not grpc.StatusCode.OK:
                    failed.append(other)
                    assert MARK.casefold() not in text_of(other).casefold()
                for call in failed:
                    assert not [secret for secret in secrets if secret in text_of(call)], layer
            else:
                with suppress(grpc.RpcError):
                    summarize(channel, TOKEN)
            server.break_("")
            said = SAID.get(layer, ", in fail")
            server.wait_for(said, before)
            assert MARK.casefold() not in server.text()[before:].casefold(), layer
        wrong = filled(translations.TranslateRequest()), filled(summaries.SummarizeRequest())
        assert len(call_all(channel, *wrong)) == 5
        with pytest.raises(grpc.RpcError):
            summarize(channel, f"{MARK}-wrong")
        assert "the-callers-own" in server.text()
        assert MARK.casefold() not in server.metrics().casefold()
    assert MARK.casefold() not in server.text().casefold()
