"""Fixtures: one interface to both clients, a fake server and TLS certificates."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from summsvc.client import AsyncClient, Client
from tests.client.fake import FakeServer


class Caller:
    """Calls a method with a new client of one kind; returns a stream as a list."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __call__(self, server: str, method: str, /, *args: Any, **kwargs: Any) -> Any:
        connection = kwargs.pop("connection", {})
        if self.kind == "blocking":
            with Client(server, **connection) as client:
                answer = getattr(client, method)(*args, **kwargs)
                return list(answer) if inspect.isgenerator(answer) else answer

        async def call() -> Any:
            async with AsyncClient(server, **connection) as asyncio_client:
                answer = getattr(asyncio_client, method)(*args, **kwargs)
                if inspect.isasyncgen(answer):
                    return [event async for event in answer]
                return await answer

        return asyncio.run(call())


@pytest.fixture(params=["blocking", "asyncio"])
def call(request: pytest.FixtureRequest) -> Caller:
    return Caller(request.param)


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    server = FakeServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with ca.pem and with {server,client}.{pem,key} signed by it."""
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*args: str) -> None:
        subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test ca")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    for name in ("server", "client"):
        openssl(
            "req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}"
        )
        signer = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names"]
        openssl("x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.pem", *signer)
    return folder
