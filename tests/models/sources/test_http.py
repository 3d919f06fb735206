"""HTTP errors, pauses, redirects and the mirror of downloads of published files."""

from __future__ import annotations

import email.utils
import time
from pathlib import Path

import httpx2
import pytest

from summsvc.models.catalog import CatalogEntry
from summsvc.models.sources import published
from summsvc.models.sources.errors import PullError
from summsvc.models.sources.http import ATTEMPTS, Connection
from summsvc.models.sources.release import pinned
from tests.models.sources.conftest import BASE, CONTENT, MODEL, pull
from tests.models.web import Web

pytestmark = pytest.mark.usefixtures("pauses")


def test_attempts_pause_longer_each_time(
    entry: CatalogEntry, web: Web, staging: Path, pauses: list[float]
) -> None:
    web.cut = [0] * ATTEMPTS
    with pytest.raises(PullError):
        pull(entry, web, staging)
    assert pauses == [0.5, 1, 2, 4]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, r"HTTP 404; check SUMMSVC_MODEL_MIRROR if it is set, and the catalog"),
        (403, "HTTP 403; check the address of the mirror"),
        (400, "HTTP 400; later, try again with: summsvc models pull ours"),
    ],
)
def test_http_errors_are_reported_with_a_remedy(
    entry: CatalogEntry, web: Web, staging: Path, status: int, words: str
) -> None:
    web.status, web.times = status, 99
    with pytest.raises(PullError, match=words):
        pull(entry, web, staging)
    assert len(web.requests) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_pull_waits_for_a_busy_server(
    entry: CatalogEntry, web: Web, staging: Path, pauses: list[float], status: int
) -> None:
    web.status, web.times, web.retry_after = status, 2, "7"
    assert pull(entry, web, staging) == CONTENT
    assert pauses == [7, 7]


def test_retry_after_may_be_a_date(
    entry: CatalogEntry, web: Web, staging: Path, pauses: list[float]
) -> None:
    later = email.utils.formatdate(time.time() + 60, usegmt=True)
    web.status, web.times, web.retry_after = 429, 1, later
    assert pull(entry, web, staging) == CONTENT
    assert 0 < pauses[0] <= 60


def test_persistently_busy_server_is_reported_with_the_retry_time(
    entry: CatalogEntry, web: Web, staging: Path
) -> None:
    web.status, web.times, web.retry_after = 429, 99, "5"
    with pytest.raises(PullError, match=r"is busy \(HTTP 429\).* in 5 seconds, try again with"):
        pull(entry, web, staging)
    assert len(web.requests) == ATTEMPTS


def test_long_pause_is_left_to_the_operator(
    entry: CatalogEntry, web: Web, staging: Path, pauses: list[float]
) -> None:
    web.status, web.times, web.retry_after = 429, 99, "3600"
    with pytest.raises(PullError, match="in 3600 seconds, try again with"):
        pull(entry, web, staging)
    assert (len(web.requests), pauses) == (1, [])


def test_redirects_are_followed(entry: CatalogEntry, web: Web, staging: Path) -> None:
    web.redirected, web.cut = "/files.example/", [700]
    assert pull(entry, web, staging) == CONTENT
    assert web.asked(MODEL) == ["", "", "bytes=700-", "bytes=700-"]


def test_redirect_to_an_unencrypted_address_is_rejected(entry: CatalogEntry) -> None:
    def respond(request: httpx2.Request) -> httpx2.Response:
        if request.url.scheme == "https":
            return httpx2.Response(302, headers={"Location": "http://files.example/model"})
        return httpx2.Response(200, content=b"anything")

    with Connection(entry) as connection:
        connection._client = httpx2.Client(
            transport=httpx2.MockTransport(respond), follow_redirects=True
        )
        with pytest.raises(
            PullError, match=r"redirects to http://files\.example/model, which is not"
        ):
            connection.read("https://files.example/model", 100)


def test_mirror_stands_for_any_host(entry: CatalogEntry) -> None:
    with Connection(entry, "http://mirror.example/models/") as connection:
        assert connection.address("https://a.example/b/c") == (
            "http://mirror.example/models/a.example/b/c"
        )
        assert connection.address("http://mirror.example/models/x") == (
            "http://mirror.example/models/x"
        )
    with Connection(entry) as connection:
        assert connection.address("https://a.example/b/c") == "https://a.example/b/c"


def test_unreachable_server_is_reported_with_the_offline_procedure(
    entry: CatalogEntry, staging: Path, pauses: list[float]
) -> None:
    with (
        Connection(entry, "http://127.0.0.1:9") as connection,
        pytest.raises(PullError) as caught,
    ):
        published.download(entry, pinned(entry), connection, staging)
    for words in (
        "ours is not installed: http://127.0.0.1:9 cannot be reached",
        "MPL-2.0",
        "summsvc models pull ours",
        "SUMMSVC_MODEL_MIRROR",
        f"{BASE}/{MODEL}",
        "summsvc models add DIR --id ours",
    ):
        assert words in str(caught.value)
    assert pauses == []
