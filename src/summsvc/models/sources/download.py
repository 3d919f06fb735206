"""Download of one published file: resumed, unpacked while it arrives, compared with its hashes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from httpx2 import Headers
from huggingface_hub.utils import tqdm  # type: ignore[attr-defined]

from summsvc.models.catalog import CatalogEntry, PublishedFile
from summsvc.models.sources.errors import PullError, retry_command
from summsvc.models.sources.http import Connection, InterruptedTransferError
from summsvc.models.sources.part import Part
from summsvc.models.sources.unpacking import DamagedFileError, Unpacking

UNPACKED_SUFFIX = ".part"
"""Suffix of the names of unpacked files that are not yet complete."""


class Download:
    """Downloads the files of one release.

    packed: folder of the files as served, kept until the model is installed. unpacked: folder
    of the files without gzip; only complete files with the right hash have their names there.
    """

    def __init__(
        self, entry: CatalogEntry, connection: Connection, packed: Path, unpacked: Path
    ) -> None:
        self._entry = entry
        self._connection = connection
        self._packed = packed
        self._unpacked = unpacked

    def fetch(self, url: str, file: PublishedFile) -> None:
        """Download one file, continuing with the bytes of an earlier attempt.

        A file that was put together from several attempts and is damaged is downloaded once
        more from its first byte. Raises PullError, OSError.
        """
        part = Part(self._packed / file.name, url, hash_known=bool(file.sha256))
        try:
            try:
                self._complete(part, url, file)
            except DamagedFileError:
                if not part.joined:
                    raise
                part.restart()
                self._complete(part, url, file)
        except DamagedFileError as error:
            part.restart()
            raise PullError(
                f"{self._entry.id}: {file.name} from {self._connection.address(url)} {error}; "
                f"nothing was installed; {retry_command(self._entry)}"
            ) from error
        finally:
            part.close()

    def _complete(self, part: Part, url: str, file: PublishedFile) -> None:
        """Receive what is missing, and write the verified unpacked file."""
        target = self._unpacked / file.unpacked_name
        partial = target.with_name(f"{target.name}{UNPACKED_SUFFIX}")
        with partial.open("wb") as stream:
            unpacking = Unpacking(file, stream)
            for chunk in part.chunks():
                unpacking.feed(chunk)
            if not (part.size and unpacking.complete and part.size >= part.total):
                self._receive(part, unpacking, url, file)
            unpacking.check()
        partial.replace(target)

    def _receive(self, part: Part, unpacking: Unpacking, url: str, file: PublishedFile) -> None:
        """Request the rest of a file until it is there, with pauses after failures."""
        failures = most = 0
        # huggingface_hub's class, for the same look and the same setting that hides it.
        with tqdm(  # type: ignore[no-untyped-call]
            desc=file.name,
            total=file.size or None,
            initial=part.size,
            unit="B",
            unit_scale=True,
            disable=None,
        ) as bar:
            while True:
                most = max(most, part.size)
                try:
                    self._request(part, unpacking, url, file.size, bar)
                except InterruptedTransferError as error:
                    failures = 1 if part.size > most else failures + 1
                    self._connection.wait(failures, error)
                else:
                    return

    def _request(self, part: Part, unpacking: Unpacking, url: str, size: int, bar: Any) -> None:
        """Request the rest of a file once. size: as published, 0 if unknown."""
        headers = {}
        if part.resumable:
            headers["Range"] = f"bytes={part.size}-"
            if part.tag:
                headers["If-Range"] = part.tag
        with self._connection.stream(url, headers) as response:
            if response.status_code == 416:
                part.restart()
                unpacking.reset()
                raise InterruptedTransferError("the server has fewer bytes than before", 0)
            begin, total = _extent(response.headers, response.status_code)
            if size and total not in (0, size):
                raise DamagedFileError(f"has {total:,} bytes instead of {size:,}")
            if begin == part.size and headers and total in (0, part.total or total):
                part.joined = True
            elif begin == 0:
                part.restart(_entity_tag(response.headers), total)
                unpacking.reset()
            else:
                part.restart()
                unpacking.reset()
                raise InterruptedTransferError("the server sent another part of the file", 0)
            bar.total = total or bar.total
            bar.n = part.size
            for chunk in response.iter_raw():
                part.append(chunk)
                unpacking.feed(chunk)
                bar.update(len(chunk))
        if not unpacking.complete and part.size < (part.total or part.size + 1):
            raise InterruptedTransferError(f"the response ended after {part.size:,} bytes")


def _extent(headers: Headers, status: int) -> tuple[int, int]:
    """The first byte of a response's body within the file, and the file's size, 0 if unknown."""
    if status == 200:
        return 0, int(headers.get("Content-Length", "0"))
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", headers.get("Content-Range", ""))
    if match is None:
        return -1, 0
    return int(match[1]), 0 if match[2] == "*" else int(match[2])


def _entity_tag(headers: Headers) -> str:
    """The strong entity tag, which If-Range requires (RFC 9110, 13.1.5); "" without one."""
    tag = headers.get("ETag", "")
    return tag if tag.startswith('"') else ""
