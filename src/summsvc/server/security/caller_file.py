"""TOML file of named callers: the digests of their bearer tokens, and their limits."""

from __future__ import annotations

import hashlib
import re
import tomllib
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from summsvc.config.values import Int32, Int64

MAX_CALLERS = 100
"""Callers of one file, each of which is a value of a label of the metrics."""

MAX_TOKENS = 8
"""Tokens of one caller: each call is compared with all tokens of all callers."""

RESERVED_NAMES = ("anonymous", "other")
"""Values of the metrics' label ``caller`` for all callers that have no name."""

CALLER_NAME = re.compile(r"[a-z0-9._-]{1,64}")
"""Form of a caller's name."""

_TOML_PLACE = re.compile(r"\(at (line \d+, column \d+|end of document)\)$")


class CallerFileError(ValueError):
    """Raised for a file that cannot be used. The message quotes no value, only keys."""


def token_digest(token: str) -> bytes:
    """Return the SHA-256 digest of a token, by which it is stored and compared."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def check_name(name: str) -> str:
    """Return a caller's name; raises ValueError for one that is not allowed."""
    if not CALLER_NAME.fullmatch(name):
        raise ValueError("use 1 to 64 of the characters a-z, 0-9, '.', '_' and '-'")
    if name in RESERVED_NAMES:
        raise ValueError(f"the names {' and '.join(RESERVED_NAMES)} are reserved")
    return name


def _texts(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    texts = [each.strip() for each in values if isinstance(each, str)]
    if len(texts) < len(values) or not all(texts):
        raise ValueError("must be a string, or a list of strings, none of them empty")
    return texts


def _hash_tokens(value: object) -> list[bytes]:
    return [token_digest(token) for token in _texts(value)]


def _parse_digests(value: object) -> list[bytes]:
    texts = _texts(value)
    if not all(re.fullmatch("[0-9a-fA-F]{64}", text) for text in texts):
        raise ValueError("must be 64 hexadecimal digits, or a list of such strings")
    return [bytes.fromhex(text) for text in texts]


class LimitsTable(BaseModel):
    """Table ``limits`` of a caller; a limit that is not set is that of the settings.

    Fields as in ``CallerLimits``; 0: no limit.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    max_calls: Int32 | None = Field(default=None, ge=0)
    max_queued_tokens: Int64 | None = Field(default=None, ge=0)
    max_batch_articles: Int32 | None = Field(default=None, ge=0)


class CallerEntry(BaseModel):
    """A table ``caller``. The text of its tokens is not kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, AfterValidator(check_name)]
    token: Annotated[list[bytes], BeforeValidator(_hash_tokens)] = []
    token_sha256: Annotated[list[bytes], BeforeValidator(_parse_digests)] = []
    limits: LimitsTable = LimitsTable()

    @property
    def digests(self) -> list[bytes]:
        """SHA-256 digests of all tokens of the caller."""
        return list(dict.fromkeys([*self.token, *self.token_sha256]))


class _CallerFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    caller: list[CallerEntry]


def parse_callers(text: str) -> list[CallerEntry]:
    """Parse the content of a file; raises CallerFileError."""
    # Raised outside ``except``: the errors of the parsers hold the text with the tokens.
    callers, problem = _parse(text)
    problem = problem or _problem_of_all(callers)
    if problem:
        raise CallerFileError(problem)
    return callers


def _parse(text: str) -> tuple[list[CallerEntry], str]:
    try:
        return _CallerFile.model_validate(tomllib.loads(text)).caller, ""
    except tomllib.TOMLDecodeError as error:
        place = _TOML_PLACE.search(str(error))
        return [], f"not valid TOML at {place[1]}" if place else "not valid TOML"
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        return [], f"{_place(first['loc'])}: {first['msg'].removeprefix('Value error, ')}"
    # A number of thousands of digits, deep nesting.
    except (ValueError, RecursionError):
        return [], "not valid TOML"


def _place(location: tuple[int | str, ...]) -> str:
    """Name a place such as ``("caller", 0, "limits", "max_calls")``."""
    match location:
        case ("caller", int(index), *keys):
            return f"entry {index + 1} of caller, key {'.'.join(map(str, keys)) or '-'}"
        case _:
            return f"key {'.'.join(map(str, location))}"


def _problem_of_all(callers: list[CallerEntry]) -> str:
    """Describe what is wrong with the entries together; empty when nothing is."""
    if not 1 <= len(callers) <= MAX_CALLERS:
        return f"has {len(callers)} entries of caller; use 1 to {MAX_CALLERS}"
    names: dict[str, int] = {}
    digests: dict[bytes, int] = {}
    for number, caller in enumerate(callers, 1):
        place = f"entry {number} of caller, key"
        if not 1 <= len(caller.digests) <= MAX_TOKENS:
            return f"{place} token_sha256: give 1 to {MAX_TOKENS} tokens, or digests of tokens"
        first = names.setdefault(caller.name, number)
        if first != number:
            return f"{place} name: entry {first} has the same name"
        for digest in caller.digests:
            first = digests.setdefault(digest, number)
            if first != number:
                return f"{place} token_sha256: entry {first} has the same token"
    return ""
