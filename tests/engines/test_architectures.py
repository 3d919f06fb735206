"""Every architecture of the catalog: add, verify, serve and call; agreement of both engines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.quality.agreement import ADDED, compare
from summsvc.cli.models import models
from summsvc.client import Article, Client, DecodingOptions
from summsvc.config import Settings
from summsvc.engines.base import Placement
from summsvc.engines.ctranslate2 import ARCHITECTURES, CTranslate2Engine
from summsvc.errors import ModelBrokenError
from summsvc.models.catalog import Catalog
from summsvc.models.conversion.students.files import ARCHITECTURE as STUDENT
from summsvc.models.store.store import Store
from tests.checkpoints import FAMILIES, checkpoint, known
from tests.running import running

TRANSLATING = [family.name for family in FAMILIES.values() if not family.summary_languages]
SUMMARIZING = [family.name for family in FAMILIES.values() if family.summary_languages]
CONVERTED = [
    family.name for family in FAMILIES.values() if family.config["model_type"] in ARCHITECTURES
]

GREEDY = DecodingOptions(beam_size=1)
"""What the checkpoints were trained for. Of a model that is sure of one text and of nothing else,
the other beams end early, and a search stops when enough of them have ended."""

INT8_FLOOR = 0.95
"""Share of known outputs that int8 has to make too; docs/benchmarks/conversion.md has how many."""

UNSEEN_FLOOR = 0.97
"""Share of unseen texts on which float32 has to agree: near ties may fall either way there."""


@pytest.fixture(scope="module")
def client(architectures: Store) -> Iterator[Client]:
    """A client of a server that has loaded every architecture."""
    settings = Settings(port=0, metrics_port=-1, model_dir=architectures.root, preload=["all"])
    with running(settings) as server:
        server.wait_until_ready()
        with Client(server.address) as client:
            yield client


def test_every_catalog_architecture_has_a_checkpoint() -> None:
    catalogued = {entry.architecture for entry in Catalog.load().entries.values()}
    # Students have checkpoints and tests of their own.
    trained = {family.config["model_type"] for family in FAMILIES.values()} | {STUDENT}
    assert catalogued <= trained
    assert set(ADDED) == set(FAMILIES)


def test_all_models_verify(architectures: Store) -> None:
    done = CliRunner().invoke(models, ["--model-dir", str(architectures.root), "verify"])
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [f"{name}: as installed" for name in sorted(FAMILIES)]


@pytest.mark.parametrize("name", FAMILIES)
def test_engines_agree_token_for_token(
    architectures: Store, tmp_path: Path, name: str, record_property: Callable[[str, object], None]
) -> None:
    found = compare(name, architectures.spec(name), tmp_path)
    assert found.right.of >= 100
    assert found.right.agreeing >= 0.99 * found.right.of
    if name not in CONVERTED:
        assert found.float32 is None
        return
    assert found.float32 is not None
    assert found.float32_unseen is not None
    assert found.int8 is not None
    record_property("int8 agreement", f"{found.int8}, of unseen texts {found.int8_unseen}")
    assert found.float32.of >= 100
    assert found.float32.agreeing == found.float32.of
    assert found.score < 1e-3
    assert found.float32_unseen.agreeing >= UNSEEN_FLOOR * found.float32_unseen.of
    assert found.int8.agreeing >= INT8_FLOOR * found.int8.of


def test_led_conversion_is_rejected_in_favour_of_transformers(
    architectures: Store, tmp_path: Path
) -> None:
    manifest = architectures.get("led")
    assert manifest is not None
    assert (manifest.engine, manifest.architecture) == ("transformers", "led")
    arguments = ["--model-dir", str(tmp_path), "add", str(checkpoint("led")), "--id", "led"]
    arguments += ["--task", "summarization", "--pair", "en-en", "--engine", "ctranslate2"]
    done = CliRunner().invoke(models, arguments)
    said = f"CTranslate2 does not support led models, only {', '.join(ARCHITECTURES)}"
    assert done.exit_code == 1
    assert done.stderr == f"Error: {said}; install it with --engine transformers\n"
    assert Store(tmp_path).ids() == []
    with pytest.raises(ModelBrokenError, match=said):
        CTranslate2Engine(architectures.spec("led"), Placement())


@pytest.mark.parametrize("name", TRANSLATING)
def test_client_receives_the_translation(client: Client, name: str) -> None:
    for target in FAMILIES[name].tokens:
        if target == "en":
            continue
        pairs = known(name, target)[22:110:15]
        body = "\n\n".join(source for source, _ in pairs)
        article = Article(title="", body=body, language="en")
        translated = client.translate(
            article, target, model=name, include_segments=True, decoding=GREEDY
        )
        assert [segment.text for segment in translated.segments] == [
            expected for _, expected in pairs
        ]
        assert [use.model for use in translated.models] == [name]


@pytest.mark.parametrize("name", SUMMARIZING)
def test_client_receives_the_summary(client: Client, name: str) -> None:
    for language in FAMILIES[name].summary_languages:
        for body, lead in known(name, language)[20:50:10]:
            summary = client.summarize(
                Article(title="", body=body, language=language),
                method="abstractive",
                model=name,
                max_sentences=3,
                decoding=GREEDY,
            )
            assert summary.text == lead
            assert [use.model for use in summary.models] == [name]


def test_server_lists_all_models_as_loaded(client: Client) -> None:
    listed = {model.id: model for model in client.list_models().models}
    for name in FAMILIES:
        engine = "ctranslate2" if name in CONVERTED else "transformers"
        assert listed[name].engine == engine
        assert listed[name].state == "ready"
