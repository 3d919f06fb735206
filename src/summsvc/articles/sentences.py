"""Sentence boundaries of a block, by rules made for English, Russian and Lithuanian.

Other languages get the rules without the lists. One pass over the places where
a sentence may end; each is decided by a bounded look around it, so the time is
linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from summsvc.articles.abbreviations import Stop, Words, continues, words_of
from summsvc.articles.characters import SCAN_CHUNK, has_alphanumeric
from summsvc.interruption import checkpoint

_CLOSERS = "\"'”’»›)]}“‟"
_OPENERS = "\"'„“«‹([{‘”¿¡"
_END = re.compile(
    rf"(?P<mark>(?:[.!?…‽]|[!?]\uFE0F)+|[。！？]+)(?P<close>[{re.escape(_CLOSERS)}]*)"
    # A footnote's number, or a closing quote or bracket that stands apart.
    rf"(?P<note>(?:\s?\[\d{{1,3}}\])*(?:\s[{re.escape(_CLOSERS)}](?=\s))?)(?P<gap>\s+|(?<=[。！？]))"
)
_MARK = re.compile("[.!?…‽。！？]")
"""What ``_END`` begins with."""

_RUN = re.compile("(?:[!?]\ufe0f|[.!?…‽])++")
_WORD_BEFORE = re.compile(r"[^\s\"'„“”«»‹›(){}\[\]‘’,;:!?…/]*\Z")
_NEXT = re.compile(
    rf"(?P<open>[{re.escape(_OPENERS)}]*)(?P<dash>[-–—]{{0,2}})\s*(?P<word>[\w'’-]{{0,40}})"
)
_GOES_ON = frozenset(",/)]}»%")
"""What never begins a sentence."""

_COMPANIES = frozenset(("inc", "corp", "ltd", "co"))
_LIST_NUMBER = re.compile(r"\s*(?:\d{1,3}(?:\.\d{1,3})*|[a-zA-Zа-яА-Я]|[ivxlcIVXLC]{1,6})\Z")

LOOK_BACK = 48
"""Code points before a full stop that may tell what it belongs to."""


LONGEST_RUN = 100
"""Marks in a row, the last ones, that are looked at together."""


def split(text: str, language: str) -> Iterator[tuple[int, int]]:
    """Yield [begin, end) of each sentence in a block's visible text, in order.

    White space between sentences belongs to none; nothing else is left out.
    What has no letter or digit ("…", an emoji) goes with the sentence before
    it, or after it at the start. language: BCP-47.
    """
    words = words_of(language)
    begin = len(text) - len(text.lstrip())
    looked = begin
    says = False
    held: tuple[int, int] | None = None
    for match in _punctuation(text):
        end = match.end("note")
        if end <= begin or match.end() == len(text) or not _ends(text, begin, match, words):
            continue
        says = says or has_alphanumeric(text[looked:end])
        looked = end
        if says:
            if held:
                yield held
            held = begin, end
        elif held:
            held = held[0], end
        else:
            continue
        begin, says = match.end(), False
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
    """What ``_END`` finds, in time linear in the text and a step at a time.

    Where it does not match at the first of a row of marks it does at none of them.
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
        match = _END.match(text, max(mark.start(), beyond - LONGEST_RUN))
        if match:
            yield match
        at = match.end() if match else beyond


def _ends(text: str, begin: int, match: re.Match[str], words: Words) -> bool:
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
        is_name = word.lower() in _COMPANIES and text[following.end() : following.end() + 1] == "."
        return not (is_name and match["mark"] in "!?" and not match["close"])
    low = max(begin, match.start() - LOOK_BACK)
    before = _WORD_BEFORE.search(text, low, match.start())
    token = before[0] if before else ""
    if not token:
        return True
    if match.start() - begin <= 8 and _LIST_NUMBER.match(text, begin, match.start()):
        return False
    if len(token) > 1 and token.isalpha() and token.isupper():
        # An acronym: "ОК." is not "ок."; but "GEN. SMITH" in a line of capitals.
        titles = words.before | words.titles
        return not (len(word) > 1 and word.isupper() and token.lower() in titles)
    sentence = text[low : match.start() - len(token)]
    stop = Stop(
        text, token, word, following.start("word"), sentence, low == begin, bool(following["dash"])
    )
    return not continues(stop, words)
