"""The web page in Chromium: what a person does with it, on a wide screen and on a phone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from summsvc.config import Settings
from tests.browser.conftest import PHONE, faults, ready, until
from tests.checkpoints.article import ARTICLE
from tests.checkpoints.news import sentences
from tests.running import Running, running
from tests.server.watched import ControlledEngine

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
MAX_IMAGE_BYTES = 200_000
NEWS = [english for english, _, _ in sentences()[14:]]
"""Sentences that the models of the tests translate."""

HTML = """<!doctype html><html lang="en"><head><title>Talks in Riga - The Paper</title></head><body>
<nav><ul><li><a href="/a">World</a></li><li><a href="/b">Sports</a></li></ul></nav>
<main><article><h1>Talks in Riga</h1>
<p>The president met the mayor in <b>Riga</b> on Friday. Nobody was hurt.</p>
<p>The talks will continue. The results surprised everyone. &laquo;It will rain tomorrow.&raquo;</p>
<p>The minister will visit Vilnius next week. The court has not yet decided.</p>
</article></main><footer><p>All rights reserved by The Paper</p></footer></body></html>"""


def screenshot(page: Page, name: str) -> None:
    """Write a screenshot for the documentation."""
    path = IMAGES / f"{name}.png"
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement?.blur()")
    page.screenshot(path=path, animations="disabled", caret="hide")
    assert path.stat().st_size < MAX_IMAGE_BYTES


def choose(page: Page, task: str) -> None:
    page.get_by_role("radio", name=task, exact=True).check()


def write(page: Page, body: str, title: str = "") -> None:
    page.get_by_label("Title", exact=True).fill(title)
    page.get_by_role("textbox", name="Article", exact=True).fill(body)


def run(page: Page) -> None:
    page.get_by_role("button", name="Run", exact=True).click()


def wait_done(page: Page, text: str = "Done in") -> None:
    page.locator("#status", has_text=text).wait_for()


def sample(page: Page) -> None:
    page.get_by_role("button", name="Use the sample article").click()
    until(page, "document.getElementById('article').value.length > 1000")


def drop(page: Page, name: str, content: str) -> None:
    """Drop a file onto the page."""
    page.evaluate(
        """([name, content]) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([content], name));
          for (const type of ["dragenter", "dragover", "drop"]) {
            document.body.dispatchEvent(
              new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
          }
        }""",
        [name, content],
    )


def clipboard(page: Page, label: str) -> str:
    """What a button of the result copies."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(".copy").get_by_role("button", name=label, exact=True).click()
    page.locator(".copy button.done").wait_for()
    text = str(page.evaluate("navigator.clipboard.readText()"))
    page.locator(".copy button.done").wait_for(state="detached")
    return text


def test_the_sample_article_lights_up_beside_its_translation(page: Page) -> None:
    assert faults(page) == []
    screenshot(page, "web-empty")
    sample(page)
    page.get_by_label("Translate into").select_option("lt")
    run(page)
    wait_done(page)
    assert page.locator("#summary .sentences > li").count() == 3
    rows = page.locator(".reading .row")
    assert rows.count() > 20
    first = rows.nth(1)
    assert first.locator(".source").inner_text().startswith(ARTICLE[1][0])
    assert first.locator(".target").inner_text() == ARTICLE[1][2]
    assert first.locator(".target").get_attribute("lang") == "lt"
    assert page.locator(".reading .picked").count() == 3
    assert page.locator(".reading .noise").first.inner_text().startswith("Byline")
    assert faults(page) == []
    page.evaluate("scrollTo(0, 0)")
    screenshot(page, "web-light")


def test_one_side_shows_its_partner(page: Page) -> None:
    sample(page)
    run(page)
    wait_done(page)
    sentence = page.locator("#summary .sentences > li").first
    picked = page.locator(".reading .picked").first
    sentence.hover()
    assert "linked" in (picked.get_attribute("class") or "")
    picked.hover()
    assert "linked" in (sentence.get_attribute("class") or "")
    sentence.get_by_role("button").click()
    assert picked.evaluate("(row) => row === document.activeElement")
    page.keyboard.press("ArrowDown")
    assert page.locator(".reading .row").nth(2).evaluate("(row) => row === document.activeElement")
    page.keyboard.press("Home")
    assert page.locator(".reading .row").nth(0).evaluate("(row) => row === document.activeElement")


def test_the_dark_theme(open_page: Callable[..., Page], web_server: Running) -> None:
    page = ready(open_page(web_server.server.web_url, color_scheme="dark"))
    background = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(background)
    sample(page)
    page.get_by_label("Translate into").select_option("ru")
    run(page)
    wait_done(page)
    assert faults(page) == []
    page.evaluate("scrollTo(0, 0)")
    screenshot(page, "web-dark")
    page.get_by_role("button", name="Switch to the light theme").click()
    light = page.evaluate(background)
    assert light != dark
    page.reload()
    assert page.evaluate(background) == light


