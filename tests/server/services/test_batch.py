"""Batch calls: concurrency, order of the requests, and an outcome for each article."""

from __future__ import annotations

import asyncio

import pytest

from summsvc.errors import InvalidFieldError, SummsvcError
from summsvc.server.services import batch

SHORT = b"s" * 100
LONG = b"l" * 4 * batch.BYTES_PER_SLOT
ENDLESS = b"e" * 100 * batch.BYTES_PER_SLOT


class Answers:
    """Answers requests on release, and records which are running."""

    def __init__(self) -> None:
        self.at_work: list[bytes] = []
        self.most = 0
        self.cancelled = 0
        self.may_end = asyncio.Semaphore(0)

    async def __call__(self, request: bytes) -> int:
        self.at_work.append(request)
        self.most = max(self.most, len(self.at_work))
        try:
            await self.may_end.acquire()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.at_work.remove(request)
        return len(request)

    async def settle(self) -> list[bytes]:
        """Let all requests start that may start; return the running ones."""
        for _ in range(100):
            await asyncio.sleep(0)
        return list(self.at_work)

    def let_go(self, count: int) -> None:
        for _ in range(count):
            self.may_end.release()


@pytest.mark.parametrize(
    ("article", "at_once"),
    [(SHORT, 16), (LONG, 3), (ENDLESS, 2)],
    ids=["short", "long", "endless"],
)
async def test_longer_articles_run_with_less_concurrency(article: bytes, at_once: int) -> None:
    answers = Answers()
    answering = asyncio.create_task(batch.answer_all([article] * 40, answers))
    assert await answers.settle() == [article] * at_once
    answers.let_go(40)
    assert await answering == [len(article)] * 40
    assert answers.most == at_once


async def test_short_articles_run_beside_a_long_one_in_request_order() -> None:
    answers = Answers()
    requests = [ENDLESS, *[SHORT] * 20, ENDLESS, SHORT]
    answering = asyncio.create_task(batch.answer_all(requests, answers))
    assert await answers.settle() == [ENDLESS, *[SHORT] * 8]
    answers.let_go(1)
    assert await answers.settle() == [SHORT] * 16
    # The second long article is next; no short one overtakes it.
    answers.let_go(5)
    assert await answers.settle() == [SHORT] * 15
    answers.let_go(8)
    assert await answers.settle() == [*[SHORT] * 7, ENDLESS, SHORT]
    answers.let_go(20)
    assert await answering == list(map(len, requests))


async def test_an_error_affects_its_own_article_and_frees_its_slots() -> None:
    async def answer(request: bytes) -> int:
        if request == LONG:
            raise InvalidFieldError("too long", field="article.body")
        if request == ENDLESS:
            raise ZeroDivisionError
        return len(request)

    first, second, *rest = await batch.answer_all([LONG, ENDLESS, *[SHORT, LONG] * 20], answer)
    assert isinstance(first, InvalidFieldError)
    assert first.field == "requests[0].article.body"
    assert isinstance(second, SummsvcError)
    assert rest[::2] == [len(SHORT)] * 20


async def test_a_cancelled_batch_starts_no_further_request() -> None:
    answers = Answers()
    answering = asyncio.create_task(batch.answer_all([LONG] * 10, answers))
    assert await answers.settle() == [LONG] * 3
    answering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answering
    assert (answers.cancelled, await answers.settle()) == (3, [])
