"""A language that no code knows gets its rules from a file alone, through a real server.

The words of the file are made up, so that nothing else can know them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from summsvc.client import Article, Client, Summary, Translation
from summsvc.config import Settings
from summsvc.engines.base import Task
from summsvc.languages import registry
from summsvc.models.catalog import Catalog
from summsvc.models.store.store import Store
from tests.checkpoints import marian
from tests.running import running

CODE = "lv"
LANGUAGE = """
stop_words = "zum zam zim zom"

[abbreviations]
before = "glorb"

[noise]
notice = ['snarfen!']

[numerals]
stems = [[107, "savait"], [108, "plimb"]]
"""
CATALOG = """
[our-en-lv]
task = "translation"
title = "Our English to Latvian"
architecture = "marian"
repository = "our-team/en-lv"
revision = "0123456789abcdef0123456789abcdef01234567"
size_bytes = 300_000_000
license = { spdx_id = "CC-BY-4.0" }
pairs = ["en-lv"]
"""

SEGMENTS = "Morda velk tarni glorb. Panko rast selni durba. Velna mors tarka selni durba."
NOISE = "Morda velk tarni panko rast.\n\nSnarfen!\n\nSelni durba velna mors tarka."
RANKED = (
    "Morva kelna furbi gorta lisp. Zum zam zim zom dalka perti. Zum zam zim zom runta. "
    "Tarka selni durba velk rasta. Tarka selni durba mors panko. Zum zam zim zom hilfa."
)


@dataclass(frozen=True)
class Answers:
    """What a server answers about texts in the made-up language."""

    segments: Summary
    noise: Summary
    ranked: Summary
    known_number: Translation
    other_number: Translation
    languages: tuple[str, ...]


def ask(settings: Settings) -> Answers:
    with running(settings) as server, Client(server.address) as client:
        server.wait_until_ready()

        def summary(body: str, **length: object) -> Summary:
            article = Article(title="", body=body, language=CODE)
            return client.summarize(article, timeout=60, **length)  # type: ignore[arg-type]

        def translation(number: int) -> Translation:
            body = f"The president will visit Riga in {number} days."
            article = Article(title="", body=body, language="en")
            return client.translate(article, CODE, timeout=60, include_segments=True)

        return Answers(
            summary(SEGMENTS, ratio=1.0),
            summary(NOISE, ratio=1.0),
            summary(RANKED, ratio=1.0),
            translation(107),
            translation(108),
            tuple(client.server_info(timeout=60).languages),
        )


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Answers, Answers]]:
    """Of the same server without and with the file."""
    folder = tmp_path_factory.mktemp("languages")
    (folder / f"{CODE}.toml").write_text(LANGUAGE, "utf-8")
    catalog = folder.parent / "catalog.toml"
    catalog.write_text(CATALOG, "utf-8")
    store = Store(tmp_path_factory.mktemp("models"))
    entry = Catalog.load(catalog).get("our-en-lv")
    store.add(marian("en-lt"), "our-en-lv", Task.TRANSLATION, entry=entry)
    settings = Settings(
        port=0, metrics_port=-1, model_dir=store.root, catalog_file=catalog, preload=["all"]
    )
    yield ask(settings), ask(settings.model_copy(update={"languages_dir": folder}))
    registry.reset()


def sentences(summary: Summary) -> list[str]:
    return [sentence.text for sentence in summary.sentences]


def lost_numbers(translation: Translation) -> list[str]:
    (segment,) = translation.segments
    return [
        warning.message.rpartition(" ")[2]
        for warning in segment.warnings
        if warning.type and warning.type.name == "NUMBER_LOST"
    ]


def test_its_abbreviation_ends_no_sentence(answers: tuple[Answers, Answers]) -> None:
    without, with_file = answers
    assert len(sentences(without.segments)) == 3
    assert sentences(with_file.segments) == [
        "Morda velk tarni glorb. Panko rast selni durba.",
        "Velna mors tarka selni durba.",
    ]


def test_its_noise_lines_are_removed(answers: tuple[Answers, Answers]) -> None:
    without, with_file = answers
    assert "Snarfen!" in without.noise.text
    assert "Snarfen!" not in with_file.noise.text
    (warning,) = [
        warning for warning in with_file.noise.warnings
        if warning.type and warning.type.name == "BOILERPLATE_REMOVED"
    ]  # fmt: skip
    assert warning.span
    assert NOISE[warning.span.start : warning.span.end] == "Snarfen!"


def test_its_number_words_are_found(answers: tuple[Answers, Answers]) -> None:
    without, with_file = answers
    # The checkpoint writes "savaitę" for the days.
    assert "savaitę" in with_file.known_number.body
    assert lost_numbers(without.known_number) == ["107"]
    assert lost_numbers(with_file.known_number) == []
    assert lost_numbers(with_file.other_number) == ["108"]


def test_its_stop_words_carry_no_weight_in_the_ranking(answers: tuple[Answers, Answers]) -> None:
    without, with_file = answers
    # The last sentence shares its stop words with two others, the one before it other words.
    *_, second_last, last = (sentence.score for sentence in without.ranked.sentences)
    assert last > second_last
    *_, second_last, last = (sentence.score for sentence in with_file.ranked.sentences)
    assert last < second_last


def test_the_server_lists_it(answers: tuple[Answers, Answers]) -> None:
    without, with_file = answers
    assert without.languages == ("en", "lt", "ru")
    assert with_file.languages == ("en", "lt", "lv", "ru")
