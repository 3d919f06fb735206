"""Long articles that a model has certainly no room or no time for, refused before they are read.

Reading one takes a thousandth of the time that its translation takes, which is a fraction
of a second nevertheless: what is refused is told sooner, and holds up nobody meanwhile.
"""

from __future__ import annotations

import string

from summsvc.articles.article import Article, MimeType
from summsvc.articles.language import normalize_code
from summsvc.scheduling.scheduler import Scheduler
from summsvc.scheduling.work import Priority
from summsvc.tasks.reading import LONG

LONGEST_TOKEN = 16
"""Code points of the longest piece that SentencePiece learns unless told otherwise."""


def language(article: Article) -> str:
    """The code of a long article's language as its caller names it; else "".

    Without it nobody knows which model the article is for. Raises LanguageUnknownError.
    """
    if len(article.body) <= LONG or not article.language:
        return ""
    return normalize_code(article.language, field="article.language_code")


def least_tokens(article: Article) -> int:
    """Tokens that running text has at least; 1 where most of it may be markup."""
    if article.mime_type != MimeType.PLAIN:
        return 1
    body = article.body
    return max(1, (len(body) - sum(map(body.count, string.whitespace))) // LONGEST_TOKEN)


def check(
    scheduler: Scheduler,
    tokens: int,
    priority: Priority,
    deadline: float | None,
    *,
    use_cache: bool,
) -> None:
    """Raise OverloadedError or DeadlineError for an article of so many tokens at least.

    use_cache: whether outputs may be known already. Which ones are is not known before the
    article is read: one is enough to be refused where there is room for none, and how long
    they would take says nothing.
    """
    if use_cache:
        tokens, deadline = 1, None
    scheduler.check(tokens, priority, deadline)
