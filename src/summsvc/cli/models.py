"""``summsvc models``: list, install, verify and remove models in the local store."""

from __future__ import annotations

from pathlib import Path

import click

from summsvc.cli.display import tables, terminal
from summsvc.cli.display.progress import spinner
from summsvc.cli.model_add import add
from summsvc.cli.model_context import (
    ModelContext,
    engine_option,
    json_option,
    show_installed,
    show_json,
    size,
)
from summsvc.errors import SummsvcError
from summsvc.models.catalog import CatalogEntry
from summsvc.models.pull import pull as pull_model
from summsvc.models.sources.errors import PullError
from summsvc.models.sources.release import Release, pinned
from summsvc.models.store.locking import StoreError
from summsvc.models.store.manifest import Manifest


@click.group()
@click.option(
    "--model-dir",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="SUMMSVC_MODEL_DIR",
    show_envvar=True,
    help="Directory of the model store; the server's default if not given.",
)
@click.option(
    "--catalog-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="SUMMSVC_CATALOG_FILE",
    show_envvar=True,
    help="TOML file with additional catalog entries.",
)
@click.pass_context
def models(ctx: click.Context, model_dir: Path | None, catalog_file: Path | None) -> None:
    """List, install, verify and remove models on this machine.

    Works on the local store; needs no server.
    """
    ctx.obj = ModelContext(model_dir, catalog_file)


models.add_command(add)


@models.command("list")
@click.option("--installed", is_flag=True, help="List installed models only.")
@click.option("--ids", is_flag=True, help="Print ids only, one per line.")
@json_option
@click.pass_obj
def list_models(context: ModelContext, installed: bool, ids: bool, as_json: bool) -> None:
    """List the models of the catalog and of the store."""
    found: dict[str, Manifest | CatalogEntry] = {} if installed else dict(context.catalog.entries)
    found |= {manifest.id: manifest for manifest in context.store.installed()}
    console = None if ids or as_json else terminal.out()
    if console is not None:
        console.print(tables.models(_table_row(facts) for _, facts in sorted(found.items())))
    for id, facts in sorted(found.items()):
        if ids:
            click.echo(id)
        elif as_json:
            show_json(**_row(facts))
        elif console is None:
            pairs = " ".join("-".join(pair) for pair in facts.pairs)
            click.echo(
                f"{id:18} {_state(facts):14} {facts.task.value:14} {size(facts):>9}  "
                f"{facts.license}  {pairs}"
            )
    for id in sorted(set(context.store.ids()) - set(found)):
        click.echo(f"{id}: broken; `summsvc models verify {id}` prints the cause", err=True)


def _http_address(_: click.Context, __: click.Parameter, value: str) -> str:
    if value and not value.startswith(("http://", "https://")):
        raise click.BadParameter("an address beginning with http:// or https:// is required")
    return value


@models.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.option(
    "--newest",
    is_flag=True,
    help="Install the released model of the publisher's public index, not the version of the "
    "catalog; for the models of Firefox Translations.",
)
@click.option(
    "--mirror",
    metavar="URL",
    default="",
    envvar="SUMMSVC_MODEL_MIRROR",
    show_envvar=True,
    callback=_http_address,
    help="Request URL/HOST/PATH in place of https://HOST/PATH, for models from other sources "
    "than the model hub.",
)
@engine_option
@json_option
@click.pass_obj
def pull(
    context: ModelContext,
    ids: tuple[str, ...],
    newest: bool,
    mirror: str,
    engine: str,
    as_json: bool,
) -> None:
    """Download models and install them.

    An interrupted download is kept and resumed by the next pull. For the model hub the
    environment variables HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE apply.
    """
    failed = 0

    def report(id: str, message: str) -> None:
        nonlocal failed
        failed += 1
        click.echo(message, err=True)
        if as_json:
            show_json(id=id, error=message)

    for number, id in enumerate(ids, 1):
        place = f" ({number} of {len(ids)})" if len(ids) > 1 and terminal.out() else ""
        entry = context.catalog.get(id)
        if entry is None:
            report(id, f"{id}: not in the catalog; `summsvc models list` prints it")
            continue
        try:
            release = _newest(entry, mirror, as_json=as_json) if newest else None
            if release is None:
                click.echo(
                    f"{id}{place}: {entry.title or entry.origin}, about {size(entry)} from "
                    f"{entry.origin}, licence {entry.license}",
                    err=as_json,
                )
            with spinner(f"{id}: converting and checking") as show_spinner:
                manifest = pull_model(
                    entry,
                    context.store,
                    engine=engine,
                    release=release,
                    mirror=mirror,
                    on_downloaded=show_spinner,
                )
        except (PullError, StoreError, SummsvcError) as error:
            report(id, str(error))
        else:
            show_installed(manifest, as_json=as_json)
    if failed:
        raise SystemExit(1)


def _newest(entry: CatalogEntry, mirror: str, *, as_json: bool) -> Release:
    """Print which model the public index has released, and return it."""
    # Loads the HTTP library, which only a download needs.
    from summsvc.models.sources import index
    from summsvc.models.sources.http import Connection

    with Connection(entry, mirror) as connection:
        found = index.newest(entry, connection)
    click.echo(found.description, err=as_json)
    return found.release


@models.command()
@click.argument("id", required=False)
@json_option
@click.pass_obj
def verify(context: ModelContext, id: str | None, as_json: bool) -> None:
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
        if as_json:
            show_json(id=model_id, problems=list(problems))
        elif not problems:
            click.echo(f"{model_id}: as installed")
        invalid += bool(problems)
    if invalid:
        raise SystemExit(1)


@models.command()
@click.argument("id")
@json_option
@click.pass_obj
def remove(context: ModelContext, id: str, as_json: bool) -> None:
    """Delete a model from the store.

    ID may also be a model whose pull was interrupted: the downloaded bytes are deleted.
    """
    try:
        context.store.remove(id)
    except (StoreError, SummsvcError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        show_json(id=id, state="removed")
    else:
        click.echo(f"{id}: removed")


def _table_row(facts: Manifest | CatalogEntry) -> tables.ModelRow:
    return tables.ModelRow(
        id=facts.id,
        state=_state(facts),
        task=facts.task.value,
        size=size(facts),
        license=str(facts.license),
        restricted=facts.license.non_commercial,
        pairs=facts.pairs,
    )


def _row(facts: Manifest | CatalogEntry) -> dict[str, object]:
    return {
        "id": facts.id,
        "task": facts.task.value,
        "state": _state(facts),
        "architecture": facts.architecture,
        "pairs": ["-".join(pair) for pair in facts.pairs],
        "size_bytes": facts.size_bytes,
        "license": facts.license.model_dump(),
        "source": facts.source if isinstance(facts, Manifest) else facts.origin,
        "revision": facts.revision,
        "files": [] if isinstance(facts, Manifest) else _published(facts),
        "engine": facts.engine if isinstance(facts, Manifest) else "",
    }


def _published(entry: CatalogEntry) -> list[dict[str, object]]:
    return [
        {"url": url, "size": file.size, "sha256": file.sha256} for url, file in pinned(entry).files
    ]


def _state(facts: Manifest | CatalogEntry) -> str:
    return "installed" if isinstance(facts, Manifest) else "not installed"
