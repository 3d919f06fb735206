"""Licences of installed packages as SPDX expressions, and those that are allowed."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, distributions

ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "MIT",
    "MPL-2.0",
    "PSF-2.0",
    "Zlib",
}
"""SPDX ids that permit use in a product of any licence. MPL-2.0: unchanged files only."""

OLD_NAMES = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
"""SPDX ids of names that packages use which state no SPDX expression."""


def normalized(name: str) -> str:
    """A package's name in lower case with hyphens, as package indexes compare names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def license_of(package: Distribution) -> str:
    """The SPDX expression of a package, from its metadata; "" if they state none that is known.

    Fields in order of preference: License-Expression, License, classifiers (PEP 639).
    """
    metadata = package.metadata
    fields = {key.lower(): str(metadata[key]) for key in metadata}
    stated = fields.get("license-expression") or OLD_NAMES.get(
        fields.get("license", ""), fields.get("license", "")
    )
    if stated and is_allowed(stated):
        return stated
    classifiers = [
        value.rpartition(" :: ")[2]
        for value in metadata.get_all("Classifier") or []
        if value.startswith("License ::")
    ]
    ids = sorted({OLD_NAMES.get(name, name) for name in classifiers})
    return " AND ".join(ids) if ids else fields.get("license-expression", "")


def is_allowed(expression: str) -> bool:
    """Whether an SPDX expression of AND and OR without parentheses holds with allowed ids only."""
    return any(
        all(part.strip() in ALLOWED for part in choice.split(" AND "))
        for choice in expression.split(" OR ")
    )


def main() -> None:
    """Print the licence of each package of this environment; exit with 1 if one is not allowed."""
    found = {normalized(each.name): license_of(each) for each in distributions()}
    for name, stated in sorted(found.items()):
        print(f"{name}: {stated or 'unknown'}{'' if is_allowed(stated) else '  NOT ALLOWED'}")
    raise SystemExit(0 if all(map(is_allowed, found.values())) else 1)


if __name__ == "__main__":
    main()
