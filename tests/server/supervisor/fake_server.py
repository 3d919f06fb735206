"""A server process in a few lines: python fake_server.py BEHAVIOUR[,BEHAVIOUR...]

The process with the number N has the Nth behaviour, or the last one. It imports nothing of
summsvc, so that it starts at once.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from typing import Any


def main() -> None:
    handover = json.loads(os.environ["SUMMSVC_HANDOVER"])
    behaviours = sys.argv[1].split(",")
    behaviour = behaviours[min(handover["number"], len(behaviours)) - 1]
    connection = socket.socket(fileno=handover["connection"])

    def send(message: dict[str, Any]) -> None:
        data = json.dumps(message).encode()
        connection.sendall(len(data).to_bytes(4, "big") + data)

    if behaviour == "exit":
        sys.exit(7)
    if behaviour == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if behaviour == "never":
        time.sleep(600)
    send({"kind": "health", "states": {"": 1, "preload first": handover["preload_first"]}})
    send({"kind": "listening"})
    if behaviour == "short":
        return
    stream = connection.makefile("rb")
    failures = 1 if behaviour == "fails once" else 0
    while head := stream.read(4):
        message = json.loads(stream.read(int.from_bytes(head, "big")))
        if message["kind"] == "ping" and behaviour != "deaf":
            send({"kind": "pong"})
        if message["kind"] == "metrics" and failures:
            failures -= 1
            send({"kind": "metrics"})
        elif message["kind"] == "metrics" and behaviour != "silent":
            samples = [["calls_total", {}, 10, None]]
            families = [["calls", "Calls.", "counter", "", samples]]
            send({"kind": "metrics", "families": families})
        if message["kind"] == "terminate" and behaviour != "stubborn":
            return


if __name__ == "__main__":
    main()
