"""Streaming decompression: the same result as gzip's for any division of the bytes."""

from __future__ import annotations

import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.models.catalog import PublishedFile
from summsvc.models.sources.unpacking import CHUNK_BYTES, DamagedFileError, Unpacking
from tests.models.sources.conftest import digest


class Recorder(io.BytesIO):
    """Remembers the length of its longest write."""

    longest = 0

    def write(self, data: object) -> int:
        assert isinstance(data, bytes)
        self.longest = max(self.longest, len(data))
        return super().write(data)


@given(
    st.lists(st.binary(max_size=3000) | st.just(b"a" * 5000), min_size=1, max_size=3),
    st.lists(st.integers(1, 400), min_size=1),
)
def test_any_division_of_the_bytes(members: list[bytes], lengths: list[int]) -> None:
    packed = b"".join(map(gzip.compress, members))
    content = b"".join(members)
    file = PublishedFile(
        name="a.gz",
        size=len(packed),
        sha256=digest(packed),
        unpacked_size=len(content),
        unpacked_sha256=digest(content),
    )
    stream = io.BytesIO()
    unpacking = Unpacking(file, stream)
    begin = number = 0
    while begin < len(packed):
        end = begin + lengths[number % len(lengths)]
        unpacking.feed(packed[begin:end])
        begin, number = end, number + 1
    assert unpacking.complete
    unpacking.check()
    assert stream.getvalue() == content


def compare(file: PublishedFile, packed: bytes) -> None:
    unpacking = Unpacking(file, None)
    unpacking.feed(packed)
    unpacking.check()


@given(st.binary(max_size=2000), st.data())
def test_every_truncated_or_changed_file_is_rejected(content: bytes, data: st.DataObject) -> None:
    packed = gzip.compress(content, mtime=0)
    position = data.draw(st.integers(0, len(packed) - 1))
    changed = bytearray(packed)
    changed[position] ^= data.draw(st.integers(1, 255))
    file = PublishedFile(name="a.gz", size=len(packed), sha256=digest(packed))
    for damaged in (packed[:position], bytes(changed)):
        with pytest.raises(DamagedFileError):
            compare(file, damaged)


def test_little_is_held_in_memory() -> None:
    content = bytes(8 * CHUNK_BYTES)
    stream = Recorder()
    unpacking = Unpacking(PublishedFile(name="a.gz", unpacked_size=len(content)), stream)
    unpacking.feed(gzip.compress(content))
    unpacking.check()
    assert stream.longest <= CHUNK_BYTES
    assert unpacking.unpacked_sha256 == digest(content)


def test_bomb_ends_within_one_chunk_of_its_limit() -> None:
    stream = Recorder()
    unpacking = Unpacking(PublishedFile(name="a.gz", unpacked_size=1000), stream)
    with pytest.raises(DamagedFileError, match="unpacks to more than 1,000 bytes"):
        unpacking.feed(gzip.compress(bytes(64 * CHUNK_BYTES)))
    assert unpacking.unpacked_size <= 1000 + CHUNK_BYTES
    assert len(stream.getvalue()) <= 1000
