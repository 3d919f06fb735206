"""Event loop lag while the server processes a megabyte of text, by kind of text.

    python -m bench.speed.loop [--kind K ...]

The server with the trained checkpoint runs in one process, a client with one call at a
time in another, and sequential health checks in a third. Columns: samples of the loop
lag ("looks"), samples above 20 ms, the upper bound of the highest bucket of the lag
histogram with a sample, and the latency of the health checks. Baselines: "idle" has
health checks without other calls; "short texts" has a busy engine, with four clients
that send one-line translations.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from bench.serve.servers import Served, served
from summsvc.v1 import article_pb2 as article
from summsvc.v1 import summarization_service_pb2 as summaries
from summsvc.v1 import translation_service_pb2 as translations
from summsvc.v1.summarization_service_pb2_grpc import SummarizationServiceStub
from summsvc.v1.translation_service_pb2_grpc import TranslationServiceStub
from tests.checkpoints import pairs

SIZE = 1_000_000
LATE_S = 0.02
"""Lag above which a sample counts as late; the bound of a bucket of the histogram."""

IDLE_S = 5.0
SETTINGS = {"max_queued_tokens": "100000000", "max_message_bytes": str(64 << 20)}
OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def filled(parts: list[str], separator: str) -> str:
    """The parts repeated to a megabyte."""
    once = separator.join(parts) + separator
    return once * (SIZE // len(once))


SENTENCES = [source for source, _ in pairs("en-ru")]
PARAGRAPHS = [" ".join(SENTENCES[i : i + 5]) for i in range(0, len(SENTENCES), 5)]
KINDS = {
    "prose": (filled(PARAGRAPHS, "\n\n"), "text/plain"),
    "a word a line": (filled(["bishop"], "\n"), "text/plain"),
    "no spaces": ("abcdefghij" * (SIZE // 10), "text/plain"),
    "digits": (filled(["1234567890"], " "), "text/plain"),
    "HTML": (
        filled([f"<p>A <b>bold</b> word. {text}</p>" for text in PARAGRAPHS], ""),
        "text/html",
    ),
    "deep tags": (f"{'<div><b>' * 60_000}A word.{'</b></div>' * 50_000}", "text/html"),
    "Markdown": (filled([f"## {PARAGRAPHS[0]}", *PARAGRAPHS], "\n\n"), "text/markdown"),
    "emphasis": (filled(["*a*"], " "), "text/markdown"),
}


def calls(channel: grpc.Channel, kind: str) -> dict[str, Callable[[], object]]:
    """The calls to measure with a kind of text, by name."""
    body, mime_type = KINDS[kind]
    given = article.Article(body=body, mime_type=mime_type, language_code="en")
    summary = summaries.SummarizeRequest(article=given, length=summaries.SummaryLength(ratio=1.0))
    translation = translations.TranslateRequest(
        article=given,
        target_language_code="ru",
        include_segments=True,
        decoding=article.DecodingOptions(beam_size=1),
    )
    summarizer, translator = SummarizationServiceStub(channel), TranslationServiceStub(channel)
    found: dict[str, Callable[[], object]] = {
        "Summarize": lambda: summarizer.Summarize(summary),
        "Translate": lambda: translator.Translate(translation),
    }
    if kind == "prose":
        stream = translations.StreamTranslateRequest(request=translation)
        found["StreamTranslate"] = lambda: deque(translator.StreamTranslate(stream), maxlen=0)
        summed = summaries.BatchSummarizeRequest(requests=[summary] * 4)
        found["BatchSummarize, 4"] = lambda: summarizer.BatchSummarize(summed)
        tenth = translations.TranslateRequest()
        tenth.CopyFrom(translation)
        tenth.article.body = body[: SIZE // 10]
        translated = translations.BatchTranslateRequest(requests=[tenth] * 64)
        found["BatchTranslate, 64 of 100 KB"] = lambda: translator.BatchTranslate(translated)
    return found


def check_health(address: str) -> None:
    """Send health checks until standard input ends, then print each latency in seconds."""
    input_open = threading.Thread(target=sys.stdin.read)
    input_open.start()
    answers = []
    with grpc.insecure_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        while input_open.is_alive():
            begun = time.perf_counter()
            stub.Check(health_pb2.HealthCheckRequest())
            answers.append(time.perf_counter() - begun)
            if len(answers) == 1:
                print("asking", flush=True)
            time.sleep(0.002)
    print(*answers[1:])


def lags(server: Served) -> dict[float, float]:
    """Cumulative counts of the lag histogram by the upper bound of the bucket in seconds."""
    page = server.processes[0].scraped()
    found = re.findall(r'summsvc_loop_lag_seconds_bucket\{le="([^"]+)"\} (\S+)', page)
    return {float(bound): float(count) for bound, count in found}


def row(server: Served, name: str, work: Callable[[], object]) -> str:
    """Measure the loop lag and the health checks during some work; a row of the table."""
    command = [sys.executable, "-m", "bench.speed.loop", "--health", server.addresses[0]]
    checks = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert checks.stdout is not None
    checks.stdout.readline()
    before = lags(server)
    begun = time.monotonic()
    try:
        work()
    except grpc.RpcError as error:
        name += f" ({error.code().name})"
    took = time.monotonic() - begun
    after = lags(server)
    printed, _ = checks.communicate()
    answers = sorted(float(seconds) * 1000 for seconds in printed.split())
    counts = {bound: count - before[bound] for bound, count in after.items()}
    looks = max(counts.values())
    longest = min(bound for bound, count in counts.items() if count == looks)
    return (
        f"| {name} | {took:.1f} | {looks:.0f} | {looks - counts[LATE_S]:.0f} "
        f"| {longest * 1000:.0f} | {statistics.median(answers):.1f} "
        f"| {answers[int(0.99 * len(answers))]:.1f} | {answers[-1]:.1f} |"
    )


def short_texts(channel: grpc.Channel) -> None:
    """Send different one-line translations from four clients for ``IDLE_S`` seconds."""
    translator = TranslationServiceStub(channel)
    until = time.monotonic() + IDLE_S

    def client(_: int) -> None:
        while time.monotonic() < until:
            body = " ".join(random.choices(SENTENCES, k=2))
            given = article.Article(body=body, language_code="en")
            request = translations.TranslateRequest(article=given, target_language_code="ru")
            request.bypass_cache = True
            translator.Translate(request)

    with ThreadPoolExecutor(4) as clients:
        list(clients.map(client, range(4)))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--kind", action="append", choices=KINDS, help="kind of text; may be repeated"
    )
    parser.add_argument("--health", metavar="HOST:PORT", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.health:
        check_health(arguments.health)
        return
    print("| | took s | looks | over 20 ms | none over ms | health p50 ms | p99 | longest |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    with (
        served("summsvc", "trained", SETTINGS) as server,
        grpc.insecure_channel(server.addresses[0], OPTIONS) as channel,
    ):
        print(row(server, "idle", lambda: time.sleep(IDLE_S)), flush=True)
        print(row(server, "short texts", lambda: short_texts(channel)), flush=True)
        for kind in arguments.kind or KINDS:
            for name, call in calls(channel, kind).items():
                print(row(server, f"{kind}: {name}", call), flush=True)


if __name__ == "__main__":
    main()
