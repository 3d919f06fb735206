"""SVG bar chart of each server's throughput with many clients, relative to the engine."""

from __future__ import annotations

from pathlib import Path

from bench import svg
from bench.serve.bars import BAR_CLIENTS
from bench.serve.results import Results

SYSTEMS = {
    "summsvc": ("summsvc", "#1f6f8b"),
    "ctranslate2": ("CTranslate2, one call per request", "#b9854f"),
    "transformers": ("transformers generate, one call per request", "#8a8a8a"),
}
KINDS = {"article": "articles of 6 to 14 sentences", "short": "short texts"}

LEFT, FULL, BAR, GAP = 300, 330, 22, 6
"""Pixels: left end of the bars, length of 100 %, height of a bar, space below it."""


def plot(results: Results, model: str, path: Path) -> None:
    """Draw a model's throughput at 32 clients relative to the engine alone, one bar per server.

    Raises ValueError when the results have no such measurement.
    """
    groups = {kind: _bars(results, model, kind) for kind in KINDS}
    if not any(groups.values()):
        raise ValueError(f"no closed loop of {BAR_CLIENTS} clients with {model} was measured")
    y, parts = (
        62,
        [svg.text(16, 26, f"Share of the engine's throughput that {BAR_CLIENTS} clients get", 16)],
    )
    begin = y
    for kind, bars in groups.items():
        if bars:
            parts.append(svg.text(16, y + 15, KINDS[kind].capitalize(), 13))
            y += BAR + GAP
        for name, colour, share in bars:
            width = round(FULL * share)
            parts.append(svg.text(LEFT - 10, y + 15, name, 12, "end"))
            parts.append(
                f'<rect x="{LEFT}" y="{y}" width="{width}" height="{BAR}" fill="{colour}"/>'
            )
            figure = f"{100 * share:.0f} %"
            if width > FULL / 4:
                at, anchor, ink = LEFT + width - 8, "end", "white"
            else:
                at, anchor, ink = LEFT + width + 8, "start", svg.INK
            parts.append(svg.text(at, y + 16, figure, 13, anchor, ink))
            y += BAR + GAP
        y += 2 * GAP
    end = LEFT + FULL
    parts.append(svg.text(end, begin - 8, "engine alone: 100 %", 11, "middle"))
    parts.append(
        f'<line x1="{end}" y1="{begin}" x2="{end}" y2="{y - GAP}" stroke="#444" '
        'stroke-dasharray="4 4"/>'
    )
    svg.save(path, y + 4, parts)


def _bars(results: Results, model: str, kind: str) -> list[tuple[str, str, float]]:
    """Label, colour and share of the engine's throughput of each measured system."""
    rows = ((SYSTEMS[name], results.row(model, kind, BAR_CLIENTS, name)) for name in SYSTEMS)
    return [(label, colour, row.share) for (label, colour), row in rows if row]
