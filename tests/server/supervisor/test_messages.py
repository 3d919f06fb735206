"""Messages over a pair of sockets, and the end of the other side."""

from __future__ import annotations

import asyncio
import socket

import pytest

from summsvc.server.supervisor import messages

WHOLE = messages.encode("health", states={"": 1}) + messages.encode("pong")
RECEIVED = [{"kind": "health", "states": {"": 1}}, {"kind": "pong"}]


def closed(sent: bytes, *, unread: bool) -> socket.socket:
    """A connection whose other side has sent bytes and is closed, with or without unread bytes."""
    ours, theirs = socket.socketpair()
    with theirs:
        if unread:
            ours.sendall(b"unread")
        theirs.sendall(sent)
    return ours


async def received_async(connection: socket.socket) -> list[messages.Message]:
    reader, writer = await asyncio.open_connection(sock=connection)
    found = [message async for message in messages.receive_async(reader)]
    writer.close()
    return found


@pytest.mark.parametrize("rest", [b"", b"\0\0", WHOLE[:10]])
async def test_messages_end_with_the_connection(rest: bytes) -> None:
    with closed(WHOLE + rest, unread=False) as connection:
        assert list(messages.receive(connection)) == RECEIVED
    assert await received_async(closed(WHOLE + rest, unread=False)) == RECEIVED


async def test_a_connection_that_is_reset_is_no_error() -> None:
    with closed(b"", unread=True) as connection:
        assert list(messages.receive(connection)) == []
    assert await received_async(closed(b"", unread=True)) == []
