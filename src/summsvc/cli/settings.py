"""Descriptions of all settings for ``serve --help`` and docs/reference/settings.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from summsvc.config import ENV_PREFIX, SETTING_GROUPS

_VALUE_SYNTAX = {
    bool: "BOOLEAN",
    int: "INTEGER",
    float: "NUMBER",
    str: "TEXT",
    Path: "PATH",
    list[str]: "ID,...",
    tuple[str, ...]: "NAME,...",
    dict[str, str]: "KEY=ID,...",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """Description of one setting.

    name: key in TOML. flag: flag of ``serve``. variable: environment variable.
    kind: syntax of values. default: default as text. group: heading in help and docs.
    """

    name: str
    flag: str
    variable: str
    kind: str
    default: str
    description: str
    group: str


def settings() -> Iterator[Setting]:
    """Yield every setting, group by group."""
    for group, members in SETTING_GROUPS.items():
        for name, field in members.model_fields.items():
            yield Setting(
                name=name,
                flag="--" + name.replace("_", "-"),
                variable=ENV_PREFIX + name.upper(),
                kind=_kind(field.annotation),
                default=_default(field),
                description=field.description or "",
                group=group,
            )


def _kind(annotation: object) -> str:
    if get_origin(annotation) is Literal:
        return "|".join(get_args(annotation))
    return (
        _VALUE_SYNTAX[annotation]
        if annotation in _VALUE_SYNTAX
        else _VALUE_SYNTAX[get_args(annotation)[0]]
    )


def _default(field: FieldInfo) -> str:
    if isinstance(field.json_schema_extra, dict):
        return str(field.json_schema_extra["default"])
    value = field.get_default(call_default_factory=True)
    if value is None or value in ([], (), {}):
        return "none"
    if isinstance(value, list):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
