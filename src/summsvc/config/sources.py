"""Settings put together from where they were given.

A setting comes from, in rising precedence: its default, a TOML file, the
environment (``SUMMSVC_`` and its upper-case name), a flag of ``summsvc serve``.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from summsvc.config.settings import Settings

ENV_PREFIX = "SUMMSVC_"


class SettingsError(Exception):
    """Settings that cannot be used; one line for each culprit, with where it came from."""


def load_settings(
    config_file: Path | None = None,
    flags: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Put the settings together: defaults, then TOML file, environment, flags.

    flags: values by setting name, those really given on the command line.
    environ: ``os.environ`` unless given. Variables that start with SUMMSVC_ but
    name no setting are left alone: the client has variables of its own.
    Raises SettingsError naming each setting at fault and its source.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    if config_file is not None:
        values = _read_toml(config_file)
        sources = dict.fromkeys(values, str(config_file))
    for name in Settings.model_fields:
        variable = ENV_PREFIX + name.upper()
        if variable in environ:
            values[name], sources[name] = environ[variable], variable
    for name, value in (flags or {}).items():
        values[name], sources[name] = value, "--" + name.replace("_", "-")
    try:
        return Settings(**values)
    except ValidationError as error:
        raise SettingsError("\n".join(_culprit(each, sources) for each in error.errors())) from None


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not UTF-8 at byte {error.start}") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not TOML: {error}") from None
    for name in values:
        if name not in Settings.model_fields:
            near = difflib.get_close_matches(name, Settings.model_fields, 1)
            everything = "; docs/reference/settings.md lists them all"
            hint = f"; did you mean {near[0]}?" if near else everything
            raise SettingsError(f"{path}: there is no setting '{name}'{hint}")
    return values


def _culprit(error: Any, sources: Mapping[str, str]) -> str:
    message = str(error["msg"]).removeprefix("Value error, ")
    if not error["loc"]:
        return message
    name = str(error["loc"][0])
    if error["type"] != "value_error":
        message = f"{message[:1].lower()}{message[1:]}, not {error['input']!r}"
    return f"{name}: {message} (from {sources.get(name, 'the caller')})"
