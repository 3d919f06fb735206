"""What a model of the store is doing, as ModelService tells it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class ModelState(Enum):
    """What a model of the store is doing; names are those of the proto enum."""

    NOT_INSTALLED = 1
    INSTALLED = 2
    LOADING = 3
    READY = 4
    FAILED = 5


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """A model's state, and what is known of it once loaded. error: why it failed."""

    state: ModelState
    error: str = ""
    engine: str = ""
    device: str = ""
    compute_type: str = ""
    max_input_tokens: int = 0
