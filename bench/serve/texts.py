"""What the clients send: short texts, articles, and both."""

from __future__ import annotations

import random
import re

from summsvc.articles.reader import read
from summsvc.types import Article
from tests.checkpoints import pairs

KINDS = ("short", "article", "mix")

SENTENCES = range(6, 15)
"""In one article."""

PARAGRAPH = 3
"""Sentences in one paragraph."""

LENGTHS = range(80, 150)
"""Code points of a sentence for a model whose outputs all have one length, about 110: others
would look too long or too short to the server, which then tries again."""


def bodies(model: str, kind: str, count: int, *, seed: int = 1) -> list[str]:
    """So many texts of a kind, no two alike; the same ones for the same seed.

    A mix is three short texts to every article. For the "trained" model they
    are sentences it knows, about 12 tokens each; for the others two of those
    in one, about 43, without numbers, since a number that is not in the output
    costs the server a look.
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
    """What every system translates of a text: its segments as the service cuts them."""
    article = Article(title="", body=body, language="en")
    return [segment.text for segment in read(article).segments]
