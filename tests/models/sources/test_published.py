"""Downloads of published files, with every kind of server and network failure."""

from __future__ import annotations

import dataclasses
import email.utils
import gzip
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import httpx2
import pytest

from summsvc.models.catalog import CatalogEntry, PublishedFile
from summsvc.models.sources import published
from summsvc.models.sources.errors import PullError
from summsvc.models.sources.http import ATTEMPTS, Connection
from summsvc.models.sources.release import Release, pinned
from tests.models.sources.conftest import BASE, CONTENT, PACKED
from tests.models.web import Web

MODEL = "model.enru.bin.gz"
SIZE = len(PACKED[MODEL])

pytestmark = pytest.mark.usefixtures("pauses")


def pull(
    entry: CatalogEntry, web: Web, staging: Path, release: Release | None = None
) -> dict[str, bytes]:
    """Download; returns the unpacked files."""
    with Connection(entry, web.endpoint) as connection:
        folder = published.download(entry, release or pinned(entry), connection, staging)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def unhashed(entry: CatalogEntry) -> Release:
    """The release without hashes and sizes, as from an index."""
    release = pinned(entry)
    return dataclasses.replace(
        release, files=tuple((url, PublishedFile(name=file.name)) for url, file in release.files)
    )


def test_files_are_unpacked(entry: CatalogEntry, web: Web, staging: Path) -> None:
    assert pull(entry, web, staging) == CONTENT
    assert [len(web.asked(name)) for name in PACKED] == [1, 1, 1]


def test_verified_files_are_not_requested_again(
    entry: CatalogEntry, web: Web, staging: Path
) -> None:
    pull(entry, web, staging)
    web.requests.clear()
    assert pull(entry, web, staging) == CONTENT
    assert web.requests == []


