"""An incomplete download on disk, with what identifies the version that the server sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

READ_BYTES = 1 << 18
"""Bytes of a file on disk that are read per step."""


class Part:
    """The bytes of a file received so far, kept from one pull to the next.

    Beside them is a small file with the address, the entity tag and the size that the server
    stated; bytes without it, or of another address, are discarded. hash_known: whether the
    complete file can be compared with a hash. Without one, bytes are kept only when an entity
    tag tells whether the server still has the same file. joined: whether the bytes come from
    more than one response. total: size that the server stated, 0 for none.
    """

    def __init__(self, path: Path, url: str, *, hash_known: bool) -> None:
        self.path = path
        self._facts = path.with_name(f"{path.name}.json")
        self._url = url
        self._hash_known = hash_known
        self.tag = ""
        self.total = 0
        self.joined = False
        kept = self._load()
        self._stream = path.open("ab")
        if kept:
            self.joined = self.size > 0
        else:
            self.restart()

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return self._stream.tell()

    @property
    def resumable(self) -> bool:
        """Whether the rest of the file can be requested."""
        return self.size > 0 and bool(self._hash_known or self.tag)

    def _load(self) -> bool:
        try:
            facts = json.loads(self._facts.read_text("utf-8"))
            self.tag, self.total = str(facts["tag"]), int(facts["total"])
            same = facts["url"] == self._url
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return False
        return same and bool(self._hash_known or self.tag)

    def restart(self, tag: str = "", total: int = 0) -> None:
        """Discard all bytes; tag, total: of the version that the server is about to send."""
        self._stream.seek(0)
        self._stream.truncate()
        self.tag, self.total, self.joined = tag, total, False
        facts = {"url": self._url, "tag": tag, "total": total}
        self._facts.write_text(json.dumps(facts), "utf-8")

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes on disk."""
        self._stream.flush()
        with self.path.open("rb") as stream:
            while chunk := stream.read(READ_BYTES):
                yield chunk

    def append(self, data: bytes) -> None:
        """Append bytes."""
        self._stream.write(data)

    def close(self) -> None:
        """Close the file; it stays on disk."""
        self._stream.close()
