"""Student models beside OPUS-MT's: speed of the engine alone and of the server, and memory.

    python -m bench.speed.students [--model MODEL ...] [--clients N ...] [--no-server] [--json FILE]

Models of published sizes with constructed weights, see ``bench.serve.models``; int8, all cores.
tc-big runs with each of the beam sizes 4, 2 and 1, the others with 1. The engine alone
translates all sentences in batches that are sorted by length, one worker per core. Every client
of the server sends its next article after the last reply; one client also sends single
sentences. Tokens are output tokens; memory is the server's resident set after all calls.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.serve import clients, texts
from bench.serve.bars import Bar
from bench.serve.models import PAIR, store
from bench.serve.rows import Row, percentile, row
from bench.serve.servers import Served, served
from summsvc.config.cores import cores
from summsvc.engines.base import DecodingOptions, Placement, Seq2SeqEngine
from summsvc.engines.load import load

BEAMS: dict[str, Sequence[int]] = {
    "student-tiny": (1,),
    "student-base-memory": (1,),
    "student-base": (1,),
    "opus-mt": (1,),
    "tc-big": (1, 2, 4),
}
DOWNLOAD_MB = {
    "student-tiny": 14.2,
    "student-base-memory": 23.8,
    "student-base": 32.5,
    "opus-mt": 307.0,
    "tc-big": 479.0,
}
"""Size of the published en-ru model's files: for students those in
github.com/mozilla/firefox-translations-models, for the others those on the hub."""

BATCHES = (16, 32)
"""Segments of a batch of the engine alone; the faster one counts."""

SENTENCES = 128
ARTICLES = 16
"""Articles of a load at least, and sentences of the load of short texts."""


@dataclass(frozen=True)
class Result:
    """One model and beam size. served: tokens per second and p50 by number of clients."""

    model: str
    beams: int
    engine_tokens_per_s: float
    short_p50_ms: float = 0.0
    rss_mb: float = 0.0
    served: tuple[Row, ...] = ()

    def of(self, count: int) -> Row | None:
        """The load of articles with so many clients."""
        return next((each for each in self.served if each.clients == count), None)


def engine_alone(model: str, beams: int) -> float:
    """Output tokens per second, tokenization included."""
    chosen = store(model).spec(model)
    engine = load(chosen, Placement(workers=cores()))
    bodies = texts.bodies(model, "article", SENTENCES // 6)
    segments = [each for body in bodies for each in texts.segments(body)][:SENTENCES]
    try:
        _run(engine, segments[: 2 * cores()], cores(), beams)
        return max(_run(engine, segments, batch, beams) for batch in BATCHES)
    finally:
        engine.close()


def _run(engine: Seq2SeqEngine, segments: Sequence[str], size: int, beams: int) -> float:
    ordered = sorted(segments, key=len, reverse=True)
    batches = [ordered[i : i + size] for i in range(0, len(ordered), size)]
    options = DecodingOptions(beam_size=beams)

    def generate(batch: Sequence[str]) -> int:
        return sum(each.output_tokens for each in engine.generate(batch, *PAIR, options))

    begun = time.perf_counter()
    with ThreadPoolExecutor(cores()) as executor:
        tokens = sum(executor.map(generate, batches))
    return tokens / (time.perf_counter() - begun)


def measure(model: str, beams: int, counts: Sequence[int]) -> Result:
    """Measure the engine and, unless ``counts`` is empty, the server with so many clients.

    The engine is measured before and after the server, because the machine's speed changes.
    """
    alone = engine_alone(model, beams)
    if not counts:
        return Result(model, beams, alone)
    with served("summsvc", model) as server:
        warm_up = texts.bodies(model, "article", 4, seed=2)
        clients.run(clients.Plan(server.addresses, warm_up, 2, beams))
        short = texts.bodies(model, "short", ARTICLES)
        calls = clients.run(clients.Plan(server.addresses, short, 1, beams)).calls
        rows = tuple(_load(server, model, beams, count) for count in counts)
        rss_mb = server.rss_mb()
    p50 = percentile([1000 * (call.ended - call.begun) for call in calls], 0.5)
    alone = (alone + engine_alone(model, beams)) / 2
    return Result(model, beams, alone, p50, rss_mb, rows)


def _load(server: Served, model: str, beams: int, count: int) -> Row:
    bodies = texts.bodies(model, "article", max(ARTICLES, 2 * count))
    before = server.cpu_s()
    done = clients.run(clients.Plan(server.addresses, bodies, count, beams))
    cpu_s = server.cpu_s() - before
    rss_mb = server.rss_mb()
    return row(model, "article", count, "summsvc", done, stream=False, cpu_s=cpu_s, rss_mb=rss_mb)


def table(results: Sequence[Result], counts: Sequence[int]) -> str:
    """All results as a Markdown table."""
    head = ["model", "beams", "download MB", "engine tokens/s"]
    for count in counts:
        head += [f"{count} clients tokens/s", "by the engine", "p50 ms"]
    head += ["short text p50 ms", "memory MB"] if counts else []
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for each in results:
        cells = [each.model, f"{each.beams}", f"{DOWNLOAD_MB[each.model]:.0f}"]
        cells.append(f"{each.engine_tokens_per_s:.0f}")
        for load_row in filter(None, map(each.of, counts)):
            share = load_row.tokens_per_s / each.engine_tokens_per_s
            cells += [f"{load_row.tokens_per_s:.0f}", f"{share:.2f}", f"{load_row.p50_ms:.0f}"]
        cells += [f"{each.short_p50_ms:.0f}", f"{each.rss_mb:.0f}"] if counts else []
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def bars(results: Sequence[Result], count: int) -> Iterator[Bar]:
    """The targets of the base student, relative to tc-big with beam size 4 and to its engine."""
    by_name = {(each.model, each.beams): each for each in results}
    student, big = by_name.get(("student-base", 1)), by_name.get(("tc-big", 4))
    if student is None or big is None:
        return
    ours, theirs = student.of(count), big.of(count)
    if ours is None or theirs is None:
        return
    name = student.model
    speed = ours.tokens_per_s
    text = f"throughput by tc-big's, {count} clients, articles"
    yield Bar(name, text, speed / theirs.tokens_per_s, 10, at_least=True)
    text = "p50 by tc-big's, 1 client, short texts"
    yield Bar(name, text, student.short_p50_ms / big.short_p50_ms, 0.2, at_least=False)
    yield Bar(name, "memory by tc-big's", student.rss_mb / big.rss_mb, 0.5, at_least=False)
    text = f"throughput by the engine alone, {count} clients, articles"
    yield Bar(name, text, speed / student.engine_tokens_per_s, 0.85, at_least=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", nargs="+", choices=BEAMS, default=list(BEAMS))
    parser.add_argument("--beams", nargs="+", type=int, help="instead of each model's own")
    parser.add_argument("--clients", nargs="+", type=int, default=[1, 32])
    parser.add_argument("--no-server", action="store_true", help="measure only the engines")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    counts = [] if arguments.no_server else arguments.clients
    results = []
    for model in arguments.model:
        for beams in arguments.beams or BEAMS[model]:
            results.append(measure(model, beams, counts))
            print(f"{model}, beams {beams}", file=sys.stderr, flush=True)
            if arguments.json:
                facts = [dataclasses.asdict(each) for each in results]
                arguments.json.write_text(json.dumps(facts, indent=1), "utf-8")
    print(table(results, counts))
    for bar in bars(results, max(counts, default=0)):
        sign = ">=" if bar.at_least else "<="
        state = "met" if bar.met else "MISSED"
        print(f"{state}: {bar.model}, {bar.text}: {bar.value:.2f} {sign} {bar.bound}")


if __name__ == "__main__":
    main()
