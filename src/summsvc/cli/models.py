"""``summsvc models``: list, install, verify and remove models in the local store."""

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
from summsvc.models.conversion.students.files import is_student
from summsvc.models.hub import PullError
from summsvc.models.pull import pull as pull_model
from summsvc.models.store.locking import StoreError
from summsvc.models.store.manifest import Manifest
from summsvc.models.store.store import Store


class _ModelContext:
    """Catalog and store of one command of the group."""

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
    help="Directory of the model store; the server's default if not given.",
)
@click.option(
    "--catalog-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="SUMMSVC_CATALOG_FILE",
    help="TOML file with additional catalog entries.",
)
@click.pass_context
def models(ctx: click.Context, model_dir: Path | None, catalog_file: Path | None) -> None:
    """List, install, verify and remove models on this machine.

    Works on the local store; needs no server.
    """
    ctx.obj = _ModelContext(model_dir, catalog_file)


@models.command("list")
@click.option("--installed", is_flag=True, help="List installed models only.")
@click.option("--ids", is_flag=True, help="Print ids only, one per line.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON per model.")
@click.pass_obj
def list_models(context: _ModelContext, installed: bool, ids: bool, as_json: bool) -> None:
    """List the models of the catalog and of the store."""
    found: dict[str, Manifest | CatalogEntry] = {} if installed else dict(context.catalog.entries)
    found |= {manifest.id: manifest for manifest in context.store.installed()}
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
    for id in sorted(set(context.store.ids()) - set(found)):
        click.echo(f"{id}: broken; `summsvc models verify {id}` prints the cause", err=True)


_engine = click.option(
    "--engine",
    type=click.Choice(["auto", "ctranslate2", "transformers"]),
    default="auto",
    help="Engine for the model; auto: ctranslate2, but transformers on a GPU and for LED, and "
    "onnxruntime for student models.",
)


@models.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@_engine
@click.pass_obj
def pull(context: _ModelContext, ids: tuple[str, ...], engine: str) -> None:
    """Download models from the model hub and install them.

    An interrupted download is kept and resumed by the next pull. The environment
    variables HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE apply.
    """
    failed = 0
    for id in ids:
        entry = context.catalog.get(id)
        if entry is None:
            click.echo(f"{id}: not in the catalog; `summsvc models list` prints it", err=True)
            failed += 1
            continue
        click.echo(
            f"{id}: {entry.title or entry.repository}, about {_size(entry)} from "
            f"{entry.repository}, licence {entry.license}"
        )
        try:
            manifest = pull_model(entry, context.store, engine=engine)
        except (PullError, StoreError, SummsvcError) as error:
            click.echo(str(error), err=True)
            failed += 1
        else:
            click.echo(_installed(manifest))
    if failed:
        raise SystemExit(1)


@models.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--id", "id", required=True, help="Id of the installed model.")
@click.option(
    "--task",
    type=click.Choice([task.value for task in Task]),
    help="Task of the model; not needed for a model of the catalog.",
)
@click.option("--pair", "pairs", multiple=True, help="Language pair such as en-ru; repeatable.")
@click.option(
    "--like",
    metavar="ID",
    help="Catalog entry with the same language tokens and decoding defaults.",
)
@_engine
@click.pass_obj
def add(
    context: _ModelContext,
    directory: Path,
    id: str,
    task: str | None,
    pairs: tuple[str, ...],
    like: str | None,
    engine: str,
) -> None:
    """Install a model from a folder in the layout of the model hub, or of a student model."""
    entry = context.catalog.get(like or id)
    if like and entry is None:
        raise click.UsageError(f"'{like}' is not in the catalog")
    model_task = Task(task) if task else entry.task if entry else None
    if model_task is None and is_student(directory):
        model_task = Task.TRANSLATION
    if model_task is None:
        raise click.UsageError(f"'{id}' is not in the catalog: --task is needed")
    try:
        language_pairs = [parse_pair(pair) for pair in pairs]
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    try:
        names = [path.name for path in directory.iterdir()]
        convert = converter(engine, model_type(directory), names)
        manifest = context.store.add(
            directory, id, model_task, language_pairs, entry=entry, convert=convert
        )
    except (StoreError, SummsvcError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(_installed(manifest))


@models.command()
@click.argument("id", required=False)
@click.pass_obj
def verify(context: _ModelContext, id: str | None) -> None:
    """Verify installed files against their checksums.

    ID is one model; all models are verified if it is not given.
    """
    invalid = 0
    for model_id in [id] if id else context.store.ids():
        try:
            problems = context.store.verify(model_id)
        except SummsvcError as error:
            raise click.ClickException(error.message) from error
        for problem in problems:
            click.echo(f"{model_id}: {problem}", err=True)
        if not problems:
            click.echo(f"{model_id}: as installed")
        invalid += bool(problems)
    if invalid:
        raise SystemExit(1)


@models.command()
@click.argument("id")
@click.pass_obj
def remove(context: _ModelContext, id: str) -> None:
    """Delete a model from the store."""
    try:
        context.store.remove(id)
    except (StoreError, SummsvcError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{id}: removed")


def _installed(manifest: Manifest) -> str:
    result = manifest.conversion.get("check")
    line = f"{manifest.id}: installed for {manifest.engine}, {_size(manifest)}"
    return f"{line}; checked: {result}" if result else line


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
