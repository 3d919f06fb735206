"""Ratio of the length of a long HTML page to its text, for the preflight's token estimate.

    git clone https://github.com/mozilla/readability && python -m bench.quality.markup readability

Reads the test pages of Mozilla's Readability: pages saved from the web (source.html) and
the articles extracted from them (expected.html). Only pages long enough for the preflight
check are measured.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles

from summsvc.articles.reader import read
from summsvc.config import Settings
from summsvc.tasks.pipeline.preflight import LONG_ARTICLE
from summsvc.types import Article, MimeType

KINDS = {"whole pages": "source.html", "articles taken out": "expected.html"}


def ratios(folder: Path, name: str) -> Iterator[float]:
    """Code points of each long page, divided by those of its text."""
    for path in sorted(folder.glob(f"test/test-pages/*/{name}")):
        body = path.read_text("utf-8")
        if LONG_ARTICLE < len(body) <= Settings().max_body_code_points:
            segments = read(Article("", body, "en", MimeType.HTML)).segments
            yield len(body) / sum(len(each.text) for each in segments)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="a checkout of Readability")
    chosen = parser.parse_args()
    print("| HTML | how many | tenth | median | nine tenths |\n|---|---|---|---|---|")
    for kind, name in KINDS.items():
        found = list(ratios(chosen.folder, name))
        tenths = quantiles(found, n=10)
        print(f"| {kind} | {len(found)} | {tenths[0]:.1f} | {tenths[4]:.1f} | {tenths[8]:.1f} |")


if __name__ == "__main__":
    main()
