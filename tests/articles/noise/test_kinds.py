"""Each kind of noise: lines of tests/data/noise that go, and look-alikes that stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from summsvc.articles import boilerplate
from summsvc.articles.formats import plain

DATA = Path(__file__).parents[2] / "data" / "noise"
STORY = [
    "The council met on Monday evening to discuss the new bridge over the river.",
    "Members argued for three hours before the vote was taken.",
    "The bridge will cost four million euros and open in two years.",
    "Residents of the old town asked for a ferry instead.",
    "The mayor promised to study the proposal with care.",
    "Work is expected to begin in the autumn if funds allow.",
    "The last ferry was sold to a museum long ago.",
    "Its engine still runs on the first Sunday of each month.",
    "Nobody on the council remembers who paid for it.",
    "A model of the bridge stands in the town hall.",
    "Children may touch it, but the guard prefers that they do not.",
    "The next session is in June.",
    "It will be open to the public.",
]
KINDS = {
    "appeal": "an appeal to readers",
    "button": "a link line",
    "byline": "a byline",
    "consent": "a consent notice",
    "credit": "a credit",
    "invitation": "an invitation to readers",
    "live": "a line of a live report",
    "notice": "a site notice",
    "origin": "a note on the first publication",
    "paywall": "a paywall notice",
    "related": "a link to another article",
    "tags": "a list of subjects",
    "time": "a time of publication",
}
LOOK_ALIKES = sorted(path.stem for path in DATA.glob("lookalikes.*.txt"))
FILES = sorted({path.stem for path in DATA.glob("*.txt")}.difference(LOOK_ALIKES))


def found(line: str, at: int) -> list[str]:
    """What a line is left out as when it stands in a story before its block ``at``."""
    blocks = plain.parse("\n\n".join([*STORY[:at], line, *STORY[at:]]))
    return [noise.what for noise in boilerplate.find(blocks, "").noise if noise.block == at]


def examples(name: str, mark: str) -> list[str]:
    lines = (DATA / f"{name}.txt").read_text("utf-8").split("\n")
    return [line.removeprefix(mark) for line in lines if line.startswith(mark)]


def test_there_are_enough_examples_of_each_kind() -> None:
    assert {name.partition(".")[0] for name in FILES} == set(KINDS)
    for kind in KINDS:
        for mark in ("+ ", "- "):
            of_kind = [
                each for lang in ("en", "ru", "lt") for each in examples(f"{kind}.{lang}", mark)
            ]
            assert len(set(of_kind)) >= 20, (kind, mark)


@pytest.mark.parametrize("name", FILES)
def test_lines_of_the_kind_go_at_either_end(name: str) -> None:
    lines = examples(name, "+ ")
    assert [line for line in lines if not found(line, 0) or not found(line, len(STORY))] == []


@pytest.mark.parametrize("name", [*FILES, *LOOK_ALIKES])
def test_look_alikes_stay_wherever_they_are(name: str) -> None:
    places = (0, len(STORY) // 2, len(STORY))
    lines = examples(name, "- ")
    assert [line for line in lines if any(found(line, at) for at in places)] == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_warning_names_the_kind(kind: str) -> None:
    lines = [line for lang in ("en", "ru", "lt") for line in examples(f"{kind}.{lang}", "+ ")]
    named = [line for line in lines if KINDS[kind] in found(line, 0)]
    assert len(named) >= 0.6 * len(lines), sorted(set(lines) - set(named))
