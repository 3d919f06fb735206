"""Settings that a supervisor hands over to a server process, in an environment variable."""

from __future__ import annotations

import os

from pydantic import BaseModel

from summsvc.config.settings import Settings

VARIABLE = "SUMMSVC_HANDOVER"
"""Environment variable of a process that a supervisor has started."""


class Handover(BaseModel):
    """What a server process needs to know.

    The settings are those of the supervisor, so that all processes have the same ones, also
    when a settings file has changed before one of them is started again.

    number: of the process, from 1. connection: file descriptor of its connection with the
    supervisor. preload_first: whether it loads its models before it listens.
    """

    number: int
    connection: int
    preload_first: bool
    settings: Settings

    def environment(self) -> dict[str, str]:
        """Return the environment of the process."""
        return {**os.environ, VARIABLE: self.model_dump_json()}


def take() -> Handover | None:
    """Return what a supervisor gave to this process, once; None for no supervisor."""
    text = os.environ.pop(VARIABLE, "")
    return Handover.model_validate_json(text) if text else None
