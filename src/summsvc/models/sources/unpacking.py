"""Streaming decompression of a gzip file (RFC 1952), with a size limit and both hashes."""

from __future__ import annotations

import hashlib
import zlib
from typing import BinaryIO

from summsvc.models.catalog import PublishedFile

CHUNK_BYTES = 1 << 18
"""Bytes of unpacked data that are held in memory at once."""

MAX_RATIO = 32
"""Limit of an unpacked size that is not known, in sizes of the packed file. Models, vocabularies
and shortlists have ratios of 1.3 to 4; gzip's maximum is 1,032."""

MAX_UNPACKED_BYTES = 1 << 30
"""Limit of the unpacked size where not even the packed size is known."""

_GZIP = 16 + zlib.MAX_WBITS


class DamagedFileError(Exception):
    """The bytes of a file are not those that were published; the message says in what."""


class Unpacking:
    """Unpacks a file into a stream while its packed bytes arrive, and hashes both forms.

    stream: None to compare only.
    A file that is not served packed passes unchanged. The unpacked size is limited by the
    published one, else by ``MAX_RATIO`` sizes of the packed file.
    """

    def __init__(self, file: PublishedFile, stream: BinaryIO | None) -> None:
        self._file = file
        self._stream = stream
        self._limit = file.unpacked_size or MAX_RATIO * file.size or MAX_UNPACKED_BYTES
        self.reset()

    def reset(self) -> None:
        """Begin again from the first byte."""
        if self._stream is not None:
            self._stream.seek(0)
            self._stream.truncate()
        self._gzip = zlib.decompressobj(_GZIP) if self._file.packed else None
        self._packed_hash = hashlib.sha256()
        self._unpacked_hash = hashlib.sha256()
        self.packed_size = 0
        self.unpacked_size = 0

    @property
    def complete(self) -> bool:
        """Whether the packed bytes so far end a gzip stream, or are as many as are known."""
        if self._gzip is not None:
            return self._gzip.eof
        return self.packed_size >= self._file.size

    @property
    def unpacked_sha256(self) -> str:
        """Hash of the unpacked bytes so far, in hexadecimal."""
        return self._unpacked_hash.hexdigest()

    def feed(self, data: bytes) -> None:
        """Process the next bytes of the packed file.

        Raises DamagedFileError when they are no gzip data or the file becomes too large.
        """
        self.packed_size += len(data)
        self._packed_hash.update(data)
        if self._file.size and self.packed_size > self._file.size:
            raise DamagedFileError(f"has more than {self._file.size:,} bytes")
        if self._gzip is None:
            self._write(data)
            return
        while data:
            if self._gzip.eof:
                self._gzip = zlib.decompressobj(_GZIP)  # a further member of the same file
            try:
                self._write(self._gzip.decompress(data, CHUNK_BYTES))
            except zlib.error as error:
                raise DamagedFileError(f"is not a valid gzip file ({error})") from error
            data = self._gzip.unconsumed_tail or self._gzip.unused_data

    def check(self) -> None:
        """Compare sizes and hashes with the published ones; raises DamagedFileError."""
        file = self._file
        if file.packed and not self.complete:
            raise DamagedFileError(f"ends after {self.packed_size:,} bytes")
        for what, size, known in (
            ("", self.packed_size, file.size),
            (" unpacked", self.unpacked_size, file.unpacked_size),
        ):
            if known and size != known:
                raise DamagedFileError(f"has {size:,} bytes{what} instead of {known:,}")
        for what, digest, expected in (
            ("", self._packed_hash.hexdigest(), file.sha256),
            (" unpacked", self.unpacked_sha256, file.unpacked_sha256),
        ):
            if expected and digest != expected:
                raise DamagedFileError(f"has the SHA-256 {digest}{what} instead of {expected}")

    def _write(self, data: bytes) -> None:
        self.unpacked_size += len(data)
        if self.unpacked_size > self._limit:
            raise DamagedFileError(f"unpacks to more than {self._limit:,} bytes")
        self._unpacked_hash.update(data)
        if self._stream is not None:
            self._stream.write(data)
