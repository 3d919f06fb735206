"""Tokenizer of a converted model: text to tokens and tokens to text, without transformers.

At conversion, the checkpoint's own tokenizer determines the token framing of inputs and
outputs, which is stored beside the model in ``pieces.json``. Text is split by SentencePiece
models (Marian, M2M100) or by a tokenizer.json.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from summsvc.engines.base import LanguageTokens, ModelSpec
from summsvc.engines.declared import Declared
from summsvc.errors import ModelBrokenError

FRAMING_FILE = "pieces.json"
TOKENIZER_FILE = "tokenizer.json"

ENCODE_CHUNK = 4_000
"""Code points per call of the tokenizer (or one longer text). A call holds the GIL, for about a
millisecond at this size."""

SINGLE_ENCODE_MAX = 16
"""Largest number of texts that are encoded one text per call. For a list, SentencePiece starts a
thread, which takes as long as encoding ten texts. For more texts the list is better, since each
call releases the GIL for a microsecond, which wakes the event loop too late to acquire it."""

WORD_BOUNDARY = "\u2581"
"""SentencePiece's marker at the beginning of a word, a space in the text."""

SOURCE_TOKEN = "{source}"
"""Placeholder for the source language's token in a token framing."""


@dataclass(frozen=True, slots=True)
class TokenFraming:
    """The special tokens around a checkpoint's inputs and outputs, and its length limits.

    before, after: special tokens around an input; SOURCE_TOKEN stands for the source
    language's token. default_source: that token for models without language tokens. start:
    the decoder's first input. first: forced first tokens of every output, unless the target
    language's token is forced. end: the end marker. special: tokens that are not text. split:
    file names of the SentencePiece models for source and target, or of one tokenizer.json.
    max_input_tokens, positions: see ``limits``.
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

    def save(self, folder: Path) -> None:
        """Write ``pieces.json``."""
        text = json.dumps(asdict(self), ensure_ascii=False, indent=1)
        (folder / FRAMING_FILE).write_text(text, "utf-8")

    @staticmethod
    def load(folder: Path) -> TokenFraming:
        """Load ``pieces.json``; raises ModelBrokenError."""
        facts = Declared.load(folder / FRAMING_FILE)
        split = facts.tokens("split")
        if not 1 <= len(split) <= 2 or any("/" in name for name in split):
            raise ModelBrokenError(f"{FRAMING_FILE}: split does not name one or two files")
        return TokenFraming(
            before=facts.tokens("before"),
            after=facts.tokens("after"),
            first=facts.tokens("first"),
            start=facts.text("start"),
            end=facts.text("end"),
            special=facts.tokens("special"),
            split=split,
            max_input_tokens=facts.integer("max_input_tokens", 1),
            positions=facts.find_integer("positions", 1),
            default_source=facts.find_text("default_source") or "",
        )


class Splitter(Protocol):
    """Splits text without special tokens into tokens and joins tokens to text.

    target_token_in_text: whether the target language's token is prepended to the text and
    split with it, instead of being prepended to the text's tokens.
    """

    target_token_in_text: bool

    def split(self, texts: Sequence[str]) -> list[list[str]]:
        """Tokens of each source text, without special tokens."""

    def split_outputs(self, texts: Sequence[str]) -> list[list[str]]:
        """Tokens of each target text, without special tokens."""

    def join(self, pieces: Sequence[str]) -> str:
        """The text of a sequence of tokens without special tokens."""


class Tokenizer:
    """The tokenizer of one model; thread-safe, and reads no file after its construction.

    The tokenizers library fails in other threads only while a tokenizer is changed. Raises the
    errors of loading its files.
    """

    def __init__(self, spec: ModelSpec) -> None:
        self.framing = TokenFraming.load(spec.path)
        self._spec = spec
        self._special = frozenset(self.framing.special) | set(spec.tokens.values())
        self._guard = SpecialTokenGuard(self._special)
        files = [spec.path / name for name in self.framing.split]
        self._splitter: Splitter = (
            _FastTokenizerSplitter(files[0])
            if files[0].suffix == ".json"
            else _SentencePieceSplitter(*files)
        )

    def encode(self, texts: Sequence[str], source: str, target: str) -> list[list[str]]:
        """Input tokens of each text, special tokens included."""
        spec, framing = self._spec, self.framing
        needs_source = spec.language_tokens is LanguageTokens.SOURCE_AND_TARGET
        language = spec.tokens[source] if needs_source else framing.default_source
        before = [language if piece == SOURCE_TOKEN else piece for piece in framing.before]
        after = [language if piece == SOURCE_TOKEN else piece for piece in framing.after]
        prefix = spec.prefix
        if spec.language_tokens is LanguageTokens.TARGET_PREFIX:
            if self._splitter.target_token_in_text:
                prefix += f"{spec.tokens[target]} "
            else:
                before.append(spec.tokens[target])
        prepared = [prefix + self._guard(text) for text in texts]
        return [
            [*before, *pieces, *after]
            for group in _group_texts(prepared, ENCODE_CHUNK)
            for pieces in self._splitter.split(group)
        ]

    def forced_pieces(self, target: str) -> list[str]:
        """Forced first tokens of every output."""
        first = list(self.framing.first)
        if self._spec.language_tokens is LanguageTokens.SOURCE_AND_TARGET:
            first = [self._spec.tokens[target]]
        # When the decoder already starts from the language's token, the token is not forced again.
        return [] if first == [self.framing.start] else first

    def encode_outputs(self, texts: Sequence[str], target: str) -> list[list[str]]:
        """Output tokens of each given text, without the end marker."""
        first = self.forced_pieces(target)
        return [[*first, *pieces] for pieces in self._splitter.split_outputs(texts)]

    def decode(self, pieces: Sequence[str]) -> str:
        """The text of an output."""
        return self._splitter.join([piece for piece in pieces if piece not in self._special])


class SpecialTokenGuard:
    """Prevents a text's own "</s>" or "rus_Cyrl" from being tokenized as special tokens.

    As a special token, it would end the input or change the language, and the rest of the
    text would be lost. A space inserted after the first character makes it plain text.
    """

    def __init__(self, special: Iterable[str]) -> None:
        longest_first = sorted((each for each in special if len(each) > 1), key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def __call__(self, text: str) -> str:
        return self._pattern.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)


class _SentencePieceSplitter:
    target_token_in_text = False

    def __init__(self, source: Path, target: Path) -> None:
        from sentencepiece import SentencePieceProcessor

        self._source = SentencePieceProcessor(model_file=str(source))
        self._target = SentencePieceProcessor(model_file=str(target))

    def split(self, texts: Sequence[str]) -> list[list[str]]:
        if len(texts) <= SINGLE_ENCODE_MAX:
            return [self._source.encode(text, out_type=str) for text in texts]
        pieces: list[list[str]] = self._source.encode(list(texts), out_type=str, num_threads=1)
        return pieces

    def split_outputs(self, texts: Sequence[str]) -> list[list[str]]:
        pieces: list[list[str]] = self._target.encode(list(texts), out_type=str)
        return pieces

    def join(self, pieces: Sequence[str]) -> str:
        # A joint vocabulary has tokens that the target's model does not contain. The model returns
        # these unchanged; transformers' MarianTokenizer shows their word marker as a space.
        return str(self._target.decode(list(pieces))).replace(WORD_BOUNDARY, " ").strip()


class _FastTokenizerSplitter:
    target_token_in_text = True

    def __init__(self, path: Path) -> None:
        from tokenizers import Tokenizer

        self._tokenizer: Any = Tokenizer.from_file(str(path))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def split(self, texts: Sequence[str]) -> list[list[str]]:
        encoded = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        # ``tokens`` would contain the characters of an unknown token instead of its name.
        name = self._tokenizer.id_to_token
        return [[name(number) for number in each.ids] for each in encoded]

    split_outputs = split

    def join(self, pieces: Sequence[str]) -> str:
        numbers = [self._tokenizer.token_to_id(piece) for piece in pieces]
        known = [number for number in numbers if number is not None]
        return str(self._tokenizer.decode(known, skip_special_tokens=True))


def _group_texts(texts: Sequence[str], limit: int) -> Iterator[list[str]]:
    """Consecutive texts with at most ``limit`` code points in total, or one longer text."""
    group: list[str] = []
    length = 0
    for text in texts:
        if group and length + len(text) > limit:
            yield group
            group, length = [], 0
        group.append(text)
        length += len(text)
    if group:
        yield group
