"""Writes a software bill of materials (CycloneDX 1.6, JSON) and checks it against its schema.

    python scripts/sbom.py --environment DIRECTORY --output FILE
    python scripts/sbom.py --image ROOT --output FILE

Of a Python environment, or of a whole image below ROOT: the environment in opt/summsvc and the
Debian packages. Needs the extra `audit`; `scripts/sbom` and `scripts/container` call it.
"""

from __future__ import annotations

import argparse
import datetime
import os
import re
import sys
import uuid
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

sys.path.insert(0, str(Path(__file__).parents[1]))

from scripts.licenses import license_of, normalized

VERSION = SchemaVersion.V1_6
PRODUCT = "summsvc"


def python_component(package: Distribution) -> Component:
    """The component of an installed Python package."""
    name, stated = normalized(package.name), license_of(package)
    url = PackageURL("pypi", name=name, version=package.version)
    return Component(
        type=ComponentType.APPLICATION if name == PRODUCT else ComponentType.LIBRARY,
        name=name,
        version=package.version,
        purl=url,
        bom_ref=url.to_string(),
        licenses=[LicenseFactory().make_from_string(stated)] if stated else (),
    )


def environment(folder: Path) -> list[Component]:
    """The packages of a virtual environment."""
    (packages,) = folder.glob("lib/python3*/site-packages")
    return [python_component(each) for each in distributions(path=[str(packages)])]


def debian_packages(root: Path) -> Iterator[Component]:
    """The installed Debian packages of an image, from dpkg's status file."""
    status = root / "var/lib/dpkg/status"
    for paragraph in status.read_text("utf-8").split("\n\n") if status.is_file() else ():
        fields = dict(re.findall(r"^([A-Z][\w-]*): (.*)$", paragraph, re.M))
        if fields.get("Status") != "install ok installed":
            continue
        url = PackageURL(
            "deb", "debian", fields["Package"], fields["Version"], {"arch": fields["Architecture"]}
        )
        yield Component(
            type=ComponentType.LIBRARY,
            name=fields["Package"],
            version=fields["Version"],
            purl=url,
            bom_ref=url.to_string(),
        )


def write(components: list[Component], path: Path) -> None:
    """Write the document; the same components give the same file.

    Raises ValueError when the document does not conform to the schema.
    """
    product = next(each for each in components if each.name == PRODUCT)
    parts = sorted((each for each in components if each is not product), key=lambda c: str(c.purl))
    names = "\n".join(str(each.purl) for each in [product, *parts])
    bom = Bom(components=parts, serial_number=uuid.uuid5(uuid.NAMESPACE_URL, names))
    bom.metadata.component = product
    date = int(os.environ.get("SOURCE_DATE_EPOCH") or datetime.datetime.now().timestamp())
    bom.metadata.timestamp = datetime.datetime.fromtimestamp(date, datetime.UTC)
    bom.register_dependency(product, parts)
    text = make_outputter(bom, OutputFormat.JSON, VERSION).output_as_string(indent=2)
    if problem := JsonStrictValidator(VERSION).validate_str(text):
        raise ValueError(f"the document does not conform to its schema: {problem.data.message}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", "utf-8")
    print(f"{path}: {len(parts)} components, valid CycloneDX {VERSION.to_version()}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--environment", type=Path, metavar="DIRECTORY")
    place.add_argument("--image", type=Path, metavar="ROOT")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE")
    arguments = parser.parse_args()
    if arguments.image:
        components = [*environment(arguments.image / "opt/summsvc")]
        components += debian_packages(arguments.image)
    else:
        components = environment(arguments.environment)
    write(components, arguments.output)


if __name__ == "__main__":
    main()
