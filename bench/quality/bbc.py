"""Converter of BBC News Summary to the input of ``bench.quality.curve`` and ``summaries``.

    python -m bench.quality.bbc "BBC News Summary" [--every 11] > bbc.jsonl

BBC News Summary (https://www.kaggle.com/datasets/pariza/bbc-news-summary) has the articles of
Greene and Cunningham 2006 ("Practical solutions to the problem of diagonal dominance in
kernel document clustering") with extracts of about two fifths of their sentences. They
reward coverage of the whole article, not the lead. The texts belong to the BBC.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path


def main() -> None:
    """Print every n-th different article, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder with News Articles and Summaries")
    parser.add_argument("--every", type=int, default=11)
    options = parser.parse_args()
    articles: Path = options.folder / "News Articles"
    different: dict[str, dict[str, str]] = {}
    for path in sorted(articles.rglob("*.txt")):
        place = path.relative_to(articles)
        title, _, body = _text(path).partition("\n")
        different.setdefault(
            body.strip(),
            {
                "id": f"bbc-{place.with_suffix('')}",
                "title": title.strip(),
                "body": body.strip(),
                "summary": _text(options.folder / "Summaries" / place),
                "language_code": "en",
            },
        )
    for article in list(different.values())[:: options.every]:
        print(json.dumps(article, ensure_ascii=False))


def _text(path: Path) -> str:
    """UTF-8, but for a few files in Latin-1."""
    content = path.read_bytes()
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")


if __name__ == "__main__":
    main()
