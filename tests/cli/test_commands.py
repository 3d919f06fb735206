"""Client commands against a fake server: requests, output, errors and signals."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import grpc
import pytest

from summsvc import errors
from summsvc.cli.app import COMMANDS, cli
from summsvc.config import SettingsError
from summsvc.server.codec.status import code_of, status_of, trailing_metadata
from summsvc.v1 import article_pb2
from summsvc.v1 import summarization_service_pb2 as summaries
from summsvc.v1 import translation_service_pb2 as translations
from tests.cli.conftest import Summsvc
from tests.client.fake import Answer, FakeServer

ENGLISH = article_pb2.Language(code="en", confidence=0.987, identified=True)
USE = article_pb2.ModelUse(model="opus-en-ru", engine="ctranslate2")
LOST = article_pb2.Warning(
    type=article_pb2.WARNING_TYPE_NUMBER_LOST,
    message="123 is gone",
    field=article_pb2.ARTICLE_FIELD_BODY,
    span=article_pb2.Span(start=3, end=6),
)


def segment(index: int, field: str, text: str, separator: str = "") -> Any:
    return translations.TranslatedSegment(
        index=index,
        field=article_pb2.ArticleField.Value(f"ARTICLE_FIELD_{field}"),
        kind=translations.SEGMENT_KIND_SENTENCE,
        source_text=f"source {index}",
        text=text,
        separator=separator,
        score=-0.25,
        terms=[translations.TermUse(source="a", target="b")] if index == 0 else [],
    )


SEGMENTS = [
    segment(0, "TITLE", "Заголовок"),
    segment(1, "BODY", "Раз."),
    segment(2, "BODY", "Два.", "\n\n"),
]
TRANSLATION = translations.TranslateResponse(
    title="Заголовок",
    body="Раз.\n\nДва.\n",
    language=ENGLISH,
    target_language_code="ru",
    segments=SEGMENTS,
    models=[USE],
    warnings=[LOST],
)
EVENTS = [
    translations.StreamTranslateResponse(
        started=translations.TranslationStarted(
            language=ENGLISH, target_language_code="ru", segments=3, models=[USE]
        )
    ),
    *(translations.StreamTranslateResponse(segment=one) for one in SEGMENTS),
    translations.StreamTranslateResponse(
        finished=translations.TranslationFinished(separator="\n", warnings=[LOST])
    ),
]
TEXT = "Заголовок\n\nРаз.\n\nДва.\n"
SHOWN = """\
[0] title, sentence, score -0.25
    source 0
    Заголовок
    a => b (not applied)
[1] body, sentence, score -0.25
    source 1
    Раз.
[2] body, sentence, score -0.25
    source 2
    Два.
