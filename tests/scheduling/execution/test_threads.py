"""A pool of daemon threads."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import Future

import pytest

from summsvc.scheduling.execution.threads import NICENESS, DaemonThreadPool, wait_done

PATIENCE_S = 30.0


async def test_a_future_has_the_result_or_the_exception_of_its_call() -> None:
    threads = DaemonThreadPool("t")
    good = threads.submit(lambda: 7)
    bad: Future[None] = threads.submit(lambda: [][0])
    assert await wait_done(good)
    assert await wait_done(bad)
    assert good.result() == 7
    with pytest.raises(IndexError):
        bad.result()
    threads.shutdown()


async def test_an_idle_thread_takes_the_next_call() -> None:
    threads = DaemonThreadPool("t")
    seen = set()
    for _ in range(20):
        call = threads.submit(threading.get_ident)
        await wait_done(call)
        seen.add(call.result())
    assert len(seen) == 1
    threads.shutdown()


@pytest.mark.skipif(sys.platform != "linux", reason="threads have a niceness on Linux only")
async def test_engines_and_their_own_threads_have_a_lower_priority_than_the_event_loop() -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    def of_a_thread_that_a_library_starts() -> list[int]:
        found: list[int] = []
        thread = threading.Thread(target=lambda: found.append(niceness()))
        thread.start()
        thread.join()
        return [niceness(), *found]

    before = niceness()
    threads = DaemonThreadPool("t")
    call = threads.submit(of_a_thread_that_a_library_starts)
    await wait_done(call)
    lower = min(19, before + NICENESS)
    assert call.result() == [lower, lower]
    assert niceness() == before
    threads.shutdown()


async def test_a_hung_call_does_not_block_other_calls() -> None:
    go = threading.Event()
    closed = threading.Event()
    threads = DaemonThreadPool("t", on_terminated=closed.set)
    held = threads.submit(lambda: go.wait(PATIENCE_S))
    assert not await wait_done(held, 0.01)
    other = threads.submit(lambda: 1)
    assert await wait_done(other, PATIENCE_S)
    threads.shutdown()
    with pytest.raises(RuntimeError, match="has been shut down"):
        threads.submit(lambda: 2)
    assert not await wait_done(threads.terminated, 0.05)
    assert not closed.is_set()
    go.set()
    assert await wait_done(threads.terminated, PATIENCE_S)
    assert closed.is_set()


async def test_shutdown_of_an_unused_pool_terminates_it() -> None:
    closed = threading.Event()
    threads = DaemonThreadPool("t", on_terminated=closed.set)
    threads.shutdown()
    threads.shutdown()
    assert await wait_done(threads.terminated, PATIENCE_S)
    assert closed.is_set()


async def test_a_thread_that_cannot_be_started_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    threads = DaemonThreadPool("t")
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refused)
        with pytest.raises(RuntimeError, match="start new thread"):
            threads.submit(lambda: 1)
    assert await wait_done(threads.submit(lambda: 2), PATIENCE_S)
    threads.shutdown()
    assert await wait_done(threads.terminated, PATIENCE_S)


async def test_an_exception_of_on_terminated_is_kept() -> None:
    def last() -> None:
        raise OSError("still in use")

    threads = DaemonThreadPool("t", on_terminated=last)
    threads.shutdown()
    assert await wait_done(threads.terminated, PATIENCE_S)
    with pytest.raises(OSError, match="still in use"):
        threads.terminated.result()


async def test_system_exit_is_an_error_of_its_call() -> None:
    threads = DaemonThreadPool("t")
    call = threads.submit(lambda: sys.exit(3))
    await wait_done(call)
    with pytest.raises(RuntimeError, match="SystemExit"):
        call.result()
    assert await wait_done(threads.submit(lambda: 1), PATIENCE_S)
    threads.shutdown()


def test_interpreter_exit_waits_for_calls_that_return_soon() -> None:
    code = """
import time
from summsvc.scheduling.execution.threads import DaemonThreadPool
pool = DaemonThreadPool("t", on_terminated=lambda: print("freed", flush=True))
pool.submit(lambda: time.sleep(0.2))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE_S
    )
    assert done.stdout == "freed\n"


def test_a_hung_call_does_not_keep_the_process_alive() -> None:
    code = """
import threading
from summsvc.scheduling.execution.threads import DaemonThreadPool
DaemonThreadPool("t").submit(threading.Event().wait)
print("ends")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE_S
    )
    assert done.stdout == "ends\n"
