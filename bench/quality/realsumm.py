"""Converter of REALSumm's articles to the input of ``bench.quality.summaries``.

    git clone https://github.com/neulab/REALSumm
    python -m bench.quality.realsumm REALSumm > articles.jsonl

REALSumm (Bhandari et al. 2020, https://aclanthology.org/2020.emnlp-main.751,
CC BY 4.0) has articles of CNN and Daily Mail with the editors' highlights, in lower
case and tokenized. Each sentence becomes a paragraph with an initial capital. Case
within sentences and titles cannot be restored.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

FOLDER = Path("selected_docs_for_human_eval/abs/ptr_generator")

_END = re.compile(r"(?<= [.?!])((?: (?:''|'|\)|-rrb-))*) ")
_HIGHLIGHT = re.compile(r"(?<= \.)(?=\S)")
_PLACES = (
    (re.compile(r"-lrb-\s*"), "("),
    (re.compile(r"\s*-rrb-"), ")"),
    (re.compile(r"``\s*"), "“"),
    (re.compile(r"\s*''"), "”"),
    (re.compile(r"\(\s+"), "("),
    (re.compile(r"([£$])\s+(?=\d)"), r"\1"),
    (re.compile(r"\s+(?=[.,;:?!)%]|'(?:s|re|ve|ll|d|m)\b|n't\b)"), ""),
)


def sentences(tokens: str) -> list[str]:
    """The detokenized sentences of a line of tokens."""
    return [plain(each) for each in _END.sub(r"\1\n", tokens).split("\n") if each.strip()]


def plain(tokens: str) -> str:
    """The detokenized text with an initial capital."""
    text = tokens.strip()
    for pattern, replacement in _PLACES:
        text = pattern.sub(replacement, text)
    return re.sub(r"[^\W\d_]", lambda first: first[0].upper(), text, count=1)


def content(line: str) -> str:
    """A line without its start and end tags."""
    return re.sub(r"</?t>", " ", line).strip()


def main() -> None:
    """Print one article per line, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="a clone of the REALSumm repository")
    folder = parser.parse_args().folder / FOLDER
    sources = (folder / "src.txt").read_text("utf-8").rstrip("\n").split("\n")
    references = (folder / "ref.txt").read_text("utf-8").rstrip("\n").split("\n")
    for i, (source, reference) in enumerate(zip(sources, references, strict=True)):
        highlights = [plain(each) for each in _HIGHLIGHT.split(content(reference)) if each.strip()]
        article = {
            "id": f"realsumm-{i}",
            "title": "",
            "body": "\n\n".join(sentences(content(source))),
            "summary": " ".join(highlights),
            "language_code": "en",
        }
        print(json.dumps(article, ensure_ascii=False))


if __name__ == "__main__":
    main()
