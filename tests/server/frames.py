"""HTTP/2 frames by hand (RFC 9113): what no gRPC client sends."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from types import TracebackType

DATA, HEADERS, RST_STREAM, SETTINGS = 0, 1, 3, 4
END_STREAM, END_HEADERS, ACK = 1, 4, 1
REFUSED_STREAM = 7
MAX_CONCURRENT_STREAMS = 3
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return (
        struct.pack(">I", len(payload))[1:]
        + bytes((kind, flags))
        + struct.pack(">I", stream)
        + payload
    )


def headers(method: str, **more: str) -> bytes:
    """A gRPC call's headers, literal and not indexed (RFC 7541, 6.2.2); all below 127 bytes.

    more: further ones, with underscores for hyphens.
    """
    fields = {
        ":path": method,
        ":authority": "localhost",
        "te": "trailers",
        "content-type": "application/grpc",
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    # POST and http of the static table come first.
    literal = [
        b"\x00" + bytes((len(name),)) + name.encode() + bytes((len(value),)) + value.encode()
        for name, value in fields.items()
    ]
    return b"\x83\x86" + b"".join(literal)


class Wire:
    """A connection to a server on this machine that sends what it is told and no more.

    settings: what the server allows, value by number.
    """

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._source = self._socket.makefile("rb")
        self._socket.sendall(PREFACE + frame(SETTINGS, 0, 0))
        kind, _, _, payload = next(self.frames())
        assert kind == SETTINGS
        self.settings = {
            int.from_bytes(payload[at : at + 2]): int.from_bytes(payload[at + 2 : at + 6])
            for at in range(0, len(payload), 6)
        }
        # Before that the server would refuse more than a few streams for this alone.
        self.send(frame(SETTINGS, ACK, 0))

    def __enter__(self) -> Wire:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._source.close()
        self._socket.close()

    def send(self, *frames: bytes) -> None:
        self._socket.sendall(b"".join(frames))

    def open(self, method: str, streams: range, flags: int = END_HEADERS) -> None:
        """Send headers and no message on streams ``1 + 2 * n``."""
        block = headers(method)
        self.send(*(frame(HEADERS, flags, 1 + 2 * number, block) for number in streams))

    def call(self, method: str, message: bytes, stream: int = 1, **more: str) -> None:
        """Send a whole call; gRPC takes in as much at once as these tests send."""
        body = b"\0" + struct.pack(">I", len(message)) + message
        parts = [body[at : at + 16384] for at in range(0, len(body), 16384)]
        self.send(frame(HEADERS, END_HEADERS, stream, headers(method, **more)))
        for part in parts:
            self.send(frame(DATA, END_STREAM if part is parts[-1] else 0, stream, part))

    def frames(self) -> Iterator[tuple[int, int, int, bytes]]:
        """Kind, flags, stream and payload of what the server sends; ends with the connection."""
        while len(head := self._source.read(9)) == 9:
            payload = self._source.read(int.from_bytes(head[:3]))
            yield head[3], head[4], int.from_bytes(head[5:]), payload
