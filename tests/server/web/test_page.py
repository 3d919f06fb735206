"""The files of the page: no assets of others, no markup from texts, words for all warnings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from summsvc.server.web.app import PAGE
from summsvc.types import WarningType

FILES = sorted(PAGE.iterdir())
SCRIPTS = [path for path in FILES if path.suffix == ".js"]
HTML = (PAGE / "index.html").read_text("utf-8")


def test_the_sample_is_the_article_of_the_readme(seed: str) -> None:
    assert (PAGE / "sample.txt").read_text("utf-8") == seed


def test_every_warning_has_words() -> None:
    words = (PAGE / "words.js").read_text("utf-8")
    listed = re.findall(r"^  ([A-Z_]+): \"", words.partition("};")[0], re.M)
    assert sorted(listed) == sorted(each.name for each in WarningType)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_file_refers_to_another_server(path: Path) -> None:
    addresses = set(re.findall(r"https?://[\w.-]+", path.read_text("utf-8")))
    assert addresses <= {"http://www.w3.org"}


def test_no_script_or_style_is_inline() -> None:
    assert re.findall(r"<script(?![^>]*\bsrc=)", HTML) == []
    assert re.findall(r"<style|\sstyle=|\son\w+=|javascript:", HTML) == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_parses_markup_or_code(path: Path) -> None:
    text = path.read_text("utf-8")
    sinks = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|Function\("
    assert re.findall(sinks, text) == []


def test_every_element_that_scripts_look_up_exists() -> None:
    ids = set(re.findall(r'\bid="([\w-]+)"', HTML))
    for path in SCRIPTS:
        named = set(re.findall(r'\$\("([\w-]+)"\)', path.read_text("utf-8")))
        assert named <= ids, path.name


def test_every_module_that_is_imported_exists() -> None:
    for path in SCRIPTS:
        for name in re.findall(r'from "\./([\w.]+)"', path.read_text("utf-8")):
            assert (PAGE / name).is_file(), name
