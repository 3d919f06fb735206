"""``summsvc evaluate`` against real servers."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from summsvc import errors
from summsvc.config import Settings
from summsvc.engines.base import Task
from summsvc.models.conversion.convert import converter
from summsvc.models.store.store import Store
from summsvc.server.codec.status import code_of, status_of, trailing_metadata
from summsvc.v1 import translation_service_pb2 as translations
from tests.checkpoints import marian, pairs
from tests.cli.conftest import Summsvc
from tests.client.fake import FakeServer
from tests.conftest import SEED
from tests.running import Running, running

KNOWN = [pair for pair in pairs("en-lt") if len(pair[0].split()) > 4][:24]


@pytest.fixture
def at_models(translating_server: Running) -> Summsvc:
    """The command connected to a server with trained models."""
    return Summsvc(translating_server.address)


@pytest.fixture(scope="module")
def at_two_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Summsvc]:
    """The command with a server that has two en-ru models; the second outputs Lithuanian."""
    store = Store(tmp_path_factory.mktemp("two"))
    how = converter("ctranslate2", "marian")
    for id, pair in (("opus-en-ru", "en-ru"), ("opus-mt-en-ru", "en-lt")):
        store.add(marian(pair), id, Task.TRANSLATION, [("en", "ru")], convert=how)
    with running(
        Settings(port=0, metrics_port=-1, model_dir=store.root, preload=["all"])
    ) as server:
        server.wait_until_ready()
        yield Summsvc(server.address)


def tsv(path: Path, lines: list[tuple[str, ...]]) -> Path:
    path.write_text("".join("\t".join(line) + "\n" for line in lines), "utf-8")
    return path


def test_training_sentences_have_the_highest_scores(at_models: Summsvc, tmp_path: Path) -> None:
    file = tsv(tmp_path / "known.tsv", [tuple(pair) for pair in KNOWN])
    done = at_models(
        "evaluate", "translation", file, "--to", "lt", "--from", "en",
        "--model", "opus-en-lt", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    (system,) = found["systems"]
    assert found["texts"] == len(KNOWN)
    assert system["name"] == "opus-en-lt"
    assert system["models"] == ["opus-en-lt, transformers"]
    assert system["scores"]["BLEU"]["value"] > 95
    assert system["scores"]["chrF"]["value"] > 95
    assert system["tokens_per_s"] > 0


def test_wrong_references_lower_the_scores_and_invalid_lines_are_reported(
    at_models: Summsvc, tmp_path: Path
) -> None:
    altered = [(source, " ".join(reversed(target.split()))) for source, target in KNOWN]
    file = tsv(tmp_path / "altered.tsv", [*altered, ("without a reference",)])
    done = at_models("evaluate", "translation", file, "--to", "lt", "--from", "en")
    assert done.returncode == 1
    assert f"line {len(KNOWN) + 1}: 1 column instead of 2" in done.stderr
    assert "BLEU" in done.stdout
    assert "server's choice" in done.stdout
    assert "too narrow" in done.stdout
    done = at_models("evaluate", "translation", file, "--to", "lt", "--from", "en", "--json")
    assert json.loads(done.stdout)["systems"][0]["scores"]["BLEU"]["value"] < 30


def test_summary_methods_are_compared_on_the_same_articles(
    summsvc: Summsvc, tmp_path: Path
) -> None:
    article = SEED.read_text("utf-8")
    summary = "Belarus released 123 prisoners, among them Maria Kolesnikova."
    file = tmp_path / "articles.jsonl"
    lines = [{"body": article, "summary": summary}, {"body": "Hm. Ha.", "summary": "Too short."}]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    done = summsvc("evaluate", "summaries", file, "--sentences", "1", "--json")
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    assert [system["name"] for system in found["systems"]] == ["lead", "extractive"]
    assert found["texts"] == 1
    for system in found["systems"]:
        assert system["scores"]["R-1"]["value"] > 30
        assert [failure["line"] for failure in system["failures"]] == [2]
    assert [each["name"] for each in found["against_first"]] == ["extractive"]


def test_two_models_are_compared_on_the_same_texts(at_two_models: Summsvc, tmp_path: Path) -> None:
    known = [pair for pair in pairs("en-ru") if len(pair[0].split()) > 4][:24]
    file = tsv(tmp_path / "pairs.tsv", [tuple(pair) for pair in known])
    done = at_two_models(
        "evaluate", "translation", file, "--from", "en", "--to", "ru", "--json",
        "--model", "opus-en-ru", "--model", "opus-mt-en-ru",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    good, bad = found["systems"]
    assert good["scores"]["BLEU"]["value"] > 95
    assert bad["scores"]["BLEU"]["value"] < 5
    assert bad["warnings"]["WRONG_SCRIPT"] > 0
    (against,) = found["against_first"]
    assert against["name"] == "opus-mt-en-ru"
    assert against["differences"]["BLEU"]["high"] < -80
    assert against["differences"]["BLEU"]["p"] < 0.01
    unknown = at_two_models(
        "evaluate", "translation", file, "--from", "en", "--to", "ru", "--model", "nobody"
    )
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "no translation model 'nobody'" in unknown.stderr


def test_the_examples_of_the_docs_run(
    at_two_models: Summsvc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "benchmarks" / "quality.md").read_text("utf-8")
    found = re.findall(r"^summsvc (evaluate .*)$", page, re.MULTILINE)
    # tests/server/services/test_written_summaries.py runs the one that needs a summarizer.
    commands = [command for command in found if "abstractive" not in command]
    assert len(commands) == len(found) - 1 == 2
    monkeypatch.chdir(tmp_path)
    tsv(Path("pairs.tsv"), [("The president met the mayor in Riga on Friday.", "Не то.")])
    article = {"body": SEED.read_text("utf-8"), "summary": "Belarus released 123 prisoners."}
    Path("articles.jsonl").write_text(json.dumps(article) + "\n", "utf-8")
    for command in commands:
        done = at_two_models(*shlex.split(command))
        assert done.returncode == 0, done.stderr
        assert "[ ]: 95% of 1000 bootstrap draws of the 1 texts" in done.stdout


def test_an_error_common_to_all_texts_ends_the_evaluation_immediately(
    summsvc: Summsvc, tmp_path: Path
) -> None:
    file = tsv(tmp_path / "one.tsv", [tuple(KNOWN[0])])
    done = summsvc("evaluate", "translation", file, "--to", "lt", "--from", "en")
    assert done.returncode == 1
    assert "summsvc models pull firefox-en-lt" in done.stderr
    empty = tsv(tmp_path / "empty.tsv", [])
    done = summsvc("evaluate", "translation", empty, "--to", "lt")
    assert done.returncode == 1
    assert "no tab-separated line with source and reference" in done.stderr


def test_a_full_queue_is_retried_and_the_list_of_failures_is_limited(
    fake: FakeServer, at_fake: Summsvc, tmp_path: Path
) -> None:
    refused: set[str] = set()

    def answer(request: Any, context: grpc.ServicerContext) -> Any:
        text = request.article.body
        error: errors.SummsvcError | None = None
        if text.startswith("bad"):
            error = errors.EngineError("it failed")
        elif text not in refused:
            refused.add(text)
            error = errors.OverloadedError("full", retry_after=0.01)
        if error is not None:
            context.set_trailing_metadata((trailing_metadata(status_of(error)),))
            context.abort(code_of(error), error.message)
        return translations.TranslateResponse(body=text)

    fake.answers["Translate"] = answer
    lines: list[tuple[str, ...]] = [(f"good {i}", f"good {i}") for i in range(3)]
    file = tsv(tmp_path / "some.tsv", lines + [(f"bad {i}", "bad") for i in range(25)])
    done = at_fake("evaluate", "translation", file, "--to", "lt", "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert found["texts"] == 3
    assert found["systems"][0]["scores"]["chrF"]["value"] == pytest.approx(100)
    assert [each["line"] for each in found["systems"][0]["failures"]] == list(range(4, 29))
    assert all(request.bypass_cache for name, request, _ in fake.calls if name == "Translate")
    told = done.stderr.splitlines()
    assert len(told) == 21
    assert told[0] == "server's choice: line 4: ENGINE_FAILED: it failed"
    assert told[-1] == "server's choice: and 5 more"


def test_without_the_extra_the_error_names_the_package_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['sacrebleu'] = None\n"
        "from summsvc.cli.app import cli\n"
        "cli(['evaluate', 'translation', 'x.tsv', '--to', 'lt'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "pip install 'summsvc[evaluate]'" in done.stderr
