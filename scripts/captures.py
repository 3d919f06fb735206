"""Terminal captures for the docs: real runs of commands in a pseudo-terminal, as SVG.

    python scripts/captures.py [--check] [NAME...]

A capture is stale when its command prints other words than it did. Compared are the words of
three and more Latin letters, as a set: figures, times and text in Cyrillic may differ from run
to run and from model to model.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from html import escape, unescape
from io import StringIO
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from rich.console import Console
from rich.text import Text

from summsvc.config import Settings
from summsvc.engines.base import Task
from summsvc.models.catalog import Catalog
from summsvc.models.store.store import Store
from tests.checkpoints import marian
from tests.running import running

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "captures"
COLUMNS, ROWS = 80, 24
SECONDS = 120
"""Time limit of one command."""

FRAMES = 6

HOME = b"\x1b[H"
"""Moves the cursor to the upper left corner, where each drawing of a screen begins."""

ERASED = re.compile(r"[^\n]*\n(?:\x1b\[\?25h)?\r?\x1b\[1A\x1b\[2K")
"""A line that is erased after its end, as spinners and progress bars are."""

WORD = re.compile(r"\b[A-Za-z]{3,}\b")

SVG = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" role="img" \
xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: Menlo, "DejaVu Sans Mono", Consolas, monospace; \
font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
"""Template of rich without its fonts, which a browser would load from another site."""


@dataclass(frozen=True, slots=True)
class Capture:
    """One picture.

    command: for bash, in the root of the repository. compared: lines whose words are compared,
    as a regular expression. load: command that keeps the server busy meanwhile. keys: typed
    when the screen has been drawn FRAMES times.
    """

    name: str
    command: str
    compared: str = ""
    load: str = ""
    keys: str = ""


CAPTURES = (
    Capture("summarize", "summsvc summarize seeds/*.txt --sentences 3"),
    Capture("segments", "sed -n 7p seeds/*.txt | summsvc translate - --to ru --segments"),
    Capture("models", "summsvc models list --installed"),
    Capture("bench", "summsvc bench --clients 4 --seconds 2"),
    Capture(
        "top",
        "summsvc top --interval 0.5",
        compared="^(METHOD|MODEL) ",
        load="summsvc bench <(sed -n 7p seeds/*.txt) --to ru --rate 4 --seconds 60",
        keys="q",
    ),
)


@contextmanager
def server() -> Iterator[dict[str, str]]:
    """Environment of commands that call a server with two trained models."""
    with tempfile.TemporaryDirectory() as folder:
        store, catalog = Store(Path(folder)), Catalog.load()
        for language in ("ru", "lt"):
            id = f"opus-en-{language}"
            store.add(marian(f"en-{language}"), id, Task.TRANSLATION, entry=catalog.get(id))
        settings = Settings(port=0, metrics_port=0, model_dir=store.root, preload=["all"])
        with running(settings) as started:
            started.wait_until_ready()
            metrics = f"http://127.0.0.1:{started.server.metrics_port}/metrics"
            kept = {
                name: value
                for name, value in os.environ.items()
                if not name.startswith("SUMMSVC_") and name not in ("NO_COLOR", "FORCE_COLOR")
            }
            yield kept | {
                "SUMMSVC_SERVER": started.address,
                "SUMMSVC_METRICS": metrics,
                "SUMMSVC_MODEL_DIR": folder,
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                "TERM": "xterm-256color",
                "COLORTERM": "truecolor",
                "LC_ALL": "C.UTF-8",
            }


def record(capture: Capture, environment: Mapping[str, str]) -> str:
    """What a command prints on a terminal of COLUMNS by ROWS; raises RuntimeError if it fails."""
    load = None
    if capture.load:
        load = subprocess.Popen(
            ["bash", "-c", f"exec {capture.load}"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
        )
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    process = subprocess.Popen(
        ["bash", "-c", capture.command],
        cwd=ROOT,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        printed = _read(ours, capture.keys)
        if process.wait(SECONDS):
            raise RuntimeError(f"{capture.command}: exit code {process.returncode}\n{printed}")
    finally:
        os.close(ours)
        if process.poll() is None:
            process.kill()
        if load is not None:
            load.send_signal(signal.SIGINT)
            load.wait(SECONDS)
    return _last_screen(printed.replace("\r\n", "\n"))


def _read(terminal: int, keys: str) -> str:
    """Read until the last process closes the terminal."""
    printed = b""
    # Linux reports the end of a pseudo-terminal as an error.
    with suppress(OSError):
        while select.select([terminal], [], [], SECONDS)[0]:
            printed += os.read(terminal, 65_536)
            if keys and printed.count(HOME) >= FRAMES:
                os.write(terminal, keys.encode())
                keys = ""
    return printed.decode("utf-8")


def _last_screen(printed: str) -> str:
    """The last frame of a program that draws the whole screen, or all lines but erased ones."""
    if "\x1b[?1049h" not in printed:
        return ERASED.sub("", printed).rstrip("\n")
    drawn = printed.partition("\x1b[?1049h")[2].partition("\x1b[?1049l")[0]
    frames = [frame for frame in drawn.split(HOME.decode()) if frame.strip("\n ")]
    return frames[-1].rstrip("\n")


def words(text: str, compared: str = "") -> tuple[str, ...]:
    """The words of three and more Latin letters of those lines that match, sorted."""
    lines = [line for line in text.splitlines() if re.search(compared, line)]
    return tuple(sorted({word for line in lines for word in WORD.findall(line)}))


@dataclass(frozen=True, slots=True)
class Facts:
    """What is compared of a picture."""

    command: str = ""
    words: tuple[str, ...] = ()


def facts(capture: Capture, screen: Text) -> Facts:
    """What is compared: the command and its words."""
    return Facts(capture.command, words(screen.plain, capture.compared))


def svg(capture: Capture, screen: Text) -> str:
    """The picture, with what is compared as its metadata."""
    console = Console(width=COLUMNS, record=True, file=StringIO(), highlight=False)
    console.print(Text(f"$ {capture.command}", "bold"))
    console.print(screen)
    drawn = console.export_svg(title="", code_format=SVG, unique_id=f"capture-{capture.name}")
    compared = escape(json.dumps(asdict(facts(capture, screen))))
    head, closed, rest = drawn.partition(">\n")
    about = f"<title>{escape(capture.command)}</title>\n<metadata>{compared}</metadata>\n"
    lines = f"{head}{closed}{about}{rest}".splitlines()
    return "\n".join(line.rstrip() for line in lines) + "\n"


def stored(path: Path) -> Facts:
    """What is compared, from a picture; empty without a picture."""
    text = path.read_text("utf-8") if path.is_file() else ""
    match = re.search("<metadata>(.*)</metadata>", text)
    if match is None:
        return Facts()
    found = json.loads(unescape(match[1]))
    return Facts(found["command"], tuple(found["words"]))


def main() -> int:
    check = "--check" in sys.argv[1:]
    chosen = [capture for capture in CAPTURES if capture.name in sys.argv[1:]] or CAPTURES
    known = {FOLDER / f"{capture.name}.svg" for capture in CAPTURES}
    stale = [str(path.relative_to(ROOT)) for path in set(FOLDER.glob("*.svg")) - known]
    with server() as environment:
        for capture in chosen:
            path = FOLDER / f"{capture.name}.svg"
            screen = Text.from_ansi(record(capture, environment))
            if not check:
                FOLDER.mkdir(exist_ok=True)
                path.write_text(svg(capture, screen), "utf-8")
            elif (old := stored(path)) != (new := facts(capture, screen)):
                stale.append(f"{path.relative_to(ROOT)} ({difference(old, new)})")
    if stale:
        print(f"stale: {'; '.join(stale)}; run scripts/captures", file=sys.stderr)
    return 1 if stale else 0


def difference(old: Facts, new: Facts) -> str:
    """What is different between two captures."""
    if old.command != new.command:
        return "another command"
    before, after = set(old.words), set(new.words)
    return f"gone: {sorted(before - after)}, new: {sorted(after - before)}"


if __name__ == "__main__":
    raise SystemExit(main())
