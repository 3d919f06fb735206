"""The network of Firefox's student translation models in torch, with Marian's parameter names.

Transformer encoder, and a decoder with simpler simple recurrent units (SSRU) in place of
self-attention (Kim et al. 2019, aclanthology.org/D19-5632). Layouts and constants follow Marian:
models/transformer.h, rnn/cells.h and layers/generic.h.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

EPSILON = 1e-6
MASKED = -1e8
LARGEST = 127


@dataclass(frozen=True)
class Sizes:
    """Shape of a student. source and target are vocabulary sizes."""

    source: int
    target: int
    shared: bool = True
    dim: int = 128
    ffn: int = 256
    encoder: int = 2
    decoder: int = 2
    heads: int = 8

    @property
    def source_embeddings(self) -> str:
        """Name of the encoder's embedding matrix."""
        return "Wemb" if self.shared else "encoder_Wemb"

    @property
    def target_embeddings(self) -> str:
        """Name of the decoder's embedding matrix, which is also the output matrix."""
        return "Wemb" if self.shared else "decoder_Wemb"


class Network(nn.Module):
    """Computes logits and word alignment for whole batches of known outputs.

    largest: largest absolute inputs of each matrix product, one a call, by parameter name.
    scales: multipliers that make these inputs 8-bit integers; once set, inputs and weights are
        rounded as in an 8-bit engine (the gradient passes the rounding unchanged).
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.largest: dict[str, list[float]] = {}
        self.scales: dict[str, float] = {}
        self.weights = nn.ParameterDict()
        for name, count in {
            sizes.source_embeddings: sizes.source,
            sizes.target_embeddings: sizes.target,
        }.items():
            self._matrix(name, count, sizes.dim, math.sqrt(3 / sizes.dim))
        self._vector("decoder_ff_logit_out_b", sizes.target, 0.0)
        for layer in range(1, sizes.encoder + 1):
            self._attention_weights(f"encoder_l{layer}_self")
            self._ffn_weights(f"encoder_l{layer}_ffn")
        for layer in range(1, sizes.decoder + 1):
            unit = f"decoder_l{layer}_rnn"
            self._matrix(f"{unit}_W", sizes.dim, sizes.dim)
            self._matrix(f"{unit}_Wf", sizes.dim, sizes.dim)
            self._vector(f"{unit}_bf", sizes.dim, 0.0)
            self._norm_weights(f"{unit}_ffn")
            self._attention_weights(f"decoder_l{layer}_context")
            self._ffn_weights(f"decoder_l{layer}_ffn")

    def forward(self, source: Tensor, mask: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [batch, target length, vocabulary] and attention [batch, target, source].

        source, target: token ids [batch, length], each with the final </s>.
        mask: 1 for source tokens, 0 for padding.
        The attention is that of the first head of the last decoder layer.
        """
        sizes = self.sizes
        blocked = ((1 - mask) * MASKED)[:, None, None, :]
        x = self._positioned(self._embedded(sizes.source_embeddings, source))
        for layer in range(1, sizes.encoder + 1):
            x, _ = self._attention(f"encoder_l{layer}_self", x, x, blocked)
            x = self._ffn(f"encoder_l{layer}_ffn", x)
        states = x
        previous = self._embedded(sizes.target_embeddings, target[:, :-1])
        # The first output is predicted from an embedding of zeros.
        x = self._positioned(nn.functional.pad(previous, (0, 0, 1, 0)))
        attention = x
        for layer in range(1, sizes.decoder + 1):
            x = self._recurrent(f"decoder_l{layer}_rnn", x)
            x, attention = self._attention(f"decoder_l{layer}_context", x, states, blocked)
            x = self._ffn(f"decoder_l{layer}_ffn", x)
        output = self._rounded_weight(sizes.target_embeddings)
        logits = self._rounded_input(sizes.target_embeddings, x) @ output.T
        return logits + self.weights["decoder_ff_logit_out_b"], attention[:, 0]

    def _matrix(self, name: str, rows: int, columns: int, limit: float | None = None) -> None:
        limit = math.sqrt(6 / (rows + columns)) if limit is None else limit
        self.weights[name] = nn.Parameter(torch.empty(rows, columns).uniform_(-limit, limit))

    def _vector(self, name: str, size: int, value: float) -> None:
        self.weights[name] = nn.Parameter(torch.full((1, size), value))

    def _norm_weights(self, prefix: str) -> None:
        self._vector(f"{prefix}_ln_scale", self.sizes.dim, 1.0)
        self._vector(f"{prefix}_ln_bias", self.sizes.dim, 0.0)

    def _attention_weights(self, prefix: str) -> None:
        for which in "qkvo":
            self._matrix(f"{prefix}_W{which}", self.sizes.dim, self.sizes.dim)
            self._vector(f"{prefix}_b{which}", self.sizes.dim, 0.0)
        self._norm_weights(f"{prefix}_Wo")

    def _ffn_weights(self, prefix: str) -> None:
        self._matrix(f"{prefix}_W1", self.sizes.dim, self.sizes.ffn)
        self._vector(f"{prefix}_b1", self.sizes.ffn, 0.0)
        self._matrix(f"{prefix}_W2", self.sizes.ffn, self.sizes.dim)
        self._vector(f"{prefix}_b2", self.sizes.dim, 0.0)
        self._norm_weights(f"{prefix}_ffn")

    def _rounded_weight(self, name: str) -> Tensor:
        weight: Tensor = self.weights[name]
        if not self.scales:
            return weight
        return _rounded(weight, LARGEST / float(weight.detach().abs().max()))

    def _rounded_input(self, name: str, x: Tensor) -> Tensor:
        if name in self.scales:
            return _rounded(x, self.scales[name])
        self.largest.setdefault(name, []).append(float(x.detach().abs().max()))
        return x

    def _product(self, x: Tensor, weight: str, bias: str = "") -> Tensor:
        y = self._rounded_input(weight, x) @ self._rounded_weight(weight)
        return y + self.weights[bias] if bias else y

    def _embedded(self, name: str, ids: Tensor) -> Tensor:
        return nn.functional.embedding(ids, self._rounded_weight(name))

    def _positioned(self, x: Tensor) -> Tensor:
        dim = self.sizes.dim
        rates = torch.exp(torch.arange(dim // 2) * (-math.log(10000.0) / (dim // 2 - 1)))
        angles = torch.arange(x.shape[1])[:, None] * rates
        # Marian puts all sines first, then all cosines.
        return x * math.sqrt(dim) + torch.cat([angles.sin(), angles.cos()], 1)

    def _normed(self, prefix: str, x: Tensor) -> Tensor:
        scale, bias = self.weights[f"{prefix}_ln_scale"][0], self.weights[f"{prefix}_ln_bias"][0]
        return nn.functional.layer_norm(x, (self.sizes.dim,), scale, bias, EPSILON)

    def _heads(self, x: Tensor) -> Tensor:
        batch, length, dim = x.shape
        return x.view(batch, length, self.sizes.heads, dim // self.sizes.heads).transpose(1, 2)

    def _attention(
        self, prefix: str, x: Tensor, states: Tensor, blocked: Tensor
    ) -> tuple[Tensor, Tensor]:
        q = self._heads(self._product(x, f"{prefix}_Wq", f"{prefix}_bq"))
        k = self._heads(self._product(states, f"{prefix}_Wk", f"{prefix}_bk"))
        v = self._heads(self._product(states, f"{prefix}_Wv", f"{prefix}_bv"))
        attention = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]) + blocked, -1)
        joined = (attention @ v).transpose(1, 2).reshape(x.shape)
        y = self._product(joined, f"{prefix}_Wo", f"{prefix}_bo")
        return self._normed(f"{prefix}_Wo", x + y), attention

    def _ffn(self, prefix: str, x: Tensor) -> Tensor:
        inner = torch.relu(self._product(x, f"{prefix}_W1", f"{prefix}_b1"))
        return self._normed(
            f"{prefix}_ffn", x + self._product(inner, f"{prefix}_W2", f"{prefix}_b2")
        )

    def _recurrent(self, prefix: str, x: Tensor) -> Tensor:
        forget = torch.sigmoid(self._product(x, f"{prefix}_Wf", f"{prefix}_bf"))
        new = (1 - forget) * self._product(x, f"{prefix}_W")
        cell = torch.zeros_like(new[:, 0])
        cells = []
        for kept, added in zip(forget.unbind(1), new.unbind(1), strict=True):
            cell = kept * cell + added
            cells.append(cell)
        return self._normed(f"{prefix}_ffn", x + torch.relu(torch.stack(cells, 1)))


def _rounded(x: Tensor, scale: float) -> Tensor:
    exact = torch.clamp(torch.round(x * scale), -LARGEST, LARGEST) / scale
    return x + (exact - x).detach()
