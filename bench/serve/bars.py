"""Performance targets of summsvc, each a ratio or difference within one run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bench.serve.models import MODELS
from bench.serve.results import Results

BAR_CLIENTS = 32
"""Clients of the closed loops whose throughput has a target."""


@dataclass(frozen=True)
class Bar:
    """A target: the measured value and the bound that it must reach or not exceed."""

    model: str
    text: str
    value: float
    bound: float
    at_least: bool

    @property
    def met(self) -> bool:
        return self.value >= self.bound if self.at_least else self.value <= self.bound


def bars(results: Results) -> Iterator[Bar]:
    """The targets of all measurements in the results.

    ``generate`` is measured in separate runs, so its target compares the throughput of
    the two systems relative to the engine alone in the run of each.
    """
    for model in MODELS:
        ours = results.row(model, "article", BAR_CLIENTS, "summsvc")
        naive = results.row(model, "article", BAR_CLIENTS, "transformers")
        if ours:
            text = f"throughput by the engine alone, {BAR_CLIENTS} clients, articles"
            yield Bar(model, text, ours.share, 0.9, at_least=True)
        if ours and naive:
            text = f"throughput by a `generate` per request, {BAR_CLIENTS} clients, articles"
            yield Bar(model, text, ours.share / naive.share, 5, at_least=True)
        one = results.row(model, "short", 1, "summsvc")
        plain = results.row(model, "short", 1, "ctranslate2")
        if one and plain:
            text = "p50 beyond a CTranslate2 call per request, 1 client, short texts, ms"
            yield Bar(model, text, one.p50_ms - plain.p50_ms, 2, at_least=False)
        yield from _bulk(results, model)
        yield from _overload(results, model)


def _bulk(results: Results, model: str) -> Iterator[Bar]:
    if model not in results.bulk:
        return
    bulk = results.bulk[model]
    text = (
        "short texts beside long articles, p95 in ms; bound: 3 x p95 on an idle server "
        f"({bulk.idle_p95_ms:.0f}) + a batch ({bulk.batch_ms:.0f})"
    )
    bound = 3 * bulk.idle_p95_ms + bulk.batch_ms
    yield Bar(model, text, bulk.busy_p95_ms, bound, at_least=False)


def _overload(results: Results, model: str) -> Iterator[Bar]:
    for name, overload in results.overload.items():
        if name.partition(",")[0] != model:
            continue
        worst = overload.steps[-1]
        share = worst.tokens_per_s / overload.peak_tokens_per_s
        yield Bar(name, "goodput at 4 x overload by the peak", share, 0.9, at_least=True)
        text = "refusals at 4 x overload, p95 in ms"
        yield Bar(name, text, worst.refused_p95_ms if worst.refused else 0.0, 50, at_least=False)
