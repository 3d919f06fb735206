"""Engine of a model in a deployment of its own: sends each batch to one of its replicas.

Segments are counted here, because counting needs only the tokenizer and runs on the event loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import structlog
from ray.exceptions import RayActorError, TaskCancelledError
from ray.serve.handle import DeploymentHandle

from summsvc.engines.base import (
    Cancelled,
    CancelledGeneration,
    DecodingOptions,
    Generated,
    ModelSpec,
    warm_up,
)
from summsvc.engines.load import load_counter
from summsvc.errors import EngineStalledError, SummsvcError
from summsvc.ray.model import EngineFacts

log = structlog.get_logger("summsvc.ray")

ATTEMPTS = 3
"""Replicas that are tried for one batch, when one after the other dies while it computes."""

POLL_S = 0.1
"""Seconds between the questions whether a batch is still wanted."""


class RemoteEngine:
    """See ``Seq2SeqEngine``; its constructor waits until a replica of the model is ready.

    Raises ModelBrokenError for a model of the transformers engine.
    """

    def __init__(self, spec: ModelSpec, handle: DeploymentHandle[Any]) -> None:
        self.spec = spec
        self.count_tokens = load_counter(spec)
        self._handle = handle
        facts = cast("EngineFacts", handle.facts.remote().result())
        self.name = facts.name
        self.device = facts.device
        self.compute_type = facts.compute_type
        self.max_input_tokens = facts.max_input_tokens
        self.aligns = facts.aligns
        self.restricts_output = facts.restricts_output

    def generate(
        self,
        texts: Sequence[str],
        source: str,
        target: str,
        options: DecodingOptions,
        cancelled: Cancelled = lambda: False,
    ) -> list[Generated]:
        """See ``Seq2SeqEngine.generate``. A batch whose replica dies is computed by another one.

        Raises EngineStalledError when ``ATTEMPTS`` replicas have died.
        """
        for _ in range(ATTEMPTS):
            try:
                outputs = self._outputs(list(texts), source, target, options, cancelled)
            except RayActorError:
                log.warning("replica of a model lost", model=self.spec.id)
                continue
            if isinstance(outputs, SummsvcError):
                raise outputs
            return outputs
        raise EngineStalledError(
            f"the replicas of model '{self.spec.id}' end again and again; call again",
            metadata={"model": self.spec.id},
        )

    def _outputs(
        self,
        texts: list[str],
        source: str,
        target: str,
        options: DecodingOptions,
        cancelled: Cancelled,
    ) -> list[Generated] | SummsvcError:
        response = self._handle.generate.remote(texts, source, target, options)
        while not cancelled():
            try:
                return cast("list[Generated] | SummsvcError", response.result(timeout_s=POLL_S))
            except TimeoutError:
                continue
            except TaskCancelledError:
                break
        response.cancel()  # type: ignore[no-untyped-call]
        raise CancelledGeneration

    def warm_up(self) -> None:
        """See ``Seq2SeqEngine.warm_up``."""
        warm_up(self)

    def close(self) -> None:
        """Free nothing: the replicas of the model belong to Ray."""
