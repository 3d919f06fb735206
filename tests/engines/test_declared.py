"""Values of a model's JSON files: types, ranges, and errors that name file and key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.engines.declared import Declared
from summsvc.errors import ModelBrokenError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.just("content"), inner),
    max_leaves=3,
)
READERS = ("find_integer", "integer", "number", "find_flag", "find_text", "text", "find_token",
           "tokens")  # fmt: skip


@given(VALUES, st.sampled_from(READERS))
def test_any_value_is_read_with_its_type_or_is_an_error(value: Any, reader: str) -> None:
    declared, found, said = Declared({"key": value}, "config.json"), None, ""
    try:
        found = getattr(declared, reader)("key")
    except ModelBrokenError as error:
        said = error.message
    if said:
        assert "config.json" in said
        assert "key" in said
        assert len(said) < 200
    elif found is None:
        assert value is None
        assert reader.startswith("find_")
    elif reader == "tokens":
        assert all(isinstance(each, str) for each in found)
    elif reader != "find_token":
        assert found == value
        kinds = {"integer": int, "number": float, "flag": bool, "text": str}
        assert type(found) is kinds[reader.removeprefix("find_")]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "config.json has no size"),
        ("7", 'config.json: size is "7", not an integer from 1 to 16777216'),
        (True, "size is true, not"),
        (0, "size is 0, not"),
        (-3, "size is -3, not"),
        (1.5, "size is 1.5, not"),
        (float("nan"), "size is NaN, not"),
        (float("inf"), "size is Infinity, not"),
        (10**400, "size is 1000"),
        pytest.param(10**5000, "size is too large to be shown, not", id="thousands of digits"),
        ([8], r"size is \[8\], not"),
    ],
)
def test_wrong_integers(value: Any, said: str) -> None:
    with pytest.raises(ModelBrokenError, match=said):
        Declared({"size": value}, "config.json").integer("size", 1)


@pytest.mark.parametrize("value", [10**400, float("nan"), float("-inf"), "1", False, None])
def test_wrong_numbers(value: Any) -> None:
    with pytest.raises(ModelBrokenError, match=r"student\.json.*scale"):
        Declared({"scale": value}, "student.json").number("scale")


def test_an_integer_may_be_written_as_a_float() -> None:
    declared = Declared({"a": 512.0, "b": 1e30}, "f")
    assert declared.integer("a") == 512
    assert declared.find_integer("b", 1, 10**38) == int(1e30)


def test_the_error_names_the_file_that_has_the_value() -> None:
    own, other = Declared({"a": None, "b": "x"}, "own.json"), Declared({"a": 7}, "other.json")
    joined = own.over(other)
    assert joined.find_integer("a") == 7
    assert joined.find_integer("c") is None
    with pytest.raises(ModelBrokenError, match=r"other\.json: a is 7"):
        joined.find_text("a")
    with pytest.raises(ModelBrokenError, match=r"own\.json: b is"):
        joined.find_integer("b")


def test_tokens_are_strings_or_objects_with_content() -> None:
    declared = Declared({"a": {"content": "<s>", "lstrip": True}, "b": ["</s>", {"x": 1}]}, "f")
    assert declared.find_token("a") == "<s>"
    with pytest.raises(ModelBrokenError, match="f: b is"):
        declared.tokens("b")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"7", b"\xff", b"[" * 100_000, b'{"a": 1' + b"0" * 5_000 + b"}"]
)
def test_a_file_that_is_no_object(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(ModelBrokenError, match=r"config\.json is no JSON"):
        Declared.load(tmp_path / "config.json", optional=True)


def test_an_absent_file(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    assert Declared.load(path, optional=True).values == {}
    with pytest.raises(ModelBrokenError, match=r"config\.json is no JSON file"):
        Declared.load(path)
    path.write_text(json.dumps({"a": 1}))
    assert Declared.load(path).integer("a") == 1
