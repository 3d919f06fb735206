"""Floods of frames that cost their sender nothing: settings, pings and empty data."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.attacks.connections import one_by_one
from tests.server import frames
from tests.server.connection import RawConnection

FRAMES_PER_STEP = 1_000


def settings(port: int) -> Iterator[None]:
    """Send ``FRAMES_PER_STEP`` settings in each step, and read none of the acknowledgements."""
    return one_by_one(port, partial(_flood, frames.frame(frames.SETTINGS, 0, 0)))


def pings(port: int) -> Iterator[None]:
    """Send ``FRAMES_PER_STEP`` pings in each step, and read none of the answers."""
    return one_by_one(port, partial(_flood, frames.frame(frames.PING, 0, 0, b"a flood.")))


def empty_data(port: int) -> Iterator[None]:
    """Send ``FRAMES_PER_STEP`` frames without data on an open stream in each step."""
    return one_by_one(port, partial(_flood, frames.frame(frames.DATA, 0, 1)))


def _flood(frame: bytes, wire: RawConnection) -> Iterator[None]:
    wire.open(frames.TRANSLATE, range(1))
    while True:
        wire.send(frame * FRAMES_PER_STEP)
        yield
