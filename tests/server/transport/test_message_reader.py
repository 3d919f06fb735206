"""Calls whose time is over at the moment when another call or the shutdown ends their wait."""

from __future__ import annotations

import asyncio
import time
from typing import cast
from unittest.mock import patch

from summsvc.errors import DeadlineError, DrainingError, OverloadedError
from summsvc.server.transport import message_reader
from summsvc.server.transport.handlers import Context
from summsvc.server.transport.message_reader import MessageReader

WAIT_S = 0.1


class Silent:
    """Context of a call without a message."""

    async def read(self) -> object:
        return await asyncio.get_running_loop().create_future()


def silent(reader: MessageReader) -> asyncio.Task[object]:
    """Begin to wait for the message of a call that sends none."""
    return asyncio.create_task(reader._message(cast("Context", Silent())))


async def test_a_shutdown_begins_when_the_time_of_a_call_is_over() -> None:
    reader, error = MessageReader(WAIT_S), DrainingError("this server is shutting down")
    ended = asyncio.get_running_loop().create_future()

    def end() -> None:
        assert [timeout.expired() for timeout in reader._waiting] == [True]
        try:
            reader.end_waits(error)
        except RuntimeError as failure:
            ended.set_exception(failure)
        else:
            ended.set_result(None)

    call = silent(reader)
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(WAIT_S, end)
    # Both timers are due in the same iteration of the event loop.
    time.sleep(2 * WAIT_S)  # noqa: ASYNC251
    assert await call is error
    await ended
    assert len(reader) == 0


async def test_one_call_too_many_arrives_when_the_time_of_the_oldest_is_over() -> None:
    reader = MessageReader(WAIT_S)
    calls = []
    with patch.object(message_reader, "MAX_WAITING_CALLS", 1):
        calls.append(silent(reader))
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(WAIT_S / 2, lambda: calls.append(silent(reader)))
        # In the same iteration; the new call takes its first step before the oldest one ends.
        time.sleep(2 * WAIT_S)  # noqa: ASYNC251
        oldest = await calls[0]
        newest = await calls[1]
    assert isinstance(oldest, OverloadedError)
    assert isinstance(newest, DeadlineError)
    assert len(reader) == 0
