"""The terminal captures of the docs are those of the commands, and load nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from rich.text import Text

from scripts.captures import CAPTURES, FOLDER, Capture, difference, facts, stored, svg, words

ROOT = Path(__file__).parents[1]


def test_captures_are_fresh() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "captures.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr


def test_figures_and_cyrillic_text_do_not_matter_but_words_do() -> None:
    capture = Capture("x", "summsvc info")
    old = facts(capture, Text("Latency 12.5 ms, «Они пошли» to up"))
    assert difference(old, facts(capture, Text("ms up 99 Latency Они вернулись"))) == (
        "gone: [], new: []"
    )
    assert difference(old, facts(capture, Text("Delay"))) == "gone: ['Latency'], new: ['Delay']"
    assert old != facts(Capture("x", "summsvc info --json"), Text("Latency"))
    assert words("MODEL state\nopus-en-ru ready", "^MODEL ") == ("MODEL", "state")


def test_a_picture_keeps_what_is_compared(tmp_path: Path) -> None:
    capture = Capture("x", "summsvc info | sed 's/<a>/&/'")
    screen = Text("Words <b> & more\n" * 3)
    path = tmp_path / "x.svg"
    path.write_text(svg(capture, screen), "utf-8")
    assert stored(path) == facts(capture, screen)
    assert path.read_text() == svg(capture, screen)


def test_pictures_load_nothing_from_elsewhere() -> None:
    for capture in CAPTURES:
        text = (FOLDER / f"{capture.name}.svg").read_text("utf-8")
        assert set(re.findall(r"https?://[^\"' <]+", text)) == {"http://www.w3.org/2000/svg"}
        assert "<script" not in text
        assert "@import" not in text
