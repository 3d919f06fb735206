"""Throughput and waiting by the number of clients, as one SVG."""

from __future__ import annotations

from pathlib import Path

from bench.serve.results import Results
from bench.serve.texts import KINDS

COLOURS = {"summsvc": "#1f6f8b", "ctranslate2": "#c96f2f", "transformers": "#8a8a8a"}


def plot(results: Results, model: str, path: Path) -> None:
    """Draw one model's rows: above tokens per second, below p95, a column for each kind of text.

    Needs matplotlib, of the extra ``bench``.
    """
    import matplotlib

    matplotlib.use("svg")
    # Text as text: a small file that a reader can search.
    matplotlib.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": model, "font.size": 9}
    from matplotlib import pyplot

    kinds = [k for k in KINDS if any(r.kind == k and r.model == model for r in results.rows)]
    figure, axes = pyplot.subplots(
        2, len(kinds), figsize=(3.2 * len(kinds), 5), sharex=True, squeeze=False
    )
    for column, kind in enumerate(kinds):
        speed, wait = axes[0][column], axes[1][column]
        for system, colour in COLOURS.items():
            rows = [
                row
                for row in sorted(results.rows, key=lambda row: row.clients)
                if (row.model, row.kind, row.system) == (model, kind, system)
            ]
            clients = [row.clients for row in rows]
            speed.plot(
                clients, [r.tokens_per_s for r in rows], "o-", color=colour, label=system, ms=3
            )
            wait.plot(clients, [row.p95_ms / 1000 for row in rows], "o-", color=colour, ms=3)
            if system == "summsvc":
                limits = [row.limit_tokens_per_s for row in rows]
                speed.plot(clients, limits, ":", color="black", lw=1, label="engine alone")
        speed.set_title(kind)
        speed.set_ylim(bottom=0)
        wait.set_yscale("log")
        wait.set_xscale("log", base=2)
        wait.xaxis.set_major_formatter("{x:.0f}")
        wait.set_xlabel("clients")
    axes[0][0].set_ylabel("output tokens/s")
    axes[1][0].set_ylabel("p95, s")
    axes[0][0].legend(frameon=False, fontsize=7)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
