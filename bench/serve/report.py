"""Results as Markdown tables, for the terminal or a page of docs/."""

from __future__ import annotations

from pathlib import Path

from bench.serve.arrivals import Arrivals
from bench.serve.bars import BAR_CLIENTS, Bar, bars
from bench.serve.bulk import Bulk
from bench.serve.results import Results
from bench.serve.rows import Row
from bench.tables import replace_tables, table

CLOSED = (
    "model | texts | clients | system | tokens/s | engine alone | drift | ratio | p50 ms | p95 "
    "| p99 | first | queued | CPU | MB | calls"
)
PROCESSOR = (
    "model | texts | system | server | clients | both | engine alone "
    "| most that is left for a server"
)
BULK = (
    "model | short text, idle: p50 ms | p95 | beside long articles: p50 | p95 | a batch "
    "| tokens/s | calls"
)
OVERLOAD = (
    "model | arrivals/s | goodput tokens/s | of peak | answered | refused | late | p50 ms | p95 "
    "| p99 | refusal p95 | k6 CPU"
)
BARS = "model | bar | measured | bound | "
SUMMARY = "texts | server | output tokens/s | of the engine alone | p50 ms | p95 ms | memory MB"


def report(results: Results) -> str:
    """All tables that are not empty."""
    return "\n\n".join(tables(results).values())


def put(results: Results, page: Path) -> None:
    """Replace each table of a page, between ``<!-- serve NAME -->`` and ``<!-- end -->``."""
    replace_tables(page, "serve", tables(results))


def put_summary(results: Results, page: Path, model: str) -> None:
    """Replace a page's summary of a model at 32 clients and its targets, marked as above."""
    rows = (row for row in results.ordered() if (row.model, row.clients) == (model, BAR_CLIENTS))
    summary = table(SUMMARY, map(_summary, rows))
    replace_tables(page, "serve", {"summary": summary, "bars": tables(results)["bars"]})


def tables(results: Results) -> dict[str, str]:
    """Tables by name, without empty ones."""
    rows = results.ordered()
    # Rows of older files have no CPU time.
    many = [row for row in rows if row.clients == BAR_CLIENTS and row.engine_ms]
    overload = [
        _overload(model, step, each.peak_tokens_per_s)
        for model, each in results.overload.items()
        for step in each.steps
    ]
    all_tables = {
        "closed": table(CLOSED, map(_closed, rows)),
        "processor": table(PROCESSOR, map(_processor, many)),
        "bars": table(BARS, map(_bar, bars(results))),
        "bulk": table(BULK, (_bulk(*each) for each in results.bulk.items())),
        "overload": table(OVERLOAD, overload),
    }
    return {name: table for name, table in all_tables.items() if "\n| " in table}


def _closed(row: Row) -> list[str]:
    return [
        row.model,
        row.kind,
        str(row.clients),
        row.system,
        f"{row.tokens_per_s:.0f}",
        f"{row.limit_tokens_per_s:.0f}",
        f"{row.limit_drift:.2f}",
        f"{row.share:.2f}",
        *map(_short, (row.p50_ms, row.p95_ms, row.p99_ms, row.first_ms, row.queue_ms)),
        f"{row.cpu:.2f}",
        f"{row.rss_mb:.0f}",
        str(row.calls),
    ]


def _summary(row: Row) -> list[str]:
    return [
        row.kind,
        row.system,
        f"{row.tokens_per_s:.0f}",
        f"{row.share:.2f}",
        _short(row.p50_ms),
        _short(row.p95_ms),
        f"{row.rss_mb:.0f}",
    ]


def _processor(row: Row) -> list[str]:
    return [
        row.model,
        row.kind,
        row.system,
        f"{row.server_ms:.2f}",
        f"{row.clients_ms:.2f}",
        f"{row.server_ms + row.clients_ms:.2f}",
        f"{row.engine_ms:.2f}",
        f"{row.engine_ms / (row.engine_ms + row.clients_ms):.2f}",
    ]


def _bar(bar: Bar) -> list[str]:
    sign, met = "at least" if bar.at_least else "at most", "met" if bar.met else "not met"
    value, bound = (f"{x:.0f}" if abs(x) >= 100 else f"{x:.3g}" for x in (bar.value, bar.bound))
    return [bar.model, bar.text, value, f"{sign} {bound}", met]


def _bulk(model: str, bulk: Bulk) -> list[str]:
    waits = (bulk.idle_p50_ms, bulk.idle_p95_ms, bulk.busy_p50_ms, bulk.busy_p95_ms)
    return [model, *map(_short, (*waits, bulk.batch_ms, bulk.tokens_per_s)), str(bulk.calls)]


def _overload(model: str, step: Arrivals, peak: float) -> list[str]:
    return [
        model,
        f"{step.rate:.1f}",
        _short(step.tokens_per_s),
        f"{step.tokens_per_s / peak:.2f}",
        *map(str, (step.answered, step.refused, step.late + step.broken)),
        *map(_short, (step.p50_ms, step.p95_ms, step.p99_ms, step.refused_p95_ms)),
        f"{step.client_cpu:.2f}" if step.client_cpu else "",
    ]


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"
