"""All fuzz targets by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from random import Random

from fuzz.files import operators, packages, students
from fuzz.mutation import binary_mutation, data_mutation, text_mutation
from fuzz.service import messages, wire
from fuzz.target import Target
from fuzz.text import (
    encoding,
    guards,
    inputs,
    noise,
    reading,
    rendering,
    segmentation,
    summaries,
    terms,
)


@cache
def targets() -> dict[str, Target]:
    """All targets that run in one process; the target "service" needs a server of its own."""
    mutate = text_mutation()
    text = ("summsvc.articles", "summsvc.tasks")
    singles, pairs = (partial(inputs.seeds, known()) for known in (inputs.texts, inputs.pairs))
    found = [
        Target("reading", reading.run, singles, mutate, text, large=True),
        Target("segmentation", segmentation.run, singles, mutate, text, large=True),
        Target("rendering", rendering.run, singles, mutate, text, large=True),
        Target("guards", guards.run, pairs, mutate, text, large=True),
        Target("terms", terms.run, pairs, mutate, text, large=True),
        Target("summaries", summaries.run, singles, mutate, text, large=True),
        Target("noise", noise.run, singles, mutate, text, large=True),
        Target("encoding", encoding.run, singles, mutate, text, large=True),
        Target("messages", messages.run, messages.seeds, _message, ("summsvc.server.codec",)),
        *_files(),
    ]
    return {target.name: target for target in found}


def _message(data: bytes, random: Random, most: int) -> bytes:
    """A mutation of a message after the byte that chooses its method."""
    choice = data[:1] if random.random() < 0.9 else bytes([random.randrange(256)])
    return (choice or b"\0") + wire.mutated(data[1:], random, most - 1)


def _files() -> list[Target]:
    models = ("summsvc.models", "summsvc.engines")
    binary: dict[str, tuple[Callable[[bytes], None], Callable[[], list[bytes]]]] = {
        "student-model": (students.model, students.model_seeds),
        "shortlist": (students.lexicon, students.lexicon_seeds),
        "gzip": (students.packed, students.packed_seeds),
        "installed-student": (students.installed, students.installed_seeds),
        "argos": (packages.argos_package, packages.argos_seeds),
        "safetensors": (packages.safetensors, packages.safetensors_seeds),
    }
    data: dict[str, tuple[Callable[[bytes], None], Callable[[], list[bytes]]]] = {
        "student-configuration": (students.parsed_configuration, students.configuration_seeds),
        "argos-metadata": (packages.argos_metadata, packages.argos_metadata_seeds),
        "checkpoint": (packages.described, packages.described_seeds),
        "configuration": (packages.configuration, packages.configuration_seeds),
        "framing": (packages.framing, packages.framing_seeds),
        "manifest": (packages.manifest, packages.manifest_seeds),
        "settings": (operators.settings, operators.settings_seeds),
        "catalog": (operators.catalog, operators.catalog_seeds),
        "tokens": (operators.tokens, operators.tokens_seeds),
        "glossary": (operators.glossary, operators.glossary_seeds),
        "index": (operators.index, operators.index_seeds),
    }
    return [
        Target(name, run, seeds, mutate, models)
        for group, mutate in ((binary, binary_mutation), (data, data_mutation))
        for name, (run, seeds) in group.items()
    ]
