"""The example of the README: what a server without models makes of the article in seeds/."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from summsvc.client import Client, Span, Summary

ROOT = Path(__file__).parent.parent
BEGIN = "<!-- Example: written by scripts/gen-docs from a real run. Do not edit. -->\n"
END = "<!-- End of the example. -->"


def with_example(page: str) -> str:
    """The page with the example between its two marks renewed.

    Starts a server in a process of its own, on a free port and with an empty model store. Raises
    ValueError when the page lacks the marks.
    """
    before, begun, rest = page.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not begun or not ended:
        raise ValueError("the page has no place for the example")
    (article,) = (ROOT / "seeds").glob("*.txt")
    with server() as address, Client(address) as client:
        summary = client.summarize(article.read_text("utf-8"), max_sentences=3)
    return f"{before}{BEGIN}{tables(summary)}{END}{after}"


@contextmanager
def server() -> Iterator[str]:
    """Address of a server that runs until the block ends."""
    settings = {k: v for k, v in os.environ.items() if not k.startswith("SUMMSVC_")}
    code = "from summsvc.cli import main; main()"
    with tempfile.TemporaryDirectory() as empty:
        command = [sys.executable, "-c", code, "serve", "--port", "0", "--metrics-port", "-1"]
        process = subprocess.Popen(
            [*command, "--model-dir", empty, "--log-level", "warning"],
            env=settings,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            yield process.stdout.readline().removeprefix("listening on ").strip()
        finally:
            process.terminate()
            process.communicate()


def tables(summary: Summary) -> str:
    """Sentences with places and scores, and the warnings, as Markdown."""
    lines = ["| Summary, sentence by sentence | Place in the article | Score |", "|---|---|---|"]
    lines += [f"| {_cell(s.text)} | {_place(s.span)} | {s.score:.2f} |" for s in summary.sentences]
    lines += ["", "| Warning | Message | Place |", "|---|---|---|"]
    lines += [
        f"| {w.type.name if w.type else 'unknown'} | {_cell(w.message)} | {_place(w.span)} |"
        for w in summary.warnings
    ]
    found = summary.language
    lines += ["", f"Language: `{found.code}`, confidence {found.confidence:.2f}."]
    lines += [f"Method: {summary.method}, without a model."]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("\n", " ")


def _place(span: Span | None) -> str:
    return f"{span.start} to {span.end}" if span else ""
