"""Messages between the supervisor and a server process, over a pair of connected sockets.

A message is a JSON object with its name under ``kind``, preceded by its length in four bytes.
The end of the connection tells either side that the other one has ended.

To the process: ``ping``, ``metrics`` (asks for them), ``reload`` (certificates and tokens),
``terminate`` (with ``wait_s``, see ``Server.stop``).
From the process: ``pong`` (sent by its event loop), ``metrics`` (with ``families``, unless they
could not be collected), ``listening`` (calls are accepted), ``health`` (with ``states`` by
service).
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

Message = dict[str, Any]

_LENGTH_BYTES = 4


def encode(kind: str, **fields: object) -> bytes:
    """Encode a message with its length."""
    data = json.dumps({"kind": kind, **fields}).encode()
    return len(data).to_bytes(_LENGTH_BYTES, "big") + data


def receive(connection: socket.socket) -> Iterator[Message]:
    """Yield the messages of a blocking socket until the other side has closed it."""
    # A side that is killed with messages unread resets the connection.
    with connection.makefile("rb") as stream, suppress(ConnectionError):
        while len(head := stream.read(_LENGTH_BYTES)) == _LENGTH_BYTES:
            length = int.from_bytes(head, "big")
            if len(data := stream.read(length)) < length:
                return
            yield json.loads(data)


async def receive_async(reader: asyncio.StreamReader) -> AsyncIterator[Message]:
    """Yield the messages of a stream until the other side has closed it."""
    try:
        while True:
            head = await reader.readexactly(_LENGTH_BYTES)
            yield json.loads(await reader.readexactly(int.from_bytes(head, "big")))
    except (asyncio.IncompleteReadError, ConnectionError):
        return
