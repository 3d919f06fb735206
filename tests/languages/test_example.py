"""The language file of docs/how-to/add-a-language.md does what the page says."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from summsvc.articles import boilerplate, sentences
from summsvc.articles.formats import plain
from summsvc.articles.language import known_languages
from summsvc.languages import registry
from summsvc.languages.stemming import stems
from summsvc.tasks.quality.numbers import lost_figures
from summsvc.tasks.quality.numerals import numbers
from summsvc.tasks.summarization.names import bases
from summsvc.tasks.summarization.references import points_back

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "add-a-language.md"
MARK = "<!-- tests/languages/test_example.py uses this file. -->\n```toml\n"


@pytest.fixture(autouse=True)
def latvian(tmp_path: Path) -> Iterator[None]:
    example = PAGE.read_text("utf-8").partition(MARK)[2].partition("```")[0]
    assert example
    (tmp_path / "lv.toml").write_text(example, "utf-8")
    registry.use(registry.load(tmp_path, known=known_languages()))
    yield
    registry.reset()


def test_sentences() -> None:
    text = "Prezidents satika prof. Kalniņu. Tas notika Rīgā."
    assert [text[begin:end] for begin, end in sentences.split(text, "lv")] == [
        "Prezidents satika prof. Kalniņu.", "Tas notika Rīgā.",
    ]  # fmt: skip


@pytest.mark.parametrize("line", ["Autors: Jānis Bērziņš", "Lasi arī: https://a.lv/b", "Reklāma"])
def test_noise_lines(line: str) -> None:
    blocks = plain.parse(f"Prezidents ieradās Rīgā piektdien.\n\n{line}\n\nViņš satika mēru.")
    assert [each.block for each in boilerplate.find(blocks, "").noise] == [1]


def test_numbers() -> None:
    (found,) = numbers("divdesmit divi", "lv")
    assert found.readings == {Decimal(22)}
    assert lost_figures("12 people on 5 May 2024", "divpadsmit cilvēki 2024. gada 5. maijā",
                        target="lv") == []  # fmt: skip
    assert lost_figures("12 people", "trīs cilvēki", target="lv") == ["12"]
    (scaled,) = numbers("3 milj.", "lv")
    assert Decimal(3_000_000) in scaled.readings


def test_stop_words_and_names() -> None:
    assert stems("Viņš un prezidents", "lv") == ["prezidents"]
    assert bases("Kalniņu", "lv") & bases("Kalniņš", "lv")


def test_references() -> None:
    assert points_back("Tomēr mērs aizbrauca.", "lv")
    assert points_back("Pēc tā viņš aizbrauca.", "lv")
    assert not points_back("Šī gadu mija bija silta.", "lv")
    assert not points_back("Mērs aizbrauca.", "lv")
