"""The model hub: what a repository holds, and its files, one by one.

It is spoken to with huggingface_hub, which honours HF_ENDPOINT, HF_TOKEN and
HF_HUB_OFFLINE, waits as a 429 asks, and shows a progress bar on a terminal.
"""

from __future__ import annotations

import errno
import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from summsvc.models.catalog import CatalogEntry
from summsvc.models.store import files

ATTEMPTS = 5
"""Times a cut file is gone on with before the pull gives up; each may wait and retry itself."""

TIMEOUT_S = 30

PART = ".part"
"""Ends the names of files that are not whole yet."""


class PullError(Exception):
    """A model could not be fetched; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file at the hub. size: bytes. sha256 is known of large files, git_id of all others."""

    name: str
    size: int
    sha256: str
    git_id: str

    def is_at(self, path: Path) -> bool:
        """Whether a local file has this one's length and hash."""
        if not path.is_file() or path.stat().st_size != self.size:
            return False
        if self.sha256:
            return _digest(hashlib.sha256(), path) == self.sha256
        # A git object's name: SHA-1 over a header with its length, and its content.
        blob = hashlib.sha1(f"blob {self.size}\0".encode(), usedforsecurity=False)
        return _digest(blob, path) == self.git_id


@contextmanager
def told_as_pull_errors(entry: CatalogEntry, folder: Path) -> Iterator[None]:
    """Raise PullError for whatever goes wrong between here, the hub and the disk."""
    from httpx2 import HTTPError
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    try:
        yield
    except OfflineModeIsEnabled as error:
        raise PullError(_unreachable(entry, "HF_HUB_OFFLINE is set")) from error
    except HfHubHTTPError as error:
        raise PullError(_refused(entry, error)) from error
    except HTTPError as error:
        raise PullError(_unreachable(entry, str(error) or type(error).__name__)) from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise PullError(f"{entry.id}: the disk of {folder.parent} is full") from error
        raise PullError(f"{entry.id}: {error}; {_again(entry)}") from error


def listing(entry: CatalogEntry) -> tuple[str, list[RemoteFile]]:
    """The commit a revision stands for, and its files that an engine reads."""
    from huggingface_hub import constants, utils

    response = utils.http_backoff(  # type: ignore[attr-defined]
        "GET",
        f"{constants.ENDPOINT}/api/models/{entry.repository}/revision/{entry.revision}",
        params={"blobs": True},
        headers=_headers(),
        timeout=TIMEOUT_S,
        retry_on_exceptions=(),
    )
    utils.hf_raise_for_status(response)  # type: ignore[attr-defined]
    try:
        info = response.json()
        siblings = {sibling["rfilename"]: sibling for sibling in info["siblings"]}
        wanted = [_remote(siblings[name]) for name in files.needed(siblings)]
        revision = str(info["sha"])
    except (ValueError, KeyError, TypeError) as error:
        raise PullError(
            f"{entry.id}: {constants.ENDPOINT} does not answer as a model hub does ({error!r}); "
            "check HF_ENDPOINT"
        ) from error
    if not files.weights(file.name for file in wanted):
        raise PullError(
            f"{entry.id}: {entry.repository} at {entry.revision} holds no weights that can be used"
        )
    return revision, wanted


def _remote(sibling: Mapping[str, Any]) -> RemoteFile:
    lfs = sibling.get("lfs") or {}
    return RemoteFile(
        name=sibling["rfilename"],
        size=int(sibling["size"]),
        sha256=lfs.get("sha256", ""),
        git_id="" if lfs else sibling["blobId"],
    )


def _headers() -> dict[str, str]:
    from huggingface_hub import utils

    headers: dict[str, str] = utils.build_hf_headers(  # type: ignore[attr-defined]
        library_name="summsvc"
    )
    return headers


def check_room(entry: CatalogEntry, missing: Sequence[RemoteFile], folder: Path) -> None:
    """Raise PullError when the disk has less room than the files still need."""
    needed = sum(file.size - _have(folder / f"{file.name}{PART}") for file in missing)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise PullError(
            f"{entry.id}: {needed / 1e6:,.0f} MB are to be fetched, and {free / 1e6:,.0f} MB are "
            f"free on the disk of {folder.parent}; make room or set SUMMSVC_MODEL_DIR"
        )


def download(entry: CatalogEntry, revision: str, file: RemoteFile, folder: Path) -> None:
    """Fetch one file, going on where an earlier pull ended, and check it."""
    from httpx2 import HTTPError
    from huggingface_hub import hf_hub_url
    from huggingface_hub.errors import HfHubHTTPError
    from huggingface_hub.file_download import http_get

    part = folder / f"{file.name}{PART}"
    if _have(part) > file.size:
        part.unlink()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with part.open("ab") as stream:
                http_get(
                    hf_hub_url(entry.repository, file.name, revision=revision),
                    stream,
                    resume_size=stream.tell(),
                    headers=_headers(),
                    expected_size=file.size,
                    displayed_filename=file.name,
                )
            break
        except HfHubHTTPError:
            raise
        except HTTPError:
            # A connection cut while reading; what has come stays and is gone on with.
            if attempt == ATTEMPTS:
                raise
    if not file.is_at(part):
        part.unlink(missing_ok=True)
        raise PullError(
            f"{entry.id}: {file.name} is not what the hub has (its hash differs); {_again(entry)}"
        )
    part.replace(folder / file.name)


def _have(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def _digest(digest: Any, path: Path) -> str:
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return str(digest.hexdigest())


def _again(entry: CatalogEntry) -> str:
    return f"try again with: summsvc models pull {entry.id}"


def _unreachable(entry: CatalogEntry, why: str) -> str:
    from huggingface_hub import constants

    return (
        f"{entry.id} is not installed: the model hub at {constants.ENDPOINT} cannot be reached "
        f"({why}). It is about {entry.size_bytes / 1e6:,.0f} MB, licence {entry.license}; with a "
        f"network, {_again(entry)}. Without one, fetch {entry.repository} at {entry.revision} "
        f"elsewhere, bring the folder here and run: summsvc models add DIR --id {entry.id}"
    )


def _refused(entry: CatalogEntry, error: Any) -> str:
    status = error.response.status_code
    where = f"{entry.repository} at {entry.revision}"
    if status in (401, 403):
        return (
            f"{entry.id}: the model hub does not let this machine read {where}, or has no such "
            f"repository (HTTP {status}); set HF_TOKEN to a token that may, and {_again(entry)}"
        )
    if status == 404:
        return f"{entry.id}: the model hub has no {where} (HTTP 404); check the catalog"
    if status == 429:
        wait = error.response.headers.get("Retry-After", "some")
        return f"{entry.id}: the model hub is busy (HTTP 429); in {wait} seconds {_again(entry)}"
    return f"{entry.id}: the model hub answered HTTP {status} for {where}; later {_again(entry)}"
