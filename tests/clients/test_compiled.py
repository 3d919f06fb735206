"""The programs of the page in compiled languages are compiled, and call a real server."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.clients.conftest import GOOGLEAPIS, PAGE, Secure, require, run
from tests.running import Running
from tests.test_readme import ROOT, example

SENTENCE = "The president met the mayor in Riga on Friday."
REJECTED = "EMPTY_ARTICLE"
GO_PACKAGES = Path("/usr/share/gocode")
JAVA_CLASSES = [
    *(
        "geronimo-annotation-1.3-spec",
        "grpc-api",
        "grpc-context",
        "grpc-core",
        "grpc-netty",
        "grpc-protobuf",
        "grpc-protobuf-lite",
    ),
    *("grpc-stub", "gson", "guava", "jsr305", "netty-all", "netty-buffer", "netty-codec"),
    *("netty-codec-http", "netty-codec-http2", "netty-common", "netty-handler", "netty-resolver"),
    *(
        "netty-transport",
        "opencensus-api",
        "perfmark-api",
        "proto-google-common-protos",
        "protobuf",
    ),
]
"""What the program of the page needs, by the names of Debian's files."""

pytestmark = pytest.mark.timeout(1200)


def programs(language: str, containing: str, address: str) -> tuple[str, str]:
    """The program of the page for another address, and the same with an empty article."""
    code = example(PAGE, language, containing).replace("localhost:50051", address)
    text = f'"{SENTENCE} The talks will continue."'
    assert code.count(text) == 1
    return code, code.replace(text, '""')


def generate(containing: str, folder: Path) -> None:
    """Run a command of the page that generates code."""
    (folder / "proto").symlink_to(ROOT / "proto")
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    environment = {"GOOGLEAPIS": str(GOOGLEAPIS), "PATH": path}
    run("bash", "-ec", example(PAGE, "sh", containing), cwd=folder, environment=environment)


def test_go(plain_tls: Secure, service_config: Path) -> None:
    require("go", "protoc", "protoc-gen-go", "protoc-gen-go-grpc", GO_PACKAGES)
    folder = service_config.parent
    source = folder / "src" / "example.com" / "client"
    source.mkdir(parents=True)
    generate("--go_out", source)
    (folder / "ca.pem").write_bytes(plain_tls.ca.read_bytes())
    go = {"GO111MODULE": "off", "GOPATH": f"{folder}:{GO_PACKAGES}"}
    printed = []
    for code in programs("go", "package main", plain_tls.address):
        (source / "main.go").write_text(code, "utf-8")
        run("go", "build", "-o", "client", "example.com/client", cwd=folder, environment=go)
        printed.append(run(folder / "client", cwd=folder).strip())
    assert printed == [SENTENCE, f"InvalidArgument {REJECTED}"]


def test_java(bare_server: Running, service_config: Path) -> None:
    jars = [Path(f"/usr/share/java/{name}.jar") for name in JAVA_CLASSES]
    require("javac", "protoc", "grpc_java_plugin", *jars)
    folder = service_config.parent
    # Debian's name for the plugin is another one.
    plugin = shutil.which("grpc_java_plugin")
    assert plugin is not None
    (folder / "protoc-gen-grpc-java").symlink_to(plugin)
    generate("--java_out", folder)
    # Debian's package of google/rpc is older than ErrorInfo.
    run("protoc", "-I", GOOGLEAPIS, "--java_out=.", "google/rpc/error_details.proto", cwd=folder)
    path = os.pathsep.join([".", *map(str, jars)])
    printed = []
    for code in programs("java", "class Summarize", bare_server.address):
        (folder / "Summarize.java").write_text(code, "utf-8")
        # Generated classes are compiled as far as the program needs them.
        run("javac", "-nowarn", "-cp", path, "Summarize.java", cwd=folder)
        printed.append(run("java", "-cp", path, "Summarize", cwd=folder).strip())
    assert printed == [SENTENCE, f"INVALID_ARGUMENT {REJECTED}"]
