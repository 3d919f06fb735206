"""Quality checks of translations: false alarms, and detection rate by kind of damage.

    python -m bench.quality.guards [--tsv SOURCE TARGET FILE]... [--write]

Reads every other line of tests/data/guards, those that no threshold was derived
from, or with --tsv files of lines "source, tab, translation"; each in both
directions. Damage is done to the same good translations. --write derives the tables
[lengths.TARGET] of src/summsvc/languages/*.toml from the other half of tests/data/guards.
"""

from __future__ import annotations

import argparse
import itertools
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from summsvc.tasks.quality import target_language
from summsvc.tasks.quality.checks import assess, lost_brackets
from summsvc.tasks.quality.length_ratio import fit, unusual
from summsvc.tasks.quality.numbers import lost_figures
from summsvc.tasks.quality.repetition import find_repetition
from summsvc.tasks.quality.target_language import copied, wrong_script
from summsvc.tasks.translation.glossary import Terms
from summsvc.tasks.translation.term_uses import uses

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data" / "guards" / "good.tsv"
LANGUAGE_FILES = ROOT / "src" / "summsvc" / "languages"
LENGTHS = "# Usual lengths by target, derived"
"""Begin of the last part of a language file, which --write replaces."""

LANGUAGES = ("en", "ru", "lt")

Pair = tuple[str, str]


def load(half: int) -> dict[Pair, list[Pair]]:
    """The project's good translations by (source, target) language, both directions.

    half: 0 for the lines from which thresholds are derived, 1 for those to measure.
    """
    lines = [line for line in DATA.read_text("utf-8").split("\n") if line and line[0] != "#"]
    rows = [dict(zip(LANGUAGES, line.split("\t"), strict=True)) for line in lines[half::2]]
    return {
        (a, b): [(row[a], row[b]) for row in rows] for a, b in itertools.permutations(LANGUAGES, 2)
    }


def read_tsv(source: str, target: str, path: Path) -> dict[Pair, list[Pair]]:
    """A parallel file in both directions."""
    lines = (line.split("\t") for line in path.read_text("utf-8").split("\n"))
    rows = [(parts[0], parts[1]) for parts in lines if len(parts) == 2 and all(parts)]
    return {(source, target): rows, (target, source): [(b, a) for a, b in rows]}


def derived(source: str) -> str:
    """The usual lengths of translations from a language, as the end of its file."""
    lines = [
        f"{LENGTHS} from half of tests/data/guards/good.tsv by:",
        "# python -m bench.quality.guards --write",
    ]
    for (a, b), rows in load(0).items():
        if a == source:
            usual = fit([(len(x), len(y)) for x, y in rows])
            lines += ["", f"[lengths.{b}]"]
            lines += [f"{name} = {getattr(usual, name):.4f}" for name in usual.__slots__]
    return "\n".join(lines) + "\n"


def with_derived(source: str) -> str:
    """The text of a language's file, with its usual lengths derived again."""
    text = (LANGUAGE_FILES / f"{source}.toml").read_text("utf-8")
    return text.partition(LENGTHS)[0] + derived(source)


