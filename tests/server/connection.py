"""Raw HTTP/2 client connection, for frame sequences that no gRPC library sends."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain
from types import TracebackType

from tests.server.frames import (
    ACK,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    INITIAL_WINDOW_SIZE,
    PING,
    PREFACE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    frame,
    headers,
    message,
)

DEFAULT_WINDOW = 65_535
"""Bytes that each peer may send on a new connection (RFC 9113, section 6.9.2)."""


class RawConnection:
    """Connection to a server on this machine that sends the given frames only.

    settings: the server's HTTP/2 settings, value by number. Raises ConnectionRefusedError when
    the server closes the connection instead of sending them.
    """

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._sending = threading.Lock()
        self._source = self._socket.makefile("rb")
        try:
            self._socket.sendall(PREFACE + frame(SETTINGS, 0, 0))
            kind, _, _, payload = next(self.frames())
        except (OSError, StopIteration):
            self.close()
            raise ConnectionRefusedError("the server has closed the connection") from None
        assert kind == SETTINGS
        self.settings = {
            int.from_bytes(payload[at : at + 2]): int.from_bytes(payload[at + 2 : at + 6])
            for at in range(0, len(payload), 6)
        }
        # Before the acknowledgement the server rejects more than a few streams.
        self.send(frame(SETTINGS, ACK, 0))

    def __enter__(self) -> RawConnection:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        # Otherwise it would wait for a thread that reads.
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._source.close()
        self._socket.close()

    def send(self, *frames: bytes) -> None:
        with self._sending:
            self._socket.sendall(b"".join(frames))

    def open(self, method: str, streams: range, flags: int = END_HEADERS) -> None:
        """Send headers and no message on streams ``1 + 2 * n``."""
        self.send(*(headers(1 + 2 * number, method, flags) for number in streams))

    def call(self, method: str, data: bytes, stream: int = 1, **more: str) -> None:
        """Send a complete call; the tests' messages fit into gRPC's flow-control window."""
        self.send(headers(stream, method, END_HEADERS, **more), message(stream, data))

    def send_paced(self, stream: int, data: Sequence[bytes]) -> list[tuple[int, bytes]]:
        """Send frames of data as far as the server's windows allow, and wait for the call's end.

        Returns kind and payload of the frames that were received on the stream. Raises
        ConnectionResetError when the server closes the connection.
        """
        windows = {0: DEFAULT_WINDOW, stream: self.settings.get(INITIAL_WINDOW_SIZE, 0)}
        waiting, received = list(data), list[tuple[int, bytes]]()
        for kind, flags, on, payload in chain([(None, 0, 0, b"")], self.frames()):
            if kind == WINDOW_UPDATE and on in windows:
                windows[on] += int.from_bytes(payload)
            elif kind == PING and not flags & ACK:
                self.send(frame(PING, ACK, 0, payload))
            elif kind == GOAWAY:
                break
            elif on == stream:
                received.append((kind or 0, payload))
                if kind == RST_STREAM or flags & END_STREAM:
                    return received
            while waiting and min(windows.values()) >= len(waiting[0]):
                for each in windows:
                    windows[each] -= len(waiting[0])
                self.send(waiting.pop(0))
        raise ConnectionResetError("the server has closed the connection")

    def answer_pings(self) -> None:
        """Discard all that is received, and answer pings, until the connection is closed."""
        with suppress(OSError, ValueError):
            for kind, flags, _, payload in self.frames():
                if kind == PING and not flags & ACK:
                    self.send(frame(PING, ACK, 0, payload))

    def frames(self) -> Iterator[tuple[int, int, int, bytes]]:
        """Yield kind, flags, stream and payload of each received frame, until it is closed."""
        while len(head := self._source.read(9)) == 9:
            payload = self._source.read(int.from_bytes(head[:3]))
            yield head[3], head[4], int.from_bytes(head[5:]), payload
