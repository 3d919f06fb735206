"""Batches of any number of articles, in calls of a bounded size."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from summsvc.client import (
    Article,
    Client,
    InvalidArgumentError,
    Results,
    Summary,
    in_batches,
)
from tests.running import Running

TEXT = "The president met the mayor in Riga on Friday. The talks will continue."


def test_results_are_in_order_and_progress_is_reported(bare_server: Running) -> None:
    articles = [Article("", TEXT.replace("Riga", f"Riga {n}")) for n in range(5)]
    articles[3] = Article("", "")
    reports: list[tuple[int, int]] = []
    with Client(bare_server.address) as client:
        found = in_batches(
            client.batch_summarize,
            articles,
            size=2,
            max_sentences=1,
            progress=lambda done, total: reports.append((done, total)),
        )
    assert isinstance(found, Results)
    assert reports == [(0, 5), (2, 5), (4, 5), (5, 5)]
    assert isinstance(found[3], InvalidArgumentError)
    del found[3]
    assert [each.text.split()[7] for each in found if isinstance(each, Summary)] == list("0124")
    assert "<table>" in found._repr_html_()


def test_arguments_and_options_reach_the_call() -> None:
    calls: list[Any] = []

    def call(articles: list[str], *arguments: str, **options: Any) -> list[Any]:
        calls.append((articles, arguments, options))
        return articles

    assert in_batches(call, iter("abc"), "ru", size=2, model="m") == ["a", "b", "c"]
    assert calls == [(["a", "b"], ("ru",), {"model": "m"}), (["c"], ("ru",), {"model": "m"})]
    assert in_batches(call, []) == []


def test_a_size_below_one_is_rejected() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        in_batches(lambda _: [], ["a"], size=0)


@pytest.mark.parametrize("has_kernel", [True, False])
def test_a_bar_is_shown_in_a_notebook_only(
    monkeypatch: pytest.MonkeyPatch, has_kernel: bool
) -> None:
    shown: list[str] = []

    def display(bar: Any, display_id: bool) -> Any:
        assert display_id
        update(bar)
        return SimpleNamespace(update=update)

    def update(bar: Any) -> None:
        shown.append(bar._repr_html_())

    shell = SimpleNamespace(kernel=True) if has_kernel else SimpleNamespace()
    notebook = SimpleNamespace(get_ipython=lambda: shell, display=SimpleNamespace(display=display))
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    in_batches(lambda articles: articles, ["a", "b", "c"], size=2)
    assert len(shown) == (3 if has_kernel else 0)
    if has_kernel:
        assert shown[-1] == "<progress value='3' max='3'></progress> 3 of 3 articles"