def _half(good: str) -> str:
    words = good.split()
    return " ".join(words[: len(words) // 2]) if len(words) >= 8 else ""


def _half_source(source: str, good: str) -> str:
    words = source.split()
    rest = " ".join(words[len(words) // 2 :])
    return f"{_half(good)} {rest}" if len(words) >= 12 and _half(good) else ""


def _number(source: str, good: str, change: Callable[[int], str]) -> str:
    """A translation with one number changed: the first that both texts write alike and once."""
    wanted = Counter(re.findall(r"\d+", source))
    for match in re.finditer(r"\d+", good):
        if wanted[match[0]] == 1 and len(re.findall(rf"\b{match[0]}\b", good)) == 1:
            return good[: match.start()] + change(int(match[0])) + good[match.end() :]
    return ""


def _without_brackets(source: str, good: str) -> str:
    left = re.sub(r"\s*\([^()]*[^\W\d_]{2}[^()]*\)", "", good)
    return left if left != good and "(" in source else ""


def _without_address(source: str, good: str) -> str:
    left = re.sub(r"\S+(?:://|@)\S+", "", good)
    return left if left != good and ("://" in source or "@" in source) else ""


DAMAGE: dict[str, Callable[[str, str], str]] = {
    "nothing": lambda _, __: " ",
    "its last word again and again": lambda _, good: f"{good} {' '.join([good.split()[-1]] * 8)}",
    "its end again and again": lambda _, good: f"{good} {' '.join(good.split()[-4:] * 5)}",
    "a letter again and again": lambda _, good: good + "а" * 20,
    "all of it twice": lambda _, good: f"{good} {good}" if len(good.split()) >= 3 else "",
    "its second half missing": lambda _, good: _half(good),
    "the source": lambda source, _: source if len(source.split()) >= 4 else "",
    "half of it the source": _half_source,
    "a number left out": lambda source, good: _number(source, good, lambda _: ""),
    "a number changed": lambda source, good: _number(source, good, lambda n: f"{n * 7 + 11}"),
    "what is in brackets left out": _without_brackets,
    "an address left out": _without_address,
}
"""Kind of damage to a function from source and translation to the output, or "" if none."""


def alarms(pair: Pair, rows: Sequence[Pair]) -> list[set[str]]:
    """The kinds of issue of each translation."""
    a, b = pair
    terms = Terms.of((), (), a)
    kinds: list[set[str]] = []
    for source, output in rows:
        found = terms.find(source)
        issues = assess(
            source,
            output,
            source_language=a,
            target=b,
            complete=True,
            kept={each.target for each in found},
        )
        lost = {"TERM_LOST" for use in uses(found, output, b) if not use.applied}
        kinds.append({issue.type.name for issue in issues} | lost)
    return kinds


def wrong_language(pair: Pair, sets: dict[Pair, list[Pair]]) -> list[Pair]:
    """Sources with their translation into the third language, where there is one."""
    source, target = pair
    for (a, other), rows in sets.items():
        if a == source and other != target:
            return rows
    return []


def report(sets: dict[Pair, list[Pair]]) -> Iterator[str]:
    """Markdown: false alarms by guard, hits by damage, time for a segment."""
    found = {pair: alarms(pair, rows) for pair, rows in sets.items()}
    heads = [f"{a}-{b}" for a, b in sets]
    yield f"| good translations | {' | '.join(heads)} |"
    yield "|---" * (len(heads) + 1) + "|"
    yield f"| how many | {' | '.join(str(len(rows)) for rows in sets.values())} |"
    yield f"| any doubt | {' | '.join(_share(map(bool, each)) for each in found.values())} |"
    for kind in sorted(set().union(*itertools.chain.from_iterable(found.values()))):
        cells = (_share(kind in each for each in found[pair]) for pair in sets)
        yield f"| {kind} | {' | '.join(cells)} |"
    yield ""
    yield f"| damaged: seen, of how many | {' | '.join(heads)} |"
    yield "|---" * (len(heads) + 1) + "|"
    for damage, make in DAMAGE.items():
        damaged = {
            pair: [(x, made) for x, y in rows if (made := make(x, y))]
            for pair, rows in sets.items()
        }
        yield f"| {damage} | {' | '.join(_hits(pair, rows) for pair, rows in damaged.items())} |"
    if all(wrong_language(pair, sets) for pair in sets):
        cells = (_hits(pair, wrong_language(pair, sets)) for pair in sets)
        yield f"| the third language | {' | '.join(cells)} |"
    yield ""
    times = (f"{a}-{b} {microseconds((a, b), rows, _assess):.0f}" for (a, b), rows in sets.items())
    yield f"processor µs for a segment: {', '.join(times)}"
    yield f"of each guard alone, mean of all pairs: {', '.join(costs(sets))}"


GUARDS: dict[str, Callable[[str, str, str, str], object]] = {
    "loops": lambda x, y, _, __: find_repetition(x, y),
    "lengths": lambda x, y, a, b: unusual(x, y, source_language=a, target=b),
    "copied": lambda x, y, _, __: copied(x, y),
    "script": lambda x, y, _, b: wrong_script(x, y, b),
    "language": lambda _, y, a, b: target_language.wrong_language(y, b, a),
    "figures": lambda x, y, _, b: lost_figures(x, y, target=b),
    "brackets": lambda x, y, _, __: lost_brackets(x, y),
}
"""The checks of ``assess``: functions of source, output, source and target language."""


def costs(sets: dict[Pair, list[Pair]]) -> Iterator[str]:
    """The mean CPU time of each check alone for one good translation, in microseconds."""
    for name, guard in GUARDS.items():
        mean = sum(microseconds(pair, rows, guard) for pair, rows in sets.items()) / len(sets)
        yield f"{name} {mean:.1f}"


def microseconds(
    pair: Pair, rows: Sequence[Pair], guard: Callable[[str, str, str, str], object]
) -> float:
    """Mean CPU time of a check for one good translation, in microseconds."""
    begun = time.process_time()
    for source, output in rows:
        guard(source, output, *pair)
    return (time.process_time() - begun) / len(rows) * 1e6


def _assess(source: str, output: str, a: str, b: str) -> object:
    return assess(source, output, source_language=a, target=b, complete=True)


def _hits(pair: Pair, rows: Sequence[Pair]) -> str:
    if not rows:
        return ""
    return f"{_share(map(bool, alarms(pair, rows)), digits=1)} of {len(rows)}"


def _share(each: Iterator[bool], *, digits: int = 2) -> str:
    values = list(each)
    return f"{sum(values) / len(values):.{digits}%}"


def main() -> None:
    """Print the report, or write the thresholds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--tsv", nargs=3, action="append", metavar=("SOURCE", "TARGET", "FILE"))
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    if chosen.write:
        for source in LANGUAGES:
            (LANGUAGE_FILES / f"{source}.toml").write_text(with_derived(source), "utf-8")
        return
    sets: dict[Pair, list[Pair]] = {}
    for a, b, path in chosen.tsv or ():
        sets |= read_tsv(a, b, Path(path))
    print("\n".join(report(sets or load(1))))


if __name__ == "__main__":
    main()
