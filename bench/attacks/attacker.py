"""One attack in a process of its own, until the process is ended.

    python -m bench.attacks.attacker NAME PORT

Prints a line when the attack has begun.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import repeat

from bench.attacks.names import ATTACKS

NICENESS = 5

CONTROL = "control"
"""Name of no attack: a process that only computes, and so takes as much of the machine."""


@contextmanager
def attacking(name: str, port: int) -> Iterator[None]:
    """Attack the server at a port during the block."""
    command = [sys.executable, "-m", "bench.attacks.attacker", name, str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        try:
            yield
        finally:
            process.kill()


def main() -> None:
    os.nice(NICENESS)
    name, port = sys.argv[1], int(sys.argv[2])
    steps = repeat(None) if name == CONTROL else ATTACKS[name](port)
    next(steps)
    print("begun", flush=True)
    for _ in steps:
        pass


if __name__ == "__main__":
    main()
