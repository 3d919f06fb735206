"""Which streams get colours and columns."""

from __future__ import annotations

import io
import sys

import pytest

from summsvc.cli.display import terminal


class Screen(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def test_only_a_terminal_has_a_console() -> None:
    assert terminal.console(io.StringIO()) is None
    assert terminal.console(Screen()) is not None


@pytest.mark.parametrize("name", ["dumb", "unknown"])
def test_a_terminal_without_capabilities_has_none(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("TERM", name)
    assert terminal.console(Screen()) is None


def test_no_color_removes_colours_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Screen()
    console = terminal.console(stream)
    assert console is not None
    console.print("text", style="red")
    assert "\x1b[31m" not in stream.getvalue()


@pytest.mark.parametrize(("value", "has_console"), [("1", True), ("", False)])
def test_force_color_makes_a_pipe_a_terminal_if_it_is_not_empty(
    monkeypatch: pytest.MonkeyPatch, value: str, has_console: bool
) -> None:
    monkeypatch.setenv("FORCE_COLOR", value)
    stream = io.StringIO()
    console = terminal.console(stream)
    assert (console is not None) == has_console
    if console is not None:
        console.print("text", style="red")
        assert "\x1b[31m" in stream.getvalue()


def test_a_narrow_terminal_gets_plain_output(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "59")
    assert terminal.console(Screen()) is None
    monkeypatch.setenv("COLUMNS", "60")
    assert terminal.console(Screen()) is not None


def test_without_the_extra_output_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rich.console", None)
    assert terminal.console(Screen()) is None


def test_control_characters_are_not_printed() -> None:
    assert terminal.printable("a\x1b[31mb\x07\x9b") == "a\ufffd[31mb\ufffd\ufffd"
    assert terminal.printable("one\r\ntwo\u202e") == "one\ntwo\ufffd"
    assert terminal.printable("Ąžuolas\nна 東京") == "Ąžuolas\nна 東京"
