"""CPU time of extractive summaries: the seed article, and growth with the length.

    python -m bench.speed.extractive [--json FILE]

Each time is the median of several runs of reading, ranking and selecting on one
core, without gRPC.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import time
from pathlib import Path
from typing import Any

from summsvc.articles.length import Length
from summsvc.articles.reader import read
from summsvc.tasks.summarization.extractive import extract
from summsvc.types import Article

SEED = next((Path(__file__).parents[2] / "seeds").glob("*.txt"))
LENGTHS = (10, 50, 100, 500, 1000, 2500, 5000)
TARGET_MS = 10.0


def article(sentences: int) -> str:
    """A generated article whose vocabulary grows with its length, as in real articles."""
    chooser = random.Random(sentences)
    words = ["".join(chooser.choices("abdegiklmnoprstu", k=6)) for _ in range(3 * sentences + 200)]
    lines = []
    for _ in range(sentences):
        chosen = [words[min(int(chooser.paretovariate(0.6)), len(words)) - 1] for _ in range(20)]
        lines.append(" ".join(["The", *chosen]).capitalize() + ".")
    return "\n\n".join(" ".join(lines[i : i + 4]) for i in range(0, len(lines), 4))


def measure(body: str, length: Length, runs: int) -> dict[str, float]:
    """Median time of each stage in ms, and the number of segments."""
    reading, summarizing = [], []
    document = read(Article("", body, "en"))
    for _ in range(runs):
        begun = time.perf_counter()
        document = read(Article("", body, "en"))
        middle = time.perf_counter()
        extract(document, length)
        reading.append((middle - begun) * 1000)
        summarizing.append((time.perf_counter() - middle) * 1000)
    return {
        "sentences": len(document.segments),
        "read_ms": statistics.median(reading),
        "summarize_ms": statistics.median(summarizing),
    }


def slope(rows: list[dict[str, Any]]) -> float:
    """Least-squares slope of log time over log sentences: 1 is linear, 2 quadratic."""
    x = [math.log(row["sentences"]) for row in rows]
    y = [math.log(row["total_ms"]) for row in rows]
    return statistics.linear_regression(x, y).slope


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="file to write the results to")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = [
        {"article": "seed"} | measure(SEED.read_text("utf-8"), Length(max_sentences=3), 50)
    ]
    for sentences in LENGTHS:
        for name, length in (("3 sentences", Length(max_sentences=3)), ("30%", Length(ratio=0.3))):
            runs = max(5, 2000 // sentences)
            rows.append({"article": name} | measure(article(sentences), length, min(runs, 50)))
    print(f"{'summary':14}{'sentences':>10}{'read ms':>10}{'summary ms':>12}{'total ms':>10}")
    for row in rows:
        row["total_ms"] = row["read_ms"] + row["summarize_ms"]
        print(f"{row['article']:14}{row['sentences']:>10}{row['read_ms']:>10.2f}"
              f"{row['summarize_ms']:>12.2f}{row['total_ms']:>10.2f}")  # fmt: skip
    exponent = slope([row for row in rows if row["article"] == "30%" and row["sentences"] >= 100])
    print(
        f"\nseed: {rows[0]['total_ms']:.2f} ms of {TARGET_MS:.0f} allowed; exponent {exponent:.2f}"
    )
    if options.json:
        options.json.write_text(json.dumps({"rows": rows, "exponent": exponent}, indent=2))


if __name__ == "__main__":
    main()
