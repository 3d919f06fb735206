"""Labelled lines: links to other articles, captions, credits and lists of subjects."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from summsvc.articles.noise.names import CAPITALS, fill, words
from summsvc.languages import registry

MAX_HEADLINE = 200
"""Code points of another article's headline after a label, or of a caption before a credit."""

MIN_HEADLINE = 8
"""Code points of a headline after an invitation to read it."""

MAX_LABEL, MAX_LABEL_WORDS = 60, 7
"""Code points and words of a label of any wording."""

MIN_BARE_WORDS = 2
"""Words of such a label without a headline."""

MAX_TAG_WORDS = 4

MIN_QUOTED_SPACES = 2
"""Spaces of a quoted headline after an invitation to read it."""

MAX_ENDING = 30
"""Code points of what follows the source at the end of a credit."""

_SEPARATOR = re.compile(r" ?[:|•·»›→▶►>]+ ?| [–—-] ")
_LABEL_ENDS = (":", "|")
_ADDRESS = re.compile(r"[\s:.…→»›>!]*(?:https?://\S+)?")
_QUOTED = re.compile(r"[«„“\"][^«»„“”\"]{3,200}[»”“\"]")
_TAG_SEPARATOR = re.compile(r" ?[,|/•·;#] ?| {2,}")
_HASHTAGS = re.compile(r"(?:#[\w-]++[\s,]*+){1,30}|(?:#\s?[\w-]++(?: [\w-]++){0,3}[\s,]*+){2,30}")
_BRACKETED = re.compile(r"\( ?([^()]{2,120})\)\.?\Z")
_INNER_LABEL = re.compile(rf"[\w)”»] (?=[{CAPITALS}]\w{{2,12}}: [^:]{{2,80}}\Z)")
_SENTENCE_END = re.compile(r"[.!?…][)»”“\"]? +")


@dataclass(frozen=True, slots=True)
class Labels:
    """Compiled rules of all languages, for whole blocks of one line.

    related, captions, tags: a label at the beginning, as group "label". reading: the same
    that begins with a verb of reading, up to its separator. credit: a whole credit. signed:
    a whole credit or a caption that ends in one ("..., BNS nuotr."); ending: its last word.
    agency, source: a whole name. core, label_words: a whole word of a label of any wording.
    """

    related: re.Pattern[str]
    reading: re.Pattern[str]
    captions: re.Pattern[str]
    tags: re.Pattern[str]
    credit: re.Pattern[str]
    signed: re.Pattern[str]
    ending: re.Pattern[str]
    agency: re.Pattern[str]
    source: re.Pattern[str]
    core: re.Pattern[str]
    label_words: re.Pattern[str]


def patterns(key: str, languages: registry.Registry) -> list[str]:
    """The patterns under a key of table ``noise``, of all languages."""
    return [pattern for noise in languages.noise() for pattern in getattr(noise, key)]


def any_of(patterns: Iterable[str], languages: registry.Registry) -> str:
    """A regular expression for any of the patterns of a language file, names filled in."""
    return "|".join(f"(?:{fill(pattern, languages)})" for pattern in patterns) or r"(?!)"


@lru_cache(maxsize=8)
def labels(languages: registry.Registry) -> Labels:
    """The rules of a registry."""

    def rule(template: str, key: str = "") -> re.Pattern[str]:
        found = any_of(patterns(key, languages), languages) if key else ""
        return re.compile(fill(template, languages).replace("<>", f"(?:{found})"), re.IGNORECASE)

    def one_of(key: str) -> re.Pattern[str]:
        entries = (word for noise in languages.noise() for word in getattr(noise.labels, key))
        return re.compile(words(entries), re.IGNORECASE)

    label = r"(?P<label><>)(?!\w)"
    before = r"(?:.{0,220}(?:[.!?…»”“\"] ?[(\[]?| ?[/|,(\[–—] ?))?"
    return Labels(
        related=rule(label, "related"),
        reading=rule(r"<>(?!\w)[^:|.!?,;«„“\"]{0,50}", "related_verbs"),
        captions=rule(label, "captions"),
        tags=rule(label, "tags"),
        credit=rule(r"[(\[]? ?<> ?[)\]]?\.?", "credit"),
        signed=rule(rf"{before}{{source}} ?/? ?<>[)\]]?", "credit_endings"),
        ending=rule(r"<>[)\]]?\Z", "credit_endings"),
        agency=rule("{agency}"),
        source=rule("{source}"),
        core=one_of("core"),
        label_words=one_of("further"),
    )


