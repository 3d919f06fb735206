"""What the page for client authors says is what the server and the Python clients do."""

from __future__ import annotations

import json
import re

import grpc

from summsvc.client.retry_policy import SERVICE_CONFIG
from summsvc.config import Settings
from summsvc.server.transport.options import MIN_PING_INTERVAL_MS
from tests.clients.conftest import PAGE
from tests.test_readme import ROOT, example

TEXT = (ROOT / PAGE).read_text("utf-8")


def test_the_service_config_is_that_of_the_python_clients() -> None:
    assert json.loads(example(PAGE, "json", "retryPolicy")) == SERVICE_CONFIG


def test_keepalive_is_what_the_server_accepts() -> None:
    (milliseconds,) = re.findall(r"keepalive_time_ms': ([\d_]+)", TEXT)
    seconds = re.findall(r"Time: (\d+) \* time.Second, |keepAliveTime\((\d+), ", TEXT)
    values = {int(milliseconds), *(1000 * int("".join(each)) for each in seconds)}
    (value,) = values
    assert value > MIN_PING_INTERVAL_MS
    assert f"pings less than {MIN_PING_INTERVAL_MS // 1000} seconds apart" in TEXT
    assert f"`max_message_bytes` ({Settings().max_message_bytes >> 20} MiB)" in TEXT


def test_every_status_of_the_server_is_explained() -> None:
    errors = (ROOT / "docs/reference/errors.md").read_text("utf-8").split("## Warnings")[0]
    codes = {code.name for code in grpc.StatusCode}
    sent = {word for word in re.findall(r"\b[A-Z_]{5,}\b", errors) if word in codes}
    explained = set(re.findall(r"^\| ([A-Z_]+) \|", TEXT.split("## What a status means")[1], re.M))
    assert sent <= explained
