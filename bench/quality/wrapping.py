"""Sentences of hard-wrapped wire stories: how often a line end breaks or beheads one.

    python -m bench.quality.wrapping FOLDER [--limit N] [--show N]

FOLDER holds files ``reut2-*.sgm`` of Reuters-21578 (Lewis, 1997), whose stories are wrapped at
about 64 columns: four spaces begin a paragraph, and the first line lacks the dateline that stood
before it. Stories of fewer than MIN_LENGTH code points, most of them tables, are left out. The
reference is the same story unwrapped by that rule of the collection, read with one line per
paragraph.

broken: stories with a segment that begins at a line where no sentence of the reference does.
beheaded: stories whose extractive summary has a sentence that begins where none of the reference
does.
"""

from __future__ import annotations

import argparse
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from summsvc.articles.document import Document, Segment
from summsvc.articles.length import Length
from summsvc.articles.reader import read
from summsvc.tasks.summarization import extractive
from summsvc.types import Article

MIN_LENGTH = 1_000
SENTENCES = 3

_BODY = re.compile(r"<BODY>(.*?)</BODY>", re.DOTALL)
_END = re.compile(r"\s*\bREUTER\s*\x03?\s*\Z", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")


@dataclass(frozen=True, slots=True)
class Result:
    """The segments of a story that begin inside a sentence: all, and those of its summary."""

    broken: tuple[str, ...]
    beheaded: tuple[str, ...]


def stories(folder: Path) -> Iterator[str]:
    """The bodies of the collection's stories, as the wire sent them."""
    for path in sorted(folder.glob("reut2-*.sgm")):
        for match in _BODY.finditer(path.read_text("latin-1")):
            body = _CONTROL.sub("", _END.sub("", html.unescape(match[1])))
            if len(body) >= MIN_LENGTH:
                yield body


def unwrapped(body: str) -> str:
    """The story with one line per paragraph: a line that is not indented continues another."""
    return re.sub(r"(?<=\S)[ \t]*\n(?=[^ \t\n])", " ", body).replace("\n", "\n\n")


def starts(document: Document) -> dict[int, Segment]:
    """The segments by the number of characters before them, white space apart."""
    body = document.article.body
    counts = [0]
    for char in body:
        counts.append(counts[-1] + (not char.isspace()))
    return {counts[segment.span.start]: segment for segment in document.body}


def measure(body: str) -> Result:
    """Compare a story as sent with the same story unwrapped."""
    document = read(Article("", body, "en"))
    known = starts(read(Article("", unwrapped(body), "en"), keep_boilerplate=True))
    inside = {
        segment.span.start: segment.text
        for at, segment in starts(document).items()
        if at not in known
    }
    broken = [text for at, text in inside.items() if body[:at].rstrip(" \t")[-1:] in ("", "\n")]
    summary, _ = extractive.extract(document, Length(max_sentences=SENTENCES))
    beheaded = [each.text for each in summary if each.span and each.span.start in inside]
    return Result(tuple(broken), tuple(beheaded))


def main() -> None:
    """Print the number of stories with broken and with beheaded sentences."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit", type=int, default=None, metavar="N", help="the first N stories")
    parser.add_argument("--show", type=int, default=0, metavar="N", help="show N such segments")
    options = parser.parse_args()
    results = [measure(body) for body in list(stories(options.folder))[: options.limit]]
    broken = [text for result in results for text in result.broken]
    beheaded = [text for result in results for text in result.beheaded]
    for name, texts in (("broken", broken), ("beheaded", beheaded)):
        count = sum(bool(getattr(result, name)) for result in results)
        print(f"{name}: {count} of {len(results)} stories ({count / len(results):.1%})")
        for text in texts[: options.show]:
            print(f"  {text[:110]}")


if __name__ == "__main__":
    main()