"""
REMARKS = """\
Language: en (confidence 0.99) -> ru, by opus-en-ru
<stdin>: warning: NUMBER_LOST at body 3-6: 123 is gone
"""


def echo(request: Any, _: Any) -> Any:
    return summaries.SummarizeResponse(summary=request.article.body, language=ENGLISH)


def failing(error: errors.SummsvcError) -> Answer:
    def answer(_: Any, context: grpc.ServicerContext) -> Any:
        context.set_trailing_metadata((trailing_metadata(status_of(error)),))
        return context.abort(code_of(error), error.message)

    return answer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in "abcdefghijkl":
        (tmp_path / f"{name}.txt").write_text(f"text {name}")
    return tmp_path


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("segments", [False, True])
def test_a_translation_is_printed_complete_or_as_a_stream(
    fake: FakeServer, at_fake: Summsvc, stream: bool, segments: bool
) -> None:
    fake.answers["Translate"] = lambda *_: TRANSLATION
    fake.answers["StreamTranslate"] = lambda *_: iter(EVENTS)
    flags = ["--stream"] * stream + ["--segments"] * segments
    done = at_fake("translate", "-", "--to", "ru", *flags, stdin=b"text")
    assert done.stdout == (SHOWN if segments else TEXT)
    assert done.stderr == REMARKS
    assert done.returncode == 0


def test_an_unsupported_claim_is_printed_with_its_span_in_the_summary(
    fake: FakeServer, at_fake: Summsvc
) -> None:
    warning = article_pb2.Warning(
        type=article_pb2.WARNING_TYPE_UNSUPPORTED_CLAIM,
        message="“77” is not in the article",
        output_span=article_pb2.Span(start=9, end=11),
    )
    fake.answers["Summarize"] = lambda *_: summaries.SummarizeResponse(
        summary="It freed 77 people.", language=ENGLISH, warnings=[warning]
    )
    done = at_fake("summarize", "-", stdin=b"text")
    assert done.stderr == (
        "<stdin>: warning: UNSUPPORTED_CLAIM at summary 9-11: “77” is not in the article\n"
    )


def test_a_stream_in_json_has_one_event_per_line(fake: FakeServer, at_fake: Summsvc) -> None:
    fake.answers["StreamTranslate"] = lambda *_: iter(EVENTS)
    done = at_fake("translate", "-", "--to", "ru", "--stream", "--json", stdin=b"text")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [next(iter(event)) for event in events] == ["started", *["segment"] * 3, "finished"]
    assert events[2]["segment"]["source_text"] == "source 1"


def test_segments_are_printed_before_the_stream_ends(fake: FakeServer, at_fake: Summsvc) -> None:
    seen = threading.Event()

    def answer(*_: Any) -> Iterator[Any]:
        yield from EVENTS[:3]
        assert seen.wait(30)
        yield from EVENTS[3:]

    fake.answers["StreamTranslate"] = answer
    process = at_fake.start(
        "translate", "-", "--to", "ru", "--stream",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    start = "Заголовок\n\nРаз.".encode()
    assert process.stdout.read(len(start)) == start
    seen.set()
    assert process.communicate(timeout=60)[0] == "\n\nДва.\n".encode()


def test_a_stream_that_breaks_off_ends_the_line_and_fails(
    fake: FakeServer, at_fake: Summsvc
) -> None:
    def answer(_: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        yield from EVENTS[:2]
        failing(errors.EngineError("broken"))(None, context)

    fake.answers["StreamTranslate"] = answer
    done = at_fake("translate", "-", "--to", "ru", "--stream", stdin=b"text")
    assert (done.returncode, done.stdout) == (1, "Заголовок\n")
    assert done.stderr.splitlines()[-1] == "<stdin>: ENGINE_FAILED: broken"


def test_all_options_reach_the_server(fake: FakeServer, at_fake: Summsvc, tmp_path: Path) -> None:
    glossary = tmp_path / "glossary.tsv"
    glossary.write_text("potash\tкалий\n\n envoy \t посланник \n", encoding="utf-8-sig")
    article = tmp_path / "article.md"
    article.write_bytes("\ufeffTwo\r\nlines".encode())
    fake.answers["Translate"] = lambda *_: TRANSLATION
    done = at_fake(
        "translate", article, "--to", "lt", "--from", "en", "--title", "Antraštė",
        "--model", "m", "--glossary", glossary, "--do-not-translate", "Minsk",
        "--do-not-translate", "Vilnius", "--keep-boilerplate", "--token", "s3cret",
    )  # fmt: skip
    assert done.returncode == 0
    assert fake.last_request == translations.TranslateRequest(
        article=article_pb2.Article(
            title="Antraštė", body="Two\r\nlines", language_code="en", mime_type="text/markdown"
        ),
        target_language_code="lt",
        model="m",
        do_not_translate=["Minsk", "Vilnius"],
        glossary=[
            translations.GlossaryEntry(source="potash", target="калий"),
            translations.GlossaryEntry(source="envoy", target="посланник"),
        ],
        keep_boilerplate=True,
    )
    assert fake.calls[-1][2]["authorization"] == "Bearer s3cret"

    fake.answers["Summarize"] = echo
    at_fake(
        "summarize", "-", "--ratio", "0.5", "--method", "abstractive", "--to", "ru", "--model", "m",
        "--translation-model", "t", stdin=b"text",
    )  # fmt: skip
    assert fake.last_request == summaries.SummarizeRequest(
        article=article_pb2.Article(body="text", mime_type="text/plain"),
        length=summaries.SummaryLength(ratio=0.5),
        method=summaries.SUMMARY_METHOD_ABSTRACTIVE,
        target_language_code="ru",
        model="m",
        translation_model="t",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"one\ttwo\nthree\n", ":2: not a term, a tab and a translation"),
        (b"\ttwo\n", ":1: not a term"),
        (b"one\ttwo\tthree\n", ":1: not a term"),
        (b"one\ttwo\none\tthree\n", ":2: 'one' occurs twice"),
        (b"one\t\xff\n", ": not UTF-8 at offset 4"),
    ],
)
def test_an_invalid_glossary_is_reported_with_file_and_line(
    at_fake: Summsvc, tmp_path: Path, text: bytes, expected: str
) -> None:
    (tmp_path / "g.tsv").write_bytes(text)
    done = at_fake("translate", "-", "--to", "ru", "--glossary", tmp_path / "g.tsv")
    assert done.returncode == 2
    assert f"g.tsv{expected}" in done.stderr


def test_calls_are_concurrent_and_results_are_in_order(
    fake: FakeServer, at_fake: Summsvc, folder: Path
) -> None:
    barrier = threading.Barrier(4)

    def answer(request: Any, context: Any) -> Any:
        barrier.wait(30)
        return echo(request, context)

    fake.answers["Summarize"] = answer
    done = at_fake("summarize", folder, "--json")
    assert [json.loads(line)["summary"] for line in done.stdout.splitlines()] == [
        f"text {name}" for name in "abcdefghijkl"
    ]


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (errors.OverloadedError("full", retry_after=1.5), "OVERLOADED: full; retry in 1.5 s"),
        (errors.DrainingError("going down"), "DRAINING: going down"),
        (
            errors.UnauthenticatedError("who?"),
            "UNAUTHENTICATED: who?; set a token with --token or SUMMSVC_TOKEN",
        ),
        (errors.TextTooLongError("too\nlong", field="article.body"), "TEXT_TOO_LONG: too long"),
    ],
)
def test_errors_are_one_line_with_reason_and_remedy(
    fake: FakeServer, at_fake: Summsvc, error: errors.SummsvcError, line: str
) -> None:
    fake.answers["Summarize"] = failing(error)
    done = at_fake("summarize", "-", stdin=b"text")
    assert done.returncode == 1
    assert done.stderr == f"<stdin>: {line}\n"


def test_a_timeout_is_reported_with_the_flag_that_extends_it(
    fake: FakeServer, at_fake: Summsvc
) -> None:
    release = threading.Event()
    fake.answers["Summarize"] = lambda *_: release.wait(30)
    done = at_fake("summarize", "-", "--timeout", "0.5", stdin=b"text")
    release.set()
    assert done.returncode == 1
    assert done.stderr == "<stdin>: no reply within 0.5 s; increase --timeout\n"


def test_a_server_that_is_not_summsvc_is_reported(fake: FakeServer, at_fake: Summsvc) -> None:
    def missing(_: Any, context: grpc.ServicerContext) -> Any:
        return context.abort(grpc.StatusCode.UNIMPLEMENTED, "Method not found!")

    fake.answers["GetServerInfo"] = missing
    done = at_fake("info")
    assert done.returncode == 1
    assert f"is {fake.address} a summsvc server?" in done.stderr


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["summarize"], "Missing argument 'PATH...'"),
        (["summarize", "-", "--sentences", "0"], "0 is not in the range"),
        (["summarize", "-", "--sentences", "3", "--words", "5"], "one of --sentences, --words"),
        (["summarize", "-", "--ratio", "0"], "--ratio"),
        (["summarize", "-", "-"], "can be given once"),
        (["summarize", "a.txt", "b.txt", "--title", "T"], "--title is for one article"),
        (["summarize", "-", "--title", b"\xff"], "not valid UTF-8"),
        (["summarize", "-", "--timeout", "0"], "--timeout"),
        (["summarize", "-", "--tls-key", "pyproject.toml"], "go together"),
        (["translate", "-"], "Missing option '--to'"),
        (["frobnicate"], "No such command"),
    ],
)
def test_a_usage_error_exits_with_2_and_describes_the_error(
    at_fake: Summsvc, args: list[Any], expected: str
) -> None:
    done = at_fake(*(os.fsdecode(argument) for argument in args))
    assert (done.returncode, done.stdout) == (2, "")
    assert expected in done.stderr


def test_an_empty_folder_is_reported_as_a_failure(
    fake: FakeServer, at_fake: Summsvc, tmp_path: Path
) -> None:
    fake.answers["Summarize"] = echo
    done = at_fake("summarize", tmp_path, "-", "--json", stdin=b"text")
    assert done.returncode == 1
    assert f"{tmp_path}: no article in this folder" in done.stderr
    assert json.loads(done.stdout.splitlines()[1])["summary"] == "text"


def test_an_interrupt_ends_the_command_and_cancels_the_call(
    fake: FakeServer, at_fake: Summsvc
) -> None:
    arrived, ended = threading.Event(), threading.Event()

    def answer(_: Any, context: grpc.ServicerContext) -> Any:
        context.add_callback(ended.set)
        arrived.set()
        ended.wait(30)

    fake.answers["Summarize"] = answer
    process = at_fake.start(
        "summarize", "-", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert arrived.wait(30)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert (out, err.strip()) == (b"", b"")
    assert ended.wait(30)


def test_an_interrupt_while_reading_standard_input_ends_the_command(at_fake: Summsvc) -> None:
    process = at_fake.start(
        "summarize", "-", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin is not None
    # Exceeds the capacity of a pipe: the write returns only when the process reads.
    process.stdin.write(b"x" * 1_000_000)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.strip() == b""


def test_a_closed_output_pipe_ends_the_command_without_a_message(
    fake: FakeServer, at_fake: Summsvc, folder: Path
) -> None:
    fake.answers["Summarize"] = lambda *_: summaries.SummarizeResponse(summary="x" * 100_000)
    process = at_fake.start("summarize", folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 1
    assert err == b""


def on_terminal(summsvc: Summsvc, *args: str | Path) -> tuple[bytes, bytes]:
    """Run a command with a terminal as standard error; return both outputs."""
    ours, theirs = pty.openpty()
    process = summsvc.start(*args, stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    assert process.stdout is not None
    out = process.stdout.read()
    process.stdout.close()
    shown = b""
    try:
        while chunk := os.read(ours, 65536):
            shown += chunk
    except OSError:
        pass  # the terminal closes with its last process
    os.close(ours)
    assert process.wait(60) == 0
    return out, shown


def test_progress_is_shown_only_on_a_terminal_and_for_several_articles(
    fake: FakeServer, at_fake: Summsvc, folder: Path
) -> None:
    fake.answers["Summarize"] = echo
    out, shown = on_terminal(at_fake, "summarize", folder, "--json")
    assert len(out.splitlines()) == 12
    assert b"100%" in shown
    _, shown = on_terminal(at_fake, "summarize", folder / "a.txt", "--json")
    assert shown == b""
    done = at_fake("summarize", folder, "--json")
    assert done.stderr == ""


def test_help_imports_no_library_but_click(at_fake: Summsvc) -> None:
    program = (
        "import sys\n"
        "from summsvc.cli import main\n"
        "sys.argv = ['summsvc', *sys.argv[1:]]\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('LOADED', *sys.modules)"
    )

    def loaded(*args: str) -> set[str]:
        done = subprocess.run(
            [sys.executable, "-c", program, *args],
            capture_output=True,
            text=True,
            env=at_fake.env,
            check=True,
        )
        names = done.stdout.rpartition("LOADED")[2].split()
        return {name.partition(".")[0] for name in names}

    heavy = {"pydantic", "numpy", "torch", "transformers", "ctranslate2", "huggingface_hub"}
    assert not loaded("--help") & (heavy | {"grpc", "google"})
    assert not loaded("summarize", "--help") & (heavy | {"grpc"})
    health = loaded("health")
    assert "grpc" in health
    assert not health & heavy


def test_the_command_list_matches_the_help_of_the_commands() -> None:
    context = click.Context(cli)
    for name, line in COMMANDS.items():
        command = cli.get_command(context, name)
        assert command is not None
        help_text = " ".join((command.help or "").split())
        assert help_text.startswith(line), name


def test_generated_docs_are_current() -> None:
    script = Path(__file__).parents[2] / "scripts" / "gen_docs.py"
    done = subprocess.run(
        [sys.executable, script, "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_version(at_fake: Summsvc) -> None:
    assert re.fullmatch(r"summsvc \d+\.\d+\.\d+\n", at_fake("--version").stdout)


def test_sighup_before_the_server_listens_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    handlers: list[object] = []

    def load(*_: object) -> None:
        handlers.append(signal.getsignal(signal.SIGHUP))
        raise SettingsError("enough seen")

    monkeypatch.setattr("summsvc.config.load_settings", load)
    before = signal.getsignal(signal.SIGHUP)
    try:
        with pytest.raises(click.UsageError, match="enough seen"):
            cli.main(["serve"], standalone_mode=False)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert handlers == [signal.SIG_IGN]
