"""What a folder in the hub's layout holds, and whether it is what it is said to be."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from summsvc.engines.base import LanguageTokens, Task
from summsvc.errors import InvalidFieldError
from summsvc.models import files
from summsvc.models.catalog import CatalogEntry, Pair, untold

MULTILINGUAL = ("m2m_100", "mbart")
"""Architectures of translation models that must be told both languages."""


def describe(
    directory: Path,
    id: str,
    task: Task,
    pairs: Sequence[Pair] = (),
    entry: CatalogEntry | None = None,
) -> dict[str, Any]:
    """The facts of a manifest that a checkpoint and the catalog tell.

    Licence and preference are taken from ``entry`` only when it is this very
    model's. Raises InvalidFieldError when folder, task, pairs and entry do not
    go together.
    """
    architecture = model_type(directory)
    if not files.weights(path.name for path in directory.iterdir()):
        raise InvalidFieldError(
            f"{directory} has no weights: model.safetensors or pytorch_model.bin is needed",
            field="directory",
        )
    if entry is not None and entry.task is not task:
        raise InvalidFieldError(
            f"'{entry.id}' is a {entry.task.value} model in the catalog; choose another id",
            field="task",
        )
    if entry is not None and entry.architecture not in ("", architecture):
        raise InvalidFieldError(
            f"'{entry.id}' is a {entry.architecture} model in the catalog, {directory} holds a "
            f"{architecture} model; choose another id",
            field="directory",
        )
    chosen = tuple(pairs) or (entry.pairs if entry is not None else ())
    if not chosen:
        raise InvalidFieldError(
            f"no language pair is known for '{id}'; name at least one, such as en-ru",
            field="pair",
        )
    _check_pairs(task, chosen)
    facts: dict[str, Any] = {
        "id": id,
        "task": task,
        "architecture": architecture,
        "pairs": chosen,
        **_languages(directory, id, architecture, task, chosen, entry),
    }
    if entry is not None:
        facts |= {"prefix": entry.prefix, "decoding": entry.decoding}
    if entry is not None and entry.id == id:
        facts |= {"license": entry.license, "preference": entry.preference}
    return facts


def _check_pairs(task: Task, pairs: Sequence[Pair]) -> None:
    for source, target in pairs:
        if task is Task.TRANSLATION and source == target:
            raise InvalidFieldError(f"'{source}-{target}' is no translation", field="pair")
        if task is Task.SUMMARIZATION and source != target:
            raise InvalidFieldError(
                f"a summary is in the article's own language; write {source}-{source}",
                field="pair",
            )


def model_type(directory: Path) -> str:
    """``model_type`` of a folder in the hub's layout."""
    try:
        config = json.loads((directory / "config.json").read_text("utf-8"))
        architecture = config["model_type"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidFieldError(
            f"{directory} is no model folder: config.json with a model_type is needed ({error})",
            field="directory",
        ) from error
    return str(architecture)


def _languages(
    directory: Path,
    id: str,
    architecture: str,
    task: Task,
    pairs: tuple[Pair, ...],
    entry: CatalogEntry | None,
) -> dict[str, Any]:
    """How this checkpoint is told its languages.

    A Marian vocabulary shows it: models for several targets have tokens such as
    ``>>rus<<`` in it, models for one target need none.
    """
    kind = entry.language_tokens if entry is not None else LanguageTokens.NONE
    tokens: Mapping[str, str] = entry.tokens if entry is not None else {}
    if architecture == "marian" and (directory / "vocab.json").is_file():
        known = _vocabulary(directory / "vocab.json")
        tokens = {language: token for language, token in tokens.items() if token in known}
        told = any(token.startswith(">>") and token.endswith("<<") for token in known)
        if entry is None and told:
            kind = LanguageTokens.TARGET_PREFIX
        elif not told and len({target for _, target in pairs}) == 1:
            kind = LanguageTokens.NONE
    elif architecture in MULTILINGUAL and task is Task.TRANSLATION and not tokens:
        kind = LanguageTokens.SOURCE_AND_TARGET
    missing = untold(pairs, kind, tokens)
    if missing:
        raise InvalidFieldError(
            f"'{id}' has to be told its languages, and no token for '{missing[0]}' is known: name "
            "a model of the catalog that is told them alike (--like), or describe this one in a "
            "catalog file of your own",
            field="pair",
            metadata={"language": missing[0]},
        )
    return {"language_tokens": kind, "tokens": dict(tokens)}


def _vocabulary(path: Path) -> set[str]:
    try:
        return set(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError) as error:
        raise InvalidFieldError(
            f"{path} is not a vocabulary: {error}", field="directory"
        ) from error
