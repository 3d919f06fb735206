"""Loading of settings from defaults, a TOML file, the environment and flags.

Each source overrides the ones before it. An environment variable is ``SUMMSVC_``
and the setting's name in upper case.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from summsvc.config.settings import Settings

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

ENV_PREFIX = "SUMMSVC_"


class SettingsError(Exception):
    """Invalid settings; the message has one line per invalid setting, with its source."""


def load_settings(
    config_file: Path | None = None,
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Load settings from defaults, TOML file, environment and flags, in rising precedence.

    flags: values by setting name, only those present on the command line.
    environ: environment variables; None: ``os.environ``. Variables that start
    with SUMMSVC_ but name no setting are ignored, because the client has its own.
    Raises SettingsError, which names each invalid setting and its source.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, object] = {}
    sources: dict[str, str] = {}
    if config_file is not None:
        values = _load_toml(config_file)
        sources = dict.fromkeys(values, str(config_file))
    for name in Settings.model_fields:
        variable = ENV_PREFIX + name.upper()
        if variable in environ:
            values[name], sources[name] = environ[variable], variable
    for name, value in (flags or {}).items():
        values[name], sources[name] = value, "--" + name.replace("_", "-")
    for name, value in values.items():
        # Bytes that are not UTF-8 are surrogates in the environment and on the command line.
        if isinstance(value, str) and not _is_unicode(value):
            raise SettingsError(f"{name}: not valid UTF-8 (from {sources[name]})")
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        lines = [_describe(details, sources) for details in error.errors()]
        raise SettingsError("\n".join(lines)) from None


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _load_toml(path: Path) -> dict[str, object]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not UTF-8 at byte {error.start}") from None
    # Deep nesting ends in RecursionError, a number of thousands of digits in ValueError.
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path}: not TOML: {error}") from None
    for name in values:
        if name not in Settings.model_fields:
            similar = difflib.get_close_matches(name, Settings.model_fields, 1)
            all_settings = "; docs/reference/settings.md lists all settings"
            hint = f"; did you mean {similar[0]}?" if similar else all_settings
            raise SettingsError(f"{path}: there is no setting '{name}'{hint}")
    return values


def _describe(error: ErrorDetails, sources: Mapping[str, str]) -> str:
    """One line: setting, problem, value and source."""
    message = str(error["msg"]).removeprefix("Value error, ")
    if not error["loc"]:
        return message
    name = str(error["loc"][0])
    if error["type"] != "value_error":
        message = f"{message[:1].lower()}{message[1:]}, not {error['input']!r}"
    return f"{name}: {message} (from {sources.get(name, 'the caller')})"
