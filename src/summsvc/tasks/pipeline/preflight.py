"""Long articles that a model has certainly no room or no time for, refused before they are read.

Reading one takes a thousandth of the time that its translation takes, which is a fraction
of a second nevertheless: what is refused is told sooner, and holds up nobody meanwhile.
"""

from __future__ import annotations

from summsvc.articles.language import normalize_code
from summsvc.scheduling.fairness.callers import ANONYMOUS, Caller
from summsvc.scheduling.jobs import Priority
from summsvc.scheduling.scheduler import Scheduler
from summsvc.tasks.pipeline.text_workers import LONG
from summsvc.types import Article, MimeType

LONGEST_TOKEN = 16
"""Code points of the longest piece that SentencePiece learns unless told otherwise."""

USUAL_TOKEN = 4
"""Code points of news in one token: a million are some 250,000 (docs/how-to/tune-throughput.md)."""

MARKUP = {MimeType.PLAIN: 1, MimeType.MARKDOWN: 1, MimeType.HTML: 4}
"""Code points of a long article for one of its text.

Of HTML 4 is the median of articles taken out of their pages; of whole pages it is 15
(``python -m bench.markup``), and who sends one is told to wait rather too long than in vain.
"""

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
    of two alphabets, which takes milliseconds: in other scripts it may be 0. Letters of
    markup are not told from text, so that long markup around figures alone counts as one.
    """
    if article.mime_type != MimeType.PLAIN:
        return 1
    letters = article.body.encode(_ALPHABETS, "ignore").translate(None, _NO_LETTERS)
    return -(-len(letters) // LONGEST_TOKEN)


def likely_tokens(article: Article) -> int:
    """Tokens that its text has if it is like others; for how soon to come back, not whether."""
    return len(article.body) // (USUAL_TOKEN * MARKUP[article.mime_type])


def check(
    scheduler: Scheduler,
    article: Article | None,
    priority: Priority,
    deadline: float | None,
    *,
    use_cache: bool,
    caller: Caller = ANONYMOUS,
) -> None:
    """Raise OverloadedError or DeadlineError for an article that a model is to have.

    A refused caller is told to come back when there may be room for all of it.

    article: None where the model has what another one makes of it, one token at least.
    use_cache: whether outputs may be known already. Which ones are is not known before the
    article is read: one is enough to be refused where there is room for none, and how long
    they would take says nothing.
    """
    least, likely = (least_tokens(article), likely_tokens(article)) if article else (1, 0)
    if use_cache:
        least, deadline = min(least, 1), None
    scheduler.check(least, priority, deadline, likely=likely, caller=caller)
