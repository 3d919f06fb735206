"""All attacks by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from bench.attacks import (
    bomb,
    continuation,
    control_frames,
    dropped,
    half_open,
    rapid_reset,
    slow_readers,
    slow_senders,
)

Steps = Callable[[int], Iterator[None]]
"""An attack on the server at a port: an endless iterator, which attacks while it is advanced."""

ATTACKS: Mapping[str, Steps] = MappingProxyType(
    {
        "rapid-reset": rapid_reset.steps,
        "reset-requests": rapid_reset.with_request,
        "half-open": half_open.steps,
        "slow-senders": slow_senders.steps,
        "slow-readers": slow_readers.steps,
        "settings": control_frames.settings,
        "pings": control_frames.pings,
        "empty-data": control_frames.empty_data,
        "continuation": continuation.steps,
        "dropped": dropped.steps,
        "bomb": bomb.steps,
    }
)
