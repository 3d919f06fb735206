"""Restricts a process to the packages of the base installation, without any extra."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from types import ModuleType


class _OtherPackages(MetaPathFinder):
    """Reports every package outside ``allowed`` as not installed."""

    def __init__(self, allowed: frozenset[str]) -> None:
        self._allowed = allowed

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        if name.partition(".")[0] in self._allowed:
            return None
        raise ModuleNotFoundError(f"No module named '{name}'", name=name)


def distributions(name: str) -> set[str]:
    """Names of a distribution and of all installed ones that it requires without extras."""
    found, pending = set(), [name]
    while pending:
        each = re.sub(r"[-_.]+", "-", pending.pop()).lower()
        if each in found:
            continue
        try:
            required = requires(each) or []
        except PackageNotFoundError:
            # Required on another platform only.
            continue
        found.add(each)
        pending += [match[0] for line in required if "extra ==" not in line
                    if (match := re.match(r"[\w.-]+", line))]  # fmt: skip
    return found


def restrict() -> None:
    """Make every import of a package outside the base installation fail from now on."""
    installed = distributions("summsvc")
    modules = {
        module
        for module, owners in packages_distributions().items()
        if any(re.sub(r"[-_.]+", "-", owner).lower() in installed for owner in owners)
    }
    # Compiled parts of the allowed packages may import each other under private names.
    allowed = sys.stdlib_module_names | modules | {"tests", "summsvc"}
    sys.meta_path.insert(0, _OtherPackages(frozenset(allowed)))
