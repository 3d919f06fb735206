"""Client of the model hub: lists a repository's files and downloads them.

Based on huggingface_hub, which honours HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE, waits as
requested by HTTP 429, and shows a progress bar on a terminal.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from summsvc.models.catalog import CatalogEntry
from summsvc.models.sources.errors import (
    PullError,
    disk_error,
    require_free_space,
    retry_command,
)
from summsvc.models.store import files

DOWNLOAD_ATTEMPTS = 5
"""Attempts per file before the pull fails; each attempt may wait and retry by itself."""

HUB_TIMEOUT_S = 30
"""Timeout of a request to the hub's API in seconds."""

PART_SUFFIX = ".part"
"""Suffix of the names of incomplete files."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file at the hub. size: bytes. sha256: set for large files. git_id: set for all others."""

    name: str
    size: int
    sha256: str
    git_id: str

    def matches(self, path: Path) -> bool:
        """Whether a local file has this file's length and hash."""
        if not path.is_file() or path.stat().st_size != self.size:
            return False
        if self.sha256:
            return _hexdigest(hashlib.sha256(), path) == self.sha256
        # The id of a git blob: SHA-1 of a header with its length, followed by its content.
        blob = hashlib.sha1(f"blob {self.size}\0".encode(), usedforsecurity=False)
        return _hexdigest(blob, path) == self.git_id


@contextmanager
def raise_pull_errors(entry: CatalogEntry, folder: Path) -> Iterator[None]:
    """Context manager that converts errors of the hub, network or disk to PullError."""
    from httpx2 import HTTPError
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    try:
        yield
    except OfflineModeIsEnabled as error:
        raise PullError(_unreachable_message(entry, "HF_HUB_OFFLINE is set")) from error
    except HfHubHTTPError as error:
        raise PullError(_http_error_message(entry, error)) from error
    except HTTPError as error:
        raise PullError(_unreachable_message(entry, str(error) or type(error).__name__)) from error
    except OSError as error:
        raise disk_error(entry, folder, error) from error


def list_files(entry: CatalogEntry) -> tuple[str, list[RemoteFile]]:
    """The commit hash of a revision and the files at that commit that an engine needs.

    Raises PullError when the response is invalid or the repository has no usable weights.
    """
    from huggingface_hub import constants, utils

    response = utils.http_backoff(  # type: ignore[attr-defined]
        "GET",
        f"{constants.ENDPOINT}/api/models/{entry.repository}/revision/{entry.revision}",
        params={"blobs": True},
        headers=_headers(),
        timeout=HUB_TIMEOUT_S,
        retry_on_exceptions=(),
    )
    utils.hf_raise_for_status(response)  # type: ignore[attr-defined]
    try:
        info = response.json()
        siblings = {sibling["rfilename"]: sibling for sibling in info["siblings"]}
        remote_files = [_remote(siblings[name]) for name in files.select_files(siblings)]
        revision = str(info["sha"])
    except (ValueError, KeyError, TypeError) as error:
        raise PullError(
            f"{entry.id}: {constants.ENDPOINT} did not respond as a model hub ({error!r}); "
            "check HF_ENDPOINT"
        ) from error
    if not files.weight_files(file.name for file in remote_files):
        raise PullError(f"{entry.id}: {entry.repository} at {entry.revision} has no usable weights")
    return revision, remote_files


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


def require_disk_space(entry: CatalogEntry, missing: Sequence[RemoteFile], folder: Path) -> int:
    """Return the bytes that the missing files need; raise PullError when fewer are free."""
    needed = sum(
        file.size - _partial_size(folder / f"{file.name}{PART_SUFFIX}") for file in missing
    )
    require_free_space(entry, needed, shutil.disk_usage(folder).free, folder)
    return needed


def download(entry: CatalogEntry, revision: str, file: RemoteFile, folder: Path) -> None:
    """Download one file, resuming an earlier partial download, and verify its hash.

    Raises PullError for a wrong hash, and the errors of huggingface_hub and httpx.
    """
    from httpx2 import HTTPError
    from huggingface_hub import hf_hub_url
    from huggingface_hub.errors import HfHubHTTPError
    from huggingface_hub.file_download import http_get

    part = folder / f"{file.name}{PART_SUFFIX}"
    if _partial_size(part) > file.size:
        part.unlink()
    for attempt in range(1, DOWNLOAD_ATTEMPTS + 1):
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
            # The connection was lost while reading; the next attempt resumes the partial file.
            if attempt == DOWNLOAD_ATTEMPTS:
                raise
    if not file.matches(part):
        part.unlink(missing_ok=True)
        raise PullError(
            f"{entry.id}: the hash of {file.name} differs from the hub's; {retry_command(entry)}"
        )
    part.replace(folder / file.name)


def _partial_size(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def _hexdigest(digest: Any, path: Path) -> str:
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return str(digest.hexdigest())


def _unreachable_message(entry: CatalogEntry, why: str) -> str:
    from huggingface_hub import constants

    return (
        f"{entry.id} is not installed: the model hub at {constants.ENDPOINT} cannot be reached "
        f"({why}). The download is about {entry.size_bytes / 1e6:,.0f} MB, licence "
        f"{entry.license}. With network access, {retry_command(entry)}. Without it, download "
        f"{entry.repository} at {entry.revision} on another machine, copy the folder to this "
        f"machine and run: summsvc models add DIR --id {entry.id}"
    )


def _http_error_message(entry: CatalogEntry, error: Any) -> str:
    status, retry = error.response.status_code, retry_command(entry)
    where = f"{entry.repository} at {entry.revision}"
    if status in (401, 403):
        return (
            f"{entry.id}: the model hub denies access to {where}, or has no such repository "
            f"(HTTP {status}); set HF_TOKEN to a token with access and {retry}"
        )
    if status == 404:
        return f"{entry.id}: the model hub has no {where} (HTTP 404); check the catalog"
    if status == 429:
        wait = error.response.headers.get("Retry-After", "some")
        return f"{entry.id}: the model hub is busy (HTTP 429); in {wait} seconds, {retry}"
    return f"{entry.id}: the model hub responded with HTTP {status} for {where}; later, {retry}"
