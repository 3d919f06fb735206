"""The network of a student model: graphs, embeddings and output matrix in memory.

Every method may be called by several threads at the same time; onnxruntime releases the GIL while
it computes.
"""

from __future__ import annotations

import functools
import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from summsvc.engines.onnxruntime.layout import (
    DECODER_FILE,
    ENCODER_FILE,
    FULL_OUTPUT_FILE,
    OUTPUT_BIAS_FILE,
    OUTPUT_FILE,
    SOURCE_EMBEDDINGS_FILE,
    TARGET_EMBEDDINGS_FILE,
    Layout,
)

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

MASKED = np.float32(-1e8)
"""Added to the attention logits of padding, and to the logits of excluded words."""

POSITIONS = 512
"""Positions whose signal is computed in advance."""


KEYS_AXIS, VALUES_AXIS = 3, 2
"""Axes of the source words in the encoder's outputs."""

MIN_GROUP_TOKENS = 128
"""Fewest tokens, with padding, that the encoder computes together. With fewer its products are
less efficient."""

MIN_LENGTH_SHARE = 0.9
"""A shorter share of the longest source of a group begins a new group."""


@dataclass(frozen=True, slots=True)
class OutputWords:
    """A part of the target vocabulary, as the output layer computes it.

    ids: its words, of shape (words,). matrix: their columns of the output matrix; None for the
    whole vocabulary. bias: of shape (words,).
    """

    ids: Integers
    matrix: npt.NDArray[np.int8] | None
    bias: Floats


class Network:
    """The network of one model.

    excluded: target words that are never generated. Raises the errors of onnxruntime, OSError
    and ValueError when the files cannot be loaded.
    """

    def __init__(self, folder: Path, layout: Layout, threads: int, excluded: Sequence[int]) -> None:
        self.layout = layout
        self._folder = folder
        self._threads = threads
        self._lock = threading.Lock()
        self._encoder = _load(folder / ENCODER_FILE, threads)
        self._decoder = _load(folder / DECODER_FILE, threads)
        self._output = _load(folder / OUTPUT_FILE, threads)
        self._full_output: Any = None
        self._target = _matrix(folder / TARGET_EMBEDDINGS_FILE, layout.target_words, layout.width)
        self._source = self._target
        if not layout.joint:
            self._source = _matrix(
                folder / SOURCE_EMBEDDINGS_FILE, layout.source_words, layout.width
            )
        self._bias = np.fromfile(folder / OUTPUT_BIAS_FILE, np.float32)
        if len(self._bias) != layout.target_words:
            raise ValueError(f"{OUTPUT_BIAS_FILE} has {len(self._bias)} numbers")
        self._bias[list(excluded)] = MASKED
        self._signals = _signals(np.arange(POSITIONS, dtype=np.float32), layout.width)
        self._factor = np.float32(math.sqrt(layout.width))

    def encode(self, sources: Sequence[Sequence[int]]) -> tuple[Floats, list[Floats]]:
        """Encode source words.

        Returns the attention mask [batch, 1, 1, source], and for each decoder layer its keys
        [batch, heads, head width, source] and values [batch, heads, source, head width].
        """
        lengths = np.array([len(source) for source in sources])
        longest = int(lengths.max())
        mask = np.where(np.arange(longest) < lengths[:, None], np.float32(0), MASKED)
        groups = _group_by_length(lengths)
        if len(groups) == 1:
            return mask[:, None, None], self._encode(sources, mask)
        memory: list[Floats] = []
        for rows in groups:
            part = int(lengths[rows].max())
            encoded = self._encode([sources[row] for row in rows], mask[rows, :part])
            for i, values in enumerate(encoded):
                axis = VALUES_AXIS if i % 2 else KEYS_AXIS
                if len(memory) <= i:
                    shape = list(values.shape)
                    shape[0], shape[axis] = len(sources), longest
                    memory.append(np.zeros(shape, np.float32))
                whole = np.moveaxis(memory[i], axis, 1)
                whole[rows, :part] = np.moveaxis(values, axis, 1)
        return mask[:, None, None], memory

    def _encode(self, sources: Sequence[Sequence[int]], mask: Floats) -> list[Floats]:
        """Keys and values of sources of similar length. mask: of shape (batch, source)."""
        ids = np.zeros(mask.shape, np.int64)
        for row, source in zip(ids, sources, strict=True):
            row[: len(source)] = source
        scale = np.float32(self.layout.source_scale) * self._factor
        x = self._source[ids] * scale + self._signal(0, mask.shape[1])
        found: list[Floats] = self._encoder.run(None, {"x": x, "mask": mask[:, None, None]})
        return found

    def step(
        self, words: Integers | None, position: int, memory: Mapping[str, Floats]
    ) -> tuple[Floats, Floats, list[Floats]]:
        """Compute one step of the decoder.

        words: the last word of each row; None at the first step. memory: the inputs of the
        decoder's graph other than ``x``. Returns the output layer's input [rows, width], the
        attention [rows, source], and the next state of each layer.
        """
        x = np.zeros((len(memory["mask"]), self.layout.width), np.float32)
        if words is not None:
            x = self._target[words] * (np.float32(self.layout.target_scale) * self._factor)
        x = x + self._signal(position, position + 1)
        y, attention, *states = self._decoder.run(None, {"x": x, **memory})
        return y, attention, states

    def select(self, words: Integers | None) -> OutputWords:
        """The output layer's weights for the given words; None for the whole vocabulary."""
        if words is None:
            return OutputWords(np.arange(self.layout.target_words), None, self._bias)
        matrix = np.ascontiguousarray(self._target[words].T)
        return OutputWords(words, matrix, self._bias[words])

    def logits(self, y: Floats, words: OutputWords) -> Floats:
        """Logits of the words, of shape (rows, words). y: of shape (rows, width)."""
        if words.matrix is None:
            feeds = {"x": y, "bias": words.bias}
            found: Floats = self._whole_output().run(None, feeds)[0]
        else:
            columns = {"words": words.matrix, "bias": words.bias}
            found = self._output.run(None, {"x": y, **columns})[0]
        return found

    def _whole_output(self) -> Any:
        """The graph of the whole vocabulary, loaded on first use."""
        with self._lock:
            if self._full_output is None:
                self._full_output = _load(self._folder / FULL_OUTPUT_FILE, self._threads)
            return self._full_output

    def _signal(self, start: int, end: int) -> Floats:
        """Position signals of shape (end - start, width)."""
        if end <= POSITIONS:
            return self._signals[start:end]
        return _signals(np.arange(start, end, dtype=np.float32), self.layout.width)


