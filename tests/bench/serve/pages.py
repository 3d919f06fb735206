"""A page with marks for every table."""

from __future__ import annotations

NAMES = ("closed", "processor", "bars", "bulk", "overload")
PAGE = "# Page\n" + "".join(f"{n} is:\n\n<!-- serve {n} -->\nold\n<!-- end -->\n\n" for n in NAMES)
