"""Launcher of the server with an injected hang: python -m tests.server.faulty PART FOLDER serve ...

PART names the part that hangs. FOLDER/held is created when the hang starts. For some parts
the file FOLDER/release ends the hang, or starts it.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from summsvc.cli import main
from summsvc.models.store.store import Store
from summsvc.server.app import Server
from summsvc.server.runtime.active_calls import ActiveCalls
from summsvc.tasks.pipeline import text_workers

FAULT_MARK = "FAULT"
"""Only texts with this word hang."""


def before(owner: Any, name: str, act: Callable[..., None]) -> None:
    """Call ``act`` before each call of a function."""
    real = getattr(owner, name)

    def acted(*args: Any, **kwargs: Any) -> Any:
        act(*args, **kwargs)
        return real(*args, **kwargs)

    setattr(owner, name, acted)


def hold(part: str, folder: Path) -> None:
    """Make a part of the service hang for ever, or until it is released."""
    held, release = folder / "held", folder / "release"

    def for_ever() -> None:
        held.touch()
        while True:
            time.sleep(1)

    def busy_for_ever() -> None:
        held.touch()
        while True:
            pass

    def wait() -> None:
        held.touch()
        while not release.exists():
            time.sleep(0.01)

    def marked(act: Callable[[], None], text: Callable[..., str]) -> Callable[..., None]:
        return lambda *args, **kwargs: act() if FAULT_MARK in text(*args, **kwargs) else None

    def given(texts: list[str], *_: Any) -> str:
        return " ".join(texts)

    def body(article: Any, **_: Any) -> str:
        return str(article.body)

    def held_lock() -> None:
        wait()
        # One call of C code that would take years and holds the GIL.
        re.match("(a+)+$", "a" * 60 + "b")

    def engine(act: Callable[[], None]) -> None:
        real = given_load["load"]

        def load(*args: Any) -> Any:
            made = real(*args)
            before(made, "generate", marked(act, given))
            return made

        given_load["load"] = load

    given_load: dict[str, Any] = vars(Server)["__init__"].__kwdefaults__
    match part:
        case "none":
            pass
        case "engine":
            engine(for_ever)
        case "engine until":
            engine(wait)
        case "text":
            before(text_workers, "read", marked(busy_for_ever, body))
        case "text with the lock":
            before(text_workers, "read", marked(held_lock, body))
        case "loading":
            given_load["load"] = lambda *_: for_ever()
        case "store":
            before(Store, "refresh", lambda *_: for_ever() if release.exists() else None)
        case "loop":
            before(ActiveCalls, "start_drain", lambda *_: busy_for_ever())


if __name__ == "__main__":
    hold(sys.argv[1], Path(sys.argv[2]))
    sys.argv = ["summsvc", *sys.argv[3:]]
    main()
