"""What the small multilingual and summarizing checkpoints know by heart."""

from __future__ import annotations

from tests.checkpoints import news

SENTENCES = 110
COLUMNS = {"en": 0, "ru": 1, "lt": 2}


def sentences(language: str) -> list[str]:
    """The first sentences of the news grammar's choice, each pattern in turn, in one language."""
    chosen = news.sentences(per_pattern=20)
    fixed, patterns = chosen[: len(news.FIXED)], chosen[len(news.FIXED) :]
    mixed = [triple for i in range(20) for triple in patterns[i::20]]
    return [triple[COLUMNS[language]] for triple in [*fixed, *mixed][:SENTENCES]]


def translations(target: str) -> list[tuple[str, str]]:
    """(English, translation) pairs, the same English for every target."""
    return list(zip(sentences("en"), sentences(target), strict=True))


def summaries(language: str, of: int = 1) -> list[tuple[str, str]]:
    """(article of three sentences, its first sentence) pairs.

    of: only so great a part of the articles, for a checkpoint of so many languages.
    """
    whole = [text for text in sentences(language) if text[-1] == "."]
    count = len(whole)
    return [
        (" ".join((lead, whole[(7 * i + 3) % count], whole[(11 * i + 5) % count])), lead)
        for i, lead in list(enumerate(whole))[::of]
    ]
