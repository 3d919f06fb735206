"""Every test that the threat model names exists, and each of its tables names some."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "explanation" / "threat-model.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def test_every_named_test_exists() -> None:
    named = NAMED.findall(PAGE.read_text("utf-8"))
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (ROOT / path).is_file()
        or not re.search(rf"^ *(?:async )?def {name}\(", (ROOT / path).read_text("utf-8"), re.M)
    ]
    assert missing == []


def test_each_party_has_a_named_test() -> None:
    parts = re.split(r"^## ", PAGE.read_text("utf-8"), flags=re.M)[1:]
    without = [part.splitlines()[0] for part in parts if not NAMED.search(part)]
    assert without == ["Not defended"]
