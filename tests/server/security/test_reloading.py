"""Reload of certificates, authorities and tokens while a server runs; the health port."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from structlog.testing import capture_logs

from summsvc.config import Settings, SettingsError
from summsvc.server.security import reloading
from summsvc.server.security.certificates import Validity
from summsvc.server.services.health import SUMMARIZATION_SERVICE
from summsvc.v1 import model_service_pb2 as pb
from summsvc.v1.model_service_pb2_grpc import ModelServiceStub
from tests.running import Running, refusal, running
from tests.server.authority import EARLY, LONG_AGO, Authority, Identity, shown
from tests.server.watched import eventually

PATIENCE_S = 60
SERVING = health_pb2.HealthCheckResponse.SERVING


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def identities(authority: Authority) -> list[Identity]:
    return [authority.sign("first"), authority.sign("second")]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Poll the files often."""
    monkeypatch.setattr(reloading, "FILE_POLL_S", 0.02)


class Tls:
    """The certificate files of a server, which the test changes."""

    def __init__(self, folder: Path, identity: Identity, authority: Authority) -> None:
        self.cert, self.key, self.ca = (folder / f"{name}.pem" for name in ("cert", "key", "ca"))
        self.settings = Settings(port=0, metrics_port=-1, model_dir=folder)
        self._authority = authority
        identity.put(self.cert, self.key)
        shutil.copyfile(authority.cert, self.ca)

    @contextmanager
    def server(self, **settings: Any) -> Iterator[Running]:
        given = {"tls_cert": self.cert, "tls_key": self.key} | settings
        with running(self.settings.model_copy(update=given)) as server:
            yield server

    def channel(self, server: Running, client: Identity | None = None) -> grpc.Channel:
        pair = [client.key.read_bytes(), client.cert.read_bytes()] if client else []
        trusted = grpc.ssl_channel_credentials(self._authority.cert.read_bytes(), *pair)
        # Otherwise channels to one address share a connection.
        options = [("grpc.use_local_subchannel_pool", 1)]
        return grpc.secure_channel(f"localhost:{server.server.port}", trusted, options)


@pytest.fixture
def tls(tmp_path: Path, identities: list[Identity], authority: Authority) -> Tls:
    return Tls(tmp_path, identities[0], authority)


def ask(channel: grpc.Channel, **call: Any) -> pb.GetServerInfoResponse:
    request = pb.GetServerInfoRequest()
    return ModelServiceStub(channel).GetServerInfo(request, timeout=PATIENCE_S, **call)


@pytest.mark.usefixtures("quick")
def test_new_connections_get_a_renewed_certificate(tls: Tls, identities: list[Identity]) -> None:
    first, second = identities
    with tls.server() as server, tls.channel(server) as before:
        ask(before)
        assert shown(server.server.port) == first.cert.read_text()
        second.put(tls.cert, tls.key)
        eventually(lambda: shown(server.server.port) == second.cert.read_text())
        ask(before)
        with tls.channel(server) as after:
            ask(after)
        first.put(tls.cert, tls.key)
        eventually(lambda: shown(server.server.port) == first.cert.read_text())


@pytest.mark.usefixtures("quick")
def test_every_address_of_a_name_gets_a_renewed_certificate(
    tls: Tls, identities: list[Identity]
) -> None:
    with tls.server(host="localhost") as server:
        identities[1].put(tls.cert, tls.key)
        eventually(lambda: shown(server.server.port) == identities[1].cert.read_text())


@pytest.mark.usefixtures("quick")
def test_a_folder_replaced_by_a_symbolic_link(tmp_path: Path, identities: list[Identity]) -> None:
    """Orchestrators mount secrets so: files are links into a folder that is itself a link."""
    data, mount = tmp_path / "..data", tmp_path
    for number, identity in enumerate(identities):
        folder = tmp_path / f"..{number}"
        folder.mkdir()
        identity.put(folder / "tls.crt", folder / "tls.key")
    data.symlink_to("..0")
    for name in ("tls.crt", "tls.key"):
        (mount / name).symlink_to(f"..data/{name}")
    settings = Settings(
        port=0,
        metrics_port=-1,
        model_dir=tmp_path,
        tls_cert=mount / "tls.crt",
        tls_key=mount / "tls.key",
    )
    with running(settings) as server:
        assert shown(server.server.port) == identities[0].cert.read_text()
        (tmp_path / "new").symlink_to("..1")
        (tmp_path / "new").rename(data)
        eventually(lambda: shown(server.server.port) == identities[1].cert.read_text())


