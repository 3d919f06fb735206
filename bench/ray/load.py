"""Closed-loop clients of one kind of call, with the clients' retries, in a process of its own.

    python -m bench.ray.load < plan.json

Reads a ``Plan`` from standard input and writes ``Done`` to standard output, both as JSON. Each
client has a connection of its own and makes its next call after each answer.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import cycle

from bench import plans
from summsvc.client import Article, AsyncClient, DecodingOptions, SummsvcClientError

KINDS = ("info", "summarize", "translate", "stream")
"""GetServerInfo; Summarize, extractive; Translate; StreamTranslate."""


@dataclass(frozen=True)
class Plan:
    """A load. kind: of ``KINDS``. seconds: no call starts later."""

    address: str
    kind: str
    clients: int
    seconds: float
    bodies: list[str]


@dataclass
class Done:
    """What came back. ms: of each answered call. failed: calls by their error.

    tokens: of all outputs. seconds: until the last answer.
    """

    ms: list[float] = field(default_factory=list)
    failed: dict[str, int] = field(default_factory=dict)
    tokens: int = 0
    seconds: float = 0.0


def start(plan: Plan) -> subprocess.Popen[str]:
    """Start a plan in another process."""
    return plans.start("bench.ray.load", plan)


def finish(process: subprocess.Popen[str]) -> Done:
    """Wait for a plan that was started. Raises RuntimeError when its process failed."""
    return Done(**plans.finish(process))


async def send(plan: Plan) -> Done:
    """Run a plan in this process."""
    done, failed = Done(), Counter[str]()
    begun = time.monotonic()
    bodies = cycle(plan.bodies)

    async def client() -> None:
        async with AsyncClient(plan.address, timeout=60) as connection:
            call = _calls(connection)[plan.kind]
            while time.monotonic() < begun + plan.seconds:
                started = time.perf_counter()
                try:
                    tokens = await call(next(bodies))
                except SummsvcClientError as error:
                    failed[f"{type(error).__name__}: {error}"[:200]] += 1
                else:
                    done.tokens += tokens
                    done.ms.append((time.perf_counter() - started) * 1000)

    await asyncio.gather(*(client() for _ in range(plan.clients)))
    done.failed, done.seconds = dict(failed), time.monotonic() - begun
    return done


def _calls(client: AsyncClient) -> dict[str, Callable[[str], Awaitable[int]]]:
    """Calls by kind; each returns the tokens of its output."""
    greedy = DecodingOptions(beam_size=1)

    async def info(_body: str) -> int:
        await client.server_info()
        return 0

    async def summarize(body: str) -> int:
        await client.summarize(Article("", body, "en"), max_sentences=2)
        return 0

    async def translate(body: str) -> int:
        article = Article("", body, "en")
        done = await client.translate(article, "ru", decoding=greedy, bypass_cache=True)
        return done.stats.output_tokens

    async def stream(body: str) -> int:
        article, tokens = Article("", body, "en"), 0
        async for event in client.stream_translate(
            article, "ru", decoding=greedy, bypass_cache=True
        ):
            tokens += getattr(getattr(event, "stats", None), "output_tokens", 0)
        return tokens

    return {"info": info, "summarize": summarize, "translate": translate, "stream": stream}


if __name__ == "__main__":
    plan = Plan(**json.load(sys.stdin))
    json.dump(dataclasses.asdict(asyncio.run(send(plan))), sys.stdout)
