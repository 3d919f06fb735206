"""Functions, file changes and room changes on the path of one Translate request.

    python -m bench.speed.path [--pairs]

Serves the trained en-ru checkpoint in this process and profiles the event loop's thread during
one call: for an article of three segments, and for one of eight segments whose translations
lose their numbers. Counts the distinct functions of summsvc that are entered, how often the
next function entered is in another file, and how often it is in another room (a folder of
src/summsvc). A coroutine or generator that is resumed counts as entered again. The counts do
not depend on the machine, except for periodic tasks. Text work above ``INLINE_LIMIT`` and the
model itself are in other threads, which are not counted. ``--pairs`` also prints, for each
article, the most frequent changes of file and the two functions entered.
"""

from __future__ import annotations

import argparse
import collections
import functools
import itertools
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import grpc

import summsvc
from summsvc.config import Settings
from summsvc.engines.base import Task
from summsvc.models.catalog import Catalog
from summsvc.models.store.store import Store
from summsvc.v1 import article_pb2, translation_service_pb2_grpc
from summsvc.v1 import translation_service_pb2 as pb
from tests.checkpoints import marian
from tests.running import Running, running

ROOT = Path(summsvc.__file__).parent
PAIRS = 20
"""How many changes of file ``--pairs`` prints for an article."""

THREE = (
    "The president met the mayor in Riga on Friday. The talks will continue. "
    "The government will discuss the plan."
)
DOUBTFUL = "\n".join(f"President {n} met the mayor in Riga." for n in range(401, 409))


class CallPath:
    """The functions of summsvc entered during one call, in order."""

    def __init__(self) -> None:
        self.entered: list[tuple[str, str, str]] = []

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> None:
        """Record an entry; a profile function, see ``sys.setprofile``."""
        if event != "call":
            return
        code = frame.f_code
        file = Path(code.co_filename)
        if ROOT in file.parents and file.parent.name != "v1":
            room = str(file.relative_to(ROOT).parent)
            self.entered.append((room, file.name, code.co_qualname))

    @property
    def functions(self) -> int:
        return len(set(self.entered))

    @property
    def file_changes(self) -> int:
        return _changes([entry[:2] for entry in self.entered])

    @property
    def room_changes(self) -> int:
        return _changes([entry[0] for entry in self.entered])

    def frequent_pairs(self) -> list[tuple[str, str, int]]:
        """The most frequent changes of file: function left, function entered, count."""
        pairs = collections.Counter(
            (_label(a), _label(b)) for a, b in itertools.pairwise(self.entered) if a[:2] != b[:2]
        )
        return [(left, entered, count) for (left, entered), count in pairs.most_common(PAIRS)]


def _label(entry: tuple[str, str, str]) -> str:
    room, file, function = entry
    return f"{room}/{file}:{function}"


def _changes(places: list[Any]) -> int:
    return sum(a != b for a, b in itertools.pairwise(places))


def trace(server: Running, call: Callable[[], Any]) -> CallPath:
    """Profile the event loop's thread of a server during ``call``."""
    path = CallPath()
    begun = threading.Event()

    def begin() -> None:
        sys.setprofile(path)
        begun.set()

    server.loop.call_soon_threadsafe(begin)
    begun.wait()
    try:
        call()
    finally:
        ended = threading.Event()

        def end() -> None:
            sys.setprofile(None)
            ended.set()

        server.loop.call_soon_threadsafe(end)
        ended.wait()
    return path


def main() -> None:
    """Print the counts of both articles."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", action="store_true", help="print the frequent file changes")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        entry = Catalog.load().get("opus-en-ru")
        store.add(marian("en-ru"), "opus-en-ru", Task.TRANSLATION, entry=entry)
        settings = Settings(port=0, metrics_port=-1, model_dir=store.root, log_level="error")
        with running(settings) as server, grpc.insecure_channel(server.address) as channel:
            server.wait_until_ready()
            stub = translation_service_pb2_grpc.TranslationServiceStub(channel)
            print(f"{'article':>16} {'functions':>10} {'file changes':>13} {'room changes':>13}")
            for name, body in (("three segments", THREE), ("eight doubtful", DOUBTFUL)):
                request = pb.TranslateRequest(
                    article=article_pb2.Article(body=body, language_code="en"),
                    target_language_code="ru",
                    bypass_cache=True,
                )
                # The first call loads data that later calls have in memory.
                stub.Translate(request)
                path = trace(server, functools.partial(stub.Translate, request))
                print(
                    f"{name:>16} {path.functions:>10} {path.file_changes:>13} "
                    f"{path.room_changes:>13}"
                )
                if arguments.pairs:
                    for left, entered, count in path.frequent_pairs():
                        print(f"{count:>6}  {left} -> {entered}")


if __name__ == "__main__":
    main()
