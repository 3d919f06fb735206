"""Redacted library logs and uncaught exceptions."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from typing import Any

import pytest

from summsvc.server.runtime.library_logs import message

SECRET = "Zanzibar"


def record(name: str, msg: Any, *args: Any) -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, "file", 1, msg, args, None)


@pytest.mark.parametrize(
    ("name", "msg", "args", "said"),
    [
        ("lib", "from %s", ("afar",), "from afar"),
        ("lib", "failed: %s", (KeyError(SECRET),), "failed: KeyError"),
        ("lib", KeyError(SECRET), (), "KeyError"),
        ("lib", "%(a)s of %(b)d", ({"a": KeyError(SECRET), "b": 2},), "KeyError of 2"),
        ("lib", "100 %", (), "100 %"),
        ("asyncio", f"never retrieved\nfuture: {SECRET}", (), "never retrieved"),
        ("asyncio", f"Exception in callback f('{SECRET}')", (), "Exception in callback f"),
        ("asyncio", "Executing %s took %.1f s", (SECRET, 0.5), "Executing … took 0.5 s"),
        ("concurrent.futures", "exception calling %r", (SECRET,), "exception calling '…'"),
        ("grpc._cython.cygrpc", "suppressed: %s", ([SECRET],), "suppressed: …"),
        (
            "grpc._cython.cygrpc",
            f"Unexpected [KeyError] raised by servicer method [/{SECRET}/x]",
            (),
            "Unexpected [KeyError] raised by servicer method",
        ),
    ],
)  # fmt: skip
def test_formatted_records(name: str, msg: Any, args: tuple[Any, ...], said: str) -> None:
    assert message(record(name, msg, *args)) == said


RAISING = """
import asyncio, logging, sys, threading, traceback
from summsvc.server.runtime import logs
logs.configure("debug", sys.argv[1])
text = "".join(["Zan", "zibar"])

def fail(handed):
    local = handed * 3
    raise KeyError(local)

class Finalized:
    def __del__(self):
        fail(text)

async def main():
    loop = asyncio.get_running_loop()
    task = loop.create_task(late())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task
    loop.call_soon(fail, text)
    await asyncio.sleep(0.01)

async def late():
    fail(text)

thread = threading.Thread(target=fail, args=(text,), name="worker")
thread.start()
thread.join()
asyncio.run(main())
Finalized()
logging.getLogger("lib").error("broken %d", text)
for _ in range(3):
    try:
        fail(text)
    except KeyError:
        traceback.print_exc()
print(text, file=sys.stderr)
fail(text)
"""


@pytest.mark.parametrize("form", ["json", "console"])
def test_uncaught_exceptions(form: str) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", RAISING, form], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert SECRET.casefold() not in (done.stderr + done.stdout).casefold()
    for said, times in {
        "uncaught exception in a thread": 1,
        "Task exception was never retrieved": 1,
        "Exception in callback fail": 1,
        "exception in a finalizer or callback": 1,
        "broken %d": 1,
        "not shown: written to standard error": 2,
        "uncaught exception, the process exits": 1,
        "KeyError: (message left out)": 5,
    }.items():
        assert done.stderr.count(said) == times, said


def test_a_slow_callback_is_logged_with_its_duration(caplog: pytest.LogCaptureFixture) -> None:
    """The record of asyncio about a slow callback is one of the records above."""

    async def slow() -> None:
        loop = asyncio.get_running_loop()
        loop.slow_callback_duration = 0
        loop.call_soon(str, SECRET)
        await asyncio.sleep(0)

    with caplog.at_level(logging.WARNING, "asyncio"):
        asyncio.run(slow(), debug=True)
    said = [message(each) for each in caplog.records]
    assert said
    assert all(each.startswith("Executing … took ") for each in said)
