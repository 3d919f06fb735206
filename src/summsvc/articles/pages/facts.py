"""Facts that a page states about itself: title, language, author and date.

Sources: the Open Graph protocol (https://ogp.me), ``meta`` names, microdata of schema.org, and
the elements ``html``, ``title``, ``h1`` and ``time``.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from summsvc.articles.formats import attributes
from summsvc.articles.formats.html_tokens import HtmlToken
from summsvc.interruption import checked

MAX_FACT = 500
"""Code points of a fact that are read."""

_TITLES = ("og:title", "twitter:title", "dc.title")
_AUTHORS = ("author", "article:author", "parsely-author", "dc.creator", "byl", "sailthru.author")
_DATES = (
    "article:published_time",
    "datepublished",
    "parsely-pub-date",
    "dc.date.issued",
    "dc.date",
    "pubdate",
    "date",
)
_LANGUAGES = ("content-language", "og:locale", "dc.language")
_SEPARATORS = "-–—|·•»:"
_SITE = re.compile(rf"(.*\S)\s+[{re.escape(_SEPARATORS)}]\s+(\S.*)", re.DOTALL)
_TIME = r"[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?"
_DATE = re.compile(rf"\d{{4}}-\d{{2}}-\d{{2}}(?:{_TIME})?")
_LANGUAGE = re.compile(r"([a-zA-Z]{2,3})(?:[-_][\w-]*)?")
_MIN_TITLE_WORDS = 3
"""Words that remain when the last part of a title is taken for the name of an unnamed site."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a page says about itself; "" for what it does not say.

    language: ISO 639 code. published: ISO 8601 date, with a time if there is one, as written.
    """

    title: str = ""
    language: str = ""
    byline: str = ""
    published: str = ""


def find(source: str, tokens: Sequence[HtmlToken]) -> Facts:
    """The facts in the tokens of a page."""
    metas: dict[str, str] = {}
    texts: dict[str, str] = {}
    language = published = ""
    for at, token in enumerate(checked(tokens)):
        if token.kind != "open" or token.name not in ("meta", "html", "title", "h1", "time"):
            continue
        found = attributes.parse(source[token.start + 1 + len(token.name) : token.end - 1])
        if token.name == "meta":
            for key in ("property", "name", "itemprop", "http-equiv"):
                if name := found.get(key, "").strip().lower():
                    metas.setdefault(name, _text(found.get("content", "")))
        elif token.name == "html":
            language = language or _text(found.get("lang", found.get("xml:lang", "")))
        elif token.name == "time":
            published = published or _text(found.get("datetime", ""))
        elif token.name not in texts:
            texts[token.name] = _element_text(source, tokens, at)
    published = _first(metas, _DATES) or published
    date = _DATE.match(published)
    code = _LANGUAGE.fullmatch(language or _first(metas, _LANGUAGES))
    return Facts(
        title=_title(metas, texts),
        language=code[1].lower() if code else "",
        byline=_byline(metas),
        published=date[0] if date else "",
    )


def _text(written: str) -> str:
    return " ".join(html.unescape(written[: 2 * MAX_FACT]).split())[:MAX_FACT]


def _first(metas: Mapping[str, str], names: Sequence[str]) -> str:
    return next((metas[name] for name in names if metas.get(name)), "")


def _element_text(source: str, tokens: Sequence[HtmlToken], at: int) -> str:
    """The text of the element whose start tag is token ``at``."""
    parts: list[str] = []
    length = 0
    for token in tokens[at + 1 : at + 100]:
        if (token.kind == "close" and token.name == tokens[at].name) or length > 2 * MAX_FACT:
            break
        parts.append(source[token.start : token.end] if token.kind == "text" else "")
        length += len(parts[-1])
    return _text("".join(parts))


def _byline(metas: Mapping[str, str]) -> str:
    named = (metas[name] for name in _AUTHORS if metas.get(name))
    return next((byline for byline in named if "://" not in byline), "")


def _title(metas: Mapping[str, str], texts: Mapping[str, str]) -> str:
    heading, site = texts.get("h1", ""), metas.get("og:site_name", "")
    if stated := _first(metas, _TITLES):
        return _without_site(stated, heading, site)
    titled = texts.get("title", "")
    short = _without_site(titled, heading, site, guess=True)
    # Some pages have the name of the site as their heading.
    names_site = not heading or heading.casefold() in (
        site.casefold(),
        titled.removeprefix(short).lstrip(f" {_SEPARATORS}").casefold(),
    )
    return short if names_site else heading


def _without_site(title: str, heading: str, site: str, *, guess: bool = False) -> str:
    """A title without the name of the site at its end.

    guess: take the last part for the site's name, also where the page does not name the site.
    """
    parts = _SITE.fullmatch(title)
    if not parts:
        return title
    rest, last = parts[1], parts[2]
    known = last.casefold() == site.casefold() or rest.casefold() == heading.casefold()
    return rest if known or (guess and len(rest.split()) >= _MIN_TITLE_WORDS) else title