@pytest.mark.usefixtures("quick")
def test_an_invalid_file_keeps_the_loaded_one_and_is_logged_once(
    tls: Tls, identities: list[Identity], authority: Authority
) -> None:
    first, second = identities
    expired = authority.sign("expired", EARLY, LONG_AGO)
    with capture_logs() as entries, tls.server() as server:
        for break_, why in (
            (lambda: tls.cert.write_text("junk"), "has no certificate"),
            (lambda: shutil.copyfile(second.cert, tls.cert), "is not the key of tls_cert"),
            (lambda: expired.put(tls.cert, tls.key), "expired on 2020-02-01"),
            (tls.cert.unlink, "No such file"),
        ):
            looks = count_looks(server)
            break_()
            wait_for(entries, why)
            wait_for_looks(looks, 5)
            assert shown(server.server.port) == first.cert.read_text()
        second.put(tls.cert, tls.key)
        eventually(lambda: shown(server.server.port) == second.cert.read_text())
    told = kept(entries)
    assert len(told) == len(set(told)) <= 8
    assert all(each.startswith("tls_") for each in told)


def wait_for(entries: list[Any], why: str) -> None:
    eventually(lambda: any(why in each for each in kept(entries)))


def wait_for_looks(looks: list[bool], more: int) -> None:
    until = len(looks) + more
    eventually(lambda: len(looks) >= until)


def kept(entries: list[Any]) -> list[str]:
    return [
        each["reason"]
        for each in entries
        if each["event"] == "reload failed, previous files stay in use"
    ]


def count_looks(server: Running) -> list[bool]:
    (watched,) = server.server._reloader._watched
    looks: list[bool] = []
    reload = type(watched).reload

    def counted(requested: bool) -> None:
        reload(watched, requested)
        looks.append(requested)

    vars(watched)["reload"] = counted
    return looks


@pytest.mark.usefixtures("quick")
def test_clients_of_a_new_authority_are_accepted(
    tls: Tls, identities: list[Identity], tmp_path: Path
) -> None:
    other = Authority(tmp_path / "other", "another authority")
    stranger = other.sign("stranger")
    with tls.server(tls_client_ca=tls.ca) as server:
        with tls.channel(server, identities[1]) as known:
            ask(known)
            shutil.copyfile(other.cert, tls.ca)

            def let_in() -> bool:
                with tls.channel(server, stranger) as channel:
                    try:
                        return bool(ask(channel).version)
                    except grpc.RpcError:
                        return False

            eventually(let_in)
            # Open connections stay open.
            ask(known)
        with tls.channel(server, identities[1]) as gone, pytest.raises(grpc.RpcError):
            ask(gone)


@pytest.mark.usefixtures("quick")
def test_a_revoked_token_is_rejected(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text("first\nsecond\n")
    settings = Settings(port=0, metrics_port=-1, model_dir=tmp_path, token_file=file)

    def code(channel: grpc.Channel, token: str) -> str:
        try:
            ask(channel, metadata=[("authorization", f"Bearer {token}")])
        except grpc.RpcError as error:
            return refusal(error).reason
        return "OK"

    with running(settings) as server, grpc.insecure_channel(server.address) as channel:
        assert [code(channel, token) for token in ("first", "second", "third")] == [
            "OK", "OK", "UNAUTHENTICATED",
        ]  # fmt: skip
        file.write_text("second\nthird\n")
        eventually(lambda: code(channel, "first") == "UNAUTHENTICATED")
        assert [code(channel, token) for token in ("second", "third")] == ["OK", "OK"]
        # A file without a token would reject or accept every call.
        looks = count_looks(server)
        file.write_text("")
        wait_for_looks(looks, 5)
        assert [code(channel, token) for token in ("second", "", "first")] == [
            "OK", "UNAUTHENTICATED", "UNAUTHENTICATED",
        ]  # fmt: skip


def health(target: str, service: str = "") -> int:
    with grpc.insecure_channel(target) as channel:
        request = health_pb2.HealthCheckRequest(service=service)
        return int(health_pb2_grpc.HealthStub(channel).Check(request, timeout=PATIENCE_S).status)


def test_the_health_port_needs_no_certificate(tls: Tls, identities: list[Identity]) -> None:
    with tls.server(tls_client_ca=tls.ca, health_port=0) as server:
        probe = f"127.0.0.1:{server.server.health_port}"
        assert health(probe) == health(probe, SUMMARIZATION_SERVICE) == SERVING
        with tls.channel(server) as channel, pytest.raises(grpc.RpcError) as caught:
            ask(channel)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        with tls.channel(server, identities[1]) as channel:
            ask(channel)
        with grpc.insecure_channel(probe) as channel:
            with pytest.raises(grpc.RpcError) as caught:
                ask(channel)
            assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
            with pytest.raises(grpc.RpcError) as caught:
                health(probe, "s" * 10_000)
            assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        server.stop()
        with pytest.raises(grpc.RpcError) as caught:
            health(probe)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


def test_without_the_setting_there_is_no_health_port(bare_server: Running) -> None:
    assert bare_server.server.health_port == -1


class Process:
    """``summsvc serve`` as a process, with its log in a file."""

    def __init__(self, folder: Path, **flags: object) -> None:
        self.log = folder / "log"
        given = {"port": 0, "metrics_port": -1, "model_dir": folder / "models"} | flags
        arguments = [f"--{name.replace('_', '-')}={value}" for name, value in given.items()]
        code = "from summsvc.cli import main; main()"
        with self.log.open("wb") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, "-c", code, "serve", *arguments],
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )

    def started(self) -> int:
        """Wait until the server listens; return its port."""
        assert self._process.stdout is not None
        return int(self._process.stdout.readline().rpartition(":")[2])

    def hang_up(self) -> None:
        os.kill(self._process.pid, signal.SIGHUP)

    def end(self) -> int:
        self._process.terminate()
        return self.ended()

    def ended(self) -> int:
        try:
            return self._process.wait(PATIENCE_S)
        finally:
            self._process.kill()
            if self._process.stdout is not None:
                self._process.stdout.close()

    def entries(self, level: str, logger: str = "summsvc.server") -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [each for each in lines if each["level"] == level and each["logger"] == logger]


