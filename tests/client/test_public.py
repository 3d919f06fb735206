"""What the package shows to the outside, and that both clients are the same."""

from __future__ import annotations

import inspect
import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest

from summsvc import client
from summsvc.client import AsyncClient, Client


def public(kind: type) -> dict[str, Any]:
    return {name: each for name, each in vars(kind).items() if not name.startswith("_")}


def test_all_is_exactly_what_is_imported() -> None:
    exported = {
        name
        for name, value in vars(client).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }
    assert client.__all__ == sorted(exported)


def test_both_clients_have_the_same_methods_with_the_same_arguments() -> None:
    blocking, asyncio = public(Client), public(AsyncClient)
    assert blocking.keys() == asyncio.keys()
    for name, method in blocking.items():
        ours, theirs = inspect.signature(method), inspect.signature(asyncio[name])
        assert ours.parameters == theirs.parameters, name
        assert method.__doc__ == asyncio[name].__doc__, name


def test_importing_the_client_loads_nothing_of_the_server() -> None:
    code = "import sys, summsvc.client; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"pydantic", "numpy", "torch", "transformers", "ctranslate2", "eldc"}
    assert not {"summsvc.server", "summsvc.config", "summsvc.models"} & set(done.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"timeout": 0}, "timeout must be above 0"),
        ({"timeout": float("nan")}, "timeout must be above 0"),
        ({"tls_cert": "a.pem"}, "go together"),
        ({"tls_ca": "ca.pem", "tls_key": "a.key"}, "go together"),
        ({"tls_cert": "a.pem", "tls_key": "a.key"}, "needs tls_ca"),
    ],
)
def test_arguments_that_do_not_fit_together_are_refused(
    arguments: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        Client(**arguments)


def test_a_missing_certificate_file_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.pem"):
        Client(tls_ca="nowhere.pem")
