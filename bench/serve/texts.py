"""Texts of the load: short texts, articles, and a mix of both."""

from __future__ import annotations

import random
import re

from summsvc.articles.reader import read
from summsvc.types import Article
from tests.checkpoints import pairs

KINDS = ("short", "article", "mix")

SENTENCES = range(6, 15)
"""Numbers of sentences of an article."""

PARAGRAPH = 3
"""Sentences of a paragraph."""

LENGTHS = range(80, 150)
"""Code points of a sentence for a model whose outputs all have about 110 code points: the
server would retry shorter and longer sentences because of the length ratio."""


def bodies(model: str, kind: str, count: int, *, seed: int = 1) -> list[str]:
    """So many different random texts of a kind, the same for the same seed.

    A mix has three short texts for each article. Sentences for the "trained" model are
    from its training text, about 12 tokens each. Sentences for other models join two of
    these, about 43 tokens, without numbers: a number missing in the output would cause a
    retry.
    """
    chooser = random.Random(seed)
    known = [source for source, _ in pairs("en-ru")]

    def sentence() -> str:
        if model == "trained":
            return chooser.choice(known)
        while True:
            first, second = chooser.sample(known, 2)
            both = f"{first.rstrip('.')}, and {second[0].lower()}{second[1:]}"
            if len(both) in LENGTHS and not re.search(r"\d", both):
                return both

    def article() -> str:
        sentences = [sentence() for _ in range(chooser.choice(SENTENCES))]
        paragraphs = (sentences[i : i + PARAGRAPH] for i in range(0, len(sentences), PARAGRAPH))
        return "\n\n".join(" ".join(each) for each in paragraphs)

    short = {"short": 1.0, "article": 0.0, "mix": 0.75}[kind]
    return [sentence() if chooser.random() < short else article() for _ in range(count)]


def segments(body: str) -> list[str]:
    """The segments of a text, by summsvc's segmentation; all systems translate these."""
    article = Article(title="", body=body, language="en")
    return [segment.text for segment in read(article).segments]
