"""Articles extracted from public web pages: this service beside three libraries.

The pages are in public repositories; clone those that you want into one folder:

    mkdir pages && cd pages
    git clone --depth 1 https://github.com/mozilla/readability
    git clone --depth 1 https://github.com/scrapinghub/article-extraction-benchmark
    git clone --depth 1 https://github.com/flairNLP/fundus
    git clone --depth 1 https://github.com/adbar/trafilatura
    cd .. && scripts/bench extraction --pages pages

For each set and system: precision, recall and F1 of word tokens (mean over pages), or of
required and forbidden pieces of text; median milliseconds per page; and the share of sentences of
extractive summaries that are of the article. Needs trafilatura and readability-lxml.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from bench.extraction.scores import score, summary_sentences
from bench.extraction.sets import READERS
from bench.extraction.systems import SYSTEMS


def main() -> None:
    """Run the comparison on the sets that are in the folder and print a table in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=Path, required=True, help="folder of the clones")
    parser.add_argument("--only", choices=SYSTEMS, action="append", help="systems to compare")
    parser.add_argument("--every", type=int, default=1, help="use every n-th page of a set")
    arguments = parser.parse_args()
    names = arguments.only or list(SYSTEMS)
    print("| Set | Pages | System | Precision | Recall | F1 | Unwanted kept | ms a page |")
    print("|---|---|---|---|---|---|---|---|")
    for folder, reader in READERS.items():
        if not (arguments.pages / folder).is_dir():
            continue
        pages = list(reader(arguments.pages / folder))[:: arguments.every]
        for name in names:
            texts, seconds = [], []
            SYSTEMS[name]("<html><body><p>Load what is loaded at the first call.</p></body></html>")
            for page in pages:
                begun = time.process_time()
                try:
                    texts.append(SYSTEMS[name](page.source))
                except Exception:
                    # A page on which a library fails counts as one without a text.
                    texts.append("")
                seconds.append(time.process_time() - begun)
            found = score(pages, texts, seconds)
            unwanted = "" if found.unwanted is None else f"{found.unwanted:.1%}"
            print(
                f"| {folder} | {found.pages} | {name} | {found.precision:.3f} | {found.recall:.3f} "
                f"| {found.f1:.3f} | {unwanted} | {found.milliseconds:.1f} |",
                flush=True,
            )
        if "summsvc" in names and pages and pages[0].text:
            total, ours = summary_sentences(pages)
            share = ours / max(1, total)
            print(
                f"| {folder} | {len(pages)} | summary sentences from the article "
                f"| | | {share:.1%} ({ours} of {total}) | | |"
            )


if __name__ == "__main__":
    main()
