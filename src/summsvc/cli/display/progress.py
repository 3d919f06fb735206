"""Progress on standard error: a bar for several items, a spinner for one of unknown length."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import click

from summsvc.cli.display import terminal

if TYPE_CHECKING:
    from rich.console import Console


class Progress:
    """Progress of work on a number of items; a context manager.

    label: text before the bar. length: number of items. hidden: show nothing; the bar is also
    hidden if standard error is no terminal. The bar is removed at the end. Without the extra
    ``cli`` the bar is that of click.
    """

    def __init__(self, label: str, length: int, *, hidden: bool = False) -> None:
        self._failed = 0
        self._rich: Any = None
        console = None if hidden else _console()
        if console is None:
            self._plain = click.progressbar(
                length=length,
                label=label,
                file=sys.stderr,
                hidden=hidden or not sys.stderr.isatty(),
            )
            return
        from rich import progress

        self._rich = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(bar_width=30),
            progress.TaskProgressColumn(),
            progress.MofNCompleteColumn(),
            progress.TextColumn("{task.fields[failures]}", style="red"),
            progress.TimeRemainingColumn(),
            console=console,
            transient=True,
            # The result on standard output is not for the console of standard error.
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._rich.add_task(label, total=length, failures="")

    def advance(self, *, failed: bool = False) -> None:
        """Count one item as done."""
        if self._rich is None:
            self._plain.update(1)
            return
        self._failed += failed
        failures = f"{self._failed:,} failed" if self._failed else ""
        self._rich.update(self._task, advance=1, failures=failures)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Context in which the bar is removed, so that other output can be written."""
        if self._rich is None:
            if not self._plain.hidden:
                click.echo("\r\x1b[2K", nl=False, err=True)
            yield
            return
        self._rich.stop()
        try:
            yield
        finally:
            self._rich.start()

    def __enter__(self) -> Self:
        (self._plain if self._rich is None else self._rich).__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        (self._plain if self._rich is None else self._rich).__exit__(*error)


@contextmanager
def spinner(text: str) -> Iterator[Callable[[], None]]:
    """Context manager: yields a function that shows a spinner with a text until the end.

    The function does nothing if standard error has no console.
    """
    console = _console()
    if console is None:
        yield lambda: None
        return
    # Few frames per second, so that a load test is not disturbed.
    status = console.status(terminal.printable(text), refresh_per_second=4)
    try:
        yield status.start
    finally:
        status.stop()


def _console() -> Console | None:
    """The console of standard error, or None; a file is none, even with FORCE_COLOR."""
    return terminal.err() if sys.stderr.isatty() else None
