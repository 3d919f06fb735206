"""Settings of the model store, of engines and of the choice of a model."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from summsvc.config.values import (
    DirectoryPath,
    ModelIdByPair,
    ModelIds,
    OptionalDirectory,
    OptionalFile,
)


def default_model_dir() -> Path:
    """Directory of the model store by the XDG base directory specification."""
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "summsvc" / "models"


class ModelSettings(BaseModel):
    """Settings of the model store, of engines and of the choice of a model."""

    model_dir: DirectoryPath = Field(
        default_factory=default_model_dir,
        description="Directory of the model store, with one subdirectory per model.",
        json_schema_extra={"default": "~/.local/share/summsvc/models"},
    )
    catalog_file: OptionalFile = Field(
        default=None, description="TOML file with additional catalog entries."
    )
    languages_dir: OptionalDirectory = Field(
        default=None,
        description="Folder with language files of your own, such as lv.toml; one replaces the "
        "packaged file of the same language. See docs/how-to/add-a-language.md.",
    )
    engine: Literal["auto", "ctranslate2", "transformers"] = Field(
        default="auto", description="Engine for models that both engines can run."
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="Device on which models run; auto: a GPU if available."
    )
    compute_type: Literal["default", "float32", "int8", "bfloat16", "float16"] = Field(
        default="default",
        description="Number format of model weights; default: chosen by the engine.",
    )
    workers: int = Field(
        default=0,
        ge=0,
        le=256,
        description="Batches computed concurrently per model; 0: one per core, with device cuda "
        "one. workers x threads never exceed the cores.",
    )
    threads: int = Field(
        default=1, ge=1, le=256, description="Compute threads of each worker of a model."
    )
    shortlist: bool = Field(
        default=True, description="Limit outputs of student models to their lexical shortlist."
    )
    preload: ModelIds = Field(
        default=["all"],
        description="Ids of models to load at start, comma-separated; all: every installed "
        "model, none: no model. Other models are loaded on first use.",
    )
    idle_unload_s: float = Field(
        default=0,
        ge=0,
        description="Seconds without a request after which a model is unloaded from memory; "
        "0: never.",
    )
    pivot_language: str = Field(
        default="en",
        description="BCP-47 code of the intermediate language for pairs without a direct model; "
        "empty: no pivot translation.",
    )
    default_models: ModelIdByPair = Field(
        default_factory=dict,
        description="Model id by language pair (translation) or by language (summaries), for "
        "example en-ru=opus-en-ru,en=distilbart-cnn; used when a request names no model.",
    )

    summary_method: Literal["extractive", "abstractive", "auto"] = Field(
        default="extractive",
        description="Summary method for requests that do not name one; auto: abstractive if "
        "a valid model for the article's language is installed, else extractive.",
    )
