"""Protected and glossary terms: found where they are, in order, and applied in an equal output."""

from __future__ import annotations

import re

from fuzz.text.inputs import LANGUAGES, Input
from summsvc.articles.occurrences import Occurrences
from summsvc.tasks.translation.glossary import Terms, around, translatable
from summsvc.tasks.translation.term_uses import places, uses

_WORD = re.compile(r"\S+")


def run(data: bytes) -> None:
    """Find the terms of a text, which are its own pieces or those of a second text."""
    given = Input(data)
    text, other = given.texts(2)
    language = given.choice(0, LANGUAGES)
    size = given.choice(1, (1, 2, 3, 5, 8, 20))
    known = f"{text} {other}"
    words = list(dict.fromkeys(known.split()))[:40]
    terms = [" ".join(words[at : at + size]) for at in range(0, len(words), size)]
    terms = [] if given.flag(1) else terms
    half = len(terms) // 2
    glossary = [(term, f"žodis {number}") for number, term in enumerate(terms[half:])]
    chosen = Terms.of(terms[:half], glossary, language)
    kept = [each.span() for each in list(_WORD.finditer(text))[::4]] if given.flag(2) else []
    kept = [] if given.flag(1) else kept
    found = chosen.find(text, kept)
    at = 0
    for each in found:
        assert at <= each.start < each.end <= len(text)
        assert not each.kept or each.target == text[each.start : each.end]
        at = each.end
    pieces = around(text, found)
    assert len(pieces) == len(found) + 1
    translatable(text, found)
    protected = Terms.of(terms, (), language).find(text)
    assert all(use.applied for use in uses(protected, text, language))
    uses(found, other, given.choice(3, LANGUAGES))
    wanted = {(each.target, each.kept) for each in found}
    for spans in places(wanted, other, language).values():
        end = 0
        for start, stop in spans:
            assert end <= start < stop <= len(other)
            end = stop
    removed, _ = Occurrences(words).removed(text)
    assert len(removed) <= len(text)
