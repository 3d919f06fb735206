"""HTTP/2 frames by hand (RFC 9113), for clients that no gRPC library would be."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS, PING = 0, 1, 4, 6
END_STREAM, END_HEADERS, ACK = 1, 4, 1
INITIAL_WINDOW_SIZE = 4
MOST = 16_384
"""Bytes of a frame that every peer accepts."""


def connect(address: str, window: int = 65_535) -> socket.socket:
    """A connection that reads nothing by itself; window: bytes it lets each stream send."""
    host, _, port = address.rpartition(":")
    made = socket.create_connection((host, int(port)), timeout=30)
    made.sendall(PREFACE + frame(SETTINGS, 0, 0, struct.pack(">HI", INITIAL_WINDOW_SIZE, window)))
    return made


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def headers(stream: int, method: str, **metadata: str) -> bytes:
    """The beginning of a call; nothing else of it has to follow."""
    fields = {
        ":path": method,
        ":authority": "test",
        "te": "trailers",
        "content-type": "application/grpc",
        **{name.replace("_", "-"): value for name, value in metadata.items()},
    }
    # POST and http stand in the static table of HPACK (RFC 7541).
    block = b"\x83\x86" + b"".join(_field(*each) for each in fields.items())
    return frame(HEADERS, END_HEADERS, stream, block)


def message(stream: int, data: bytes) -> bytes:
    """The only message of a call, and the end of what is sent for it."""
    data = b"\0" + struct.pack(">I", len(data)) + data
    parts = [data[at : at + MOST] for at in range(0, len(data), MOST)]
    sent = [frame(DATA, 0, stream, part) for part in parts[:-1]]
    return b"".join([*sent, frame(DATA, END_STREAM, stream, parts[-1])])


def wait_until_read(connection: socket.socket) -> None:
    """Wait until the server has read all that was sent; it answers a ping in its turn."""
    connection.sendall(frame(PING, 0, 0, b"all read"))
    wait_for(connection, PING)


def wait_for(connection: socket.socket, kind: int) -> None:
    """Wait for a frame; it and those before are thrown away."""
    received = connection.makefile("rb")
    while True:
        head = received.read(9)
        received.read(int.from_bytes(head[:3], "big"))
        if head[3] == SETTINGS and not head[4] & ACK:
            # A server closes a connection whose client never agrees.
            connection.sendall(frame(SETTINGS, ACK, 0, b""))
        if head[3] == kind:
            return


def stay(connection: socket.socket) -> None:
    """Answer pings in a thread: a server that ends closes connections that do not in 20 s."""
    threading.Thread(target=_answer, args=(connection,), daemon=True).start()


def _answer(connection: socket.socket) -> None:
    received = connection.makefile("rb")
    with suppress(OSError):
        while head := received.read(9):
            payload = received.read(int.from_bytes(head[:3], "big"))
            if head[3] == PING and not head[4] & ACK:
                connection.sendall(frame(PING, ACK, 0, payload))


def _field(name: str, value: str) -> bytes:
    """A literal header field that is not indexed; both of less than 127 bytes."""
    assert max(len(name), len(value)) < 127
    return b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
