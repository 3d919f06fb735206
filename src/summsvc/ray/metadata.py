"""Metadata keys between Ray's proxy and a replica, and those that Ray reads itself."""

from __future__ import annotations

TIMEOUT_KEY = "summsvc-timeout-s"
"""Key of the seconds that are left to a call's deadline: Ray's context of a call has none."""

RAY_REQUEST_ID_KEY = "request_id"
"""Key under which Ray takes a request id, for its own log, and returns it."""

RAY_KEYS = frozenset({"application", "multiplexed_model_id", "session_id", RAY_REQUEST_ID_KEY})
"""Keys by which Ray's proxy chooses the application and the replica of a call."""
