"""SVG line charts of a soak: memory, descriptors and latency per minute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import svg
from bench.soak.results import Minute, Results

LEFT, WIDTH, HEIGHT, GAP = 60, 620, 120, 56
"""Pixels: left end of the charts, their size, space between two of them."""

SIZE = 12
"""Pixels of the letters."""


@dataclass(frozen=True)
class Line:
    """A figure per minute."""

    label: str
    colour: str
    of: Callable[[Minute], float]


CHARTS: dict[str, Sequence[Line]] = {
    "Resident memory, MB": [Line("memory", "#1f6f8b", lambda minute: minute.usage.rss_mb)],
    "Translate, ms": [
        Line("p50", "#1f6f8b", lambda minute: minute.calls.p50_ms),
        Line("p95", "#b9854f", lambda minute: minute.calls.p95_ms),
        Line("p99", "#8a8a8a", lambda minute: minute.calls.p99_ms),
    ],
    "Descriptors, threads, asyncio tasks": [
        Line("descriptors", "#1f6f8b", lambda minute: minute.usage.fds),
        Line("threads", "#b9854f", lambda minute: minute.usage.threads),
        Line("tasks", "#8a8a8a", lambda minute: minute.usage.tasks),
    ],
}


def plot(results: Results, path: Path) -> None:
    """Draw all charts, with minutes from left to right and values from 0."""
    parts: list[str] = []
    y = 40
    for title, lines in CHARTS.items():
        parts += _chart(results, title, lines, y)
        y += HEIGHT + GAP
    parts.append(svg.text(LEFT + WIDTH / 2, y - 14, "minutes", SIZE, "middle"))
    svg.save(path, y, parts)


def _chart(results: Results, title: str, lines: Sequence[Line], top: int) -> list[str]:
    minutes = results.minutes
    highest = max((line.of(minute) for line in lines for minute in minutes), default=0) or 1
    step = WIDTH / max(1, len(minutes) - 1)
    bottom = top + HEIGHT
    parts = [
        svg.text(LEFT, top - 10, title, SIZE),
        svg.text(LEFT - 6, top + 4, f"{highest:.0f}", SIZE, "end"),
        svg.text(LEFT - 6, bottom + 4, "0", SIZE, "end"),
        f'<path d="M{LEFT} {top}V{bottom}H{LEFT + WIDTH}" fill="none" stroke="#999"/>',
        svg.text(LEFT, bottom + 16, "1", SIZE, "middle"),
        svg.text(LEFT + WIDTH, bottom + 16, str(len(minutes)), SIZE, "middle"),
    ]
    for number, line in enumerate(lines):
        points = " ".join(
            f"{LEFT + step * at:.1f},{bottom - HEIGHT * line.of(minute) / highest:.1f}"
            for at, minute in enumerate(minutes)
        )
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{line.colour}" stroke-width="2"/>'
        )
        if len(lines) > 1:
            parts.append(
                svg.text(
                    LEFT + WIDTH - 90 * (len(lines) - 1 - number),
                    top - 10,
                    line.label,
                    SIZE,
                    "end",
                    line.colour,
                )
            )
    return parts
