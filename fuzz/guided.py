"""Coverage-guided run of one target with atheris (libFuzzer), in a process of its own.

    python -m fuzz.guided TARGET EXECUTIONS SECONDS [LIBFUZZER_OPTIONS]

A failed input is reported and the run goes on. The process ends itself at either limit.
"""

from __future__ import annotations

import os
import sys
from random import Random

import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]

from fuzz.results import FOLDER, Run

OPTIONS = (
    "-max_len=120000",
    "-len_control=0",
    "-timeout=60",
    "-rss_limit_mb=3000",
    "-print_final_stats=0",
)


def main() -> None:
    """Fuzz until a limit."""
    name, executions, seconds, *options = sys.argv[1:]
    with atheris.instrument_imports(include=["summsvc"]):
        from fuzz.registry import targets

        target = targets()[name]
        # Some modules are imported at the first call.
        for data in target.seeds()[:20]:
            target.run(data)
    from fuzz.execution import execute

    run = Run(name)
    most_executions, most_seconds = int(executions), float(seconds)

    def test(data: bytes) -> None:
        execute(target, data, run)
        run.save()
        if run.executions >= most_executions or run.seconds >= most_seconds:
            run.save(now=True)
            sys.stdout.flush()
            # libFuzzer has no other end that runs no more inputs.
            os._exit(0)

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        random = Random(seed)
        if random.random() < 0.05:
            return bytes(atheris.Mutate(data, most))
        return target.mutate(bytes(data), random, most)

    folder = FOLDER / "inputs" / name
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(target.seeds() + target.corpus()):
        (folder / f"seed-{number}").write_bytes(data)
    options = [*OPTIONS, f"-artifact_prefix={FOLDER}/hang-{name}-", *options, str(folder)]
    atheris.Setup([sys.argv[0], *options], test, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
