"""Named pieces of the benchmark, each of less than four minutes on two cores."""

from __future__ import annotations

from dataclasses import dataclass

from bench.serve.servers import TWO
from bench.serve.texts import KINDS

FEW_CLIENTS, MANY_CLIENTS = (1, 4, 8), (16, 32)
LOADS = (*FEW_CLIENTS, *MANY_CLIENTS, 64)
SERVERS = ("ctranslate2", "summsvc")
TORCH = ("transformers",)


@dataclass(frozen=True)
class Piece:
    """Closed loops of ways x kinds of text x clients, and whether to measure bulk and overload.

    pending: ``max_pending_calls`` of summsvc; 0 for its default.
    """

    model: str
    kinds: tuple[str, ...] = ()
    clients: tuple[int, ...] = ()
    ways: tuple[str, ...] = ()
    bulk: bool = False
    overload: bool = False
    pending: int = 0

    @property
    def name(self) -> str:
        """The model and any setting of summsvc that differs from the default."""
        return f"{self.model}, {self.pending} pending" if self.pending else self.model

    @property
    def settings(self) -> dict[str, str]:
        """Settings of summsvc by name."""
        return {"max_pending_calls": str(self.pending)} if self.pending else {}


def _small(kind: str) -> Piece:
    return Piece("trained", (kind,), LOADS, (*SERVERS, TWO))


PIECES = {
    "opus-mt-article-few": Piece("opus-mt", ("article",), FEW_CLIENTS, SERVERS),
    "opus-mt-article-16": Piece("opus-mt", ("article",), (16,), SERVERS),
    "opus-mt-article-32": Piece("opus-mt", ("article",), (32,), SERVERS),
    "opus-mt-article-64-naive": Piece("opus-mt", ("article",), (64,), SERVERS[:1]),
    "opus-mt-article-64": Piece("opus-mt", ("article",), (64,), SERVERS[1:]),
    "opus-mt-short-few": Piece("opus-mt", ("short",), FEW_CLIENTS, SERVERS),
    "opus-mt-short-many": Piece("opus-mt", ("short",), (*MANY_CLIENTS, 64), SERVERS),
    "opus-mt-mix-few": Piece("opus-mt", ("mix",), FEW_CLIENTS, SERVERS),
    "opus-mt-mix-many": Piece("opus-mt", ("mix",), MANY_CLIENTS, SERVERS),
    "opus-mt-mix-64": Piece("opus-mt", ("mix",), (64,), SERVERS),
    "opus-mt-pressed": Piece("opus-mt", bulk=True, overload=True),
    **{f"trained-{kind}": _small(kind) for kind in KINDS},
    "trained-pressed": Piece("trained", bulk=True, overload=True),
    "trained-pending": Piece("trained", overload=True, pending=128),
    "transformers-opus-mt-short": Piece("opus-mt", ("short",), LOADS, TORCH),
    "transformers-opus-mt-article": Piece("opus-mt", ("article",), (*FEW_CLIENTS, 16), TORCH),
    "transformers-opus-mt-article-32": Piece("opus-mt", ("article",), (32,), TORCH),
    "transformers-opus-mt-article-64": Piece("opus-mt", ("article",), (64,), TORCH),
    "transformers-opus-mt-mix-few": Piece("opus-mt", ("mix",), FEW_CLIENTS, TORCH),
    "transformers-opus-mt-mix-many": Piece("opus-mt", ("mix",), (*MANY_CLIENTS, 64), TORCH),
    **{f"transformers-trained-{kind}": Piece("trained", (kind,), LOADS, TORCH) for kind in KINDS},
}
"""Results of the transformers pieces do not depend on this project's code; no need to repeat
them with a new version."""