def test_a_phone(open_page: Callable[..., Page], web_server: Running) -> None:
    page = ready(
        open_page(web_server.server.web_url, viewport=PHONE, has_touch=True, is_mobile=True)
    )
    assert faults(page) == []
    sample(page)
    page.get_by_label("Translate into").select_option("lt")
    run(page)
    wait_done(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert faults(page) == []
    page.evaluate("document.getElementById('summary').scrollIntoView()")
    screenshot(page, "web-phone")
    page.goto(f"{web_server.server.web_url}#models")
    page.locator("#list tbody tr").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_keyboard_alone(page: Page) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the article"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.get_by_role("textbox", name="Article", exact=True).focus()
    page.keyboard.type("The police are investigating. Nobody was hurt. The talks will continue.")
    page.keyboard.press("Control+Enter")
    wait_done(page)
    assert page.evaluate("document.activeElement.id") == "run"
    page.get_by_role("button", name="Edit", exact=True).press("Enter")
    assert page.evaluate("document.activeElement.id") == "article"


def test_a_summary_alone_marks_the_article(page: Page) -> None:
    choose(page, "Summary")
    assert not page.get_by_label("Translate into").is_visible()
    sample(page)
    page.get_by_label("Length of the summary").fill("2")
    run(page)
    wait_done(page)
    marks = page.locator(".flow mark")
    assert marks.count() == 2
    texts = page.locator("#summary .sentence").all_inner_texts()
    assert [mark.evaluate("(m) => m.firstChild.data") for mark in marks.all()] == texts
    assert page.locator(".flow p").count() > 5


def test_noise_is_put_back_and_left_out_again(page: Page) -> None:
    sample(page)
    run(page)
    wait_done(page)
    noise = page.locator(".reading .noise")
    before = noise.count()
    assert before >= 2
    noise.first.get_by_role("button", name="Put it back").click()
    page.locator(".kept").wait_for()
    page.locator(".reading .row .source", has_text="Admin").wait_for()
    assert noise.count() == 0
    page.get_by_role("button", name="Leave it out").click()
    page.locator(".kept").wait_for(state="detached")
    wait_done(page)
    assert noise.count() == before


def test_a_page_that_is_dropped_is_reduced_to_its_article(page: Page) -> None:
    drop(page, "talks.html", HTML)
    until(page, "document.getElementById('format').value === 'text/html'")
    run(page)
    wait_done(page)
    rows = page.locator(".reading .row")
    assert rows.nth(0).locator(".source").inner_text().startswith("Talks in Riga")
    assert "left out" in page.locator(".noise.page").inner_text()
    page.locator(".noise.page").get_by_role("button", name="Show").click()
    assert "Sports" in page.locator(".furniture").inner_text()
    assert "<b>" in clipboard(page, "HTML")
    choose(page, "Summary")
    page.get_by_role("button", name="Run again").click()
    page.locator(".flow").wait_for()
    text = page.locator(".flow").inner_text()
    assert "«It will rain tomorrow.»" in text
    assert "<" not in text
    assert "Sports" not in text


def test_files_that_cannot_be_read_are_named(page: Page) -> None:
    page.evaluate(
        """() => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array([0xcf, 0xf0, 0xe8])], "old.txt"));
          document.body.dispatchEvent(
            new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
        }"""
    )
    page.locator("#errors", has_text="old.txt is not UTF-8").wait_for()


def test_sentences_appear_while_others_are_translated_and_the_run_is_cancelled(
    page: Page, watched: ControlledEngine
) -> None:
    choose(page, "Translation")
    write(page, " ".join(NEWS))
    run(page)
    watched.let(1)
    page.locator(".reading .row").first.wait_for()
    assert page.locator("#progress").is_visible()
    page.locator("#status", has_text=f"of {len(NEWS)} sentences").wait_for()
    page.keyboard.press("Escape")
    wait_done(page, "Cancelled after")
    watched.wait_until_left()
    rows = page.locator(".reading .row").count()
    assert 0 < rows < len(NEWS)
    watched.free()
    watched.wait_until_idle()
    assert len(watched.batches) < 10


def test_a_missing_model_has_its_command(page: Page) -> None:
    page.get_by_text("More options").click()
    page.get_by_label("Language of the article").select_option("ru")
    write(page, "Президент встретился с мэром в Риге в пятницу. Никто не пострадал.")
    run(page)
    wait_done(page, "Not complete")
    error = page.locator("#errors .notice")
    assert "A model is missing" in error.inner_text()
    assert "summsvc models pull " in error.locator("code").inner_text()
    # The summary does not need the model.
    assert page.locator("#summary .sentence").count() > 0
    assert faults(page) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "There is no text yet"),
        ("%PDF-1.7 \u0001\u0002", "The request was refused"),
        ("a" * 1_000_001, "The text is too long"),
    ],
)
def test_an_article_that_is_refused_stays_in_the_form(page: Page, body: str, said: str) -> None:
    write(page, body)
    choose(page, "Summary")
    run(page)
    page.locator("#errors .notice", has_text=said).wait_for()
    assert page.get_by_role("textbox", name="Article", exact=True).is_visible()
    assert faults(page) == []


