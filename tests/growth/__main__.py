"""Measure functions on shapes of text: python -m tests.growth [function] [shape]."""

from __future__ import annotations

import sys
import time

from tests.growth.cost import findings, reference
from tests.growth.functions import FUNCTIONS
from tests.growth.shapes import SHAPES


def main() -> None:
    """Print what is wrong, and what each function took."""
    function, shape = [*sys.argv[1:], "", ""][:2]
    unit = reference()
    print(f"reference {unit * 1000:.2f} ms", flush=True)
    for name in FUNCTIONS:
        if function not in name or name < "":
            continue
        begun = time.perf_counter()
        for shape_name in SHAPES:
            if shape in shape_name:
                for each in findings(name, FUNCTIONS[name], shape_name, SHAPES[shape_name], unit):
                    print(each, flush=True)
        print(f"{name}: {time.perf_counter() - begun:.1f} s", flush=True)


if __name__ == "__main__":
    main()
