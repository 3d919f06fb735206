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
JAVA_CLASSES = Path("/usr/share/java")


def program(language: str, containing: str, address: str, *, empty: bool) -> str:
    """The program of the page for another address, and with an empty article if wanted."""
    code = example(PAGE, language, containing).replace("localhost:50051", address)
    text = f'"{SENTENCE} The talks will continue."'
    assert code.count(text) == 1
    return code.replace(text, '""') if empty else code


def generate(containing: str, folder: Path) -> None:
    """Run a command of the page that generates code."""
    (folder / "proto").symlink_to(ROOT / "proto")
    command = example(PAGE, "sh", containing)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    run(
        "bash",
        "-ec",
        command,
        cwd=folder,
        environment={"GOOGLEAPIS": str(GOOGLEAPIS), "PATH": path},
    )


@pytest.mark.parametrize("empty", [False, True])
def test_go(empty: bool, plain_tls: Secure, service_config: Path) -> None:
    require("go", "protoc", "protoc-gen-go", "protoc-gen-go-grpc", GO_PACKAGES)
    folder = service_config.parent
    source = folder / "src" / "example.com" / "client"
    source.mkdir(parents=True)
    generate("--go_out", source)
    main = source / "main.go"
    main.write_text(program("go", "package main", plain_tls.address, empty=empty), "utf-8")
    (folder / "ca.pem").write_bytes(plain_tls.ca.read_bytes())
    go = {
        "GO111MODULE": "off",
        "GOPATH": f"{folder}:{GO_PACKAGES}",
        "GOFLAGS": "-p=2",
    }
    run("go", "vet", "example.com/client", cwd=folder, environment=go)
    run("go", "build", "-o", "client", "example.com/client", cwd=folder, environment=go)
    printed = run(folder / "client", cwd=folder).strip()
    assert printed == (f"InvalidArgument {REJECTED}" if empty else SENTENCE)


@pytest.mark.parametrize("empty", [False, True])
def test_java(empty: bool, bare_server: Running, service_config: Path) -> None:
    require("javac", "protoc", "grpc_java_plugin", JAVA_CLASSES / "grpc-api.jar")
    folder = service_config.parent
    # Debian's name for the plugin is another one.
    plugin = shutil.which("grpc_java_plugin")
    assert plugin is not None
    (folder / "protoc-gen-grpc-java").symlink_to(plugin)
    generate("--java_out", folder)
    code = program("java", "class Summarize", bare_server.address, empty=empty)
    (folder / "Summarize.java").write_text(code, "utf-8")
    # The messages of google/rpc, which other build systems take from a package.
    common = [f"google/rpc/{name}.proto" for name in ("status", "error_details", "code")]
    run("protoc", "-I", GOOGLEAPIS, "--java_out=.", *common, cwd=folder)
    path = ":".join([".", *(str(each) for each in sorted(JAVA_CLASSES.glob("*.jar")))])
    sources = [str(each) for each in folder.rglob("*.java")]
    run("javac", "-nowarn", "-cp", path, *sources, cwd=folder)
    printed = run("java", "-cp", path, "Summarize", cwd=folder).strip()
    assert printed == (f"INVALID_ARGUMENT {REJECTED}" if empty else SENTENCE)
