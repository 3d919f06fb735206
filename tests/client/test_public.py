"""Public names of the client package, and agreement of ``Client`` and ``AsyncClient``."""

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
    return {name: value for name, value in vars(kind).items() if not name.startswith("_")}


def test_all_lists_exactly_the_imported_names() -> None:
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
        # Equal parameters have equal names, kinds, defaults and annotations.
        assert ours.parameters == theirs.parameters, name
        assert method.__doc__ == asyncio[name].__doc__, name


def test_both_clients_have_the_same_results() -> None:
    """A coroutine returns what the blocking method returns; a stream is its async iterator."""
    for name, method in public(Client).items():
        counterpart = public(AsyncClient)[name]
        result, async_result = (
            method.__annotations__["return"],
            counterpart.__annotations__["return"],
        )
        if inspect.isgeneratorfunction(method):
            assert inspect.isasyncgenfunction(counterpart), name
            assert async_result == f"Async{result}", name
            assert result.startswith("Iterator["), name
        else:
            assert inspect.iscoroutinefunction(counterpart), name
            assert async_result == result, name


def test_both_clients_share_the_constructor() -> None:
    assert Client.__init__ is AsyncClient.__init__


def test_importing_the_client_imports_no_module_of_the_server() -> None:
    code = "import sys, summsvc.client; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"pydantic", "numpy", "torch", "transformers", "ctranslate2", "eldc"}
    assert not {"summsvc.server", "summsvc.config", "summsvc.models"} & set(done.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"timeout": 0}, "timeout must be above 0"),
        ({"timeout": float("nan")}, "timeout must be above 0"),
        ({"tls_cert": "a.pem"}, "go together"),
        ({"tls_ca": "ca.pem", "tls_key": "a.key"}, "go together"),
        ({"tls_cert": "a.pem", "tls_key": "a.key"}, "needs tls_ca"),
    ],
)
def test_incompatible_arguments_are_rejected(arguments: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        Client(**arguments)


def test_a_missing_certificate_file_is_named_in_the_error() -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.pem"):
        Client(tls_ca="nowhere.pem")
