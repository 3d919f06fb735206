"""What a folder in the hub's layout holds, and whether it is what it is said to be."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from summsvc.engines.base import LanguageTokens, Task
from summsvc.errors import InvalidFieldError
from summsvc.models.catalog import CatalogEntry, Pair, to_tell
from summsvc.models.conversion import vocabulary
from summsvc.models.store import files

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
    ``>>rus<<`` in it, models for one target need none. A token that the
    tokenizer lacks would be read as text, or as an unknown piece, and the model
    would answer in whatever language it likes.
    """
    kind = entry.language_tokens if entry is not None else LanguageTokens.NONE
    tokens: Mapping[str, str] = entry.tokens if entry is not None else {}
    known: set[str] = set()
    if architecture == "marian" and (directory / "vocab.json").is_file():
        known = vocabulary.tokens(directory, architecture)
        told = any(token.startswith(">>") and token.endswith("<<") for token in known)
        if entry is None and told:
            kind = LanguageTokens.TARGET_PREFIX
        elif not told and len({target for _, target in pairs}) == 1:
            kind = LanguageTokens.NONE
    elif architecture in MULTILINGUAL and task is Task.TRANSLATION and not tokens:
        kind = LanguageTokens.SOURCE_AND_TARGET
    languages = to_tell(pairs, kind)
    if languages and not known:
        known = vocabulary.tokens(directory, architecture)
    if architecture in MULTILINGUAL:
        asked = {tokens[language] for language in languages if language in tokens}
        known |= {token for token in asked - known if vocabulary.made(directory, token)}
    for language in languages:
        _check_token(directory, id, language, tokens.get(language), known)
    return {
        "language_tokens": kind,
        "tokens": {code: token for code, token in tokens.items() if token in known},
    }


def _check_token(
    directory: Path, id: str, language: str, token: str | None, known: set[str]
) -> None:
    """Raise InvalidFieldError when a language has no token, or one that the tokenizer lacks."""
    if token is None:
        raise InvalidFieldError(
            f"'{id}' has to be told its languages, and no token for '{language}' is known: name "
            "a model of the catalog that is told them alike (--like), or describe this one in a "
            "catalog file of your own",
            field="pair",
            metadata={"language": language},
        )
    if token not in known:
        others = vocabulary.alike(token, known)
        raise InvalidFieldError(
            f"'{id}' is told the language '{language}' by the token '{token}', which the tokenizer "
            f"in {directory} does not have; of that form it has {_some(others)}. Name the pairs "
            "that it can do (--pair), or its own tokens in a catalog file of your own",
            field="directory",
            metadata={"language": language, "token": token},
        )


def _some(tokens: Sequence[str], most: int = 8) -> str:
    if not tokens:
        return "none"
    more = f" and {len(tokens) - most} more" if len(tokens) > most else ""
    return ", ".join(tokens[:most]) + more
