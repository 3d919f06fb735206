"""A fake model hub on the loopback interface that can fail in many ways.

Serves ``GET /api/models/REPO/revision/REV?blobs=True`` and ``GET /REPO/resolve/REV/FILE``
with byte ranges, as the public hub does.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """The fake hub's content, its failures, and the requests it received.

    status: HTTP status returned instead of a listing or file for the next ``times`` requests.
    cut: bytes after which the next connections are dropped. corrupt: name of a file whose last
    byte is served wrong. token: required when not empty. gate: when set, file requests are
    answered.
    """

    folder: Path
    repository: str = "acme/tiny"
    status: int = 0
    times: int = 0
    retry_after: str = ""
    cut: list[int] = field(default_factory=list)
    corrupt: str = ""
    token: str = ""
    html: bool = False
    gate: threading.Event = field(default_factory=threading.Event)
    requests: list[tuple[str, str]] = field(default_factory=list)
    endpoint: str = ""

    def ranges(self, name: str) -> list[str]:
        """The Range header of each request for a file; "" for requests without the header."""
        return [header for path, header in self.requests if path.endswith(f"/{name}")]

    def listing(self) -> dict[str, object]:
        siblings = []
        for path in sorted(self.folder.iterdir()):
            data = path.read_bytes()
            blob = hashlib.sha1(f"blob {len(data)}\0".encode() + data).hexdigest()
            sibling: dict[str, object] = {
                "rfilename": path.name,
                "size": len(data),
                "blobId": blob,
            }
            if path.suffix in (".safetensors", ".bin", ".spm", ".h5"):
                digest = hashlib.sha256(data).hexdigest()
                sibling["lfs"] = {"size": len(data), "sha256": digest, "pointerSize": 134}
            siblings.append(sibling)
        return {"id": self.repository, "sha": COMMIT, "siblings": siblings}


@contextmanager
def serving(folder: Path) -> Iterator[Hub]:
    """Context manager: serve a folder as the repository "acme/tiny"."""
    hub = Hub(folder)
    hub.gate.set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path)
            hub.requests.append((path, self.headers.get("Range", "")))
            if hub.token and self.headers.get("authorization") != f"Bearer {hub.token}":
                self._answer(401, b"")
            elif hub.times > 0:
                hub.times -= 1
                self._answer(hub.status, b"")
            elif path.startswith(f"/api/models/{hub.repository}/revision/"):
                body = b"<html>" if hub.html else json.dumps(hub.listing()).encode()
                self._answer(200, body)
            elif path.startswith(f"/{hub.repository}/resolve/{COMMIT}/"):
                self._file(hub.folder / path.rsplit("/", 1)[1])
            else:
                self._answer(404, b"")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            if status == 404:
                self.send_header("X-Error-Code", "RepoNotFound")
            if status == 429 and hub.retry_after:
                self.send_header("Retry-After", hub.retry_after)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _file(self, path: Path) -> None:
            hub.gate.wait(30)
            data = path.read_bytes()
            if path.name == hub.corrupt:
                data = data[:-1] + bytes([data[-1] ^ 1])
            begin = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
            self.send_response(206 if begin else 200)
            if begin:
                self.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
            self.send_header("Content-Length", str(len(data) - begin))
            self.end_headers()
            if path.name == "model.safetensors" and hub.cut:
                self.wfile.write(data[begin : begin + hub.cut.pop(0)])
                self.close_connection = True
                return
            self.wfile.write(data[begin:])

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