def test_a_form_that_is_not_complete_is_not_sent(page: Page) -> None:
    write(page, "The talks will continue.")
    page.get_by_text("Terms", exact=True).click()
    page.get_by_label("Glossary").fill("talks")
    run(page)
    page.locator("#errors", has_text="not of the form").wait_for()
    assert page.evaluate("document.activeElement.id") == "glossary"


def test_an_article_of_a_megabyte(page: Page, watched: ControlledEngine) -> None:
    lines = [f"{NEWS[i % len(NEWS)]} This is line {i}." for i in range(17_000)]
    body = "\n\n".join(" ".join(lines[i : i + 4]) for i in range(0, len(lines), 4))[:1_000_000]
    assert len(body) > 990_000
    choose(page, "Summary")
    drop(page, "long.txt", body)
    page.locator("#count", has_text=f"{len(body):,} characters").wait_for()
    run(page)
    wait_done(page)
    assert page.locator(".flow mark").count() == 3
    assert page.locator(".flow p").count() == body.count("\n\n") + 1
    choose(page, "Translation")
    page.get_by_role("button", name="Run again").click()
    watched.let(3)
    page.locator(".reading .row").first.wait_for()
    page.get_by_role("button", name="Cancel").click()
    wait_done(page, "Cancelled after")


def test_terms_are_kept_and_used(page: Page) -> None:
    choose(page, "Translation")
    page.get_by_text("Terms", exact=True).click()
    page.get_by_label("Glossary").fill("mayor = градоначальник")
    page.get_by_label("Terms to keep as they are").fill("Riga")
    write(page, "The president met the mayor in Riga on Friday.")
    page.get_by_label("Translate into").select_option("ru")
    run(page)
    wait_done(page)
    row = page.locator(".reading .row").first
    assert "Riga" in row.locator(".target").inner_text()
    assert row.locator(".term").all_inner_texts() != []


def test_the_result_is_copied_in_every_form(page: Page) -> None:
    write(page, "The president met the mayor in Riga on Friday. Nobody was hurt.", "Latest news")
    page.get_by_label("Translate into").select_option("ru")
    run(page)
    wait_done(page)
    text = clipboard(page, "Text")
    assert "Nobody was hurt." in text
    assert "Никто не пострадал." in text
    assert "<p>" in clipboard(page, "HTML")
    found = json.loads(clipboard(page, "JSON"))
    assert "started" in found["StreamTranslate"][0]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-c", clipboard(page, "Python")],
        env=environment, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "Никто не пострадал." in done.stdout
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-e", "-c", clipboard(page, "grpcurl")],
        env={**os.environ, "PATH": tools}, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "Никто не пострадал." in done.stdout


def test_the_models_at_a_glance(page: Page) -> None:
    page.get_by_role("link", name="Models").click()
    table = page.locator("#list tbody tr")
    table.first.wait_for()
    installed = table.filter(has_text="Ready").all_inner_texts()
    assert any("firefox-en-ru" in text and "MPL-2.0" in text for text in installed)
    missing = table.filter(has_text="firefox-en-lt-tiny")
    assert "summsvc models pull firefox-en-lt-tiny" in missing.inner_text()
    assert page.locator("#pairs td.ready").count() >= 2
    assert faults(page) == []
    screenshot(page, "web-models")


def test_a_token_is_asked_for_once(open_page: Callable[..., Page], tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.txt"
    tokens.write_text("a good token\n")
    given: dict[str, Any] = {"model_dir": tmp_path, "token_file": tokens}
    with running(Settings(port=0, metrics_port=-1, web="127.0.0.1:0", **given)) as server:
        page = open_page(server.server.web_url)
        dialog = page.get_by_role("dialog")
        dialog.wait_for()
        assert faults(page) == []
        page.get_by_label("Token", exact=True).fill("a wrong token")
        page.keyboard.press("Enter")
        page.locator("#token-problem", has_text="does not accept").wait_for()
        page.get_by_label("Token", exact=True).fill("a good token")
        page.keyboard.press("Enter")
        ready(page)
        choose(page, "Summary")
        sample(page)
        run(page)
        wait_done(page)
        assert "$SUMMSVC_TOKEN" in clipboard(page, "grpcurl")
        assert "a good token" not in page.content()


def test_a_server_that_is_gone_is_named(open_page: Callable[..., Page], tmp_path: Path) -> None:
    with running(
        Settings(port=0, metrics_port=-1, web="127.0.0.1:0", model_dir=tmp_path)
    ) as server:
        page = ready(open_page(server.server.web_url))
    write(page, "The talks will continue.")
    choose(page, "Summary")
    run(page)
    page.locator("#errors .notice", has_text="No connection to the server").wait_for()
    assert page.get_by_role("textbox", name="Article", exact=True).is_visible()


def test_the_command_serves_the_page(open_page: Callable[..., Page], tmp_path: Path) -> None:
    command = [str(Path(sys.executable).parent / "summsvc"), "serve", "--port", "0"]
    options = ["--web", "127.0.0.1:0", "--metrics-port", "-1", "--model-dir", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(
        [*command, *options], env=environment, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline().removeprefix("web page at ").strip()
            page = open_page(address)
            page.locator("#server", has_text="Version").wait_for()
        finally:
            server.terminate()
            assert server.wait(60) == 0
