"""Inspection of a checkpoint: architecture, weights, languages and their tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from summsvc.engines.base import DecodingOptions, LanguageTokens, Task
from summsvc.engines.declared import Declared
from summsvc.errors import InvalidFieldError, ModelBrokenError
from summsvc.models.catalog import CatalogEntry, Pair, languages_to_name
from summsvc.models.conversion import argos, vocabulary
from summsvc.models.conversion.students import files as students
from summsvc.models.store import files

MULTILINGUAL_ARCHITECTURES = ("m2m_100", "mbart")
"""Architectures of translation models that need tokens for both languages."""


def describe(
    directory: Path,
    id: str,
    task: Task,
    pairs: Sequence[Pair] = (),
    entry: CatalogEntry | None = None,
) -> dict[str, Any]:
    """The fields of a manifest that follow from a checkpoint and its catalog entry.

    Licence and preference are taken from ``entry`` only when its id is ``id``. Raises
    InvalidFieldError when folder, task, pairs and entry are inconsistent.
    """
    architecture = model_type(directory)
    is_student = architecture == students.ARCHITECTURE
    if is_student:
        students.find(directory)
    else:
        _require_weights(directory)
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
    if not chosen and is_student and (named := students.pair(directory)):
        chosen = (named,)
    if not chosen and architecture == argos.ARCHITECTURE:
        chosen = (argos.pair(directory),)
    if not chosen:
        raise InvalidFieldError(
            f"no language pair is known for '{id}'; name at least one, such as en-ru",
            field="pair",
        )
    _validate_pairs(task, chosen)
    facts: dict[str, Any] = {
        "id": id,
        "task": task,
        "architecture": architecture,
        "pairs": chosen,
        **_language_tokens(directory, id, architecture, task, chosen, entry),
    }
    if is_student:
        # Students are trained on outputs of a teacher's beam search and searched greedily.
        facts["decoding"] = DecodingOptions(beam_size=1)
    if entry is not None:
        facts |= {"prefix": entry.prefix, "decoding": entry.decoding}
    if entry is not None and entry.id == id:
        facts |= {"license": entry.license, "preference": entry.preference}
    return facts


def _require_weights(directory: Path) -> None:
    """Raise InvalidFieldError when weights are missing, or a part of them that the index names."""
    names = files.weight_files(path.name for path in directory.iterdir())
    if not names:
        raise InvalidFieldError(
            f"{directory} has no weights: model.safetensors or pytorch_model.bin is required",
            field="directory",
        )
    for index in (name for name in names if name.endswith(".json")):
        try:
            parts = Declared.load(directory / index).values.get("weight_map")
        except ModelBrokenError as error:
            raise InvalidFieldError(
                f"{directory} has damaged weights: {error}", field="directory"
            ) from error
        if not isinstance(parts, dict):
            raise InvalidFieldError(f"{index} in {directory} has no weight_map", field="directory")
        missing = sorted({str(part) for part in parts.values()} - set(names))
        if missing:
            raise InvalidFieldError(
                f"{directory} has no {missing[0][:80]}, which {index} names", field="directory"
            )


def _validate_pairs(task: Task, pairs: Sequence[Pair]) -> None:
    for source, target in pairs:
        if task is Task.TRANSLATION and source == target:
            raise InvalidFieldError(f"'{source}-{target}' is not a translation", field="pair")
        if task is Task.SUMMARIZATION and source != target:
            raise InvalidFieldError(
                f"a summary is in the article's own language; write {source}-{source}",
                field="pair",
            )


def model_type(directory: Path) -> str:
    """``model_type`` of a hub-layout folder.

    "student" of a folder with a student's files, "opennmt" of an unpacked Argos package.

    Raises InvalidFieldError when config.json cannot be read or has none.
    """
    if not (directory / "config.json").exists() and students.is_student(directory):
        return students.ARCHITECTURE
    if argos.is_package(directory):
        return argos.ARCHITECTURE
    try:
        return Declared.load(directory / "config.json").text("model_type")
    except ModelBrokenError as error:
        raise InvalidFieldError(
            f"{directory} is not a model folder: config.json with a model_type is required "
            f"({error})",
            field="directory",
        ) from error


def _language_tokens(
    directory: Path,
    id: str,
    architecture: str,
    task: Task,
    pairs: tuple[Pair, ...],
    entry: CatalogEntry | None,
) -> dict[str, Any]:
    """How this checkpoint receives its languages.

    For Marian, the vocabulary decides: models for several targets contain tokens such as
    ``>>rus<<``, models for one target need none. A token that the tokenizer lacks would be
    processed as text or as an unknown token, and the output language would be arbitrary.
    """
    kind = entry.language_tokens if entry is not None else LanguageTokens.NONE
    tokens: Mapping[str, str] = entry.tokens if entry is not None else {}
    known: set[str] = set()
    if architecture == "marian" and (directory / "vocab.json").is_file():
        known = vocabulary.load_tokens(directory, architecture)
        multi_target = any(token.startswith(">>") and token.endswith("<<") for token in known)
        if entry is None and multi_target:
            kind = LanguageTokens.TARGET_PREFIX
        elif not multi_target and len({target for _, target in pairs}) == 1:
            kind = LanguageTokens.NONE
    elif architecture in MULTILINGUAL_ARCHITECTURES and task is Task.TRANSLATION and not tokens:
        kind = LanguageTokens.SOURCE_AND_TARGET
    languages = languages_to_name(pairs, kind)
    if languages and not known:
        known = vocabulary.load_tokens(directory, architecture)
    if architecture in MULTILINGUAL_ARCHITECTURES:
        requested = {tokens[language] for language in languages if language in tokens}
        known |= {
            token for token in requested - known if vocabulary.has_built_in_token(directory, token)
        }
    for language in languages:
        _validate_token(directory, id, language, tokens.get(language), known)
    return {
        "language_tokens": kind,
        "tokens": {code: token for code, token in tokens.items() if token in known},
    }


def _validate_token(
    directory: Path, id: str, language: str, token: str | None, known: set[str]
) -> None:
    """Raise InvalidFieldError when a language has no token or the tokenizer lacks the token."""
    if token is None:
        raise InvalidFieldError(
            f"'{id}' needs language tokens, and no token for '{language}' is known: name a "
            "catalog model with the same tokens (--like), or describe this model in your own "
            "catalog file",
            field="pair",
            metadata={"language": language},
        )
    if token not in known:
        similar = vocabulary.similar_tokens(token, known)
        raise InvalidFieldError(
            f"'{id}' needs the token '{token}' for the language '{language}', which the tokenizer "
            f"in {directory} does not have; similar tokens: {_abbreviate(similar)}. Name the "
            "pairs that the model supports (--pair), or its tokens in your own catalog file",
            field="directory",
            metadata={"language": language, "token": token},
        )


def _abbreviate(tokens: Sequence[str], limit: int = 8) -> str:
    if not tokens:
        return "none"
    more = f" and {len(tokens) - limit} more" if len(tokens) > limit else ""
    return ", ".join(tokens[:limit]) + more
