"""Sentence segmentation of a block: rules that use the word lists of the language file.

Languages without a file get the rules without lists. The algorithm visits each place
where a sentence may end once and inspects a bounded context there, so the time is
linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from summsvc.articles.abbreviations import AbbreviationRules, Stop, continues, rules_of
from summsvc.articles.characters import CLOSING_PUNCTUATION, SCAN_CHUNK, has_alphanumeric
from summsvc.articles.enclosures import Enclosing
from summsvc.articles.notes import CITATION, CREDIT, NOTE_NUMBER, NOTE_SYMBOL, YEAR
from summsvc.interruption import checkpoint

_CLOSERS = re.escape(CLOSING_PUNCTUATION)
_OPENERS = "\"'„“«‹([{‘”¿¡"
_UNSEEN = "\u00ad\u200b-\u200f\u2060\ufeff"
_END = re.compile(
    rf"(?P<mark>(?:[.!?…‽]|[!?]\uFE0F)+|[。！？]+)(?P<close>[{_CLOSERS}{_UNSEEN}]*)"
    rf"(?P<note>(?:{CITATION})*(?:{CREDIT})?(?:(?P<number>{NOTE_NUMBER})|{NOTE_SYMBOL})?"
    # A closing quotation mark or bracket after a space.
    rf"(?:\s[{_CLOSERS}](?=\s))?)"
    # Without white space only before a capital letter.
    rf"(?P<gap>\s+|\Z|(?<=[。！？])|(?=[{re.escape(_OPENERS)}]?[^\W\d_a-zа-яё]))"
)
_MARK = re.compile("[.!?…‽。！？]")
"""The marks that a match of ``_END`` begins with."""

_RUN = re.compile("(?:[!?]\ufe0f|[.!?…‽])++")
_WORD_BEFORE = re.compile(r"[^\s\"'„“”«»‹›(){}\[\]‘’,;:!?…/]*\Z")
_NEXT = re.compile(
    rf"(?P<open>[{re.escape(_OPENERS)}{_UNSEEN}]*)(?P<dash>[-–—]{{0,2}})\s*(?P<word>[\w'’-]{{0,40}})"
)
_GOES_ON = frozenset(",/)]}»%&")
"""Characters that never begin a sentence."""

_SPACED_DOT = re.compile(r"[.…](?=[\s.…]|\Z)")
"""A further stop of an ellipsis with spaces: ". . ."."""

_LIST_NUMBER = re.compile(r"\s*(?:\d{1,3}(?:\.\d{1,3})*|[a-zA-Zа-яА-Я]|[ivxlcIVXLC]{1,6})\Z")

_LETTERED_ITEM = re.compile(r"[^\W\d_]\)\s+(?=(?P<first>[^\W\d_]))")
"""The letter of a list item, "b) Second"."""

_BEFORE_WORD = frozenset("\"'„“«‹([{‘”’—–-")
_END_OF_WORD = re.compile(r"[\s,;:—–'’]|[.!?…]{0,3}(?:\s|\Z)")

MIN_WORD = 3
"""Letters of a word that ends a sentence without white space after it; shorter ones are often
abbreviations."""

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
    enclosing = Enclosing(text)
    begin = len(text) - len(text.lstrip())
    scanned = begin
    has_text = False
    held: tuple[int, int] | None = None
    for match in _punctuation(text):
        end = match.end("note")
        if end <= begin or match.end() == len(text) or not _ends(text, begin, match, rules):
            continue
        if enclosing.joins(begin, match.start(), match.end("close")):
            continue
        end -= _opens_next(text, begin, match)
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
        begin, has_text = (match.end() if match["gap"] else end), False
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
    if word[:1].islower() and not word[1:2].isupper() and not _begins_item(text, following):
        # "Viskas?" paklausė jis. / «Да!» — сказал он. / и т. д. и т. п.
        return False
    if not following[0] and (text[match.end()] in _GOES_ON or _SPACED_DOT.match(text, match.end())):
        return False
    low = max(begin, match.start() - ABBREVIATION_CONTEXT)
    before = _WORD_BEFORE.search(text, low, match.start())
    token = before[0] if before else ""
    if match["number"] and not _is_note(token, match, word, rules):
        return False
    if not match["gap"] and match["mark"][-1] not in "。！？" and not match["number"]:
        return _ends_without_space(text, match, token, following, rules)
    if match["mark"] != "." or match["close"].strip("\u200b\u00ad\ufeff"):
        # Yahoo! Inc.
        is_name = (
            word.lower() in rules.companies and text[following.end() : following.end() + 1] == "."
        )
        return not (is_name and match["mark"] in "!?" and not match["close"]) and not (
            _is_hesitation(match, token, word)
        )
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


def _begins_item(text: str, following: re.Match[str]) -> bool:
    """Whether the letter of a list item follows, and the item begins with a capital letter."""
    item = _LETTERED_ITEM.match(text, following.start("word"))
    return item is not None and item["first"].isupper()


def _opens_next(text: str, begin: int, match: re.Match[str]) -> int:
    """Code points of the match that begin the next sentence: the quotation mark in "over.“We".

    The mark closes a quotation in other places.
    """
    close = match["close"]
    if match["gap"] or match["note"] or not close or close[-1] not in '“"':
        return 0
    sentence = text[begin : match.start()]
    closes = "„" in sentence if close[-1] == "“" else sentence.count('"') % 2
    return 0 if closes else 1


def _is_hesitation(match: re.Match[str], token: str, word: str) -> bool:
    """Whether a speaker begins a word again: "I… I do not know"."""
    return match["mark"] in ("…", "...") and bool(token) and token.lower() == word.lower()


def _is_note(token: str, match: re.Match[str], word: str, rules: AbbreviationRules) -> bool:
    """Whether figures after a full stop are the number of a footnote: "two brothers.1 It"."""
    if match["close"]:
        return True
    if YEAR.match(token):
        # And not the decimals of a number.
        return len(match["number"]) <= 2 and _is_capitalised(word, rules)
    return len(token) > 2 and token.isalpha() and token.lower() not in rules.known


def _is_capitalised(word: str, rules: AbbreviationRules) -> bool:
    return word.lower() in rules.of(word or "a").starters or (
        len(word) > 2 and word[0].isupper() and word[1:].islower()
    )


def _ends_without_space(
    text: str,
    match: re.Match[str],
    token: str,
    following: re.Match[str],
    rules: AbbreviationRules,
) -> bool:
    """Whether a sentence ends where the white space after its last mark is missing.

    Addresses, names of files and brands have such stops, too: "Node.Js", "Яндекс.Такси".
    """
    word = following["word"]
    start = match.start() - len(token)
    before = text[start - 1] if start else " "
    is_enclosed = not token and before in CLOSING_PUNCTUATION
    if not (is_enclosed or before.isspace() or before in _BEFORE_WORD):
        return False
    if not word or not _END_OF_WORD.match(text, following.end("word")):
        return False
    starts = word.lower() in rules.of(word).starters
    if is_enclosed or ((match["close"] or following["open"]) and len(token) > 1):
        return starts or _is_capitalised(word, rules)
    if token.lower() in rules.known:
        return False
    if token.removesuffix("%").isdigit():
        return starts
    if not token.replace("-", "").isalpha() or len(token) < MIN_WORD:
        return False
    if token.islower() and len(word) > 1 and not _is_suffix(word):
        return word[1:].islower() or word.isupper()
    return starts and word[0].isupper() and (len(word) == 1 or word[1:].islower())


def _is_suffix(word: str) -> bool:
    """Whether a word may be the end of a file's name or a brand: "JPEG", "Com", "Js"."""
    return word.isascii() and len(word) <= MIN_WORD + word.isupper()