def _group_by_length(lengths: Integers) -> list[Integers]:
    """Rows in groups of similar length, so that little of what is computed is padding."""
    groups: list[Integers] = []
    order = np.argsort(-lengths, kind="stable")
    start = 0
    for end in range(1, len(order) + 1):
        group = lengths[order[start:end]]
        padded = len(group) * int(group[0])
        is_full = padded >= MIN_GROUP_TOKENS and end < len(order)
        if end == len(order) or (is_full and lengths[order[end]] < MIN_LENGTH_SHARE * group[0]):
            groups.append(order[start:end])
            start = end
    return groups


def _signals(positions: Floats, width: int) -> Floats:
    """Sinusoidal position signals as in Marian: all sines, then all cosines."""
    half = width // 2
    increment = np.float32(math.log(10_000) / max(1, half - 1))
    rates = np.exp(np.arange(half, dtype=np.float32) * -increment)
    angles = positions[:, None] * rates
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)


def _matrix(path: Path, rows: int, width: int) -> npt.NDArray[np.int8]:
    return np.memmap(path, np.int8, "r", shape=(rows, width))


@functools.cache
def _has_exact_products() -> bool:
    """Whether the processor's fastest product of 8-bit integers is exact.

    x86 processors without VNNI saturate sums of two products at 16 bits. Other processors do not
    have such an instruction; onnxruntime ignores the option there.
    """
    try:
        flags = Path("/proc/cpuinfo").read_text("utf-8").split()
    except OSError:
        return False
    return "avx512_vnni" in flags or "avx_vnni" in flags


def _load(path: Path, threads: int) -> Any:
    """An onnxruntime session."""
    import onnxruntime  # type: ignore[import-untyped,unused-ignore]

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # They would keep the memory of the largest batch, and of every shape of a batch.
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    # Without it, waiting threads would take the cores of other workers.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if not _has_exact_products():
        # Uses a slower product that is exact.
        options.add_session_config_entry("session.x64quantprecision", "1")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
