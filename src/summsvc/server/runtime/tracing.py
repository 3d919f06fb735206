"""The tracer that the settings ask for."""

from __future__ import annotations

from summsvc.config import Settings, SettingsError
from summsvc.tracing import Tracer


def create_tracer(settings: Settings) -> Tracer:
    """Create the tracer of a process; it starts a thread, so it does not outlive a fork.

    Raises SettingsError when tracing is on and the extra ``otel`` is not installed.
    """
    if not settings.tracing:
        return Tracer()
    try:
        from summsvc.server.runtime.otel import OtelTracer
    except ImportError as error:
        raise SettingsError(
            f"tracing: the package of '{error.name}' is missing; "
            "install the extra otel: pip install 'summsvc[otel]'"
        ) from error
    return OtelTracer(settings)
