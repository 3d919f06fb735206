"""Results as Markdown."""

from __future__ import annotations

from bench.serve.bars import bars
from bench.serve.results import Results
from bench.serve.rows import table


def report(results: Results) -> str:
    """Tables of all that was measured, the bars last."""
    parts = [table(results.rows)]
    if results.bulk:
        lines = [
            "| model | short text, idle: p50 ms | p95 | beside books: p50 | p95 | a batch "
            "| tokens/s | calls |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for model, bulk in results.bulk.items():
            lines.append(
                f"| {model} | {bulk.idle_p50_ms:.0f} | {bulk.idle_p95_ms:.0f} "
                f"| {bulk.busy_p50_ms:.0f} | {bulk.busy_p95_ms:.0f} | {bulk.batch_ms:.0f} "
                f"| {bulk.tokens_per_s:.0f} | {bulk.calls} |"
            )
        parts.append("\n".join(lines))
    if results.overload:
        lines = [
            "| model | arrivals/s | goodput tokens/s | of peak | answered | refused | late "
            "| p50 ms | p95 | p99 | refusal p95 |",
            "|---|---|---|---|---|---|---|---|---|---|---|",
        ]
        for model, overload in results.overload.items():
            for step in overload.steps:
                lines.append(
                    f"| {model} | {step.rate:.1f} | {step.tokens_per_s:.0f} "
                    f"| {step.tokens_per_s / overload.peak_tokens_per_s:.2f} "
                    f"| {step.answered} | {step.refused} | {step.late + step.broken} "
                    f"| {step.p50_ms:.0f} | {step.p95_ms:.0f} | {step.p99_ms:.0f} "
                    f"| {step.refused_p95_ms:.0f} |"
                )
        parts.append("\n".join(lines))
    lines = ["| model | bar | measured | bound | |", "|---|---|---|---|---|"]
    for bar in bars(results):
        sign = "at least" if bar.at_least else "at most"
        met = "met" if bar.met else "not met"
        lines.append(
            f"| {bar.model} | {bar.text} | {bar.value:.3g} | {sign} {bar.bound:.3g} | {met} |"
        )
    return "\n\n".join([*parts, "\n".join(lines)])
