"""Fixtures of the tests in a browser, which ``scripts/web`` runs: Debian's Chromium, and servers.

A page whose console has an error, or that breaks its Content-Security-Policy, fails its test.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from summsvc.config import Settings
from tests.running import Running, running
from tests.server.watched import ControlledEngine
from tests.server.web.students import student_store

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# The packages of the extra `browser` are not in the environment of the other tests.
collect_ignore_glob = [] if find_spec("playwright") else ["test_*.py"]

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
WIDE = {"width": 1360, "height": 900}
PATIENCE_MS, POLL_MS = 120_000, 50
PHONE = {"width": 390, "height": 844}

WATCH = """
window.found = { violations: [], shift: 0 };
addEventListener("securitypolicyviolation", (event) =>
  window.found.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
new PerformanceObserver((list) => {
  const unasked = list.getEntries().filter((entry) => !entry.hadRecentInput);
  for (const entry of unasked) window.found.shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""
"""Script that collects violations of the policy, and shifts of the layout without an input."""


@pytest.fixture(scope="session")
def web_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    store = student_store(tmp_path_factory.mktemp("students"), "ru", "lt")
    settings = Settings(
        port=0, metrics_port=-1, web="127.0.0.1:0", model_dir=store, preload=["all"], workers=1
    )
    with running(settings) as server:
        server.wait_until_ready()
        yield server


@pytest.fixture
def watched(web_server: Running) -> Iterator[ControlledEngine]:
    model = ControlledEngine(web_server, "firefox-en-ru")
    yield model
    model.restore()
    model.wait_until_idle()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


class Pages:
    """Opens pages, and collects what their consoles report."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._open: list[Page] = []
        self.reported: list[str] = []

    def __call__(self, address: str, **options: Any) -> Page:
        """Open an address. options: of the browser's context."""
        context = self._browser.new_context(**{"viewport": WIDE, **options})
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(WATCH)
        page = context.new_page()
        page.on("console", lambda message: self._report(message.type, message.text))
        page.on("pageerror", lambda error: self._report("error", str(error)))
        page.goto(address)
        self._open.append(page)
        return page

    def _report(self, kind: str, text: str) -> None:
        # Chromium reports every response that is not OK; the page handles those.
        if kind in ("error", "warning") and "Failed to load resource" not in text:
            self.reported.append(f"{kind}: {text}")

    def close(self) -> None:
        for page in self._open:
            found = page.evaluate("window.found")
            assert found["violations"] == []
            # On a phone, a summary of unknown length moves the article below it. On a wide screen
            # only an error does, and counts when it comes 0.5 s after the click or later.
            assert page.viewport_size != WIDE or found["shift"] < 0.25, found
            page.context.close()
        assert self.reported == []


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    pages = Pages(browser)
    yield pages
    pages.close()


@pytest.fixture
def page(open_page: Callable[..., Page], web_server: Running) -> Page:
    """The page of the server, on a wide screen in the light theme."""
    return ready(open_page(web_server.server.web_url))


def ready(page: Page) -> Page:
    """Wait until the page knows its server."""
    page.locator("#server", has_text="Version").wait_for(state="attached")
    until(page, "document.querySelectorAll('#target option').length > 0")
    return page


def until(page: Page, condition: str) -> None:
    """Wait until an expression is true.

    The browser's own waiting evaluates the expression in the page, which its policy forbids.
    """
    for _ in range(PATIENCE_MS // POLL_MS):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(POLL_MS)
    raise AssertionError(condition)


def faults(page: Page) -> list[str]:
    """What axe finds that is serious or critical."""
    from axe_playwright_python.sync_playwright import Axe

    found = json.loads(json.dumps(Axe().run(page).response))
    return [
        f"{each['id']}: {[node['html'][:200] for node in each['nodes']][:3]}"
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
    ]
