"""Runs every query of the rules and the dashboard on a Prometheus that scrapes a server at work.

    python -m scripts.observability [--seconds N]

Starts ``summsvc serve`` with two trained models, one of which gives doubtful outputs, an OTLP
collector and Prometheus with the files of deploy. Makes calls that succeed, fail, are rejected,
cancelled or late. Then every query has to return a number, every alert has to be evaluated without
an error, and exemplars have to lead to traces that the collector has received.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import yaml
from grpc_health.v1 import health_pb2, health_pb2_grpc

from summsvc.engines.base import Task
from summsvc.models.catalog import Catalog
from summsvc.models.store.store import Store
from summsvc.server.services.health import TRANSLATION_SERVICE
from summsvc.v1 import article_pb2
from summsvc.v1 import summarization_service_pb2 as summaries
from summsvc.v1 import translation_service_pb2 as translations
from summsvc.v1.summarization_service_pb2_grpc import SummarizationServiceStub
from summsvc.v1.translation_service_pb2_grpc import TranslationServiceStub
from tests.checkpoints import marian, pairs, spoiled
from tests.running import free_ports
from tests.server.collector import collecting

DEPLOY = Path(__file__).parents[1] / "deploy"
CLIENTS = 8
LIMITS = {"max_queued_requests": "4", "max_wait_s": "30", "workers": "1"}
"""Settings with which a few clients are enough to fill the queues."""

LONGEST = 5
"""Most repetitions of the traffic until all queries have data."""

RATE_WINDOW = "30s"
"""What Grafana would put for ``$__rate_interval``."""


@contextmanager
def process(command: list[str], log: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command during the block, and end it with SIGTERM."""
    with log.open("w") as stderr:
        started = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    try:
        yield started
    finally:
        started.send_signal(signal.SIGTERM)
        try:
            started.wait(60)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()
        if started.stdout is not None:
            started.stdout.close()


def store(folder: Path) -> Path:
    """A model store: en-lt translates well, en-ru gives doubtful outputs."""
    made, catalog = Store(folder), Catalog.load()
    for id, checkpoint in (("opus-en-lt", marian("en-lt")), ("opus-en-ru", spoiled())):
        made.add(checkpoint, id, Task.TRANSLATION, entry=catalog.get(id))
    return made.root


@contextmanager
def serving(work: Path, endpoint: str) -> Iterator[tuple[str, int, Path]]:
    """Run the server; yields its address, the port of its metrics and its log."""
    (port,) = free_ports(1)
    settings = {
        "port": "0",
        "metrics_port": str(port),
        "model_dir": str(store(work / "models")),
        "preload": "all",
        "tracing": "true",
        "tracing_endpoint": endpoint,
        **LIMITS,
    }
    environment = {f"SUMMSVC_{name.upper()}": value for name, value in settings.items()}
    log = work / "server.log"
    command = [sys.executable, "-c", "from summsvc.cli import main; main()", "serve"]
    with process(command, log, OTEL_BSP_SCHEDULE_DELAY="200", **environment) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        if not line.startswith("listening on "):
            raise SystemExit(log.read_text())
        address = line.removeprefix("listening on ").strip()
        wait_until_ready(address)
        yield address, port, log
    if server.returncode:
        raise SystemExit(f"the server ended with {server.returncode}:\n{log.read_text()[-2000:]}")


def wait_until_ready(address: str) -> None:
    """Wait until the models are loaded."""
    request = health_pb2.HealthCheckRequest(service=TRANSLATION_SERVICE)
    with grpc.insecure_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        while stub.Check(request, timeout=60).status != health_pb2.HealthCheckResponse.SERVING:
            time.sleep(0.2)


@contextmanager
def prometheus(work: Path, metrics_port: int) -> Iterator[str]:
    """Run Prometheus with the files of deploy, a second between scrapes; yields its address."""
    folder = work / "prometheus"
    shutil.copytree(DEPLOY / "prometheus", folder)
    file = folder / "prometheus.yaml"
    config = yaml.safe_load(file.read_text("utf-8"))
    config["global"] = dict.fromkeys(("scrape_interval", "evaluation_interval"), "1s")
    config["scrape_configs"][0]["static_configs"] = [{"targets": [f"127.0.0.1:{metrics_port}"]}]
    file.write_text(yaml.safe_dump(config))
    (port,) = free_ports(1)
    command = [
        "prometheus",
        f"--config.file={file}",
        f"--storage.tsdb.path={work / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--enable-feature=exemplar-storage",
        "--log.level=warn",
    ]
    with process(command, work / "prometheus.log"):
        address = f"http://127.0.0.1:{port}"
        for _ in range(300):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/-/ready"):
                break
            time.sleep(0.1)
        yield address