@pytest.mark.parametrize("hashes", [True, False])
@pytest.mark.parametrize("tags", [True, False])
def test_cut_connections_are_resumed(
    entry: CatalogEntry, web: Web, staging: Path, hashes: bool, tags: bool
) -> None:
    web.cut, web.tags = [SIZE // 3, 500], tags
    assert pull(entry, web, staging, None if hashes else unhashed(entry)) == CONTENT
    third = f"bytes={SIZE // 3}-"
    resumed = ["", third, f"bytes={SIZE // 3 + 500}-"]
    # Without hash and entity tag nothing says that the server still has the same file.
    assert web.asked(MODEL) == (resumed if hashes or tags else ["", "", ""])


def test_next_pull_resumes(entry: CatalogEntry, web: Web, staging: Path) -> None:
    web.cut = [700] + [0] * ATTEMPTS
    with pytest.raises(PullError, match=r"what was downloaded is kept; later, try again with"):
        pull(entry, web, staging)
    web.cut = []
    web.requests.clear()
    assert pull(entry, web, staging) == CONTENT
    assert web.asked(MODEL) == ["bytes=700-"]
    assert [condition for _, _, wanted, condition in web.requests if wanted] == [
        f'"{entry.files[0].sha256}"'
    ]


def test_weak_entity_tag_is_not_a_condition(entry: CatalogEntry, web: Web, staging: Path) -> None:
    web.cut, web.weak = [700], True
    assert pull(entry, web, staging) == CONTENT
    assert [each[2:] for each in web.requests if each[2]] == [("bytes=700-", "")]


def test_attempts_pause_longer_each_time(
    entry: CatalogEntry, web: Web, staging: Path, pauses: list[float]
) -> None:
    web.cut = [0] * ATTEMPTS
    with pytest.raises(PullError):
        pull(entry, web, staging)
    assert pauses == [0.5, 1, 2, 4]


def test_server_without_ranges_sends_the_file_again(
    entry: CatalogEntry, web: Web, staging: Path
) -> None:
    web.cut, web.ranges = [700], False
    assert pull(entry, web, staging) == CONTENT
    assert web.asked(MODEL) == ["", "bytes=700-"]


def test_file_that_changed_is_downloaded_from_its_beginning(
    entry: CatalogEntry, web: Web, staging: Path
) -> None:
    release = unhashed(entry)
    web.cut = [700] + [0] * ATTEMPTS
    with pytest.raises(PullError):
        pull(entry, web, staging, release)
    web.cut = []
    web.put(f"{BASE}/{MODEL}", gzip.compress(b"another model"))
    assert pull(entry, web, staging, release)["model.enru.bin"] == b"another model"


def test_other_release_does_not_continue_with_these_bytes(
    entry: CatalogEntry, web: Web, staging: Path
) -> None:
    pull(entry, web, staging)
    moved = "https://files.example/other"
    for name in PACKED:
        web.put(f"{moved}/{name}", gzip.compress(b"other " + name.encode()))
    files = tuple((f"{moved}/{name}", PublishedFile(name=name)) for name in PACKED)
    found = pull(entry, web, staging, Release("other", "", files))
    assert found["model.enru.bin"] == b"other model.enru.bin.gz"


def test_damaged_remains_are_downloaded_once_more(
    entry: CatalogEntry, web: Web, staging: Path
) -> None:
    pull(entry, web, staging)
    part = staging / "packed" / MODEL
    for damaged in (b"\0" * SIZE, part.read_bytes()[:-1] + b"\1", part.read_bytes() + b"more"):
        part.write_bytes(damaged)
        web.requests.clear()
        assert pull(entry, web, staging) == CONTENT
        assert web.asked(MODEL) == [""]


def test_remains_without_their_facts_are_discarded(
    entry: CatalogEntry, web: Web, staging: Path
) -> None:
    pull(entry, web, staging)
    (staging / "packed" / f"{MODEL}.json").write_text("{")
    (staging / "model" / "left.part").write_bytes(b"left")
    (staging / "config.json").write_text("of another source")
    web.requests.clear()
    assert pull(entry, web, staging) == CONTENT
    assert web.asked(MODEL) == [""]


def test_remains_longer_than_the_file_are_discarded(
    entry: CatalogEntry, web: Web, staging: Path
) -> None:
    release = unhashed(entry)
    web.cut = [700] + [0] * ATTEMPTS
    with pytest.raises(PullError):
        pull(entry, web, staging, release)
    web.cut = []
    web.put(f"{BASE}/{MODEL}", gzip.compress(b"short"))
    assert pull(entry, web, staging, release)["model.enru.bin"] == b"short"


@pytest.mark.parametrize("name", list(PACKED))
def test_wrong_hash_is_rejected_and_the_file_deleted(
    entry: CatalogEntry, web: Web, staging: Path, name: str
) -> None:
    content = CONTENT[name.removesuffix(".gz")]
    changed = bytearray(PACKED[name])
    changed[4] ^= 1  # the date in gzip's header
    assert gzip.decompress(bytes(changed)) == content
    web.put(f"{BASE}/{name}", bytes(changed))
    with pytest.raises(PullError) as caught:
        pull(entry, web, staging)
    assert f"ours: {name} from {web.endpoint}/files.example/models/enru/{name} " in str(
        caught.value
    )
    assert "has the SHA-256" in str(caught.value)
    assert "nothing was installed; try again with: summsvc models pull ours" in str(caught.value)
    assert len(web.asked(name)) == 1
    web.put(f"{BASE}/{name}", PACKED[name])
    assert pull(entry, web, staging) == CONTENT
    assert web.asked(name) == ["", ""]


def with_model(entry: CatalogEntry, **changes: object) -> CatalogEntry:
    first, *rest = entry.files
    return entry.model_copy(update={"files": (first.model_copy(update=changes), *rest)})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"unpacked_sha256": "f" * 64}, f"unpacked instead of {'f' * 64}"),
        ({"unpacked_size": 1_000_000}, "bytes unpacked instead of 1,000,000"),
        ({"unpacked_size": 1000}, "unpacks to more than 1,000 bytes"),
        ({"size": SIZE + 1}, f"has {SIZE:,} bytes instead of {SIZE + 1:,}"),
        ({"size": SIZE - 1}, f"has {SIZE:,} bytes instead of {SIZE - 1:,}"),
    ],
)
def test_file_that_differs_from_the_catalog_is_rejected(
    entry: CatalogEntry, web: Web, staging: Path, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(PullError, match=words):
        pull(with_model(entry, **changes), web, staging)
    assert not any((staging / "model").glob("*.bin"))


@pytest.mark.parametrize("size", [SIZE - 1, SIZE + 1])
def test_wrong_size_is_noticed_without_a_stated_length(
    entry: CatalogEntry, web: Web, staging: Path, size: int
) -> None:
    web.lengths = False
    with pytest.raises(PullError, match=r"more than|instead of"):
        pull(with_model(entry, size=size), web, staging)


@pytest.mark.parametrize("hashes", [True, False])
def test_gzip_bomb_ends_early(entry: CatalogEntry, web: Web, staging: Path, hashes: bool) -> None:
    bomb = gzip.compress(bytes(64 << 20))
    web.put(f"{BASE}/{MODEL}", bomb)
    changes: dict[str, object] = {"size": len(bomb), "unpacked_size": 0}
    if not hashes:
        changes |= {"sha256": "", "unpacked_sha256": ""}
    with pytest.raises(PullError, match="unpacks to more than"):
        pull(with_model(entry, **changes), web, staging)
    assert sum(path.stat().st_size for path in staging.rglob("*")) < 40 * len(bomb)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<html>Log in first</html>", "is not a valid gzip file"),
        (PACKED[MODEL][:-20], "fewer bytes than before|ended after|ends after"),
        (PACKED[MODEL] + b"garbage", "is not a valid gzip file"),
        (PACKED[MODEL][:-8] + b"\0" * 8, "is not a valid gzip file"),
        (b"", "ended after 0 bytes"),
    ],
)
def test_content_that_is_no_gzip_file_is_rejected(
    entry: CatalogEntry, web: Web, staging: Path, content: bytes, words: str
) -> None:
    web.put(f"{BASE}/{MODEL}", content)
    with pytest.raises(PullError, match=words):
        pull(entry, web, staging, unhashed(entry))


def test_file_that_is_published_unpacked(entry: CatalogEntry, web: Web, staging: Path) -> None:
    url = f"{BASE}/plain.spm"
    web.put(url, b"pieces")
    web.cut = [3]
    release = Release("", "", ((url, PublishedFile(name="plain.spm", size=6)),))
    assert pull(entry, web, staging, release) == {"plain.spm": b"pieces"}


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


def test_insufficient_disk_space_is_reported_before_the_download(
    entry: CatalogEntry, web: Web, staging: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10))
    with pytest.raises(PullError, match="the download needs 0 MB, but 0 MB are free"):
        pull(entry, web, staging)
    assert web.requests == []
