"""Student models in NumPy: Marian's arithmetic of 8-bit integers, one sentence at a time."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml  # type: ignore[import-untyped,unused-ignore]
from numpy.typing import NDArray

from summsvc.models.conversion.students.binary import Item, read_items

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Output:
    """A greedy output. ids: with the end marker. attended: index of the source token with the
    largest weight in the first head of the last layer. margin: smallest difference between the
    two best logits of a step.
    """

    ids: list[int]
    attended: list[int]
    score: float
    margin: float


class Reference:
    """The model of a file that is not packed."""

    def __init__(self, path: Path) -> None:
        self.items = read_items(path.read_bytes(), path.name)
        text = bytes(self.items["special:model.yml"].data).rstrip(b"\0")
        self.settings: dict[str, Any] = yaml.safe_load(text)
        self.width = int(self.settings["dim-emb"])
        self.heads = int(self.settings["transformer-heads"])
        shared = self.settings["tied-embeddings-all"]
        self.source = "Wemb" if shared else "encoder_Wemb"
        self.target = "Wemb" if shared else "decoder_Wemb"
        self.output_multiplier = "none" if shared else self.target

    def greedy(self, source: Sequence[int], limit: int, allowed: Sequence[int] = ()) -> Output:
        """Greedy search. source: ids with the end marker. allowed: output ids; empty for all."""
        memory = self.encode(source)
        states = [np.zeros((1, self.width), np.float32) for _ in memory]
        embeddings = self._embeddings(self.target)
        words = np.array(allowed or range(len(embeddings)))
        output = Output([], [], 0.0, math.inf)
        ids, attended, total, margin = output.ids, output.attended, 0.0, math.inf
        x = np.zeros((1, self.width), np.float32)
        while len(ids) < limit and (not ids or ids[-1] != 0):
            y, weights = self.step(x + self._signal(len(ids)), states, memory)
            logits = self._logits(y)[words]
            logits[words == 1] = -1e8
            best, second = np.sort(logits)[[-1, -2]]
            ids.append(int(words[logits.argmax()]))
            attended.append(int(weights.argmax()))
            total += float(best - np.log(np.exp(logits.astype(np.float64)).sum()))
            margin = min(margin, float(best - second))
            x = np.asarray(embeddings[ids[-1:]] * np.float32(math.sqrt(self.width)))
        return Output(ids, attended, total / len(ids), margin)

    def encode(self, source: Sequence[int]) -> list[tuple[Floats, Floats]]:
        """Keys and values of each decoder layer."""
        x = self._embeddings(self.source)[list(source)] * np.float32(math.sqrt(self.width))
        x = x + np.concatenate([self._signal(i) for i in range(len(source))])
        for layer in range(1, self.settings["enc-depth"] + 1):
            name = f"encoder_l{layer}_self"
            y, _ = self._attend(*(self._part(name, part, x) for part in "qkv"))
            x = self._normalize(f"{name}_Wo", x + self._affine(f"{name}_Wo", f"{name}_bo", y))
            x = self._feed_forward(f"encoder_l{layer}_ffn", x)
        names = [f"decoder_l{i + 1}_context" for i in range(self.settings["dec-depth"])]
        return [(self._part(name, "k", x), self._part(name, "v", x)) for name in names]

    def step(
        self, x: Floats, states: list[Floats], memory: Sequence[tuple[Floats, Floats]]
    ) -> tuple[Floats, Floats]:
        """One step; changes ``states``. Returns the last layer and the weights of its head 0."""
        weights = np.zeros(0, np.float32)
        for i, (keys, values) in enumerate(memory):
            name = f"decoder_l{i + 1}_rnn"
            forget = np.float32(1) / (1 + np.exp(-self._affine(f"{name}_Wf", f"{name}_bf", x)))
            new = self._affine(f"{name}_W", None, x)
            states[i] = np.asarray(forget * states[i] + (1 - forget) * new, np.float32)
            x = self._normalize(f"{name}_ffn", x + np.maximum(states[i], 0))
            name = f"decoder_l{i + 1}_context"
            y, weights = self._attend(self._part(name, "q", x), keys, values)
            x = self._normalize(f"{name}_Wo", x + self._affine(f"{name}_Wo", f"{name}_bo", y))
            x = self._feed_forward(f"decoder_l{i + 1}_ffn", x)
        return x, weights[0, 0]

    def _logits(self, x: Floats) -> Floats:
        item = self.items[self.target]
        matrix = item.integers().reshape(item.shape).T
        bias = self.items["decoder_ff_logit_out_b"].floats()[0]
        multiplier = self._number(f"{self.output_multiplier}_QuantMultA")
        return np.asarray((_product(x, matrix, multiplier, self._multiplier(item)) + bias)[0])

    def _affine(self, name: str, bias: str | None, x: Floats) -> Floats:
        item = self.items[name]
        inputs, outputs = item.shape
        # The data is transposed, the shape is not.
        matrix = item.integers().reshape(outputs, inputs).T
        multiplier = self._number(f"{name}_QuantMultA")
        y = _product(x, matrix, multiplier, self._multiplier(item))
        return y if bias is None else y + self.items[bias].floats()[0]

    def _feed_forward(self, name: str, x: Floats) -> Floats:
        y = np.maximum(self._affine(f"{name}_W1", f"{name}_b1", x), 0)
        return self._normalize(f"{name}_ffn", x + self._affine(f"{name}_W2", f"{name}_b2", y))

    def _normalize(self, name: str, x: Floats) -> Floats:
        scale, bias = (self.items[f"{name}_ln_{part}"].floats()[0] for part in ("scale", "bias"))
        centered = x - x.mean(axis=-1, keepdims=True)
        variance = (centered**2).mean(axis=-1, keepdims=True)
        return np.asarray(scale * centered / np.sqrt(variance + np.float32(1e-6)) + bias)

    def _part(self, name: str, part: str, x: Floats) -> Floats:
        """Queries, keys or values, of shape (heads, length, head width)."""
        y = self._affine(f"{name}_W{part}", f"{name}_b{part}", x)
        return y.reshape(len(x), self.heads, -1).transpose(1, 0, 2)

    def _attend(self, queries: Floats, keys: Floats, values: Floats) -> tuple[Floats, Floats]:
        logits = queries @ keys.transpose(0, 2, 1) / np.float32(math.sqrt(queries.shape[-1]))
        weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        y = (weights @ values).transpose(1, 0, 2).reshape(queries.shape[1], self.width)
        return y, weights

    def _embeddings(self, name: str) -> Floats:
        item = self.items[name]
        integers = item.integers().reshape(item.shape).astype(np.float32)
        return np.asarray(integers / np.float32(self._multiplier(item)))

    def _signal(self, position: int) -> Floats:
        half = self.width // 2
        angles = position * np.exp(-math.log(10_000) / (half - 1) * np.arange(half))
        return np.concatenate([np.sin(angles), np.cos(angles)])[None].astype(np.float32)

    def _number(self, name: str) -> float:
        return float(self.items[name].floats().ravel()[0])

    @staticmethod
    def _multiplier(item: Item) -> float:
        return float(struct.unpack_from("<f", item.data, item.elements)[0])


def _product(x: Floats, matrix: NDArray[np.int8], multiplier: float, other: float) -> Floats:
    integers = np.clip(np.rint(x * np.float32(multiplier)), -127, 127).astype(np.int32)
    sums = integers @ matrix.astype(np.int32)
    return np.asarray(sums / (multiplier * other), np.float32)
