"""A web server on the loopback interface, in the form of those that publish student models.

Serves ``/HOST/PATH`` for files of any host, as a mirror does, with byte ranges, entity tags and
dates. It can fail in many ways.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

DATE = "Mon, 03 Nov 2025 10:00:00 GMT"


@dataclass
class Web:
    """The server's files, its failures, and the requests it received.

    files: content by path, ``/HOST/PATH``. status: returned in place of a file for the next
    ``times`` requests, with retry_after. cut: bytes of bodies after which the next connections
    are closed. redirected: prefix of paths that redirect to the same path below ``/moved``.
    tags, lengths, ranges: whether the server sends entity tags and lengths, and honours Range.
    gate: when cleared, bodies stop after ``held`` bytes until it is set.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    status: int = 0
    times: int = 0
    retry_after: str = ""
    cut: list[int] = field(default_factory=list)
    redirected: str = ""
    tags: bool = True
    weak: bool = False
    lengths: bool = True
    ranges: bool = True
    held: int = 1000
    gate: threading.Event = field(default_factory=threading.Event)
    requests: list[tuple[str, str, str, str]] = field(default_factory=list)
    endpoint: str = ""

    def put(self, url: str, content: bytes) -> None:
        """Serve a file that is published at ``url``."""
        parts = urlsplit(url)
        self.files[f"/{parts.netloc}{parts.path}"] = content

    def asked(self, name: str) -> list[str]:
        """The Range header of each GET request for a file; "" for requests without the header."""
        return [
            header
            for method, path, header, _ in self.requests
            if method == "GET" and path.endswith(f"/{name}")
        ]


@contextmanager
def serving() -> Iterator[Web]:
    """Context manager: a server without files."""
    web = Web()
    web.gate.set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._respond()

        def do_GET(self) -> None:
            self._respond()

        def _respond(self) -> None:
            path = urlsplit(self.path).path
            wanted = self.headers.get("Range", "")
            web.requests.append((self.command, path, wanted, self.headers.get("If-Range", "")))
            found = path.removeprefix("/moved")
            if web.times > 0:
                web.times -= 1
                headers = {"Retry-After": web.retry_after} if web.retry_after else {}
                self._send(web.status, headers, b"")
            elif web.redirected and path.startswith(web.redirected):
                self._send(302, {"Location": f"/moved{path}"}, b"")
            elif found in web.files:
                self._file(web.files[found], wanted)
            else:
                self._send(404, {}, b"404: Not Found")

        def _file(self, content: bytes, wanted: str) -> None:
            tag = f'"{hashlib.sha256(content).hexdigest()}"'
            headers = {"Last-Modified": DATE, "Accept-Ranges": "bytes"}
            if web.tags:
                headers["ETag"] = f"W/{tag}" if web.weak else tag
            condition = self.headers.get("If-Range", tag)
            match = re.fullmatch(r"bytes=(\d+)-", wanted)
            if not (web.ranges and match and condition == tag):
                self._send(200, headers, content)
                return
            begin = int(match[1])
            if begin >= len(content):
                self._send(416, {"Content-Range": f"bytes */{len(content)}"}, b"")
                return
            headers["Content-Range"] = f"bytes {begin}-{len(content) - 1}/{len(content)}"
            self._send(206, headers, content[begin:])

        def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if web.lengths or status >= 300:
                self.send_header("Content-Length", str(len(body)))
            else:
                self.send_header("Connection", "close")
                self.close_connection = True
            self.end_headers()
            if self.command == "HEAD":
                return
            if status < 300 and not web.gate.is_set():
                self.wfile.write(body[: web.held])
                self.wfile.flush()
                web.gate.wait(60)
                body = body[web.held :]
            if status < 300 and web.cut:
                self.wfile.write(body[: web.cut.pop(0)])
                self.close_connection = True
                return
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Clients that are killed close their connections."""

    server = Server(("127.0.0.1", 0), Handler)
    web.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield web
    finally:
        web.gate.set()
        server.shutdown()
        thread.join()
        server.server_close()
