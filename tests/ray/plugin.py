"""Plugin of pytest for runs against Ray: which tests apply, and which of them called Ray.

    SUMMSVC_TEST_TARGET=ray pytest -p tests.ray.plugin tests/server

A test that passes without a call of Ray proves nothing about Ray; the summary counts it apart.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.ray import conftest  # noqa: F401  # before the next one: imports Ray quietly
from tests.ray.target import Target

NOT_OF_RAY = {
    "tests/server/transport/": "transport: connections, whose limits are those of Ray's proxy",
    "tests/server/security/": "transport: TLS, which Ray's proxy does not have, and its files",
    "tests/server/faults/test_connections.py": "transport: connections that break",
    "tests/server/faults/test_kill.py": "process: the end of `summsvc serve`",
    "tests/server/faults/test_termination.py": "process: the end of `summsvc serve`",
    "tests/server/runtime/": "process: signals, log and memory of `summsvc serve`",
}
"""Tests that do not apply, by the beginning of their path, with the reason."""

_counts: Counter[str] = Counter()
_called: set[str] = set()


def pytest_configure(config: pytest.Config) -> None:
    # Warnings of Ray's own modules, in whatever this process imports of them.
    config.addinivalue_line("filterwarnings", "default")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for path, reason in NOT_OF_RAY.items():
        if item.nodeid.startswith(path):
            pytest.skip(reason)
    if "monkeypatch" in getattr(item, "fixturenames", ()):
        pytest.skip("in process: the test replaces a part of the server")
    Target.called = False


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    if call.when == "call" and Target.called:
        _called.add(item.nodeid)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped:
        reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else ""
        kind = reason.removeprefix("Skipped: ").partition(":")[0]
        _counts[f"skipped, {kind}"] += 1
    elif report.failed:
        _counts["failed"] += 1
    elif report.when == "call":
        _counts["passed" if report.nodeid in _called else "passed without a call of Ray"] += 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for name, count in sorted(_counts.items()):
        terminalreporter.write_line(f"against Ray: {name}: {count}")
