"""``summsvc serve``."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

import click


class ServeCommand(click.Command):
    """Takes every setting as a flag; made only when needed, since settings load slowly."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        if not any(param.name == "port" for param in self.params):
            self.params += [_flag(each) for each in _settings()]
        return super().get_params(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        records = {
            param.name: record
            for param in self.get_params(ctx)
            if (record := param.get_help_record(ctx)) is not None
        }
        for group, members in groupby(_settings(), key=lambda each: each.group):
            with formatter.section(group):
                formatter.write_dl([records.pop(each.name) for each in members])
        with formatter.section("Other options"):
            formatter.write_dl(list(records.values()))


@click.command(cls=ServeCommand)
@click.option(
    "--config",
    "config_file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="TOML file with settings, for example port = 50051.",
)
def serve(config_file: Path | None, **flags: Any) -> int:
    """Start a server.

    Every setting can be given in a TOML file, in the environment and as a flag;
    the later wins. Prints "listening on HOST:PORT" on standard output once calls
    are answered; logs go to standard error. SIGTERM or SIGINT ends it: calls in
    flight are finished, new ones refused; a second one ends it at once. Exits with
    0 after a clean end, with 1 when something was cut off.
    """
    from summsvc.config import SettingsError, load_settings

    given = {name: value for name, value in flags.items() if value is not None}
    try:
        settings = load_settings(config_file, given)
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    from summsvc.server import run

    return run(settings)


def _settings() -> Any:
    from summsvc.cli.settings import settings

    return list(settings())


def _flag(setting: Any) -> click.Option:
    name = f"{setting.flag}/--no-{setting.flag[2:]}" if setting.kind == "BOOLEAN" else setting.flag
    return click.Option(
        [name],
        default=None,
        metavar=setting.kind if setting.kind != "BOOLEAN" else None,
        help=f"{setting.description} [{setting.variable}; default: {setting.default}]",
    )
