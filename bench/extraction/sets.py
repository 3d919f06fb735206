"""Public sets of web pages with the text of their articles, read from clones of repositories."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from summsvc.articles.formats import html

_CHARSET = re.compile(rb"charset=[\"']?([\w-]+)")
MIN_FOUND = 0.9
"""Share of an article's paragraphs that its page must contain: some files hold other pages."""


@dataclass(frozen=True, slots=True)
class LabelledPage:
    """A page. text: its article, or "" with required and forbidden pieces of text instead."""

    name: str
    source: str
    text: str = ""
    required: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()


def readability(folder: Path) -> Iterator[LabelledPage]:
    """mozilla/readability: what Firefox's reader view shows of a page."""
    for page in sorted((folder / "test/test-pages").iterdir()):
        if (page / "source.html").exists():
            expected = html.parse((page / "expected.html").read_text("utf-8"))
            yield LabelledPage(
                page.name,
                _decoded((page / "source.html").read_bytes()),
                "\n".join(block.text for block in expected),
            )


def benchmark(folder: Path) -> Iterator[LabelledPage]:
    """scrapinghub/article-extraction-benchmark: texts of articles, marked by people."""
    truth = json.loads((folder / "ground-truth.json").read_text("utf-8"))
    for name, item in sorted(truth.items()):
        packed = (folder / "html" / f"{name}.html.gz").read_bytes()
        source = gzip.decompress(packed).decode("utf-8", "replace")
        yield LabelledPage(name, source, item["articleBody"])


def fundus(folder: Path) -> Iterator[LabelledPage]:
    """flairNLP/fundus: news pages, with the text that a parser for each publisher extracts."""
    data = folder / "tests/resources/parser/test_data"
    for packed in sorted(data.glob("*/*.html.gz")):
        expected = packed.with_name(packed.name.split("_")[0] + ".json")
        if not expected.exists():
            continue
        source = gzip.decompress(packed.read_bytes()).decode("utf-8", "replace")
        versions = json.loads(expected.read_text("utf-8")).values()
        bodies = [_paragraphs(version["body"]) for version in versions if version.get("body")]
        found, paragraphs = max(
            ((_share_found(body, source), body) for body in bodies), default=(0.0, [])
        )
        if found >= MIN_FOUND:
            name = f"{packed.parent.name}/{packed.name.removesuffix('.html.gz')}"
            yield LabelledPage(name, source, "\n".join(paragraphs))


def trafilatura(folder: Path) -> Iterator[LabelledPage]:
    """adbar/trafilatura: pieces of text that an extraction must and must not have."""
    tests = folder / "tests"
    for item in json.loads((tests / "evaldata.json").read_text("utf-8")).values():
        paths = (tests / part / item["file"] for part in ("cache", "eval"))
        path = next((path for path in paths if path.exists()), None)
        if path is not None:
            source = _decoded(path.read_bytes())
            yield LabelledPage(
                item["file"], source, "", tuple(item["with"]), tuple(item["without"])
            )


READERS: dict[str, Callable[[Path], Iterator[LabelledPage]]] = {
    "readability": readability,
    "article-extraction-benchmark": benchmark,
    "fundus": fundus,
    "trafilatura": trafilatura,
}
"""Folder of a clone to the reader of its pages."""


def _decoded(data: bytes) -> str:
    found = _CHARSET.search(data, 0, 4096)
    for name in (found[1].decode() if found else "utf-8", "utf-8", "cp1252"):
        try:
            return data.decode(name)
        except (LookupError, UnicodeDecodeError):
            continue
    return data.decode("utf-8", "replace")


def _paragraphs(body: dict[str, Any]) -> list[str]:
    paragraphs = list(body.get("summary") or [])
    for section in body["sections"]:
        paragraphs += [*section["headline"], *section["paragraphs"]]
    return paragraphs


def _share_found(paragraphs: list[str], source: str) -> float:
    """Share of paragraphs whose longest word is in the source."""
    words = [max(re.findall(r"\w{4,}", text), key=len, default="") for text in paragraphs]
    return sum(bool(word) and word in source for word in words) / max(1, len(words))
