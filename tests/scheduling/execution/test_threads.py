"""Threads that are not waited for."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import Future

import pytest

from summsvc.scheduling.execution.threads import Threads, returned

PATIENCE_S = 30.0


async def test_a_call_gives_what_it_returns_or_raises() -> None:
    threads = Threads("t")
    good = threads.run(lambda: 7)
    bad: Future[None] = threads.run(lambda: [][0])
    assert await returned(good)
    assert await returned(bad)
    assert good.result() == 7
    with pytest.raises(IndexError):
        bad.result()
    threads.end()


async def test_an_idle_thread_takes_the_next_call() -> None:
    threads = Threads("t")
    seen = set()
    for _ in range(20):
        call = threads.run(threading.get_ident)
        await returned(call)
        seen.add(call.result())
    assert len(seen) == 1
    threads.end()


async def test_a_call_that_does_not_return_holds_up_no_other() -> None:
    go = threading.Event()
    closed = threading.Event()
    threads = Threads("t", last=closed.set)
    held = threads.run(lambda: go.wait(PATIENCE_S))
    assert not await returned(held, 0.01)
    other = threads.run(lambda: 1)
    assert await returned(other, PATIENCE_S)
    threads.end()
    with pytest.raises(RuntimeError, match="have been ended"):
        threads.run(lambda: 2)
    assert not await returned(threads.ended, 0.05)
    assert not closed.is_set()
    go.set()
    assert await returned(threads.ended, PATIENCE_S)
    assert closed.is_set()


async def test_the_end_of_threads_that_never_ran_frees_too() -> None:
    closed = threading.Event()
    threads = Threads("t", last=closed.set)
    threads.end()
    threads.end()
    assert await returned(threads.ended, PATIENCE_S)
    assert closed.is_set()


async def test_what_freeing_raised_is_told() -> None:
    def last() -> None:
        raise OSError("still in use")

    threads = Threads("t", last=last)
    threads.end()
    assert await returned(threads.ended, PATIENCE_S)
    with pytest.raises(OSError, match="still in use"):
        threads.ended.result()


async def test_a_library_that_exits_is_an_error_of_its_call() -> None:
    threads = Threads("t")
    call = threads.run(lambda: sys.exit(3))
    await returned(call)
    with pytest.raises(RuntimeError, match="SystemExit"):
        call.result()
    assert await returned(threads.run(lambda: 1), PATIENCE_S)
    threads.end()


def test_the_end_of_the_process_waits_for_calls_that_return_soon() -> None:
    code = """
import time
from summsvc.scheduling.execution.threads import Threads
Threads("t", last=lambda: print("freed", flush=True)).run(lambda: time.sleep(0.2))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE_S
    )
    assert done.stdout == "freed\n"


def test_a_call_that_does_not_return_does_not_keep_the_process() -> None:
    code = """
import threading
from summsvc.scheduling.execution.threads import Threads
Threads("t").run(threading.Event().wait)
print("ends")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE_S
    )
    assert done.stdout == "ends\n"