class Traffic:
    """Clients that make calls of all kinds until they are told to stop."""

    def __init__(self, address: str) -> None:
        self.codes: Counter[str] = Counter()
        self._address = address
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(i,)) for i in range(CLIENTS)]

    def __enter__(self) -> Traffic:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _run(self, seed: int) -> None:
        chosen = random.Random(seed)
        sentences = [source for source, _ in pairs("en-lt")]
        with grpc.insecure_channel(self._address) as channel:
            kinds = self._kinds(channel, lambda: chosen.sample(sentences, 8))
            while not self._stopping.is_set():
                kind = chosen.choice(kinds)
                try:
                    kind()
                    self.codes["OK"] += 1
                except grpc.RpcError as error:
                    self.codes[error.code().name] += 1
                except grpc.FutureCancelledError:
                    self.codes["CANCELLED"] += 1

    def _kinds(
        self, channel: grpc.Channel, text: Callable[[], list[str]]
    ) -> list[Callable[[], object]]:
        translator, summarizer = TranslationServiceStub(channel), SummarizationServiceStub(channel)

        def article(copies: int = 1) -> article_pb2.Article:
            body = "\n\n".join(["By Jane Doe", " ".join(text())] * copies)
            return article_pb2.Article(title=text()[0], body=body, language_code="en")

        def request(target: str, *, bypass: bool = True, **fields: Any) -> Any:
            return translations.TranslateRequest(
                article=article(), target_language_code=target, bypass_cache=bypass, **fields
            )

        glossary = [translations.GlossaryEntry(source="president", target="vadovas")]

        def cancelled() -> object:
            call = translator.Translate.future(request("lt"), timeout=60)
            time.sleep(0.02)
            call.cancel()  # type: ignore[no-untyped-call]
            return call.result()

        def batch() -> object:
            wanted = [request("lt") for _ in range(3)]
            return translator.BatchTranslate(
                translations.BatchTranslateRequest(requests=wanted), timeout=60
            )

        def summary() -> object:
            long = summaries.SummarizeRequest(article=article(40))
            return summarizer.Summarize(long, timeout=60)

        def stream() -> object:
            wanted = translations.StreamTranslateRequest(request=request("lt"))
            return list(translator.StreamTranslate(wanted, timeout=60))

        return [
            lambda: translator.Translate(request("lt"), timeout=60),
            lambda: translator.Translate(request("lt", bypass=False), timeout=60),
            lambda: translator.Translate(request("lt", glossary=glossary), timeout=60),
            lambda: translator.Translate(request("ru"), timeout=60),
            lambda: translator.Translate(request("lt"), timeout=0.02),
            lambda: translator.Translate(request("lt", model="none"), timeout=60),
            cancelled,
            batch,
            summary,
            summary,
            stream,
        ]


class Queries:
    """Queries of a Prometheus. failures: what did not return what it has to."""

    def __init__(self, address: str) -> None:
        self._address = address
        self.failures = ["no query was made"]
        self.count = 0

    def get(self, path: str, **parameters: str) -> Any:
        url = f"{self._address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url) as reply:
                return json.load(reply)["data"]
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{parameters}: {error.read().decode()}") from error

    def require_number(self, where: str, expression: str) -> None:
        """Record a failure unless a query returns at least one number now."""
        self.count += 1
        found = self.get("query", query=expression)["result"]
        if not any(math.isfinite(float(each["value"][1])) for each in found):
            self.failures.append(f"{where}: no data: {expression}")


def check_dashboard(queries: Queries) -> None:
    file = DEPLOY / "grafana" / "dashboards" / "summsvc.json"
    dashboard = json.loads(file.read_text("utf-8"))
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            expression = target["expr"].replace("$__rate_interval", RATE_WINDOW)
            expression = re.sub(r"\$(?:instance|model)\b", ".*", expression)
            queries.require_number(f"panel {panel['title']}", expression)


def check_rules(queries: Queries) -> None:
    for group in queries.get("rules")["groups"]:
        for rule in group["rules"]:
            if rule["health"] != "ok":
                queries.failures.append(f"{rule['name']}: {rule['health']}: {rule['lastError']}")
            if rule["type"] == "recording":
                queries.require_number("recording rule", rule["name"])
            elif rule["state"] not in {"inactive", "pending", "firing"}:
                queries.failures.append(f"{rule['name']} is {rule['state']}")


def check_exemplars(queries: Queries, traced: set[str]) -> None:
    now = time.time()
    for name in ("call_seconds", "queue_wait_seconds", "batch_seconds"):
        found = queries.get(
            "query_exemplars",
            query=f"summsvc_{name}_bucket",
            start=f"{now - 600:.0f}",
            end=f"{now:.0f}",
        )
        ids = {each["labels"]["trace_id"] for series in found for each in series["exemplars"]}
        if not ids & traced:
            queries.failures.append(f"exemplars of {name}: {len(ids)}, none of a received trace")


def check_exposition(page: bytes) -> list[str]:
    """What ``promtool check metrics`` says about the names and help texts of summsvc."""
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=page, capture_output=True, check=False
    )
    return [line for line in done.stderr.decode().splitlines() if line.startswith("summsvc_")]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=30.0, help="traffic before the queries")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        collecting() as collector,
        serving(Path(folder), collector.address) as (address, metrics_port, log),
        prometheus(Path(folder), metrics_port) as database,
    ):
        queries = Queries(database)
        with Traffic(address) as traffic:
            until = time.monotonic() + LONGEST * arguments.seconds
            # Until all have data: on a busy machine some kinds of call come late. While calls are
            # in flight: shares of no calls at all would be NaN.
            while queries.failures and time.monotonic() < until:
                time.sleep(arguments.seconds)
                queries.count, queries.failures = 0, []
                check_dashboard(queries)
                check_rules(queries)
        print("calls:", ", ".join(f"{code} {n}" for code, n in traffic.codes.most_common()))
        time.sleep(2)
        spans = collector.spans()
        check_exemplars(queries, {each.trace_id for each in spans})
        print("spans:", ", ".join(f"{k} {n}" for k, n in Counter(e.name for e in spans).items()))
        with urllib.request.urlopen(f"http://127.0.0.1:{metrics_port}/metrics") as reply:
            queries.failures += check_exposition(reply.read())
        lines = (json.loads(line) for line in log.read_text().splitlines())
        logged = {line.get("trace_id") for line in lines if line.get("event") == "call"}
        if not logged & {each.trace_id for each in spans}:
            queries.failures.append("no line of the log has the id of a received trace")
    print(f"queries with data: {queries.count - len(queries.failures)} of {queries.count}")
    print(*queries.failures, sep="\n")
    return 1 if queries.failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
