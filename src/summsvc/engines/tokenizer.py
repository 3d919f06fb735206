"""Text to the pieces that a converted model reads, and pieces to text, without transformers.

How a checkpoint frames its input and output was asked of its own tokenizer when
it was converted and lies beside it, in ``pieces.json``. A text is split either
by SentencePiece models (Marian, M2M100) or by a tokenizer.json.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from summsvc.engines.base import LanguageTokens, ModelSpec

FILE = "pieces.json"
TOKENIZER = "tokenizer.json"

ENCODED_AT_ONCE = 4_000
"""Code points handed to the tokenizer in one call, or one text: it holds the
interpreter's lock meanwhile, about a millisecond for so many."""

ONE_BY_ONE = 16
"""Texts up to which they are encoded one by one: for a list SentencePiece starts a thread,
which takes as long as ten texts. But for each call it lets go of the interpreter's lock for
a microsecond, which wakes the event loop too late to get it."""

WORD_BEGINS = "\u2581"
"""SentencePiece's mark at the beginning of a word: a space in the text."""

SOURCE = "{source}"
"""Stands in a convention for the source language's token."""


@dataclass(frozen=True, slots=True)
class TokenFraming:
    """How a checkpoint frames texts.

    before, after: special pieces around an input; SOURCE among them for the
    source's token. default_source: that token where no language is told. start:
    the decoder's first input. first: what every output begins with, unless the
    target's token does. end: the end marker. special: pieces that are no text.
    split: file names of the SentencePiece models for source and target, or one
    tokenizer.json. max_input_tokens, positions: see ``limits``.
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    first: tuple[str, ...]
    start: str
    end: str
    special: tuple[str, ...]
    split: tuple[str, ...]
    max_input_tokens: int
    positions: int | None
    default_source: str = ""

    def write(self, folder: Path) -> None:
        """Write ``pieces.json``."""
        text = json.dumps(asdict(self), ensure_ascii=False, indent=1)
        (folder / FILE).write_text(text, "utf-8")

    @staticmethod
    def read(folder: Path) -> TokenFraming:
        """Read ``pieces.json``; raises OSError, ValueError or TypeError."""
        facts: dict[str, Any] = json.loads((folder / FILE).read_text("utf-8"))
        for name, value in facts.items():
            facts[name] = tuple(value) if isinstance(value, list) else value
        return TokenFraming(**facts)


class Splitter(Protocol):
    """Splits plain text into pieces and joins pieces to text.

    tells_in_text: whether the target's token is written before the text and
    split with it, rather than put before its pieces.
    """

    tells_in_text: bool

    def split(self, texts: Sequence[str]) -> list[list[str]]:
        """Pieces of each text, without special ones."""

    def split_outputs(self, texts: Sequence[str]) -> list[list[str]]:
        """The same of texts in the target language."""

    def join(self, pieces: Sequence[str]) -> str:
        """The text of pieces none of which is special."""


class Tokenizer:
    """One model's pieces; for one thread, since tokenizers must not be shared.

    Raises what reading its files raises.
    """

    def __init__(self, spec: ModelSpec) -> None:
        self.convention = TokenFraming.read(spec.path)
        self._spec = spec
        self._special = frozenset(self.convention.special) | set(spec.tokens.values())
        self._guard = Guard(self._special)
        files = [spec.path / name for name in self.convention.split]
        self._splitter: Splitter = (
            _Tokenizer(files[0]) if files[0].suffix == ".json" else _SentencePiece(*files)
        )

    def encode(self, texts: Sequence[str], source: str, target: str) -> list[list[str]]:
        """What the model reads of each text, special pieces included."""
        spec, convention = self._spec, self.convention
        told = spec.language_tokens is LanguageTokens.SOURCE_AND_TARGET
        language = spec.tokens[source] if told else convention.default_source
        before = [language if piece == SOURCE else piece for piece in convention.before]
        after = [language if piece == SOURCE else piece for piece in convention.after]
        prefix = spec.prefix
        if spec.language_tokens is LanguageTokens.TARGET_PREFIX:
            if self._splitter.tells_in_text:
                prefix += f"{spec.tokens[target]} "
            else:
                before.append(spec.tokens[target])
        prepared = [prefix + self._guard(text) for text in texts]
        return [
            [*before, *pieces, *after]
            for group in _groups(prepared, ENCODED_AT_ONCE)
            for pieces in self._splitter.split(group)
        ]

    def first(self, target: str) -> list[str]:
        """Pieces that every output has to begin with."""
        first = list(self.convention.first)
        if self._spec.language_tokens is LanguageTokens.SOURCE_AND_TARGET:
            first = [self._spec.tokens[target]]
        # Some decoders start from the language's token and need it no second time.
        return [] if first == [self.convention.start] else first

    def encode_outputs(self, texts: Sequence[str], target: str) -> list[list[str]]:
        """Pieces that the model would make to say each text, the end marker not among them."""
        first = self.first(target)
        return [[*first, *pieces] for pieces in self._splitter.split_outputs(texts)]

    def decode(self, pieces: Sequence[str]) -> str:
        """The text of an output."""
        return self._splitter.join([piece for piece in pieces if piece not in self._special])


class Guard:
    """Keeps a text's own "</s>" or "rus_Cyrl" from being read as the model's special pieces.

    Read so, it would end the input or change the language, and the rest of the
    text would be lost. A space after the first character makes it plain text.
    """

    def __init__(self, special: Iterable[str]) -> None:
        longest_first = sorted((each for each in special if len(each) > 1), key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def __call__(self, text: str) -> str:
        return self._pattern.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)


class _SentencePiece:
    tells_in_text = False

    def __init__(self, source: Path, target: Path) -> None:
        from sentencepiece import SentencePieceProcessor

        self._source = SentencePieceProcessor(model_file=str(source))
        self._target = SentencePieceProcessor(model_file=str(target))

    def split(self, texts: Sequence[str]) -> list[list[str]]:
        if len(texts) <= ONE_BY_ONE:
            return [self._source.encode(text, out_type=str) for text in texts]
        pieces: list[list[str]] = self._source.encode(list(texts), out_type=str, num_threads=1)
        return pieces

    def split_outputs(self, texts: Sequence[str]) -> list[list[str]]:
        pieces: list[list[str]] = self._target.encode(list(texts), out_type=str)
        return pieces

    def join(self, pieces: Sequence[str]) -> str:
        # A vocabulary for both languages has pieces that the target's model does not know. It
        # gives them back as they are; to transformers' MarianTokenizer their mark is a space.
        return str(self._target.decode(list(pieces))).replace(WORD_BEGINS, " ").strip()


class _Tokenizer:
    tells_in_text = True

    def __init__(self, path: Path) -> None:
        from tokenizers import Tokenizer

        self._tokenizer: Any = Tokenizer.from_file(str(path))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def split(self, texts: Sequence[str]) -> list[list[str]]:
        encoded = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        # ``tokens`` would give the letters of an unknown piece, not its name.
        name = self._tokenizer.id_to_token
        return [[name(number) for number in each.ids] for each in encoded]

    split_outputs = split

    def join(self, pieces: Sequence[str]) -> str:
        numbers = [self._tokenizer.token_to_id(piece) for piece in pieces]
        known = [number for number in numbers if number is not None]
        return str(self._tokenizer.decode(known, skip_special_tokens=True))


def _groups(texts: Sequence[str], most: int) -> Iterator[list[str]]:
    """Neighbouring texts of together at most so many code points, or one text."""
    group: list[str] = []
    length = 0
    for text in texts:
        if group and length + len(text) > most:
            yield group
            group, length = [], 0
        group.append(text)
        length += len(text)
    if group:
        yield group
