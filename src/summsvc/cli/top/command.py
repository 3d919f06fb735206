"""The command ``summsvc top``."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from summsvc.cli.connection import Connection, as_click_exception, client_options, explain
from summsvc.cli.display import terminal
from summsvc.cli.inputs import Unicode

if TYPE_CHECKING:
    from rich.text import Text

    from summsvc.cli.top.activity import Activity, Sample
    from summsvc.client import Client

METRICS_PORT = 9464
"""Port of the metrics endpoint where the server's setting ``metrics_port`` has its default."""

QUIT = "q"

FIRST_INTERVAL_S = 0.5
"""Seconds to the first rates on the screen, so that it is soon complete."""


@click.command()
@click.option(
    "--metrics",
    "url",
    type=Unicode(),
    metavar="URL",
    envvar="SUMMSVC_METRICS",
    show_envvar=True,
    default="",
    help=f"Address of the server's metrics; http://HOST:{METRICS_PORT}/metrics on the server's "
    "host if not given, https with --tls-ca.",
)
@click.option(
    "--metrics-token",
    envvar="SUMMSVC_METRICS_TOKEN",
    show_envvar=True,
    default="",
    help="Bearer token of the metrics endpoint.",
)
@click.option(
    "--interval",
    type=click.FloatRange(0.1, 3600),
    default=2,
    show_default=True,
    help="Seconds between two samples; rates and latencies are those of this time.",
)
@click.option("--once", is_flag=True, help="Print the state once, after one interval, and end.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print one JSON object per interval; with --once, one.",
)
@client_options(timeout=10)
def top(
    connection: Connection,
    url: str,
    metrics_token: str,
    interval: float,
    once: bool,
    as_json: bool,
) -> int:
    """Show queue, throughput, latency and models of a running server, live.

    Reads GetServerInfo, ListModels and the metrics endpoint. Without the metrics, it shows the
    models only, and says what is missing. The key q or Ctrl-C ends it.
    """
    from summsvc.client import Client, SummsvcClientError

    url = url or _default_url(connection)
    live = not (once or as_json)
    is_terminal = sys.stdout.isatty()
    if live and not (is_terminal and terminal.out()):
        if is_terminal:
            import rich  # noqa: F401  # The error names the extra to install.
        raise click.UsageError(
            f"The live screen needs a terminal of at least {terminal.MIN_COLUMNS} columns; "
            "use --once or --json."
        )
    with Client(**connection) as client:

        def sample() -> Sample:
            return take(client, url, metrics_token, connection)

        try:
            first = sample()
            if live:
                _show(connection, first, sample, interval)
            else:
                _print(connection, first, sample, interval, once=once, as_json=as_json)
        except SummsvcClientError as error:
            raise as_click_exception(error, connection) from error
    return 0


def take(client: Client, url: str, token: str, connection: Connection) -> Sample:
    """Take a sample. Raises SummsvcClientError if the server does not answer."""
    from summsvc.cli.top.activity import Sample
    from summsvc.cli.top.metrics import MetricsError, fetch

    server, models = client.server_info(), client.list_models()
    try:
        metrics = fetch(
            url,
            token,
            ca=connection["tls_ca"],
            cert=connection["tls_cert"],
            key=connection["tls_key"],
        )
    except MetricsError as error:
        return Sample(server, models, None, str(error))
    return Sample(server, models, metrics)


def _default_url(connection: Connection) -> str:
    host = connection["server"].rpartition(":")[0].rpartition("/")[2] or connection["server"]
    scheme = "https" if connection["tls_ca"] else "http"
    return f"{scheme}://{host}:{METRICS_PORT}/metrics"


def _print(
    connection: Connection,
    first: Sample,
    sample: Callable[[], Sample],
    interval: float,
    *,
    once: bool,
    as_json: bool,
) -> None:
    from summsvc.cli.top import screen
    from summsvc.cli.top.activity import activity
    from summsvc.cli.top.activity import as_json as to_json

    address, before = connection["server"], first
    while True:
        time.sleep(interval)
        after = sample()
        found = activity(before, after)
        if as_json:
            click.echo(json.dumps(to_json(address, after, found), ensure_ascii=False))
        else:
            for line in screen.lines(address, after, found, rows=10_000):
                click.echo(line)
        if once:
            return
        before = after


def _show(
    connection: Connection, first: Sample, sample: Callable[[], Sample], interval: float
) -> None:
    """Draw the screen again and again until the key q is pressed."""
    from rich.live import Live

    from summsvc.cli.top import keys
    from summsvc.cli.top.activity import activity
    from summsvc.client import SummsvcClientError

    console = terminal.out()
    assert console is not None
    address, before, problem = connection["server"], first, ""
    found = None
    with keys.single_keys(), Live(console=console, screen=True, auto_refresh=False) as live:
        wait = min(interval, FIRST_INTERVAL_S)
        while True:
            text = _screen(address, before, found, problem, *console.size)
            live.update(text, refresh=True)
            if keys.pressed(QUIT, wait):
                return
            wait = interval
            try:
                after = sample()
            except SummsvcClientError as error:
                problem = explain(error, connection)
                continue
            problem, found, before = "", activity(before, after), after


def _screen(
    address: str, sample: Sample, found: Activity | None, problem: str, columns: int, rows: int
) -> Text:
    """The screen with colours; the last row says how to end."""
    from rich.text import Text

    from summsvc.cli.top import screen

    shown = screen.lines(address, sample, found, columns, rows - 1)
    text = Text(no_wrap=True, overflow="crop")
    for number, line in enumerate(shown):
        style = "bold" if number == 0 else "bold cyan" if line in screen.HEADINGS else ""
        text.append(f"{line}\n", style)
    text.append("\n" * (rows - 1 - len(shown)))
    if problem:
        text.append(terminal.printable(problem)[:columns], "bold red")
    else:
        text.append("q: quit", "dim")
    return text
