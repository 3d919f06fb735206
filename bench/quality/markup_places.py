"""Share of inline elements that are around the right words of a translation.

    python -m bench.quality.markup_places

60 sentences with one element each, translated by hand, with the right place of the element and a
word alignment (``tests/data/markup``). The element is placed by its relative position, as for an
engine without an alignment, and by the alignment. The alignment is right: an engine's own has
errors that this benchmark does not measure.
"""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from pathlib import Path

from summsvc.alignment import AlignedSpan, Alignment
from summsvc.articles.reader import read
from summsvc.articles.renderer import Renderer
from summsvc.types import Article, MimeType

DATA = Path(__file__).parents[2] / "tests" / "data" / "markup"
PAIRS = ("en-ru", "en-lt")

_TOKEN = re.compile(r"(\[?)(.+?)(?:/(\d+))?(\]?)([.,]?)")
_BRACKETS = str.maketrans({"[": "<b>", "]": "</b>"})


@dataclass(frozen=True, slots=True)
class Labelled:
    """A sentence with one element, as HTML, its translation, and where the element belongs.

    right: the translation with the element. alignment: of ``translation`` with the text.
    """

    source: str
    translation: str
    right: str
    alignment: Alignment


def labelled(pair: str) -> list[Labelled]:
    """The sentences of a language pair, in the order of the file."""
    lines = (DATA / f"{pair}.txt").read_text("utf-8").splitlines()
    lines = [line for line in lines if not line.startswith("#")]
    return [_labelled(*two) for two in zip(lines[::2], lines[1::2], strict=True)]


def _labelled(source: str, annotated: str) -> Labelled:
    plain = source.translate({ord("["): None, ord("]"): None})
    words = [match.span() for match in re.finditer(r"\S+", plain)]
    spans: list[AlignedSpan] = []
    shown: list[str] = []
    right: list[str] = []
    at = 0
    for token in annotated.split():
        match = _TOKEN.fullmatch(token)
        assert match is not None
        opening, word, link, closing, stop = match.groups()
        if link is not None:
            spans.append(AlignedSpan(*words[int(link)], at, at + len(word)))
        shown.append(word + stop)
        right.append(opening + word + closing + stop)
        at += len(shown[-1]) + 1
    html = " ".join(right).translate(_BRACKETS)
    return Labelled(source.translate(_BRACKETS), " ".join(shown), html, tuple(spans))


def placed(sentence: Labelled, *, aligned: bool) -> str:
    """The translation with the element, placed by the alignment or by relative position."""
    article = Article("", f"<p>{sentence.source}</p>", "en", MimeType.HTML)
    renderer = Renderer(read(article, keep_boilerplate=True))
    alignment = sentence.alignment if aligned else ()
    rendered = renderer.place(0, sentence.translation, alignment)
    whole = rendered.separator + rendered.text + renderer.finish().body
    return whole.removeprefix("<p>").removesuffix("</p>")


def right(pair: str, *, aligned: bool) -> int:
    """How many elements of a pair are around exactly the right words."""
    return sum(placed(each, aligned=aligned) == each.right for each in labelled(pair))


def main() -> None:
    """Print a table of both ways."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    print("| Pair | Elements | By relative position | By alignment |")
    print("|---|---|---|---|")
    for pair in PAIRS:
        count = len(labelled(pair))
        shares = [f"{right(pair, aligned=way) / count:.0%}" for way in (False, True)]
        print(f"| {pair} | {count} | {' | '.join(shares)} |")


if __name__ == "__main__":
    main()
