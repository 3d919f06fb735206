"""Server settings: all groups of settings in one class, and the combinations that are rejected.

``docs/reference/settings.md`` and ``summsvc serve --help`` are generated from this class.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, model_validator

from summsvc.config.groups.callers import CallerSettings
from summsvc.config.groups.limits import LimitSettings
from summsvc.config.groups.logging import LogSettings
from summsvc.config.groups.models import ModelSettings
from summsvc.config.groups.network import NetworkSettings
from summsvc.config.groups.processes import ProcessSettings
from summsvc.config.groups.scheduling import SchedulingSettings
from summsvc.config.groups.shutdown import ShutdownSettings
from summsvc.config.groups.tracing import TracingSettings

SETTING_GROUPS: Mapping[str, type[BaseModel]] = MappingProxyType(
    {
        "Network and security": NetworkSettings,
        "Processes": ProcessSettings,
        "Logging": LogSettings,
        "Tracing": TracingSettings,
        "Models": ModelSettings,
        "Scheduling": SchedulingSettings,
        "Limits": LimitSettings,
        "Callers": CallerSettings,
        "Shutdown": ShutdownSettings,
    }
)
"""Groups of settings by their heading in help and docs, in the order of help and docs."""


class Settings(
    NetworkSettings,
    ProcessSettings,
    LogSettings,
    TracingSettings,
    ModelSettings,
    SchedulingSettings,
    LimitSettings,
    CallerSettings,
    ShutdownSettings,
):
    """Settings of one server process; immutable.

    The constructor uses its keyword arguments and the defaults only.
    ``load_settings`` also reads the environment and files.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="after")
    def _validate_tls(self) -> Settings:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key go together; only one of them is set")
        if self.tls_client_ca is not None and self.tls_cert is None:
            raise ValueError("tls_client_ca needs tls_cert and tls_key")
        if self.metrics_tls and self.tls_cert is None:
            raise ValueError("metrics_tls needs tls_cert and tls_key")
        if self.tls_ciphers and self.tls_min_version == "1.3":
            raise ValueError("tls_ciphers are of TLS 1.2, which tls_min_version rejects")
        return self

    @model_validator(mode="after")
    def _validate_web(self) -> Settings:
        if self.web and self.processes != 1:
            raise ValueError(
                "web needs processes 1: the page calls one server process; start another server "
                "for it"
            )
        return self
