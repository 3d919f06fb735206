"""Web pages as inputs, from a server on this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest

from summsvc.cli import web
from summsvc.cli.inputs import InputError, find_sources
from summsvc.types import MimeType
from tests.articles.pages.test_page import LEAD, PAGE, SECOND, THIRD
from tests.cli.conftest import Summsvc

ANSWERS: dict[str, tuple[int, dict[str, str], bytes]] = {
    "/page": (200, {"content-type": "text/html; charset=utf-8"}, "<p>Ąžuolas</p>".encode()),
    "/news": (200, {"content-type": "text/html; charset=utf-8"}, PAGE.encode()),
    "/cyrillic": (
        200,
        {"content-type": "text/html; charset=windows-1251"},
        "Порт".encode("cp1251"),
    ),
    "/meta": (
        200,
        {"content-type": "text/html"},
        "<meta charset=windows-1257>ąžuolas".encode("cp1257"),
    ),
    "/latin": (200, {"content-type": "text/plain; charset=iso-8859-1"}, b"\x93port\x94"),
    "/mark": (200, {"content-type": "text/plain; charset=latin-1"}, "\ufeffostas".encode()),
    "/control": (200, {"content-type": "text/plain"}, b"a\x0cb\x00c"),
    "/pdf": (200, {"content-type": "application/pdf"}, b"%PDF-1.7"),
    "/missing": (404, {"content-type": "text/html"}, b"<p>no such page</p>"),
    "/moved": (302, {"location": "/page"}, b""),
    "/circle": (302, {"location": "/circle"}, b""),
    "/file": (302, {"location": "file:///etc/hostname"}, b""),
    "/large": (200, {"content-type": "text/plain"}, b"a" * (web.MAX_BYTES + 1)),
}


class Handler(BaseHTTPRequestHandler):
    """Answers with ``ANSWERS``."""

    def do_GET(self) -> None:
        status, headers, body = ANSWERS[self.path]
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(ConnectionError):
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write nothing to standard error."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("path", "text", "kind"),
    [
        ("/page", "<p>Ąžuolas</p>", MimeType.HTML),
        ("/moved", "<p>Ąžuolas</p>", MimeType.HTML),
        ("/cyrillic", "Порт", MimeType.HTML),
        ("/meta", "<meta charset=windows-1257>ąžuolas", MimeType.HTML),
        ("/latin", "“port”", MimeType.PLAIN),
        ("/mark", "ostas", MimeType.PLAIN),
        ("/control", "a b c", MimeType.PLAIN),
    ],
)
def test_text_is_decoded_as_declared(site: str, path: str, text: str, kind: MimeType) -> None:
    page = web.fetch(site + path)
    assert (page.decoded.text, page.mime_type) == (text, kind)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/pdf", "is application/pdf, not a text or a web page"),
        ("/missing", "the web server answers HTTP 404"),
        ("/circle", "more than 5 redirects"),
        ("/file", "neither http nor https"),
        ("/large", "has more than 8 MiB"),
    ],
)
def test_what_is_no_text_within_the_limits_is_an_input_error(
    site: str, path: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        web.fetch(site + path)


def test_the_time_limit_counts_all_redirects(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 10_000, 20))
    monkeypatch.setattr(web, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    with pytest.raises(InputError, match="no complete answer within 30 seconds"):
        web.fetch(site + "/circle")


def test_an_address_without_a_server_is_an_input_error() -> None:
    with pytest.raises(InputError, match="cannot be fetched"):
        web.fetch("http://127.0.0.1:9/")


def test_an_address_is_one_source(site: str) -> None:
    (source,) = find_sources([f"{site}/page"])
    article = source.load(title="", language="lt", mime_type=None)
    assert (article.body, article.mime_type) == ("<p>Ąžuolas</p>", MimeType.HTML)
    assert source.load(title="", language="lt", mime_type="text/plain").mime_type is MimeType.PLAIN


def test_of_the_page_at_an_address_the_article_is_summarized(site: str, summsvc: Summsvc) -> None:
    done = summsvc("summarize", f"{site}/news", "--sentences", "1", "--json")
    assert done.returncode == 0, done.stderr
    reply = json.loads(done.stdout)
    assert reply["summary"] in (LEAD, SECOND, THIRD)
    assert reply["page"]["title"] == "Harbour opens after the storm"
    assert "WARNING_TYPE_PAGE_FURNITURE_REMOVED" in done.stdout
