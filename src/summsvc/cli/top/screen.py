"""The screen of ``summsvc top``: lines of text that fit a terminal of 80 columns by 24 lines."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from summsvc.cli.display.terminal import printable
from summsvc.cli.top.activity import Activity, MethodActivity, ModelActivity, Sample
from summsvc.client import Model

METHOD_HEADING = (
    f"{'METHOD':18}{'calls/s':>9}{'failed/s':>9}{'in flight':>10}"
    f"{'p50 ms':>10}{'p95 ms':>10}{'p99 ms':>10}"
)
MODEL_HEADING = (
    f"{'MODEL':18}{'state':>8}{'queued':>7}{'tokens':>7}{'batch/s':>8}{'segm.':>6}{'ms':>7}"
    f"{'fill':>5}{'tok/s':>7}{'reused':>7}"
)
TROUBLE_HEADING = f"{'TROUBLE':50}{'now':>10}{'since start':>14}"
HEADINGS = (METHOD_HEADING, MODEL_HEADING, TROUBLE_HEADING)

MAX_METHODS = 6
MAX_TROUBLES = 4

_LOADED = ("ready", "loading", "failed")
_STATES = {"installed": "on disk"}
"""Shorter words for states whose name is longer than the column."""


def lines(
    address: str, sample: Sample, found: Activity | None, columns: int = 80, rows: int = 24
) -> list[str]:
    """The screen. columns, rows: size of the terminal; further models and troubles are counted."""
    top = [*_server(address, sample, found, columns)]
    if found is None:
        top += ["", *_no_metrics(sample, columns)]
    else:
        busy = sorted(found.methods, key=lambda each: -each.calls_per_s)[:MAX_METHODS]
        top += ["", METHOD_HEADING, *(_method(each) for each in busy)]
        if not busy:
            top.append("no call since the server started")
    bottom = [] if found is None else _troubles(found)
    room = max(1, rows - len(top) - len(bottom) - 2)
    middle = ["", MODEL_HEADING, *_models(sample, found, room)]
    return [line[:columns].rstrip() for line in (*top, *middle, *bottom)][:rows]


def _server(address: str, sample: Sample, found: Activity | None, columns: int) -> Iterator[str]:
    server = sample.server
    yield f"summsvc {server.version} at {address}, up {_duration(server.uptime_s)}"
    if found is not None:
        lag = "" if found.loop_lag_ms is None else f", loop lag p99 {found.loop_lag_ms:.1f} ms"
        yield (
            f"CPU {found.cpu:.2f} cores, memory {found.memory_mb:,.0f} MB, articles to read "
            f"{found.unread_articles:,}{lag}"
        )[:columns]


def _no_metrics(sample: Sample, columns: int) -> Iterator[str]:
    yield "No queue, batches, throughput and latency: the metrics are missing."
    yield from textwrap.wrap(printable(sample.problem), columns)[:6]


def _method(each: MethodActivity) -> str:
    times = "".join(f"{_optional(value):>10}" for value in (each.p50_ms, each.p95_ms, each.p99_ms))
    name = each.method.rpartition("/")[2][:17]
    return (
        f"{name:18}{_short(each.calls_per_s):>9}{_short(each.failed_per_s):>9}"
        f"{_count(each.in_flight):>10}{times}"
    )


def _models(sample: Sample, found: Activity | None, room: int) -> Iterator[str]:
    busy = {each.model: each for each in found.models} if found else {}
    usable = [each for each in sample.models.models if each.state in (*_LOADED, "installed")]
    usable.sort(key=lambda each: (each.state == "installed", each.id))
    shown = usable if len(usable) <= room else usable[: room - 1]
    for model in shown:
        yield _model(model, busy.get(model.id))
    if len(shown) < len(usable):
        yield f"and {len(usable) - len(shown):,} more models"
    if not usable:
        yield "no model is installed; `summsvc models pull ID` installs one"


def _model(model: Model, each: ModelActivity | None) -> str:
    begin = f"{model.id[:17]:18}{_STATES.get(model.state or '', model.state):>8}"
    if each is None:
        return begin
    return (
        f"{begin}{_count(each.queued_requests):>7}{_count(each.queued_tokens):>7}"
        f"{_short(each.batches_per_s):>8}{_optional(each.batch_segments):>6}"
        f"{_optional(each.batch_ms):>7}{_percent(each.batch_fill):>5}"
        f"{_count(each.output_tokens_per_s):>7}"
        f"{_percent(each.cache_share):>7}"
    )


def _troubles(found: Activity) -> list[str]:
    if not found.troubles:
        return ["", "No trouble since the server started."]
    newest = sorted(found.troubles.items(), key=lambda each: (-each[1][0], -each[1][1]))
    shown = [f"{text:50}{now:>10,}{total:>14,}" for text, (now, total) in newest[:MAX_TROUBLES]]
    if len(newest) > MAX_TROUBLES:
        shown.append(f"and {len(newest) - MAX_TROUBLES} more kinds")
    return ["", TROUBLE_HEADING, *shown]


def _optional(value: float | None) -> str:
    return "-" if value is None else _short(value)


def _short(value: float) -> str:
    """At most six characters, with one decimal below 100."""
    return f"{value:.1f}" if value < 99.95 else _count(value)


def _count(value: float) -> str:
    """A whole number of at most six characters, in thousands or millions if it is larger."""
    for unit, factor in (("", 1), ("k", 1_000)):
        if value < 99_999.5 * factor:
            return f"{value / factor:,.0f}{unit}"
    return f"{value / 1e6:,.0f}M"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"
