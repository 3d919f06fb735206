"""Encoding of HTTP/2 frames (RFC 9113), for clients that no gRPC library can imitate."""

from __future__ import annotations

import socket
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = (
    0, 1, 3, 4, 6, 7, 8, 9,
)  # fmt: skip
END_STREAM, END_HEADERS, ACK = 1, 4, 1
REFUSED_STREAM = 7
MAX_CONCURRENT_STREAMS = 3
INITIAL_WINDOW_SIZE = 4
MAX_HEADER_LIST_SIZE = 6
TRANSLATE = "/summsvc.v1.TranslationService/Translate"
"""Path of the method that raw clients call, when any will do."""

MAX_FRAME_BYTES = 16_384
"""Largest frame that every peer accepts, in bytes."""


def connect(address: str, window: int = 65_535) -> socket.socket:
    """Open a connection that reads only on request. window: initial window size in bytes."""
    host, _, port = address.rpartition(":")
    made = socket.create_connection((host, int(port)), timeout=30)
    made.sendall(PREFACE + frame(SETTINGS, 0, 0, struct.pack(">HI", INITIAL_WINDOW_SIZE, window)))
    return made


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def headers(stream: int, method: str, flags: int = END_HEADERS, **metadata: str) -> bytes:
    """Encode the headers of a call, which may stay without a message."""
    fields = {
        ":path": method,
        ":authority": "test",
        "te": "trailers",
        "content-type": "application/grpc",
        **{name.replace("_", "-"): value for name, value in metadata.items()},
    }
    # 0x83 and 0x86 are POST and http in the static table of HPACK (RFC 7541).
    block = b"\x83\x86" + b"".join(_field(*each) for each in fields.items())
    return frame(HEADERS, flags, stream, block)


def message(stream: int, data: bytes) -> bytes:
    """Encode the only message of a call, with the end of its stream."""
    return b"".join(message_frames(stream, data))


def message_frames(stream: int, data: bytes, compressed: int = 0) -> list[bytes]:
    """Encode the only message of a call, with the end of its stream, as separate frames."""
    data = bytes([compressed]) + struct.pack(">I", len(data)) + data
    parts = [data[at : at + MAX_FRAME_BYTES] for at in range(0, len(data), MAX_FRAME_BYTES)]
    sent = [frame(DATA, 0, stream, part) for part in parts[:-1]]
    return [*sent, frame(DATA, END_STREAM, stream, parts[-1])]


def wait_until_read(connection: socket.socket) -> None:
    """Wait until the server has read all sent frames; it answers a ping in order."""
    connection.sendall(frame(PING, 0, 0, b"all read"))
    wait_for(connection, PING)


def wait_for(connection: socket.socket, kind: int) -> None:
    """Wait for a frame of a kind; discards it and all frames before it."""
    received = connection.makefile("rb")
    while True:
        head = received.read(9)
        received.read(int.from_bytes(head[:3], "big"))
        if head[3] == SETTINGS and not head[4] & ACK:
            # A server closes a connection whose client does not acknowledge the settings.
            connection.sendall(frame(SETTINGS, ACK, 0))
        if head[3] == kind:
            return


def _field(name: str, value: str) -> bytes:
    """Encode a literal header field without indexing, of a name and value under 127 bytes."""
    assert max(len(name), len(value)) < 127
    return b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
