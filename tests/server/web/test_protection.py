"""Requests that other web sites cause are refused, and every response has its policy."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from summsvc.config import Settings
from tests.running import Running, running

JSON = {"content-type": "application/json"}


def call(web: httpx2.Client, **headers: str) -> int:
    sent = JSON | {name.replace("_", "-"): value for name, value in headers.items()}
    return web.post("/api/GetServerInfo", content="{}", headers=sent).status_code


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "LOCALHOST:80", "localhost.", "[::1]:8080", "192.0.2.7:1"]
)
def test_addresses_and_localhost_are_allowed_as_hosts(web: httpx2.Client, host: str) -> None:
    assert call(web, host=host) == 200
    assert web.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "localhost@evil.example",
        "[::1",
        "a b",
    ],
)
def test_a_name_that_another_site_may_own_is_refused(web: httpx2.Client, host: str) -> None:
    assert call(web, host=host) == 403
    assert web.get("/", headers={"host": host}).status_code == 403


def test_a_name_of_web_hosts_is_allowed(tmp_path: Path) -> None:
    settings = Settings(
        port=0, metrics_port=-1, web="127.0.0.1:0", web_hosts=("news.example", "b.example"),
        model_dir=tmp_path,
    )  # fmt: skip
    with (
        running(settings) as server,
        httpx2.Client(base_url=server.server.web_url, timeout=60) as client,
    ):
        assert call(client, host="news.example") == 200
        assert call(client, host="News.Example:443", origin="https://news.example:443") == 200
        assert call(client, host="other.example") == 403


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost:1", "http://[::1", ""]
)
def test_calls_of_other_origins_are_refused(web: httpx2.Client, origin: str) -> None:
    assert call(web, origin=origin) == 403


def test_calls_of_the_page_are_allowed(web: httpx2.Client, web_server: Running) -> None:
    origin = web_server.server.web_url.rstrip("/")
    assert call(web, origin=origin, sec_fetch_site="same-origin") == 200
    assert call(web, sec_fetch_site="none") == 200
    assert call(web, sec_fetch_site="cross-site") == 403
    assert call(web, sec_fetch_site="same-site") == 403


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_what_a_form_can_send_is_refused(web: httpx2.Client, kind: str) -> None:
    response = web.post("/api/Summarize", content="{}", headers={"content-type": kind})
    assert response.status_code == 415


def test_every_response_has_the_policy(web: httpx2.Client) -> None:
    responses = [
        web.get("/"),
        web.get("/app.js"),
        web.get("/none"),
        web.get("/server.json"),
        web.get("/api/Summarize"),
        web.get("/", headers={"host": "evil.example"}),
        web.post("/api/GetServerInfo", json={}),
        web.post("/api/Summarize", json={}),
    ]
    assert [each.status_code for each in responses] == [200, 200, 404, 200, 405, 403, 200, 400]
    for response in responses:
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in response.headers
        assert "server" not in response.headers


def test_only_the_files_of_the_page_are_served(web: httpx2.Client) -> None:
    for path in ("/../app.py", "/..%2fapp.py", "/%2e%2e/app.py", "//etc/passwd", "/page/../app.py"):
        assert web.get(path).status_code == 404, path
