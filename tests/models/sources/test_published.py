"""Downloads of published files, with every kind of server and network failure."""

from __future__ import annotations

import dataclasses
import gzip
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from summsvc.models.catalog import CatalogEntry, PublishedFile
from summsvc.models.sources.errors import PullError
from summsvc.models.sources.http import ATTEMPTS
from summsvc.models.sources.release import Release, pinned
from tests.models.sources.conftest import BASE, CONTENT, MODEL, PACKED, pull
from tests.models.web import Web

SIZE = len(PACKED[MODEL])

pytestmark = pytest.mark.usefixtures("pauses")


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


def test_server_without_ranges_sends_the_file_again(
    entry: CatalogEntry, web: Web, staging: Path
) -> None:
    web.cut, web.ranges = [700], False
    assert pull(entry, web, staging) == CONTENT
    assert web.asked(MODEL) == ["", "bytes=700-"]


def interrupted(entry: CatalogEntry, web: Web, staging: Path) -> Release:
    """A release without hashes, whose pull has failed after 700 bytes of its first file."""
    release = unhashed(entry)
    web.cut = [700] + [0] * ATTEMPTS
    with pytest.raises(PullError):
        pull(entry, web, staging, release)
    web.cut = []
    return release


def test_file_that_changed_is_downloaded_from_its_beginning(
    entry: CatalogEntry, web: Web, staging: Path
) -> None:
    release = interrupted(entry, web, staging)
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


@pytest.mark.parametrize("facts", ["{", "[" * 50_000], ids=["cut", "nested"])
def test_remains_without_their_facts_are_discarded(
    entry: CatalogEntry, web: Web, staging: Path, facts: str
) -> None:
    pull(entry, web, staging)
    (staging / "packed" / f"{MODEL}.json").write_text(facts)
    (staging / "model" / "left.part").write_bytes(b"left")
    (staging / "config.json").write_text("of another source")
    web.requests.clear()
    assert pull(entry, web, staging) == CONTENT
    assert web.asked(MODEL) == [""]


def test_remains_longer_than_the_file_are_discarded(
    entry: CatalogEntry, web: Web, staging: Path
) -> None:
    release = interrupted(entry, web, staging)
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


def test_insufficient_disk_space_is_reported_before_the_download(
    entry: CatalogEntry, web: Web, staging: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10))
    with pytest.raises(PullError, match="the download needs 0 MB, but 0 MB are free"):
        pull(entry, web, staging)
    assert web.requests == []
