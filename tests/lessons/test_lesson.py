"""The lesson itself: it runs from top to bottom, and its pictures are what their script draws."""

from __future__ import annotations

import copy
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from autograder.sandbox.grader.manager import WakefulManager
from tests.support.lesson import SOURCE, grade_id, source_cells

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def executed() -> nbformat.NotebookNode:
    """Every cell, those that grading leaves out as well; the long training run is cut short."""
    notebook = copy.deepcopy(nbformat.read(SOURCE, as_version=4))
    for cell in notebook.cells:
        cell.source = cell.source.replace("n_steps=5000", "n_steps=1000")
    NotebookClient(
        notebook,
        kernel_manager_class=WakefulManager,
        skip_cells_with_tag="",
        resources={"metadata": {"path": str(SOURCE.parent)}},
    ).execute()
    return notebook


def test_every_cell_runs_without_errors_or_warnings(executed: nbformat.NotebookNode) -> None:
    code = [cell for cell in executed.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    warned = {
        cell.id
        for cell in code
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stderr"
    }
    assert warned <= {"run"}, "only the progress bar of the training run goes to stderr"


def test_its_own_checks_pass_in_the_instructors_live_notebook(
    executed: nbformat.NotebookNode,
) -> None:
    tests = [cell for cell in executed.cells if grade_id(cell).startswith("test_")]
    assert len(tests) == 5
    for cell in tests:
        (output,) = cell.outputs
        assert "✗" not in output.data["text/plain"]
        assert "○" not in output.data["text/plain"]
        assert "!" not in output.data["text/plain"]


def test_the_sliders_leave_a_picture_without_a_kernel(executed: nbformat.NotebookNode) -> None:
    cell = next(cell for cell in executed.cells if cell.id == "explore")
    assert any("image/png" in output.get("data", {}) for output in cell.outputs)
    widgets = executed.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    sliders = [w["state"] for w in widgets.values() if w["model_name"] == "FloatSliderModel"]
    assert sorted(slider["description"][:1] for slider in sliders) == ["b", "w"]
    assert {(slider["min"], slider["max"]) for slider in sliders} == {(-5.0, 5.0)}


def test_the_notebook_is_stored_without_outputs() -> None:
    assert all(not cell.get("outputs") for cell in source_cells())


def test_the_pictures_are_what_their_script_draws(tmp_path: Path) -> None:
    figures = SOURCE.parent / "figures"
    copied = shutil.copytree(figures, tmp_path / "figures")
    drawn = sorted(copied.glob("*.svg"))
    assert [path.name for path in drawn] == ["matrix_form.svg", "neural_diagram.svg"]
    for path in drawn:
        path.unlink()
    subprocess.run([sys.executable, copied / "draw_figures.py"], cwd=tmp_path, check=True)
    for path in drawn:
        assert path.read_bytes() == (figures / path.name).read_bytes()
