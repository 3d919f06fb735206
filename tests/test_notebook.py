"""The tutorial notebook is stored without outputs, and runs against a real server."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

from tests.running import Running

FOLDER = Path(__file__).parents[1] / "docs" / "tutorial"

with warnings.catch_warnings():
    # Of their own dependencies, at import.
    warnings.simplefilter("ignore")
    import nbformat
    from nbclient import NotebookClient


def notebook() -> Any:
    return nbformat.read(FOLDER / "notebook.ipynb", as_version=4)  # type: ignore[no-untyped-call]


def test_the_notebook_is_valid_and_has_no_outputs() -> None:
    found = notebook()
    nbformat.validate(found)
    for cell in found.cells:
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None)


@pytest.mark.filterwarnings("ignore")
def test_the_notebook_runs(
    server: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "JUPYTER_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("SUMMSVC_SERVER", server.address)
    found = notebook()
    client = NotebookClient(
        found, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
    )
    client.execute()
    pages = [
        output.data["text/html"]
        for cell in found.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "text/html" in output.get("data", {})
    ]
    summary, translation, progress, results = pages
    assert "<th scope='col'" in summary
    assert "Maria Kolesnikova" in summary
    assert "<span lang='lt'" in translation
    assert "<progress value=" in progress
    assert results.count("<tr") > 10
    assert "EMPTY_ARTICLE" in results
