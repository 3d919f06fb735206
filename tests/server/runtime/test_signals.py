"""The first signal begins the shutdown, the second one exits."""

from __future__ import annotations

import asyncio
import faulthandler
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from unittest.mock import Mock

import pytest

from summsvc.server.runtime.signals import TERMINATION_SIGNALS, TerminationSignals


@asynccontextmanager
async def handled(exits: list[int]) -> AsyncIterator[TerminationSignals]:
    """Handle the signals during the block. exits: receives the codes to exit with."""
    before = {signum: signal.getsignal(signum) for signum in TERMINATION_SIGNALS}
    try:
        yield TerminationSignals(600.0, exits.append)
    finally:
        for signum, handler in before.items():
            asyncio.get_running_loop().remove_signal_handler(signum)
            signal.signal(signum, handler)


@pytest.fixture(autouse=True)
def forced_exit(monkeypatch: pytest.MonkeyPatch) -> Mock:
    started = Mock()
    monkeypatch.setattr(faulthandler, "dump_traceback_later", started)
    return started


async def test_a_second_signal_exits_although_the_event_loop_has_not_run(
    forced_exit: Mock,
) -> None:
    exits: list[int] = []
    async with handled(exits) as signals:
        signal.raise_signal(signal.SIGTERM)
        assert exits == []
        signal.raise_signal(signal.SIGINT)
        assert exits == [128 + signal.SIGINT]
        await signals.received.wait()
    assert forced_exit.call_count == 1


async def test_a_signal_after_a_message_to_shut_down_is_the_first_one(forced_exit: Mock) -> None:
    exits: list[int] = []
    async with handled(exits) as signals:
        signals.begin()
        await signals.received.wait()
        signal.raise_signal(signal.SIGTERM)
        assert exits == []
        signal.raise_signal(signal.SIGTERM)
        assert exits == [128 + signal.SIGTERM]
    assert forced_exit.call_count == 1
