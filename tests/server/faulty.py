"""``summsvc`` with a part that does not end: python -m tests.server.faulty PART FILE serve ...

``until FILE exists`` lets what is held go on, where a part says so.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from summsvc.cli import main
from summsvc.engines.ctranslate2 import CTranslate2Engine
from summsvc.models.store import Store
from summsvc.scheduling import pool
from summsvc.server.drain import Drain
from summsvc.tasks import reading

MARK = "FAULT"
"""Texts without this word are left alone."""


def for_ever() -> None:
    while True:
        time.sleep(1)


def busy_for_ever() -> None:
    while True:
        pass


def before(owner: Any, name: str, act: Callable[..., None]) -> None:
    """Have something done before a function each time it is called."""
    real = getattr(owner, name)

    def acted(*args: Any, **kwargs: Any) -> Any:
        act(*args, **kwargs)
        return real(*args, **kwargs)

    setattr(owner, name, acted)


def hold(part: str, release: Path) -> None:
    """Make a part of the service wait for ever, or until a file is there."""

    def wait() -> None:
        while not release.exists():
            time.sleep(0.01)

    def marked(act: Callable[[], None], text: Callable[..., str]) -> Callable[..., None]:
        return lambda *args, **kwargs: act() if MARK in text(*args, **kwargs) else None

    def given(_engine: Any, texts: list[str], *_: Any) -> str:
        return " ".join(texts)

    def body(article: Any, **_: Any) -> str:
        return str(article.body)

    def held_lock() -> None:
        wait()
        # One call of C that would take years and does not let go of the interpreter's lock.
        re.match("(a+)+$", "a" * 60 + "b")

    match part:
        case "none":
            pass
        case "engine":
            before(CTranslate2Engine, "generate", marked(for_ever, given))
        case "engine until":
            before(CTranslate2Engine, "generate", marked(wait, given))
        case "text":
            before(reading, "read", marked(busy_for_ever, body))
        case "text with the lock":
            before(reading, "read", marked(held_lock, body))
        case "loading":
            before(pool, "load_engine", lambda *_: for_ever())
            pool.ModelPool.__init__.__kwdefaults__["load"] = pool.load_engine
        case "store":
            before(Store, "look", lambda *_: for_ever() if release.exists() else None)
        case "loop":
            before(Drain, "begin", lambda *_: busy_for_ever())


if __name__ == "__main__":
    hold(sys.argv[1], Path(sys.argv[2]))
    sys.argv = ["summsvc", *sys.argv[3:]]
    sys.exit(main())
