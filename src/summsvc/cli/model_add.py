"""``summsvc models add``: install a model from a folder or from an Argos package."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from summsvc.cli.model_context import ModelContext, engine_option, json_option, show_installed
from summsvc.engines.base import Task
from summsvc.errors import SummsvcError
from summsvc.models.catalog import parse_pair
from summsvc.models.conversion import argos
from summsvc.models.conversion.checkpoint import model_type
from summsvc.models.conversion.convert import converter
from summsvc.models.conversion.students.files import is_student
from summsvc.models.sources.comparison import compare
from summsvc.models.store.locking import StoreError
from summsvc.models.store.manifest import Manifest


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--id",
    "id",
    default="",
    help="Id of the installed model; not needed for an Argos package, whose default is "
    "argos-SOURCE-TARGET.",
)
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
@engine_option
@json_option
@click.pass_obj
def add(
    context: ModelContext,
    path: Path,
    id: str,
    task: str | None,
    pairs: tuple[str, ...],
    like: str | None,
    engine: str,
    as_json: bool,
) -> None:
    """Install a model from a folder or from an Argos package.

    PATH is a folder in the layout of the model hub, a folder with published files, or a file
    NAME.argosmodel. Published files (packed or not) of a model of the catalog must have the
    catalog's hashes.
    """
    with _directory(path) as directory:
        manifest = _add(context, directory, id, task, pairs, like, engine, as_json=as_json)
    show_installed(manifest, as_json=as_json)


@contextmanager
def _directory(path: Path) -> Iterator[Path]:
    """The folder of a model; that of an Argos package is unpacked and deleted afterwards."""
    if path.is_dir():
        yield path
        return
    if path.suffix != argos.SUFFIX:
        raise click.UsageError(f"{path} is neither a folder nor a file NAME{argos.SUFFIX}")
    with tempfile.TemporaryDirectory() as folder:
        try:
            argos.unpack(path, Path(folder))
        except SummsvcError as error:
            raise click.ClickException(str(error)) from error
        yield Path(folder)


def _add(
    context: ModelContext,
    directory: Path,
    id: str,
    task: str | None,
    pairs: tuple[str, ...],
    like: str | None,
    engine: str,
    *,
    as_json: bool,
) -> Manifest:
    if argos.is_package(directory):
        id = id or f"argos-{'-'.join(argos.pair(directory))}"
        task = task or Task.TRANSLATION.value
    if not id:
        raise click.UsageError("--id is needed: an id of the catalog, or a new one")
    entry = context.catalog.get(like or id)
    if like and entry is None:
        raise click.UsageError(
            f"'{like}' is not in the catalog; `summsvc models list` prints its ids"
        )
    model_task = Task(task) if task else entry.task if entry else None
    if model_task is None and is_student(directory):
        model_task = Task.TRANSLATION
    if model_task is None:
        raise click.UsageError(
            f"'{id}' is not in the catalog: add --task and --pair, and --like if the model has "
            "language tokens"
        )
    try:
        language_pairs = [parse_pair(pair) for pair in pairs]
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    try:
        if entry is not None and entry.id == id:
            for name in compare(entry, directory):
                click.echo(
                    f"{id}: {name} is not compared; the catalog has no hash of it unpacked",
                    err=as_json,
                )
        convert = converter(engine, model_type(directory))
        return context.store.add(
            directory, id, model_task, language_pairs, entry=entry, convert=convert
        )
    except (StoreError, SummsvcError) as error:
        raise click.ClickException(str(error)) from error
