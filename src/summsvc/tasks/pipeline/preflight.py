"""Admission check before parsing: rejects long articles that the model's queue cannot admit.

Parsing an article takes a thousandth of the time of its translation, which still is a
fraction of a second. A rejection before parsing is faster and does not delay other requests.
"""

from __future__ import annotations

from summsvc.articles.language import normalize_code
from summsvc.scheduling.fairness.callers import ANONYMOUS, Caller
from summsvc.scheduling.jobs import Priority
from summsvc.scheduling.scheduler import Scheduler
from summsvc.types import Article, MimeType

LONG_ARTICLE = 20_000
"""Code points of a body from which parsing takes longer than most requests take in all."""

LONGEST_TOKEN = 16
"""Code points of the longest piece that SentencePiece learns by default."""

USUAL_TOKEN = 4
"""Code points of news per token: a million are some 250,000 (docs/how-to/tune-throughput.md)."""

MARKUP_RATIO = {MimeType.PLAIN: 1, MimeType.MARKDOWN: 1, MimeType.HTML: 4}
"""Code points of a long article per code point of its text.

For HTML, 4 is the median of articles extracted from their pages; that of whole pages is 15
(``python -m bench.quality.markup``). The estimate errs high: a late retry beats another rejection.
"""

_ALPHABETS = "cp1251"
"""An encoding with the letters of the Latin and the Cyrillic alphabet."""

_NO_LETTERS = bytes(i for i in range(256) if not bytes((i,)).decode(_ALPHABETS, "ignore").isalpha())


def language(article: Article) -> str:
    """Return the language code that the caller set for a long article, else "".

    The language determines the model. Raises LanguageUnknownError.
    """
    if len(article.body) <= LONG_ARTICLE or not article.language:
        return ""
    return normalize_code(article.language, field="article.language_code")


def least_tokens(article: Article) -> int:
    """Lower bound of the tokens of the article's text; 1 where most of it may be markup.

    Counts letters only, because a segment without letters is not translated, and only
    Latin and Cyrillic ones, which takes milliseconds: 0 for other scripts. Letters of
    markup cannot be distinguished from text here, hence 1 for a format with markup.
    """
    if article.mime_type != MimeType.PLAIN:
        return 1
    letters = article.body.encode(_ALPHABETS, "ignore").translate(None, _NO_LETTERS)
    return -(-len(letters) // LONGEST_TOKEN)


def likely_tokens(article: Article) -> int:
    """Estimate of the tokens of the article's text, for the retry delay of a rejection."""
    return len(article.body) // (USUAL_TOKEN * MARKUP_RATIO[article.mime_type])


def check(
    scheduler: Scheduler,
    article: Article | None,
    priority: Priority,
    deadline: float | None,
    *,
    use_cache: bool,
    caller: Caller = ANONYMOUS,
) -> None:
    """Raise OverloadedError or DeadlineError where a model's queue cannot take an article.

    The retry delay of the error is the time until the queue may take the whole article.

    article: None where the model's input is another model's output, of one token at least.
    use_cache: whether outputs may be cached. Which segments are cached is unknown before
    the article is parsed: then one token is checked against the queue's limits, and the
    deadline is not.
    """
    least, likely = (least_tokens(article), likely_tokens(article)) if article else (1, 0)
    if use_cache:
        least, deadline = min(least, 1), None
    scheduler.check_admission(least, priority, deadline, likely_tokens=likely, caller=caller)
