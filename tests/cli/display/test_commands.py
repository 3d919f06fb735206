"""Commands on a terminal: columns, groups, excerpts and colours; the same commands piped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from summsvc.v1 import article_pb2
from summsvc.v1 import model_service_pb2 as models
from summsvc.v1 import summarization_service_pb2 as summaries
from summsvc.v1 import translation_service_pb2 as translations
from tests.cli.conftest import Summsvc
from tests.cli.pseudo_terminal import Seen, on_terminal
from tests.client.fake import FakeServer

BODY = "Admin\n\nThe council freed 123 people on Friday. They went home."
REMOVED = article_pb2.Warning(
    type=article_pb2.WARNING_TYPE_BOILERPLATE_REMOVED,
    message="left out a byline",
    field=article_pb2.ARTICLE_FIELD_BODY,
    span=article_pb2.Span(start=0, end=5),
)


def lost(number: int) -> article_pb2.Warning:
    start = BODY.index("123")
    return article_pb2.Warning(
        type=article_pb2.WARNING_TYPE_NUMBER_LOST,
        message=f"number {number} is gone",
        field=article_pb2.ARTICLE_FIELD_BODY,
        span=article_pb2.Span(start=start, end=start + 3),
    )


def summary(*_: Any) -> summaries.SummarizeResponse:
    return summaries.SummarizeResponse(
        summary="They went home. " * 10,
        language=article_pb2.Language(code="en", confidence=0.9, identified=True),
        warnings=[*(lost(number) for number in range(7)), REMOVED],
    )


def translation(*_: Any) -> translations.TranslateResponse:
    return translations.TranslateResponse(
        language=article_pb2.Language(code="en", confidence=0.9, identified=True),
        target_language_code="ru",
        segments=[
            translations.TranslatedSegment(
                index=0,
                field=article_pb2.ARTICLE_FIELD_BODY,
                source_text="They went home after a long day. " * 3,
                text="Они пошли домой.",
                score=-0.5,
                warnings=[lost(0)],
            )
        ],
    )


@pytest.fixture
def article(tmp_path: Path) -> Path:
    path = tmp_path / "a.txt"
    path.write_text(BODY)
    return path


@pytest.fixture
def seen_summary(fake: FakeServer, at_fake: Summsvc, article: Path) -> Seen:
    fake.answers["Summarize"] = summary
    return on_terminal("summarize", article, env=at_fake.env)


def test_warnings_are_grouped_with_their_places(seen_summary: Seen) -> None:
    lines = [line.rstrip() for line in seen_summary.text.splitlines()]
    assert seen_summary.code == 0
    assert lines.count("NUMBER_LOST (7)") == 1
    assert lines.index("BOILERPLATE_REMOVED") < lines.index("NUMBER_LOST (7)")
    place = lines.index("  body:3 │ The council freed 123 people on Friday. They went home.")
    assert lines[place + 1] == "         │                   ^^^"
    assert "  number 4 is gone" in lines
    assert "  number 5 is gone" not in lines
    assert "  and 2 more" in lines


def test_text_is_wrapped_to_the_terminal(seen_summary: Seen) -> None:
    assert seen_summary.colours
    assert max(map(cell_len, seen_summary.text.splitlines())) <= 80


def test_no_color_keeps_the_columns_without_colours(
    fake: FakeServer, at_fake: Summsvc, article: Path
) -> None:
    fake.answers["Summarize"] = summary
    seen = on_terminal("summarize", article, env=at_fake.env | {"NO_COLOR": "1"})
    assert "NUMBER_LOST (7)" in seen.text
    assert not seen.colours


def test_piped_output_is_plain_unless_colour_is_forced(
    fake: FakeServer, at_fake: Summsvc, article: Path
) -> None:
    fake.answers["Summarize"] = summary
    plain = at_fake("summarize", article, NO_COLOR="", FORCE_COLOR="")
    assert "\x1b" not in plain.stdout + plain.stderr
    assert len(plain.stderr.splitlines()) == 8
    forced = at_fake("summarize", article, NO_COLOR="", FORCE_COLOR="1")
    assert "\x1b[" in forced.stderr
    json = at_fake("summarize", article, "--json", NO_COLOR="", FORCE_COLOR="1")
    assert "\x1b" not in json.stdout + json.stderr


def test_segments_are_beside_each_other(fake: FakeServer, at_fake: Summsvc, article: Path) -> None:
    fake.answers["Translate"] = translation
    seen = on_terminal("translate", article, "--to", "ru", "--segments", env=at_fake.env)
    first, *_ = seen.text.splitlines()
    assert first.startswith("   0 They went home")
    assert first.split("│")[1].strip() == "Они пошли домой."
    assert "NUMBER_LOST: number 0 is gone" in seen.text
    assert max(map(cell_len, seen.text.splitlines())) <= 80


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_the_table_of_models_fits_the_terminal(
    at_fake: Summsvc, tmp_path: Path, columns: int
) -> None:
    env = at_fake.env | {"SUMMSVC_MODEL_DIR": str(tmp_path / "store")}
    seen = on_terminal("models", "list", env=env, columns=columns)
    lines = seen.text.splitlines()
    assert seen.code == 0
    assert {"Model", "State", "Size", "Licence", "Pairs"} <= set(lines[0].split())
    assert max(map(cell_len, lines)) <= columns
    assert "nllb-600m" in seen.text
    assert "COMMERCIAL" in seen.text or columns < 80


def test_info_fits_the_terminal(summsvc: Summsvc) -> None:
    seen = on_terminal("info", env=summsvc.env)
    assert seen.code == 0
    assert max(map(cell_len, seen.text.splitlines())) <= 80
    for word in ("Limits", "max_body_code_points", "Route", "firefox-en-ru", "Components"):
        assert word in seen.text


def test_info_says_how_many_processes_there_are(fake: FakeServer, at_fake: Summsvc) -> None:
    fake.answers["GetServerInfo"] = lambda *_: models.GetServerInfoResponse(processes=3)
    fake.answers["ListModels"] = lambda *_: models.ListModelsResponse()
    seen = on_terminal("info", env=at_fake.env)
    assert "3, each with the limits below" in seen.text
    assert "Processes: 3, each with the limits below" in at_fake("info").stdout


def test_progress_counts_failures_and_is_removed(
    fake: FakeServer, at_fake: Summsvc, tmp_path: Path
) -> None:
    for name in "ac":
        (tmp_path / f"{name}.txt").write_text(BODY)
    fake.answers["Summarize"] = summary
    seen = on_terminal(
        "summarize", tmp_path / "a.txt", tmp_path / "gone.txt", tmp_path / "c.txt", env=at_fake.env
    )
    assert seen.code == 1
    assert "1 failed" in seen.text
    assert "3/3" in seen.text
    assert f"{tmp_path / 'gone.txt'}: no such file" in seen.text.replace("\n", "")
