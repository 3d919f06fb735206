"""Long articles that a model has certainly no room or no time for, refused before they are read.

Reading one takes a thousandth of the time that its translation takes, which is a fraction
of a second nevertheless: what is refused is told sooner, and holds up nobody meanwhile.
"""

from __future__ import annotations

from summsvc.articles.article import Article, MimeType
from summsvc.articles.language import normalize_code
from summsvc.scheduling.scheduler import Scheduler
from summsvc.scheduling.work import Priority
from summsvc.tasks.reading import LONG

LONGEST_TOKEN = 16
"""Code points of the longest piece that SentencePiece learns unless told otherwise."""

USUAL_TOKEN = 4
"""Code points of news in one token: a million are some 250,000 (docs/deployment.md)."""

MARKUP = 2
"""Code points of an article with markup for one of text: a rough figure."""

_ALPHABETS = "cp1251"
"""An encoding with the letters of the Latin and the Cyrillic alphabet."""

_NO_LETTERS = bytes(i for i in range(256) if not bytes((i,)).decode(_ALPHABETS, "ignore").isalpha())


def language(article: Article) -> str:
    """The code of a long article's language as its caller names it; else "".

    Without it nobody knows which model the article is for. Raises LanguageUnknownError.
    """
    if len(article.body) <= LONG or not article.language:
        return ""
    return normalize_code(article.language, field="article.language_code")


def least_tokens(article: Article) -> int:
    """Tokens that the article's text has at least; 1 where most of it may be markup.

    Letters alone are counted, for a segment without any is not computed, and only those
    of two alphabets, which takes milliseconds: in other scripts it may be 0.
    """
    if article.mime_type != MimeType.PLAIN:
        return 1
    letters = article.body.encode(_ALPHABETS, "ignore").translate(None, _NO_LETTERS)
    return -(-len(letters) // LONGEST_TOKEN)


def likely_tokens(article: Article) -> int:
    """Tokens that its text has if it is like others; for how soon to come back, not whether."""
    markup = 1 if article.mime_type == MimeType.PLAIN else MARKUP
    return len(article.body) // (USUAL_TOKEN * markup)


def check(
    scheduler: Scheduler,
    tokens: int,
    priority: Priority,
    deadline: float | None,
    *,
    use_cache: bool,
    likely: int = 0,
) -> None:
    """Raise OverloadedError or DeadlineError for an article of so many tokens at least.

    A refused caller is told to come back when there may be room for ``likely`` tokens.

    use_cache: whether outputs may be known already. Which ones are is not known before the
    article is read: one is enough to be refused where there is room for none, and how long
    they would take says nothing.
    """
    if use_cache:
        tokens, deadline = min(tokens, 1), None
    scheduler.check(tokens, priority, deadline, likely=likely)
