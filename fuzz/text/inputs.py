"""Inputs of the text targets: options in the first bytes, then texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from fuzz import tokens
from fuzz.mutation import OPTIONS, decoded
from summsvc.types import Article, MimeType

T = TypeVar("T")

SEPARATOR = "\x1f"
"""Stands between the texts of one input; no article may contain it."""

LANGUAGES = ("en", "ru", "lt", "de", "el", "zh")

FORBIDDEN = re.compile("[\x00-\x08\x0b\x0e-\x1f\ud800-\udfff]")
"""Characters that the reader rejects; functions behind the reader never see them."""

ROOT = Path(__file__).parents[2]


class Input:
    """Options and texts of one input."""

    def __init__(self, data: bytes) -> None:
        self._options = data[:OPTIONS].ljust(OPTIONS, b"\0")
        self.raw = decoded(data[OPTIONS:])

    def choice(self, number: int, values: Sequence[T]) -> T:
        """The value of option ``number``, below ``OPTIONS``."""
        return values[self._options[number] % len(values)]

    def flag(self, number: int, bit: int = 7) -> bool:
        """A bit of an option."""
        return bool(self._options[number] >> bit & 1)

    @property
    def text(self) -> str:
        """The texts as one, without the characters that the reader rejects."""
        return FORBIDDEN.sub("", self.raw)

    def texts(self, count: int) -> list[str]:
        """As many texts, without the characters that the reader rejects; "" for missing ones."""
        parts = self.raw.split(SEPARATOR, count - 1)
        parts += [""] * (count - len(parts))
        return [FORBIDDEN.sub("", part) for part in parts]

    def article(self) -> Article:
        """An article; a text without a separator is a body below a title that never changes."""
        title, separator, body = self.raw.partition(SEPARATOR)
        if not separator:
            title, body = "The mayor met the bishop in Riga", title
        mime_type = self.choice(0, tuple(MimeType))
        if mime_type is MimeType.HTML and self.flag(0):
            body = f"<html><head><title>A bridge for Riga</title></head><body>{body}"
        return Article(title, body, self.choice(1, ("en", "ru", "lt", "en", "", "de")), mime_type)


@cache
def texts() -> list[str]:
    """Articles and lines of the tests' data, and the pieces of the dictionary as texts."""
    found: list[str] = []
    for folder in ("noise", "sentences", "markup"):
        for path in sorted((ROOT / "tests" / "data" / folder).glob("*.txt")):
            lines = path.read_text("utf-8").splitlines()
            found += ["\n".join(lines[at : at + 5])[:400] for at in range(0, len(lines), 25)]
    found += ["".join(tokens.SENTENCES[at : at + 4]) for at in range(0, len(tokens.SENTENCES), 4)]
    found += [f"{noise}\n{''.join(tokens.SENTENCES[:3])}" for noise in tokens.NOISE]
    found += [
        "<html lang=lt><head><title>A bridge</title></head><body><nav><a href=x>Home</a></nav><article>"
        "<h1>A bridge for Riga</h1><p class=byline>By Ann Roe</p><p>The mayor met the <b>bishop</b> "
        "in <a href='u'>Riga</a> on Friday.</p><p>The talks <i>will</i> continue, <code>x. Y</code> "
        "&amp; more&nbsp;so.</p><ul><li>One</li><li>Two</li></ul></article><footer>© 2024</footer>",
        "# A bridge for Riga\n\nBy Ann Roe\n\nThe mayor met the **bishop** in [Riga](http://x.y/z_(a)) on "
        "*Friday*.\n\n- One `x. Y`\n- Two\n\n> He said: “Yes.”\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
        "```\ncode. Here\n```\n\nThe end[^1].\n\n[^1]: A note.",
        "The mayor met the bishop in Riga on Friday to talk about\nthe new bridge over the river. The "
        "talks\nwill continue on Monday, said the may-\nor in a short statement after the meeting.\n\n"
        "> On Friday Ann wrote:\n> The bridge is late.\n\n  1. One\n  2. Two\n",
    ]
    return found


@cache
def pairs() -> list[str]:
    """Two texts each: an article's beginning and another text."""
    known = texts()
    return [f"{a[:200]}{SEPARATOR}{b[:200]}" for a, b in pairwise(known)]


def seeds(known: Sequence[str], count: int = 3) -> list[bytes]:
    """Each text with ``count`` different options."""
    return [
        bytes((option, number % 5, option * 40, number)) + text.encode()
        for number, text in enumerate(known)
        for option in range(count)
    ]
