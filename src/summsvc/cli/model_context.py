"""Catalog and store of the commands ``summsvc models``, and how they print a model."""

from __future__ import annotations

import json
from pathlib import Path

import click

from summsvc.config import default_model_dir
from summsvc.models.catalog import Catalog, CatalogEntry, CatalogError
from summsvc.models.store.manifest import Manifest
from summsvc.models.store.store import Store


class ModelContext:
    """Catalog and store of one command of the group."""

    def __init__(self, model_dir: Path | None, catalog_file: Path | None) -> None:
        self.store = Store(model_dir or default_model_dir())
        try:
            self.catalog = Catalog.load(catalog_file)
        except CatalogError as error:
            raise click.ClickException(str(error)) from error


engine_option = click.option(
    "--engine",
    type=click.Choice(["auto", "ctranslate2", "transformers"]),
    default="auto",
    help="Engine for the model; auto: ctranslate2, but transformers on a GPU and for LED, and "
    "onnxruntime for student models.",
)


json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one line of JSON per model."
)


def show_installed(manifest: Manifest, *, as_json: bool) -> None:
    """Print a model that was installed."""
    if not as_json:
        click.echo(describe_installed(manifest))
        return
    show_json(
        id=manifest.id,
        state="installed",
        engine=manifest.engine,
        size_bytes=manifest.size_bytes,
        source=manifest.source,
        revision=manifest.revision,
        check=manifest.conversion.get("check"),
    )


def show_json(**facts: object) -> None:
    """Print facts about one model as one line of JSON."""
    click.echo(json.dumps(facts, ensure_ascii=False))


def describe_installed(manifest: Manifest) -> str:
    result = manifest.conversion.get("check")
    line = f"{manifest.id}: installed for {manifest.engine}, {size(manifest)}"
    return f"{line}; checked: {result}" if result else line


def size(facts: Manifest | CatalogEntry) -> str:
    return f"{facts.size_bytes / 1e6:,.1f} MB"