def is_related(text: str, rules: Labels, *, marked: bool = False) -> bool:
    """Whether a line is a label with the headline of another article, or a label alone.

    marked: whether a symbol stands before the line, as before no sentence.
    """
    label = rules.related.match(text)
    if _begins_with_label_words(text, rules):
        return True
    if not label:
        return _invites_to_read(text, rules, marked=marked)
    rest = text[label.end() :]
    if _ADDRESS.fullmatch(rest):
        return True
    separator = _SEPARATOR.match(rest)
    headline = rest[separator.end() :] if separator else rest.lstrip()
    if len(headline) > MAX_HEADLINE:
        return False
    if separator:
        return " " in label["label"] or marked or _is_headline(headline)
    in_capitals = label["label"].isupper() and not headline.isupper()
    return (
        bool(_QUOTED.fullmatch(headline))
        or (in_capitals and _is_headline(headline))
        or _invites_to_read(text, rules, marked=marked)
    )


def _begins_with_label_words(text: str, rules: Labels) -> bool:
    """Whether a line is a label of known words alone, or with a headline after a separator."""
    separator = _SEPARATOR.search(text, 0, MAX_LABEL)
    label = text[: separator.start()] if separator else text
    headline = text[separator.end() :] if separator else ""
    found = label.rstrip(" →»›…").split()
    if not 0 < len(found) <= MAX_LABEL_WORDS or len(text) > MAX_HEADLINE:
        return False
    core = [bool(rules.core.fullmatch(word)) for word in found]
    if not any(core) or not all(
        known or rules.label_words.fullmatch(word) for known, word in zip(core, found, strict=True)
    ):
        return False
    if not headline:
        return len(found) >= MIN_BARE_WORDS
    return len(headline) >= MIN_HEADLINE and _is_headline(headline)


def _invites_to_read(text: str, rules: Labels, *, marked: bool) -> bool:
    """Whether a line is an invitation to read, with a headline after a separator or in quotes."""
    label = rules.reading.match(text)
    if not label or len(text) > MAX_HEADLINE:
        return False
    rest = text[label.end() :].lstrip()
    if rest.startswith(_LABEL_ENDS):
        headline = rest[1:].lstrip()
        return len(headline) >= MIN_HEADLINE and (
            _is_headline(headline) or (marked and not headline.endswith("."))
        )
    return bool(_QUOTED.fullmatch(rest.rstrip("."))) and rest.count(" ") >= MIN_QUOTED_SPACES


def is_bare_label(text: str, rules: Labels) -> bool:
    """Whether a line is only a label, so that headlines of other articles may follow."""
    label = rules.related.match(text)
    return label is not None and not text[label.end() :].strip(" :.…→»›>!")


def _is_headline(text: str) -> bool:
    return not text[:1].islower() and not text.endswith(".")


def is_tags(text: str, rules: Labels) -> bool:
    """Whether a line is a list of subjects after a label, or of hashtags."""
    if text.startswith("#"):
        return bool(_HASHTAGS.fullmatch(text))
    label = rules.tags.match(text)
    if not label or text.endswith((".", "?", "!")):
        return False
    rest = text[label.end() :]
    separator = _SEPARATOR.match(rest)
    in_list = label["label"].isupper() or label["label"].endswith(" in") or rest[:2] == " #"
    if not separator and not in_list:
        return False
    listed = rest[separator.end() if separator else 0 :].strip()
    tags = [tag for tag in _TAG_SEPARATOR.split(listed) if tag]
    return bool(tags) and all(len(tag.split()) <= MAX_TAG_WORDS for tag in tags)


def is_credit(text: str, rules: Labels) -> bool:
    """Whether a line is a credit, or a caption that is labelled so or ends in a credit."""
    if rules.credit.fullmatch(text):
        return True
    ending = rules.ending.search(text, max(0, len(text) - MAX_ENDING))
    if ending and rules.signed.fullmatch(text):
        return True
    label = rules.captions.match(text)
    if label and (_SEPARATOR.match(text, label.end()) or text[label.end() :][:1] == ","):
        return True
    bracketed = _BRACKETED.search(text)
    if bracketed:
        return _is_credit_in_brackets(bracketed[1], rules)
    end = max((match.end() for match in _SENTENCE_END.finditer(text)), default=0)
    tail = text[end:].lstrip("|/–—•· ")
    if "/" in tail and rules.source.fullmatch(tail):
        # "WIRE/Ann Roe" says who took a picture after a caption; alone it may be anything.
        parts = map(str.strip, tail.split("/"))
        return end > 0 or any(rules.agency.fullmatch(part) for part in parts)
    if 0 < end <= MAX_HEADLINE and rules.credit.fullmatch(tail):
        return True
    # "The mayor opens the quay Credit: PA": a caption without a full stop.
    inner = _INNER_LABEL.search(text)
    return inner is not None and rules.credit.fullmatch(text, inner.end()) is not None


def _is_credit_in_brackets(text: str, rules: Labels) -> bool:
    if all(rules.agency.fullmatch(part.strip()) for part in text.split(",")):
        # "... on Monday. (DPA, BNS)" says who reported it.
        return False
    return bool(rules.credit.fullmatch(text)) or (
        "/" in text and bool(rules.source.fullmatch(text) and rules.agency.match(text))
    )