def test_sighup_reloads_and_does_not_stop_the_server(
    tmp_path: Path, tls: Tls, identities: list[Identity]
) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("first")
    process = Process(tmp_path, tls_cert=tls.cert, tls_key=tls.key, token_file=tokens)
    port = process.started()
    identities[1].put(tls.cert, tls.key)
    process.hang_up()
    eventually(lambda: shown(port) == identities[1].cert.read_text())
    eventually(lambda: len(again(process)) >= 2)
    process.hang_up()
    eventually(lambda: len(again(process)) >= 4)
    assert process.end() == 0
    assert not process.entries("warning")
    assert {each["setting"] for each in again(process)} == {"tls_cert", "token_file"}


def again(process: Process) -> list[dict[str, Any]]:
    return [each for each in process.entries("info") if each["event"] == "files reloaded"]


def test_sighup_without_files_does_not_stop_the_server(tmp_path: Path) -> None:
    process = Process(tmp_path)
    process.started()
    process.hang_up()
    eventually(lambda: any(each["event"] == "reload requested" for each in process.entries("info")))
    assert process.end() == 0


@pytest.mark.parametrize(
    ("flags", "warnings"),
    [
        ({"host": "127.0.0.1"}, []),
        ({"host": "localhost"}, []),
        ({"host": "0.0.0.0"}, ["texts"]),
        ({"host": "127.0.0.1", "token_file": "tokens"}, ["tokens"]),
        ({"host": "0.0.0.0", "token_file": "tokens"}, ["texts", "tokens"]),
        ({"host": "0.0.0.0", "token_file": "tokens", "tls": True}, []),
    ],
)
def test_plaintext_is_warned_about_once(
    tmp_path: Path, tls: Tls, flags: dict[str, Any], warnings: list[str]
) -> None:
    (tmp_path / "tokens").write_text("token")
    given = dict(flags)
    if "token_file" in given:
        given["token_file"] = tmp_path / "tokens"
    if given.pop("tls", False):
        given |= {"tls_cert": tls.cert, "tls_key": tls.key}
    with capture_logs() as entries, running(tls.settings.model_copy(update=given)):
        pass
    told = [each for each in entries if each["log_level"] == "warning"]
    assert [each["event"].split()[0] for each in told] == warnings
    assert all("tls_cert" in each["hint"] for each in told)


def test_unusable_files_are_named_at_startup(
    tmp_path: Path, tls: Tls, authority: Authority, identities: list[Identity]
) -> None:
    expired = authority.sign("out-of-date", EARLY, LONG_AGO)
    junk = tmp_path / "junk.pem"
    junk.write_text("junk")
    own = {"tls_cert": tls.cert, "tls_key": tls.key}
    for name, flags in {
        "tls_cert: .*expired on": {"tls_cert": expired.cert, "tls_key": expired.key},
        "tls_key: .*is not the key": own | {"tls_key": identities[1].key},
        "tls_client_ca: .*has no certificate": own | {"tls_client_ca": junk},
    }.items():
        with pytest.raises(SettingsError, match=name), tls.server(**flags):
            pass
    process = Process(tmp_path, **own | {"tls_client_ca": junk})
    assert process.ended() == 1
    (said,) = process.entries("critical")
    assert said["event"] == "cannot start"
    assert said["reason"] == f"tls_client_ca: {junk} has no certificate in PEM form"


@pytest.mark.usefixtures("quick")
def test_a_certificate_that_expired_in_use_is_replaced(
    tls: Tls, identities: list[Identity], authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority.sign("short-lived", EARLY, LONG_AGO).put(tls.cert, tls.key)
    with ExitStack() as stack:
        with monkeypatch.context() as earlier:
            earlier.setattr(Validity, "problem_at", lambda *_: "")
            server = stack.enter_context(tls.server())
        with tls.channel(server) as channel, pytest.raises(grpc.RpcError):
            ask(channel)
        identities[0].put(tls.cert, tls.key)
        eventually(lambda: shown(server.server.port) == identities[0].cert.read_text())
        with tls.channel(server) as channel:
            ask(channel)
