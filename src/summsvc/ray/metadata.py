"""What Ray's proxy and a replica tell each other: metadata keys, and marks of stream items."""

from __future__ import annotations

TIMEOUT_KEY = "summsvc-timeout-s"
"""Key of the seconds that are left to a call's deadline: Ray's context of a call has none."""

RAY_REQUEST_ID_KEY = "request_id"
"""Key under which Ray takes a request id, for its own log, and returns it."""

RAY_KEYS = frozenset({"application", "multiplexed_model_id", "session_id", RAY_REQUEST_ID_KEY})
"""Keys by which Ray's proxy chooses the application and the replica of a call."""

MESSAGE, END = b"m", b"e"
"""First byte of each item that a replica sends for a stream: a message follows, or nothing, for
the status comes with the item. Ray sends a status only with an item, and adds to each item the
status as it is when the item leaves, which may be later than when it was made."""
