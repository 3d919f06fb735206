"""Reading of binary lexical shortlists."""

from __future__ import annotations

import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from summsvc.errors import ModelBrokenError
from summsvc.models.conversion.students.shortlist import parse
from tests.checkpoints.student_files import write_shortlist


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("shortlist") / "lex.bin"
    write_shortlist(path, [[5, 3], [], [7, 0, 1]])
    return path.read_bytes()


def test_each_source_word_has_its_target_words(content: bytes) -> None:
    found = parse(content, "lex.bin", 3, 60)
    assert found.first == 50
    assert found.offsets.tolist() == [0, 2, 2, 5]
    assert found.words.tolist() == [3, 5, 0, 1, 7]


def test_more_frequent_words_than_words_are_limited(content: bytes) -> None:
    assert parse(content, "lex.bin", 3, 8).first == 8


def test_a_shortlist_of_another_vocabulary_is_refused(content: bytes) -> None:
    with pytest.raises(ModelBrokenError, match="is for 3 source words; the model has 4"):
        parse(content, "lex.bin", 4, 60)
    with pytest.raises(ModelBrokenError, match="has the target word 7; the model has 7"):
        parse(content, "lex.bin", 3, 7)


def test_a_damaged_file_is_refused(content: bytes) -> None:
    changed = bytearray(content)
    changed[48 + 8] ^= 1
    with pytest.raises(ModelBrokenError, match="checksum differs"):
        parse(bytes(changed), "lex.bin", 3, 60)
    with pytest.raises(ModelBrokenError, match=r"bytes, \d+ are declared"):
        parse(content + b"x", "lex.bin", 3, 60)
    with pytest.raises(ModelBrokenError, match="not a binary lexical shortlist"):
        parse(struct.pack("<Q", 1) + content[8:], "lex.bin", 3, 60)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(length=st.integers(0, 200))
def test_a_truncated_file_is_refused(content: bytes, length: int) -> None:
    with pytest.raises(ModelBrokenError):
        parse(content[: min(length, len(content) - 1)], "lex.bin", 3, 60)
