"""Latency of a good client beside each attack on the transport, and the server's memory.

    python -m bench.attacks [--only NAME ...] [--rounds N] [--seconds S]

The server runs the tests' small translation model in a process of its own, without a cache of
outputs; a client translates a sentence at a time, with a short pause. Each attack runs in one
more process with lower priority. Rounds alternate between the client alone and the client beside
the attack, so that the other load of the machine is the same for both. The control is a process
that only computes. Bar: the 95th percentile beside an attack is at most twice the one alone.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.attacks.attacker import CONTROL, attacking
from bench.attacks.names import ATTACKS
from bench.serve.servers import Served, served
from bench.serve.texts import bodies
from summsvc.client import Article, Client

BAR = 2.0
PAUSE_S = 0.01
WARM_UP_S = 1.0
"""Seconds after the begin of an attack, whose first requests are work like any other."""

HEADINGS = (
    "attack",
    "alone p50",
    "p95",
    "beside p50",
    "p95",
    "p95 ratio",
    "MB before",
    "most",
    "after",
)


@dataclass
class Figures:
    """Latencies in milliseconds alone and beside, and resident memory in MB, of one attack."""

    before: float
    alone: list[float] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)
    most: float = 0.0
    after: float = 0.0

    def ratio(self) -> float:
        return percentile(self.beside, 95) / percentile(self.alone, 95)


def percentile(values: Sequence[float], rank: int) -> float:
    return statistics.quantiles(values, n=100)[rank - 1]


def calls(client: Client, texts: Sequence[str], seconds: float) -> list[float]:
    """Translate the texts, again and again; return the milliseconds of each call."""
    found: list[float] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        begun = time.perf_counter()
        article = Article("", texts[len(found) % len(texts)], "en")
        client.translate(article, "ru", timeout=60)
        found.append((time.perf_counter() - begun) * 1000)
        time.sleep(PAUSE_S)
    return found


def measured(server: Served, name: str, rounds: int, seconds: float) -> Figures:
    """Measure one attack."""
    port = int(server.addresses[0].rpartition(":")[2])
    texts = bodies("trained", "short", 50)
    figures = Figures(server.rss_mb())
    with Client(server.addresses[0]) as client:
        calls(client, texts, seconds / 2)
        for _ in range(rounds):
            figures.alone += calls(client, texts, seconds)
            with attacking(name, port):
                time.sleep(WARM_UP_S)
                figures.beside += calls(client, texts, seconds)
                figures.most = max(figures.most, server.rss_mb())
            calls(client, texts, WARM_UP_S)
    figures.after = server.rss_mb()
    return figures


def row(name: str, figures: Figures) -> str:
    cells = [
        *(f"{percentile(figures.alone, rank):.1f}" for rank in (50, 95)),
        *(f"{percentile(figures.beside, rank):.1f}" for rank in (50, 95)),
        f"{figures.ratio():.2f}",
        *(f"{each:.0f}" for each in (figures.before, figures.most, figures.after)),
    ]
    return f"| {name} | " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [CONTROL, *ATTACKS]
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--streams", default="100", help="max_streams_per_connection")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each half of a round")
    arguments = parser.parse_args()
    print("| " + " | ".join(HEADINGS) + " |\n" + "|---" * len(HEADINGS) + "|")
    over = []
    settings = {"cache_bytes": "0", "max_streams_per_connection": arguments.streams}
    with served("summsvc", "trained", settings) as server:
        for name in arguments.only:
            figures = measured(server, name, arguments.rounds, arguments.seconds)
            print(row(name, figures), flush=True)
            if figures.ratio() > BAR:
                over.append(name)
    if over:
        raise SystemExit(f"over {BAR:g}: {', '.join(over)}")


if __name__ == "__main__":
    main()
