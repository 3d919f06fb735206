"""Blocks of real articles that would be left out as boilerplate, by mistake or not.

    python -m bench.quality.removals LANGUAGE FOLDER [LANGUAGE FOLDER]... [--show]
    python -m bench.quality.removals --conllu LANGUAGE FILE --lines LANGUAGE FILE

FOLDER has articles that were cleaned by hand, one in each file ``*.txt``, in UTF-8, with
blank lines between the blocks. ``--conllu`` reads a treebank of Universal Dependencies, one
article per ``newdoc``; ``--lines`` reads one sentence per line and makes articles of ten.
Each sentence of these is a block of its own, which is harder: a block is only removed as a
whole. Prints the sentences of each language and how many of them are removed, per thousand;
with ``--show`` each removed block, since some sets do contain boilerplate.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from summsvc.articles import boilerplate, sentences
from summsvc.articles.formats import plain

LINES = 10
"""Sentences of an article made of lines."""


def folder(path: Path) -> Iterator[str]:
    """The articles of a folder."""
    for file in sorted(path.glob("*.txt")):
        yield file.read_text("utf-8")


def treebank(path: Path) -> Iterator[str]:
    """The documents of a CoNLL-U file, each sentence as a block."""
    document: list[str] = []
    for line in path.read_text("utf-8").split("\n"):
        if line.startswith("# newdoc") and document:
            yield "\n\n".join(document)
            document = []
        if line.startswith("# text = "):
            document.append(line.removeprefix("# text = ").strip())
    yield "\n\n".join(document)


def lines(path: Path) -> Iterator[str]:
    """Articles of ``LINES`` lines each."""
    found = [line.strip() for line in path.read_text("utf-8").split("\n") if line.strip()]
    for at in range(0, len(found), LINES):
        yield "\n\n".join(found[at : at + LINES])


def removals(language: str, article: str) -> tuple[int, list[tuple[str, str]]]:
    """The number of an article's sentences; kind and text of each block that is removed."""
    blocks = plain.parse(article)
    total = sum(1 for block in blocks for _ in sentences.split(block.text, language))
    noise = boilerplate.find(blocks, "").noise
    return total, [(each.what, blocks[each.block].text) for each in noise]


def report(language: str, articles: Iterator[str], *, show: bool) -> str:
    """The row of a set, and with ``show`` the removed blocks."""
    total, found = 0, list[tuple[str, str]]()
    for article in articles:
        number, removed = removals(language, article)
        total, found = total + number, found + removed
    share = 1000 * len(found) / total if total else 0.0
    rows = [f"| {language} | {total} | {len(found)} | {share:.2f} |"]
    if show:
        rows += [f"    {what}: {text}" for what, text in found]
    return "\n".join(rows)


def pairs(values: Sequence[str]) -> list[tuple[str, Path]]:
    """Languages and paths of the positional arguments."""
    if len(values) % 2:
        raise argparse.ArgumentTypeError("each LANGUAGE needs a FOLDER")
    return [(values[at], Path(values[at + 1])) for at in range(0, len(values), 2)]


def main() -> None:
    """Print one row per set."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="*", metavar="LANGUAGE FOLDER")
    parser.add_argument("--conllu", nargs=2, action="append", default=[])
    parser.add_argument("--lines", nargs=2, action="append", default=[])
    parser.add_argument("--show", action="store_true", help="print each removed block")
    options = parser.parse_args()
    sources = [(language, folder(path)) for language, path in pairs(options.sets)]
    sources += [(language, treebank(Path(path))) for language, path in options.conllu]
    sources += [(language, lines(Path(path))) for language, path in options.lines]
    print("| language | sentences | removed | per 1,000 |\n|---|---|---|---|")
    for language, articles in sources:
        print(report(language, articles, show=options.show))


if __name__ == "__main__":
    main()
