"""Rules, dashboard and compose file: their metrics exist, and they agree with each other.

``scripts/observability`` runs their queries on a real Prometheus.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry

from summsvc.server.supervisor.metrics import SupervisorMetrics
from tests.running import Running

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "compose" / "compose.yaml"
DASHBOARD = json.loads((DEPLOY / "grafana" / "dashboards" / "summsvc.json").read_text("utf-8"))
PAGE = (ROOT / "docs" / "how-to" / "observe.md").read_text("utf-8")

TARGET_LABELS = {"job", "instance"}
"""Labels that Prometheus adds to every series of a target."""

SUFFIXES = {
    "counter": ("_total",),
    "gauge": ("",),
    "histogram": ("_bucket", "_count", "_sum"),
}


def loaded(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def rules(name: str) -> list[dict[str, Any]]:
    groups = loaded(DEPLOY / "prometheus" / "rules" / name)["groups"]
    return [rule for group in groups for rule in group["rules"]]


ALERTS, RECORDS = rules("alerts.yaml"), rules("recording.yaml")
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
RECORDED = {rule["record"] for rule in RECORDS}


def expressions() -> Iterator[str]:
    for rule in [*ALERTS, *RECORDS]:
        yield rule["expr"]
    for panel in PANELS:
        for target in panel["targets"]:
            yield target["expr"]


def exposed(registry: CollectorRegistry) -> dict[str, set[str]]:
    """The labels of each name of a sample."""
    names: dict[str, set[str]] = {}
    for family in registry.collect():
        collector = registry._names_to_collectors.get(family.name)
        labels = {*getattr(collector, "_labelnames", ()), *TARGET_LABELS}
        for suffix in SUFFIXES.get(family.type, ()):
            with_bound = labels | {"le"} if suffix == "_bucket" else labels
            names[family.name + suffix] = with_bound
    return names


def test_every_metric_and_label_of_a_query_exists(bare_server: Running) -> None:
    supervisor = CollectorRegistry()
    SupervisorMetrics(supervisor, processes=2)
    names = exposed(bare_server.server._registry) | exposed(supervisor)
    used: set[str] = set()
    for expression in expressions():
        labels = set(TARGET_LABELS)
        for name in re.findall(r"(?<![\w:])summsvc_\w+", expression):
            assert name in names, name
            used.add(name)
            labels |= names[name]
        for name in re.findall(r"\w+:[\w:]+", expression):
            assert name in RECORDED, name
            labels |= set(name.partition(":")[0].split("_"))
        if re.search(r"(?:process|python)_\w+", expression):
            labels.add("generation")
        for inner in re.findall(r"(?:by|on) \(([^)]*)\)", expression):
            assert set(re.split(r",\s*", inner)) <= labels, expression
        for selector in re.findall(r"\{([^}]*)\}", expression):
            assert set(re.findall(r"(\w+)\s*=", selector)) <= labels, expression
    # Every metric is used by a rule or a panel.
    unused = {name for name in names if name.startswith("summsvc_")} - used
    counts = {name.rpartition("_")[0] for name in used if name.endswith(("_bucket", "_sum"))}
    assert {name for name in unused if name.rpartition("_")[0] not in counts} == set()


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_every_alert_has_a_severity_an_explanation_and_a_test(rule: dict[str, Any]) -> None:
    name = rule["alert"]
    assert rule["labels"]["severity"] in {"page", "ticket"}
    row = f'| <a id="{name.lower()}"></a>{name} | {rule["labels"]["severity"]} |'
    assert row in PAGE
    assert rule["annotations"]["runbook"] == f"docs/how-to/observe.md#{name.lower()}"
    tests = loaded(DEPLOY / "prometheus" / "tests" / "alerts.yaml")["tests"]
    fired = [
        bool(each["exp_alerts"])
        for test in tests
        for each in test["alert_rule_test"]
        if each["alertname"] == name
    ]
    assert {True, False} == set(fired)


def test_every_recording_rule_has_a_test_and_a_conventional_name() -> None:
    (test,) = loaded(DEPLOY / "prometheus" / "tests" / "recording.yaml")["tests"]
    tested = {match for each in test["promql_expr_test"] for match in RECORDED
              if match in each["expr"]}  # fmt: skip
    assert tested == RECORDED
    assert all(re.fullmatch(r"[a-z_]+:summsvc_[a-z_]+:\w+_rate5m|[a-z_]+:summsvc_\w+:rate5m", name)
               for name in RECORDED)  # fmt: skip


def test_the_panels_of_the_dashboard_do_not_overlap_and_have_one_data_source() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    cells: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        own = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not own & cells, panel["title"]
        assert all(x < 24 for x, _ in own)
        cells |= own
    assert PANELS
    for panel in PANELS:
        sources = [panel["datasource"], *(each["datasource"] for each in panel["targets"])]
        assert all(each["uid"] == "${datasource}" for each in sources)


def test_the_compose_file_is_valid() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*command, str(COMPOSE)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_compose_file_mounts_existing_files_and_publishes_on_loopback_only() -> None:
    services = loaded(COMPOSE)["services"]
    assert set(services) == {"summsvc", "prometheus", "grafana", "collector", "jaeger"}
    for name, service in services.items():
        for volume in service.get("volumes", []):
            if volume.startswith("."):
                assert (COMPOSE.parent / volume.partition(":")[0]).exists(), volume
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
        assert name == "summsvc" or re.search(r":v?\d+\.\d+\.\d+$", service["image"])


def test_the_parts_of_the_compose_file_find_each_other() -> None:
    services = loaded(COMPOSE)["services"]
    scrape = loaded(DEPLOY / "prometheus" / "prometheus.yaml")["scrape_configs"][0]
    assert scrape["job_name"] == "summsvc"
    sources = loaded(DEPLOY / "grafana/provisioning/datasources/summsvc.yaml")["datasources"]
    collector = loaded(DEPLOY / "compose" / "collector.yaml")
    addresses = [
        scrape["static_configs"][0]["targets"][0],
        *(each["url"].removeprefix("http://") for each in sources),
        collector["exporters"]["otlp"]["endpoint"],
        services["summsvc"]["environment"]["SUMMSVC_TRACING_ENDPOINT"].removeprefix("http://"),
    ]
    assert {address.partition(":")[0] for address in addresses} <= set(services)
    (provider,) = loaded(DEPLOY / "grafana/provisioning/dashboards/summsvc.yaml")["providers"]
    mounted = [volume.split(":")[1] for volume in services["grafana"]["volumes"]]
    assert provider["options"]["path"] in mounted
