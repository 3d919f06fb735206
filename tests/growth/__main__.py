"""Growth test with texts of full length: python -m tests.growth [function [shape]].

Both arguments select the functions and shapes with a name that contains them.
"""

from __future__ import annotations

import sys
import time

from tests.growth.cost import findings, reference
from tests.growth.functions import FUNCTIONS
from tests.growth.shapes import SHAPES


def main() -> None:
    """Print each finding, and for each function how long its measurement took."""
    function, shape, *_ = [*sys.argv[1:], "", ""]
    unit = reference()
    for name in (name for name in FUNCTIONS if function in name):
        begun = time.perf_counter()
        for other in (other for other in SHAPES if shape in other):
            for each in findings(name, FUNCTIONS[name], other, SHAPES[other], unit, thorough=True):
                print(each, flush=True)
        print(f"{name}: {time.perf_counter() - begun:.1f} s", flush=True)


if __name__ == "__main__":
    main()
