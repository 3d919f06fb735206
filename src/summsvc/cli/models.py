"""``summsvc models``: the models on this machine."""

from __future__ import annotations

import json
from pathlib import Path

import click

from summsvc.config import default_model_dir
from summsvc.engines.base import Task
from summsvc.errors import SummsvcError
from summsvc.models.catalog import Catalog, CatalogEntry, CatalogError, parse_pair
from summsvc.models.conversion.checkpoint import model_type
from summsvc.models.conversion.convert import converter
from summsvc.models.hub import PullError
from summsvc.models.pull import pull as pull_model
from summsvc.models.store.locking import StoreError
from summsvc.models.store.manifest import Manifest
from summsvc.models.store.store import Store


class _Models:
    """The catalog and the store that all commands of the group work on."""

    def __init__(self, model_dir: Path | None, catalog_file: Path | None) -> None:
        self.store = Store(model_dir or default_model_dir())
        try:
            self.catalog = Catalog.load(catalog_file)
        except CatalogError as error:
            raise click.ClickException(str(error)) from error


@click.group()
@click.option(
    "--model-dir",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="SUMMSVC_MODEL_DIR",
    help="The model store; default: where the server looks too.",
)
@click.option(
    "--catalog-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="SUMMSVC_CATALOG_FILE",
    help="TOML file with catalog entries of your own.",
)
@click.pass_context
def models(context: click.Context, model_dir: Path | None, catalog_file: Path | None) -> None:
    """Show, install, check and remove models. Works on this machine, needs no server."""
    context.obj = _Models(model_dir, catalog_file)


@models.command("list")
@click.option("--installed", is_flag=True, help="Only models on this machine.")
@click.option("--ids", is_flag=True, help="Only ids, one per line.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per model and line.")
@click.pass_obj
def list_models(known: _Models, installed: bool, ids: bool, as_json: bool) -> None:
    """List the models of the catalog and of the store."""
    found: dict[str, Manifest | CatalogEntry] = {} if installed else dict(known.catalog.entries)
    found |= {manifest.id: manifest for manifest in known.store.installed()}
    for id, facts in sorted(found.items()):
        if ids:
            click.echo(id)
        elif as_json:
            click.echo(json.dumps(_row(facts)))
        else:
            pairs = " ".join("-".join(pair) for pair in facts.pairs)
            click.echo(
                f"{id:18} {_state(facts):14} {facts.task.value:14} {_size(facts):>9}  "
                f"{facts.license}  {pairs}"
            )
    for id in sorted(set(known.store.ids()) - set(found)):
        click.echo(f"{id}: broken; `summsvc models verify {id}` says why", err=True)


_engine = click.option(
    "--engine",
    type=click.Choice(["auto", "ctranslate2", "transformers"]),
    default="auto",
    help="Install it for this engine; auto: ctranslate2, but transformers on a GPU and for LED.",
)


@models.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@_engine
@click.pass_obj
def pull(known: _Models, ids: tuple[str, ...], engine: str) -> None:
    """Fetch models from the model hub into the store.

    What has been fetched stays there when a pull is cut off, and the next one
    goes on with it. HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE are honoured.
    """
    failed = 0
    for id in ids:
        entry = known.catalog.get(id)
        if entry is None:
            click.echo(f"{id}: not in the catalog; `summsvc models list` shows it", err=True)
            failed += 1
            continue
        click.echo(
            f"{id}: {entry.title or entry.repository}, about {_size(entry)} from "
            f"{entry.repository}, licence {entry.license}"
        )
        try:
            manifest = pull_model(entry, known.store, engine=engine)
        except (PullError, StoreError, SummsvcError) as error:
            click.echo(str(error), err=True)
            failed += 1
        else:
            click.echo(_installed(manifest))
    if failed:
        raise SystemExit(1)


@models.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--id", "id", required=True, help="Id under which it is served.")
@click.option(
    "--task",
    type=click.Choice([task.value for task in Task]),
    help="What it does; may be left out for a model of the catalog.",
)
@click.option("--pair", "pairs", multiple=True, help="Language pair such as en-ru; repeatable.")
@click.option(
    "--like",
    metavar="ID",
    help="Model of the catalog that is told its languages, and decodes, alike.",
)
@_engine
@click.pass_obj
def add(
    known: _Models,
    directory: Path,
    id: str,
    task: str | None,
    pairs: tuple[str, ...],
    like: str | None,
    engine: str,
) -> None:
    """Install a model from a folder in the hub's layout."""
    entry = known.catalog.get(like or id)
    if like and entry is None:
        raise click.UsageError(f"there is no '{like}' in the catalog")
    does = Task(task) if task else entry.task if entry else None
    if does is None:
        raise click.UsageError(f"'{id}' is not in the catalog: --task is needed")
    try:
        parsed = [parse_pair(pair) for pair in pairs]
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    try:
        names = [path.name for path in directory.iterdir()]
        how = converter(engine, model_type(directory), names)
        manifest = known.store.add(directory, id, does, parsed, entry=entry, convert=how)
    except (StoreError, SummsvcError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(_installed(manifest))


@models.command()
@click.argument("id", required=False)
@click.pass_obj
def verify(known: _Models, id: str | None) -> None:
    """Compare every byte of a model, or of all, with what was installed."""
    bad = 0
    for each in [id] if id else known.store.ids():
        try:
            problems = known.store.verify(each)
        except SummsvcError as error:
            raise click.ClickException(error.message) from error
        for problem in problems:
            click.echo(f"{each}: {problem}", err=True)
        if not problems:
            click.echo(f"{each}: as installed")
        bad += bool(problems)
    if bad:
        raise SystemExit(1)


@models.command()
@click.argument("id")
@click.pass_obj
def remove(known: _Models, id: str) -> None:
    """Delete a model from the store."""
    try:
        known.store.remove(id)
    except (StoreError, SummsvcError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{id}: removed")


def _installed(manifest: Manifest) -> str:
    checked = manifest.conversion.get("check")
    said = f"{manifest.id}: installed for {manifest.engine}, {_size(manifest)}"
    return f"{said}; checked: {checked}" if checked else said


def _row(facts: Manifest | CatalogEntry) -> dict[str, object]:
    return {
        "id": facts.id,
        "task": facts.task.value,
        "state": _state(facts),
        "architecture": facts.architecture,
        "pairs": ["-".join(pair) for pair in facts.pairs],
        "size_bytes": facts.size_bytes,
        "license": facts.license.model_dump(),
        "source": facts.source if isinstance(facts, Manifest) else facts.repository,
        "revision": facts.revision,
        "engine": facts.engine if isinstance(facts, Manifest) else "",
    }


def _state(facts: Manifest | CatalogEntry) -> str:
    return "installed" if isinstance(facts, Manifest) else "not installed"


def _size(facts: Manifest | CatalogEntry) -> str:
    return f"{facts.size_bytes / 1e6:,.1f} MB"
