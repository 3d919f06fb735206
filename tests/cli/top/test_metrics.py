"""Metrics in the Prometheus text format, and their endpoint."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from summsvc.cli.top import metrics
from summsvc.cli.top.metrics import MetricsError, parse
from tests.running import Running

PAGE = r"""
# HELP calls_total Calls
# TYPE calls_total counter
calls_total{code="OK",method="Translate"} 7.0
calls_total{code="INTERNAL",method="Translate"} 1e0 1700000000
calls_total{code="OK",method="a \"b\"\\ \n"} 2
bare 3.5
odd NaN
""".lstrip()


def test_samples_by_name_and_labels() -> None:
    found = parse(PAGE)
    assert found.total("calls_total") == 10
    assert found.total("calls_total", code="OK") == 9
    assert found.total("calls_total", code="OK", method="Translate") == 7
    assert found.by("method", "calls_total") == {"Translate": 8, 'a "b"\\ \n': 2}
    assert found.total("bare") == 3.5
    assert found.total("missing") == 0


def test_what_the_reference_library_writes_is_parsed() -> None:
    registry = CollectorRegistry()
    calls = Counter("calls", "Calls", ["name"], registry=registry)
    calls.labels('x,y="z"}').inc(3)
    seconds = Histogram("seconds", "Seconds", ["name"], buckets=(0.1, 1), registry=registry)
    for value in (0.05, 0.5, 0.5, 5):
        seconds.labels("a").observe(value)
    found = parse(generate_latest(registry).decode())
    assert found.by("name", "calls_total") == {'x,y="z"}': 3}
    assert found.buckets("seconds", name="a") == {0.1: 1, 1.0: 3, float("inf"): 4}


@pytest.mark.parametrize("page", ["<html>", "name", 'name{a="b"', "name value"])
def test_another_page_is_an_error(page: str) -> None:
    with pytest.raises(MetricsError, match="no metric"):
        parse(page)


def test_the_metrics_of_a_server(translating_server: Running) -> None:
    url = f"http://127.0.0.1:{translating_server.server.metrics_port}/metrics"
    found = metrics.fetch(url)
    assert found.total("process_resident_memory_bytes") > 1e6
    assert "opus-en-ru" in found.by("model", "summsvc_model_loaded")


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/metrics", "nonsense", "http://[::"])
def test_no_metrics_at_an_address(url: str) -> None:
    with pytest.raises(MetricsError, match="set --metrics"):
        metrics.fetch(url)
