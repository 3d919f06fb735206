"""Warnings of every quality check in the client's result, in ``--json`` and in text output."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from summsvc.client import Article, Client, DecodingOptions
from summsvc.config import Settings
from summsvc.engines.base import Task
from summsvc.models.catalog import Catalog
from summsvc.models.store.store import Store
from summsvc.types import WarningType
from tests.checkpoints import spoiled
from tests.checkpoints.spoiled import SPOILED
from tests.cli.conftest import Summsvc
from tests.running import Running, running

BEFORE = "2025\n\n"


@pytest.fixture(scope="module")
def spoiled_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server whose only checkpoint translates badly, into Russian and into Lithuanian."""
    store = Store(tmp_path_factory.mktemp("spoiled"))
    catalog = Catalog.load()
    for id in ("opus-en-ru", "opus-en-lt"):
        store.add(spoiled(), id, Task.TRANSLATION, entry=catalog.get(id))
    settings = Settings(port=0, metrics_port=0, model_dir=store.root, preload=["all"])
    with running(settings) as server:
        server.wait_until_ready()
        yield server


@pytest.mark.parametrize("kind", SPOILED, ids=lambda kind: kind.name)
def test_a_quality_warning_has_its_span_in_every_output(
    spoiled_server: Running, kind: WarningType, tmp_path: Path
) -> None:
    source, spoilt = SPOILED[kind]
    target = "lt" if kind is WarningType.WRONG_LANGUAGE else "ru"
    body = f"{BEFORE}{source}"
    with Client(spoiled_server.address) as client:
        article = Article(title="", body=body, language="en")
        translation = client.translate(article, target, include_segments=True)
    (warning,) = [one for one in translation.warnings if one.type and one.type.name == kind.name]
    assert warning.span is not None
    assert body[warning.span.start : warning.span.end] == source
    segment = translation.segments[-1]
    assert warning in segment.warnings
    given = spoilt or source
    if kind is WarningType.RETRIED:
        assert 0 < segment.text.lower().count("хор") < spoilt.lower().count("хор")
        given = segment.text
    assert segment.text == given

    path = tmp_path / "article.txt"
    path.write_text(body)
    summsvc = Summsvc(spoiled_server.address)
    plain = summsvc("translate", path, "--from", "en", "--to", target)
    assert plain.returncode == 0
    assert given in plain.stdout
    place = f"{kind.name} at body {len(BEFORE)}-{len(body)}: {warning.message}"
    assert f"article.txt: warning: {place}" in plain.stderr
    reply = json.loads(summsvc("translate", path, "--from", "en", "--to", target, "--json").stdout)
    told = [each for each in reply["warnings"] if each["type"] == f"WARNING_TYPE_{kind.name}"]
    assert [each["message"] for each in told] == [warning.message]
    assert (told[0]["span"].get("start", 0), told[0]["span"]["end"]) == (len(BEFORE), len(body))


def test_an_output_cut_by_max_output_tokens_has_a_warning(spoiled_server: Running) -> None:
    source, _ = SPOILED[WarningType.NUMBER_LOST]
    with Client(spoiled_server.address) as client:
        article = Article(title="", body=source, language="en")
        translation = client.translate(article, "ru", decoding=DecodingOptions(max_output_tokens=3))
    assert "OUTPUT_TRUNCATED" in [each.type.name for each in translation.warnings if each.type]
    assert translation.body.strip()
