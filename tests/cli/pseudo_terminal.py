"""Commands on a pseudo-terminal, as a person sees them."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.cli.conftest import COMMAND

INTERRUPT = "\x03"
CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


@dataclass
class Seen:
    """What a command printed.

    text: without control sequences, and of a line that was drawn several times the last drawing.
    """

    code: int
    raw: str

    @property
    def text(self) -> str:
        lines = CONTROL.sub("", self.raw).split("\n")
        return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)

    @property
    def colours(self) -> set[str]:
        """Sequences that set a colour."""
        return set(re.findall(r"\x1b\[(?:\d+;)*(?:3[0-7]|9[0-7])m", self.raw))


def on_terminal(
    *arguments: str | Path,
    env: dict[str, str],
    columns: int = 80,
    rows: int = 24,
    keys: str = "",
    after: str = "",
) -> Seen:
    """Run a command whose three streams are one terminal.

    env: a variable with the value "" is not set. keys: typed as soon as the command has printed
    ``after``; Ctrl-C is sent as the signal that a terminal makes of it.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    kept = {"TERM": "xterm-256color", "COLUMNS": "", "LINES": "", **env}
    process = subprocess.Popen(
        [COMMAND, *map(str, arguments)],
        env={name: value for name, value in kept.items() if value},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    printed, typed = b"", not keys
    # The terminal closes with its last process, which Linux reports as an error.
    with suppress(OSError):
        while select.select([ours], [], [], 60)[0] and (chunk := os.read(ours, 65_536)):
            printed += chunk
            if not typed and after.encode() in printed:
                if keys == INTERRUPT:
                    process.send_signal(signal.SIGINT)
                else:
                    os.write(ours, keys.encode())
                typed = True
    os.close(ours)
    return Seen(process.wait(60), printed.decode())
