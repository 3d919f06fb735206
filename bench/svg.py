"""Parts of the SVG charts of benchmarks."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

INK = "#222"
WIDTH = 720
"""Pixels."""


def text(
    x: float, y: float, content: str, size: int, anchor: str = "start", colour: str = INK
) -> str:
    """A line of text; one of more than 12 pixels is bold."""
    weight = ' font-weight="bold"' if size > 12 else ""
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" text-anchor="{anchor}" '
        f'fill="{colour}"{weight}>{escape(content, quote=False)}</text>'
    )


def save(path: Path, height: float, parts: Sequence[str]) -> None:
    """Write a chart of ``WIDTH`` by ``height`` pixels."""
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" role="img">\n'
        '<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n",
        "utf-8",
    )
