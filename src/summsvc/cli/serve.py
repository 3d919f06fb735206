"""``summsvc serve``: start a server; every setting is a flag."""

from __future__ import annotations

import signal
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from summsvc.cli.settings import Setting


OPTIONAL_VALUES = {"web": "127.0.0.1:8080"}
"""Settings whose flags may stand without a value, and the value that they then have."""


class ServeCommand(click.Command):
    """Command with one flag per setting, created on first use because settings import slowly."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        if not any(param.name == "port" for param in self.params):
            self.params += [_flag(setting) for setting in _settings()]
        return super().get_params(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        records = {
            param.name: record
            for param in self.get_params(ctx)
            if (record := param.get_help_record(ctx)) is not None
        }
        for group, members in groupby(_settings(), key=lambda setting: setting.group):
            with formatter.section(group):
                formatter.write_dl([records.pop(setting.name) for setting in members])
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
def serve(config_file: Path | None, **flags: object) -> int:
    """Start a server.

    Every setting can be given in a TOML file, in the environment and as a flag;
    a flag overrides the environment, which overrides the file. The server prints
    "listening on HOST:PORT" on standard output when it accepts calls, and logs to
    standard error. On SIGTERM or SIGINT it finishes the calls in flight, rejects
    new calls and exits; a second signal ends it immediately. The exit code is 0
    after a clean shutdown and 1 if the server could not start or if calls or work
    were cut off. On SIGHUP the server reloads certificates and tokens. With
    --processes above 1, this process starts the server processes, restarts one that
    ends, and passes signals on.
    """
    # A reload that is requested before the server listens must not end the process.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    from summsvc.config import SettingsError, handover, load_settings

    if (handed := handover.take()) is not None:
        from summsvc.server.supervisor import child

        return child.run(handed)
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        settings = load_settings(config_file, given)
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    from summsvc.server.supervisor import parent

    return parent.run(settings)


def _settings() -> list[Setting]:
    from summsvc.cli.settings import settings

    return list(settings())


def _flag(setting: Setting) -> click.Option:
    text = f"{setting.description} [{setting.variable}; default: {setting.default}]"
    if value := OPTIONAL_VALUES.get(setting.name):
        return click.Option(
            [setting.flag],
            default=None,
            is_flag=False,
            flag_value=value,
            metavar="[HOST:PORT]",
            help=text,
        )
    name = f"{setting.flag}/--no-{setting.flag[2:]}" if setting.kind == "BOOLEAN" else setting.flag
    return click.Option(
        [name],
        default=None,
        metavar=setting.kind if setting.kind != "BOOLEAN" else None,
        help=text,
    )
