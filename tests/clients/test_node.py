"""Node.js calls real servers; the calls and their assertions are in tests/clients/node."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.clients.conftest import (
    GOOGLEAPIS,
    PAGE,
    SENTENCE,
    TRANSLATION,
    Secure,
    cancelled_streams,
    require,
    run,
)
from tests.running import Running
from tests.server.watched import eventually
from tests.test_readme import ROOT, example

NODE = Path(__file__).parent / "node"


@pytest.fixture(autouse=True, scope="module")
def _node() -> None:
    require("node", NODE / "node_modules")


def test_methods_errors_and_channels(
    translating_server: Running, bare_server: Running, secure: Secure, service_config: Path
) -> None:
    before = cancelled_streams(translating_server)
    printed = run(
        "node",
        "--test",
        "--test-reporter=tap",
        cwd=NODE,
        environment={
            "TARGET": translating_server.address,
            "SECOND": bare_server.address,
            "SECURE": secure.address,
            "CA": str(secure.ca),
            "TOKEN": secure.token,
            "KNOWN": json.dumps([SENTENCE, TRANSLATION]),
            "GOOGLEAPIS": str(GOOGLEAPIS),
            "SERVICE_CONFIG": str(service_config),
        },
    )
    counts = dict(re.findall(r"^# (\w+) (\d+)$", printed, re.M))
    files = [path.read_text("utf-8") for path in NODE.glob("*.test.js")]
    assert int(counts["pass"]) >= sum(text.count("\ntest(") for text in files)
    assert counts["skipped"] == counts["todo"] == counts["fail"] == "0"
    # The server has seen that the reader of a stream left.
    eventually(lambda: cancelled_streams(translating_server) > before)


@pytest.mark.parametrize(
    ("body", "printed"),
    [
        (None, "The president met the mayor in Riga on Friday."),
        ("", "INVALID_ARGUMENT EMPTY_ARTICLE"),
    ],
)
def test_the_program_of_the_page(
    body: str | None, printed: str, bare_server: Running, service_config: Path
) -> None:
    code = example(PAGE, "js", "grpc-js").replace("localhost:50051", bare_server.address)
    if body is not None:
        code = re.sub(r"body: '[^']*'", f"body: '{body}'", code)
    folder = service_config.parent
    # Node.js resolves packages from the folder of the program.
    (folder / "node_modules").symlink_to(NODE / "node_modules")
    (folder / "proto").symlink_to(ROOT / "proto")
    (folder / "client.js").write_text(code, "utf-8")
    done = run("node", "client.js", cwd=folder, environment={"GOOGLEAPIS": str(GOOGLEAPIS)})
    assert done.strip() == printed
