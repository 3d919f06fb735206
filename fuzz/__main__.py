"""Runs fuzz targets: python -m fuzz TARGET --seconds 60. Needs atheris, except for --plain."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from fuzz import results
from fuzz.execution import execute
from fuzz.reduction import reduced
from fuzz.registry import targets
from fuzz.results import FOLDER, Run

UNLIMITED = 10**12
EXAMINED_INPUTS = 1_000
"""Most inputs of a target that are examined before some are kept, the shortest."""

KEPT_BYTES = 30_000
"""Most bytes of the kept inputs of one target."""


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("target", choices=[*targets(), "service", "all", "counts"])
    parser.add_argument("--executions", type=int, default=UNLIMITED)
    parser.add_argument("--seconds", type=float, default=UNLIMITED, help="of each target")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--plain", action="store_true", help="not guided by coverage")
    parser.add_argument("--keep", action="store_true", help="add the inputs found to fuzz/corpus")
    parser.add_argument("--model-dir", type=Path, default=os.environ.get("SUMMSVC_MODEL_DIR"))
    given = parser.parse_args()
    if given.target != "counts" and min(given.executions, given.seconds) == UNLIMITED:
        parser.error("--executions or --seconds is needed")
    names = [*targets(), "service"] if given.target == "all" else [given.target]
    for name in names:
        if name == "service":
            _service(given)
        elif given.plain:
            _plain(name, given)
        elif name != "counts":
            _guided(name, given)
        if given.keep and name in targets():
            _keep(name)
    found = results.totals()
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "counts.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    for name, total in found.items():
        print(
            f"{name:24}{total['executions']:>12,.0f} executions {total['seconds']:>8,.0f} s "
            f"{total['findings']:>3.0f} findings"
        )
    print(f"{'all':24}{sum(total['executions'] for total in found.values()):>12,.0f} executions")
    sys.exit(any(total["findings"] for total in found.values()))


def _plain(name: str, given: argparse.Namespace) -> None:
    target, run = targets()[name], Run(name)
    made = target.inputs(Random(given.seed))
    while run.executions < given.executions and run.seconds < given.seconds:
        execute(target, next(made), run)
        run.save()
    run.save(now=True)


def _guided(name: str, given: argparse.Namespace) -> None:
    """Run a target in processes of its own, until its limits; libFuzzer ends one that hangs."""
    until = time.monotonic() + given.seconds
    left = given.executions
    while left > 0 and (seconds := until - time.monotonic()) > 0:
        before = results.totals().get(name, {}).get("executions", 0)
        command = [sys.executable, "-m", "fuzz.guided", name, str(left), str(seconds)]
        with tempfile.TemporaryFile("w+") as log:
            ended = subprocess.run(command, stdout=log, stderr=log, check=False).returncode
            log.seek(0)
            lines = log.read().splitlines()
        if not ended:
            break
        left -= int(results.totals().get(name, {}).get("executions", 0) - before)
        run = Run(name, findings=1)
        run.save(now=True)
        print(f"{name}: the process has ended with {ended}", *lines[-30:], sep="\n", flush=True)
        # A process that cannot start would end at once each time.
        time.sleep(1)


def _service(given: argparse.Namespace) -> None:
    from fuzz.service import server

    if given.model_dir is None:
        sys.exit("the target service needs --model-dir, a store with opus-en-ru and opus-en-lt")
    run = Run(server.NAME)
    answers = server.fuzz(given.model_dir, given.executions, given.seconds, given.seed, run)
    print(f"answers: {dict(answers)}")


def _keep(name: str) -> None:
    """Keep the inputs found that reach code which no seed and no shorter one reaches."""
    target = targets()[name]
    found = {path.read_bytes() for path in (FOLDER / "inputs" / name).glob("*")}
    short = sorted(found | set(target.corpus()), key=len)[:EXAMINED_INPUTS]
    kept: list[bytes] = []
    for data in reduced(target, short):
        if sum(map(len, kept)) + len(data) <= KEPT_BYTES:
            kept.append(data)
    target.keep(kept)


if __name__ == "__main__":
    main()
