"""Launcher of the server in which one layer raises, with its arguments in the message.

    python -m tests.server.breaking FILE serve ...

FILE holds the name of the layer and is read at each call; no layer fails while it is empty.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import traceback
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import structlog

LAYERS = {
    "receiving": [
        "server.codec.deserialize:RequestDeserializer.parse",
        "server.codec.deserialize:RequestDeserializer._validate_counts",
    ],
    "requests": [
        f"server.codec.from_proto:RequestConverter.{name}"
        for name in ("summary_request", "translation_request")
    ],
    "reading": ["articles.reader:read"],
    "segmentation": ["articles.sentences:split"],
    "routing": ["tasks.pipeline.router:Router.translation"],
    "ranking": ["tasks.summarization.lexrank:rank"],
    "engine": [
        "engines.ctranslate2:CTranslate2Engine.generate",
        "engines.transformers:TransformersEngine.generate",
    ],
    "checks": ["tasks.quality.checks:assess"],
    "terms": ["tasks.translation.checking:enforce_terms"],
    "rendering": ["articles.renderer:Renderer.place"],
    "messages": [
        f"server.codec.to_proto:{name}"
        for name in ("encode_summary", "encode_translation", "stream_event")
    ],
    "statuses": ["server.call_steps:code_of"],
    "interceptor": ["server.transport.callers:Callers.by_token"],
}
"""Functions that fail in each layer, by module below ``summsvc``."""

SPECIAL_LAYERS = ("serializer", "log", "thread", "task", "callback", "print", "finalizer")
"""Layers that fail in a special way."""


class Lost(Exception):
    """An exception that neither summsvc nor a library knows."""


def fail(*handed: Any, **named: Any) -> Any:
    """Raise with all arguments in the message, in a cause, in a note and in a local variable."""
    text = "".join(_texts((handed, named)))
    try:
        return dict[str, Any]()[text]
    except KeyError as error:
        try:
            text.encode().decode("ascii")
            b"\xff".decode("ascii")
        except UnicodeDecodeError:
            lost = Lost(text, handed)
            lost.add_note(text)
            raise ExceptionGroup(text, [lost, OSError(28, text, text)]) from error


def _texts(value: Any) -> list[str]:
    return [repr(value), *(str(each) for each in gc.get_referents(value))]


class _Holding:
    def __init__(self, value: Any) -> None:
        self.value = value


class _Unprintable(_Holding):
    def __repr__(self) -> str:
        return str(fail(self.value))

    __str__ = __repr__


class _Finalized(_Holding):
    def __del__(self) -> None:
        fail(self.value)


def main() -> None:
    """Make the layers breakable, and serve."""
    chosen = Path(sys.argv[1])
    sys.argv[1:] = sys.argv[2:]

    def layer() -> str:
        return chosen.read_text("utf-8").strip()

    def breakable(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def maybe(*args: Any, **named: Any) -> Any:
            return fail(*args, **named) if layer() == name else original(*args, **named)

        return maybe

    for name, places in LAYERS.items():
        for place in places:
            _replace(place, partial(breakable, name))
    _replace(
        "server.interceptors:allow_encoded",
        lambda allow_encoded: lambda inner: breakable("serializer", allow_encoded(inner)),
    )
    _replace(
        "server.transport.callers:Callers.by_token", lambda inner: _fail_specially(inner, layer)
    )
    from summsvc.cli import main as run

    run()


def _replace(place: str, change: Callable[[Any], Any]) -> None:
    """Replace an object in its module and wherever it was imported."""
    module, _, path = place.partition(":")
    owner: Any = import_module(f"summsvc.{module}")
    import_module("summsvc.server")
    *classes, name = path.split(".")
    for each in classes:
        owner = getattr(owner, each)
    original = getattr(owner, name)
    changed = change(original)
    setattr(owner, name, changed)
    for other in list(sys.modules.values()):
        ours = not classes and other.__name__.startswith("summsvc.")
        if ours and vars(other).get(name) is original:
            setattr(other, name, changed)


def _fail_specially(inner: Callable[..., Any], layer: Callable[[], str]) -> Callable[..., Any]:
    async def late(metadata: Any) -> None:
        fail(metadata)

    def identify(self: Any, context: Any, sender: Any) -> Any:
        metadata = context.invocation_metadata()
        loop = asyncio.get_running_loop()
        match layer():
            case "log":
                structlog.contextvars.bind_contextvars(unprintable=_Unprintable(metadata))
            case "thread":
                threading.Thread(target=fail, args=(metadata,)).start()
            case "task":
                # The task is neither awaited nor referenced.
                loop.create_task(late(metadata))  # noqa: RUF006
                loop.call_later(0.05, gc.collect)
            case "callback":
                loop.call_soon(fail, metadata)
            case "print":
                try:
                    fail(metadata)
                except ExceptionGroup:
                    traceback.print_exc()
            case "finalizer":
                _Finalized(metadata)
        return inner(self, context, sender)

    return identify


if __name__ == "__main__":
    main()
