"""Sentence segmentation of a block: rules that use the word lists of the language file.

Languages without a file get the rules without lists. The algorithm visits each place
where a sentence may end once and inspects a bounded context there, so the time is
linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from summsvc.articles.abbreviations import AbbreviationRules, Stop, continues, rules_of
from summsvc.articles.characters import SCAN_CHUNK, has_alphanumeric
from summsvc.interruption import checkpoint

_CLOSERS = "\"'”’»›)]}“‟"
_OPENERS = "\"'„“«‹([{‘”¿¡"
_END = re.compile(
    rf"(?P<mark>(?:[.!?…‽]|[!?]\uFE0F)+|[。！？]+)(?P<close>[{re.escape(_CLOSERS)}]*)"
    # The number of a footnote, or a closing quote or bracket after a space.
    rf"(?P<note>(?:\s?\[\d{{1,3}}\])*(?:\s[{re.escape(_CLOSERS)}](?=\s))?)(?P<gap>\s+|(?<=[。！？]))"
)
_MARK = re.compile("[.!?…‽。！？]")
"""The marks that a match of ``_END`` begins with."""

_RUN = re.compile("(?:[!?]\ufe0f|[.!?…‽])++")
_WORD_BEFORE = re.compile(r"[^\s\"'„“”«»‹›(){}\[\]‘’,;:!?…/]*\Z")
_NEXT = re.compile(
    rf"(?P<open>[{re.escape(_OPENERS)}]*)(?P<dash>[-–—]{{0,2}})\s*(?P<word>[\w'’-]{{0,40}})"
)
_GOES_ON = frozenset(",/)]}»%")
"""Characters that never begin a sentence."""

_LIST_NUMBER = re.compile(r"\s*(?:\d{1,3}(?:\.\d{1,3})*|[a-zA-Zа-яА-Я]|[ivxlcIVXLC]{1,6})\Z")

ABBREVIATION_CONTEXT = 48
"""Code points before a full stop that are inspected."""

MAX_PUNCTUATION_RUN = 100
"""Marks of a run, counted from its end, that are inspected together."""


def split(text: str, language: str) -> Iterator[tuple[int, int]]:
    """Yield [begin, end) of each sentence in a block's visible text, in order.

    White space between sentences is in none of them; all else is in one. Text
    without a letter or digit ("…", an emoji) is added to the sentence before it, or
    at the start of the block to the sentence after it. language: BCP-47.
    """
    rules = rules_of(language)
    begin = len(text) - len(text.lstrip())
    scanned = begin
    has_text = False
    held: tuple[int, int] | None = None
    for match in _punctuation(text):
        end = match.end("note")
        if end <= begin or match.end() == len(text) or not _ends(text, begin, match, rules):
            continue
        has_text = has_text or has_alphanumeric(text[scanned:end])
        scanned = end
        if has_text:
            if held:
                yield held
            held = begin, end
        elif held:
            held = held[0], end
        else:
            continue
        begin, has_text = match.end(), False
    last = len(text.rstrip())
    if held and not has_alphanumeric(text[begin:last]):
        held = held[0], max(last, held[1])
    elif held:
        yield held
        held = begin, last
    elif last > begin:
        held = begin, last
    if held:
        yield held


def _punctuation(text: str) -> Iterator[re.Match[str]]:
    """The matches of ``_END``, in time linear in the text, with checkpoints.

    If it does not match at the first mark of a run, it matches at none of them.
    """
    at = 0
    while at < len(text):
        checkpoint()
        mark = _MARK.search(text, at, at + SCAN_CHUNK)
        if mark is None:
            at += SCAN_CHUNK
            continue
        run = _RUN.match(text, mark.start())
        beyond = run.end() if run else mark.end()
        match = _END.match(text, max(mark.start(), beyond - MAX_PUNCTUATION_RUN))
        if match:
            yield match
        at = match.end() if match else beyond


def _ends(text: str, begin: int, match: re.Match[str], rules: AbbreviationRules) -> bool:
    """Whether a sentence that began at ``begin`` ends at this punctuation."""
    following = _NEXT.match(text, match.end())
    assert following is not None
    word = following["word"]
    if word[:1].islower() and not word[1:2].isupper():
        # "Viskas?" paklausė jis. / «Да!» — сказал он. / и т. д. и т. п.
        return False
    if not following[0] and text[match.end()] in _GOES_ON:
        return False
    if match["mark"] != "." or match["close"]:
        # Yahoo! Inc.
        is_name = (
            word.lower() in rules.companies and text[following.end() : following.end() + 1] == "."
        )
        return not (is_name and match["mark"] in "!?" and not match["close"])
    low = max(begin, match.start() - ABBREVIATION_CONTEXT)
    before = _WORD_BEFORE.search(text, low, match.start())
    token = before[0] if before else ""
    if not token:
        return True
    if match.start() - begin <= 8 and _LIST_NUMBER.match(text, begin, match.start()):
        return False
    if len(token) > 1 and token.isalpha() and token.isupper():
        # An acronym: "ОК." is not "ок."; but "GEN. SMITH" in a line of capitals.
        titles = rules.own.before | rules.own.titles
        return not (len(word) > 1 and word.isupper() and token.lower() in titles)
    sentence = text[low : match.start() - len(token)]
    stop = Stop(
        text, token, word, following.start("word"), sentence, low == begin, bool(following["dash"])
    )
    return not continues(stop, rules)
