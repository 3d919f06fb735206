"""Charsets of files: declared, detected, named by the caller, or refused with what to do."""

from __future__ import annotations

import codecs
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.cli.charset import CharsetError, codec_of, decode
from summsvc.cli.inputs import InputError, Source

DATA = Path(__file__).parents[1] / "data" / "encoding"

CODE_PAGES = {
    "ru": ("cp1251", "koi8-r", "iso8859-5", "cp866", "mac-cyrillic"),
    "lt": ("cp1257", "iso8859-13"),
    "en": ("cp1252",),
}


def paragraphs(language: str) -> list[str]:
    lines = (DATA / f"news.{language}.txt").read_text("utf-8").splitlines()[1:]
    return ["\n".join(pair) for pair in pairwise(lines)]


def in_code_page(text: str, codec: str) -> str:
    """The text with the quotation marks and dashes that a code page has."""
    if codec in ("koi8-r", "iso8859-5", "cp866"):
        return text.translate(str.maketrans("«»–", '""-'))
    return text.replace("–", "-") if codec == "iso8859-13" else text


@pytest.mark.parametrize(
    ("language", "codec"), [(each, codec) for each in CODE_PAGES for codec in CODE_PAGES[each]]
)
def test_the_charset_of_news_is_detected_and_said(language: str, codec: str) -> None:
    texts = [in_code_page(text, codec) for text in paragraphs(language)]
    detected = 0
    for text in texts:
        try:
            found = decode(text.encode(codec))
        except CharsetError:
            continue
        assert found.text == text
        assert "which was detected" in found.note or text.isascii()
        detected += 1
    assert detected >= 0.9 * len(texts)


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("language", CODE_PAGES)
def test_wide_text_without_a_mark_is_detected(language: str, codec: str) -> None:
    for text in paragraphs(language):
        found = decode(text.encode(codec))
        assert (found.text, codec.upper() in found.note) == (text, True)


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_is_enough(codec: str) -> None:
    assert decode("ąžuolas".encode(codec)) == decode("ąžuolas".encode())


@pytest.mark.parametrize(
    "declaration",
    [
        '<meta charset="windows-1257">',
        "<META http-equiv=Content-Type content='text/html; charset=windows-1257'>",
        '<?xml version="1.0" encoding="windows-1257"?>',
        "<meta charset=win-1257>",
    ],
)
def test_a_document_declares_its_charset(declaration: str) -> None:
    text = f"{declaration}<p>ąžuolas</p>"
    assert decode(text.encode("cp1257")) == decode(text.encode())


def test_a_header_counts_more_than_the_document_and_valid_utf8_more_than_both() -> None:
    text = "<meta charset=koi8-r>ąžuolas"
    assert decode(text.encode("cp1257"), declared="windows-1257").text == text
    assert decode(text.encode(), declared="windows-1257").text == text


def test_a_declaration_that_the_text_contradicts_is_not_believed() -> None:
    text = "<meta charset=utf-8>" + paragraphs("ru")[0]
    found = decode(text.encode("cp1251"))
    assert found.text == text
    assert "windows-1251" in found.note


def test_a_few_wrong_bytes_in_a_declared_charset_are_replaced_and_said() -> None:
    data = ("<meta charset=utf-8>" + "ąžuolas " * 40).encode() + b"\xff"
    found = decode(data)
    assert found.text.endswith("ąžuolas \ufffd")
    assert found.note == "1 places are not UTF-8 and were replaced"


def test_a_named_charset_is_the_only_one_tried() -> None:
    data = "Geležinkelis".encode("cp1257")
    assert decode(data, named="windows-1257").text == "Geležinkelis"
    with pytest.raises(CharsetError, match="not utf-8: byte 0xFE at offset 4"):
        decode(data, named="utf-8")


@pytest.mark.parametrize("data", [b"Gele\xfeinkelis", b"\x81\x8d\x8f\x90", b"a\xffb\xfe\x01\x02"])
def test_what_stays_doubtful_is_refused_with_what_to_do(data: bytes) -> None:
    with pytest.raises(CharsetError, match=r"not UTF-8: byte .* name it with --charset"):
        decode(data)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"%PDF-1.7\n\xe2\xe3", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"PK\x03\x04\x14\x00", "DOCX"),
    ],
)
def test_other_files_are_refused_by_name(tmp_path: Path, data: bytes, name: str) -> None:
    (tmp_path / "a.txt").write_bytes(data)
    with pytest.raises(InputError, match=name):
        Source("a.txt", tmp_path / "a.txt").load(title="", language="", mime_type=None)


def test_a_file_is_read_in_the_detected_charset_which_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = paragraphs("lt")[0]
    (tmp_path / "a.txt").write_bytes(text.encode("cp1257"))
    article = Source("a.txt", tmp_path / "a.txt").load(title="", language="", mime_type=None)
    assert article.body == text
    assert capsys.readouterr().err == (
        "a.txt: read as windows-1257, which was detected; --charset names another one\n"
    )


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("windows-1257", "cp1257"),
        ("X-Mac-Cyrillic", "mac-cyrillic"),
        ("win-1251", "cp1251"),
        ("latin-1", "cp1252"),
        ("us-ascii", "cp1252"),
        ("UTF8", "utf-8"),
        ("rot13", ""),
        ("utf-7", ""),
        ("unicode_escape", ""),
        ("no such", ""),
        ("a\0b", ""),
    ],
)
def test_labels(label: str, codec: str) -> None:
    assert codec_of(label) == codec


@given(st.binary(max_size=200), st.sampled_from(["", "windows-1251", "utf-16", "hex", "\ud800"]))
def test_any_bytes_are_decoded_or_refused(data: bytes, declared: str) -> None:
    with suppress(CharsetError):
        decode(data, declared=declared)


@given(st.text())
def test_utf8_is_never_read_as_anything_else(text: str) -> None:
    data = text.encode("utf-8", "ignore")
    if not data.startswith((codecs.BOM_UTF8, b"PK", b"%PDF")) and b"\0" not in data:
        assert decode(data).text == data.decode()
