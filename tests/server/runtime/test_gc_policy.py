"""What a call leaves in memory, and when garbage is collected."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from unittest.mock import patch

import grpc
import pytest

from summsvc.config import Settings
from summsvc.server.runtime import gc_policy
from summsvc.server.runtime.gc_policy import Turns
from summsvc.tasks.summarization.types import SummarySentence
from summsvc.v1 import article_pb2
from summsvc.v1 import summarization_service_pb2 as pb
from summsvc.v1.summarization_service_pb2_grpc import SummarizationServiceStub
from tests.running import running
from tests.server.watched import eventually


def test_a_call_that_fails_leaves_nothing_of_its_article() -> None:
    settings = Settings(port=0, metrics_port=-1, preload=[], max_message_bytes=100_000)
    request = pb.SummarizeRequest(
        article=article_pb2.Article(body="A sentence of the article.\n\n" * 1_000),
        length=pb.SummaryLength(ratio=1),
    )
    before = living(SummarySentence)
    with running(settings) as server, grpc.insecure_channel(server.address) as channel:
        with pytest.raises(grpc.RpcError, match="the reply has"):
            SummarizationServiceStub(channel).Summarize(request)
        # No other call follows, and no cycle has to be found.
        with patch.object(gc, "collect"):
            eventually(lambda: living(SummarySentence) == before)


def living(kind: type) -> int:
    # Not isinstance: it asks objects of other libraries for their class, and some warn.
    return sum(type(each) is kind for each in gc.get_objects())


@pytest.mark.parametrize(
    ("idle", "since", "blocks", "expected"),
    [
        (True, gc_policy.WORTH_IT - 1, 900, []),
        (True, gc_policy.WORTH_IT, 150, ["collect"]),
        (True, gc_policy.WORTH_IT, 900, ["unfreeze", "collect"]),
        (False, gc_policy.OVERDUE, 150, []),
        (False, gc_policy.OVERDUE - 1, 900, []),
        (False, gc_policy.OVERDUE, 900, ["unfreeze", "collect"]),
    ],
)
def test_all_is_collected_in_idle_moments_or_when_memory_has_grown(
    idle: bool, since: int, blocks: int, expected: list[str]
) -> None:
    """blocks: in memory, where there were 100. To unfreeze is to look at all of them."""
    done: list[str] = []
    here = threading.get_ident()

    def get_count() -> tuple[int, int, int]:
        # Servers of other tests, in threads of their own, have nothing to collect.
        return (0, 0, since if threading.get_ident() == here and not done else 0)

    async def some_periods() -> list[str]:
        with patch.object(sys, "getallocatedblocks", lambda: 100):
            watching = asyncio.create_task(Turns(lambda: idle).watch())
            await asyncio.sleep(0)
        with patch.object(sys, "getallocatedblocks", lambda: blocks):
            await asyncio.sleep(0.05)
        so_far = list(done)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        return so_far

    with (
        patch.object(gc_policy, "PERIOD_S", 0.001),
        patch.object(gc, "get_count", get_count),
        patch.object(gc, "collect", lambda: done.append("collect")),
        patch.object(gc, "unfreeze", lambda: done.append("unfreeze")),
        patch.object(gc, "freeze", lambda: None),
    ):
        assert asyncio.run(some_periods()) == expected
