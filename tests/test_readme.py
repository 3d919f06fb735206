"""Examples of README and docs run unchanged, except for the server's address; links resolve."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from summsvc.config import Settings
from tests.checkpoints.article import ARTICLE
from tests.running import Running, running

ROOT = Path(__file__).parents[1]
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
SENTENCE = "The president met the mayor in Riga on Friday."


TUTORIAL = "docs/tutorial/first-summary.md"
TLS = "docs/how-to/tls-and-tokens.md"
PYTHON = "docs/how-to/python.md"


def example(page: str, language: str, containing: str) -> str:
    """The only fenced block in ``language`` that contains the text ``containing``."""
    blocks = re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text("utf-8"), re.DOTALL)
    (found,) = [block for block in blocks if containing in block]
    return str(found)


def run(command: list[str], **environment: str) -> str:
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_python(bare_server: Running) -> None:
    code = example("README.md", "python", "Client(").replace("localhost:50051", bare_server.address)
    printed = run([sys.executable, "-W", "error", "-c", code])
    assert printed.startswith(SENTENCE)
    assert "Span(start=0, end=46)" in printed


@pytest.mark.parametrize("command", ["scripts/demo", "scripts/test"])
def test_the_two_commands_exist(command: str) -> None:
    assert command in (ROOT / "README.md").read_text()
    assert os.access(ROOT / command, os.X_OK)


def test_the_summary_of_the_tutorial(bare_server: Running) -> None:
    code = example(TUTORIAL, "python", "client.summarize(")
    code = code.replace("localhost:50051", bare_server.address)
    lines = run([sys.executable, "-W", "error", "-c", code]).splitlines()
    assert lines[0] == f"1.00 {ARTICLE[1][0]}"
    assert "BOILERPLATE_REMOVED left out a byline: “Admin”" in lines[3:]


def test_the_translation_of_the_tutorial(server: Running) -> None:
    code = example(TUTORIAL, "python", "client.stream_translate(")
    code = code.replace("localhost:50051", server.address)
    printed = run([sys.executable, "-W", "error", "-c", code])
    assert f"{ARTICLE[1][0]} -> {ARTICLE[1][2]}" in printed


@pytest.mark.parametrize(
    ("containing", "printed"),
    [
        ("except InvalidArgumentError", "EMPTY_ARTICLE ['article.body']\n"),
        ("asyncio.run(main())", f"{SENTENCE}\nfailed: EMPTY_ARTICLE\n"),
    ],
    ids=["errors", "asyncio"],
)
def test_the_programs_for_python(bare_server: Running, containing: str, printed: str) -> None:
    code = example(PYTHON, "python", containing).replace("localhost:50051", bare_server.address)
    assert run([sys.executable, "-W", "error", "-c", code]) == printed


def test_the_commands_of_the_tutorial(server: Running) -> None:
    environment = {"PATH": PATH, "SUMMSVC_SERVER": server.address}
    summary = run(["bash", "-c", example(TUTORIAL, "sh", "summsvc summarize")], **environment)
    assert ARTICLE[1][0] in summary
    translation = run(["bash", "-c", example(TUTORIAL, "sh", "summsvc translate")], **environment)
    assert ARTICLE[1][2] in translation


def test_a_server_with_tls_and_tokens_as_the_guide_makes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for command in (example(TLS, "sh", "req -x509"), example(TLS, "sh", "rand -hex")):
        made = [line for line in command.splitlines() if not line.startswith("summsvc serve")]
        subprocess.run(["bash", "-ec", "\n".join(made)], cwd=tmp_path, check=True, timeout=60)
    monkeypatch.chdir(tmp_path)
    settings = Settings(
        port=0,
        metrics_port=-1,
        model_dir=tmp_path / "models",
        tls_cert=Path("server.pem"),
        tls_key=Path("server.key"),
        token_file=Path("tokens.txt"),
    )
    with running(settings) as secure:
        address = f"localhost:{secure.server.port}"
        code = example(TLS, "python", "Client(").replace("localhost:50051", address)
        token = (tmp_path / "tokens.txt").read_text().strip()
        environment = {**os.environ, "TOKEN": token}
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.stdout.strip() == SENTENCE, done.stderr
        health = example(TLS, "sh", "summsvc health").replace("localhost:50051", address)
        subprocess.run(["bash", "-ec", health], env={**environment, "PATH": PATH}, check=True)


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 150


def pages() -> list[Path]:
    return [*ROOT.glob("*.md"), *ROOT.glob(".github/**/*.md"), *(ROOT / "docs").rglob("*.md")]


def anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, as links name them."""
    heads = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.M)
    words = (re.sub(r"[^\w\s-]", "", head.lower()) for head in heads)
    return {re.sub(r"[\s-]+", "-", word).strip("-") for word in words}


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_resolve(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#:]*)#?([^)#:]*)\)", page.read_text("utf-8")):
        found = page.parent / target if target else page
        assert found.exists(), f"links to {target}"
        if anchor:
            assert anchor in anchors(found), f"links to {target}#{anchor}"


def test_every_page_of_the_docs_is_in_the_navigation() -> None:
    text = (ROOT / "mkdocs.yml").read_text("utf-8")
    named = set(re.findall(r"^ +- (?:\w+: )?([\w/-]+\.md)$", text, re.M))
    docs = ROOT / "docs"
    assert named == {str(page.relative_to(docs)) for page in docs.rglob("*.md")}
