"""The lesson itself: it runs from top to bottom, and its pictures are what their script draws."""

from __future__ import annotations

import copy
import shutil
import subprocess
import sys
from pathlib import Path

import jax
import nbformat
import pytest
from nbclient import NotebookClient

from autograder.judge.solutions import directory_importable
from autograder.sandbox.grader.manager import WakefulManager
from tests.support.lesson import SOURCE, grade_id, source_cells
from tools.figures import attached, fingerprint, made_from

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
    assert warned == set(), "the progress bar of the training run is a widget"


def test_its_own_checks_pass_in_the_instructors_live_notebook(
    executed: nbformat.NotebookNode,
) -> None:
    tests = [cell for cell in executed.cells if grade_id(cell).startswith("test_")]
    assert len(tests) == 6
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


def test_the_attached_pictures_are_made_from_these_files() -> None:
    """By `make figures`: so the notebook shows them where it is alone."""
    shown = attached(nbformat.read(SOURCE, as_version=4))
    assert {name for _, name in shown} == {"matrix_form.png", "neural_diagram.png"}
    for cell, name in shown:
        drawing = SOURCE.parent / "figures" / Path(name).with_suffix(".svg")
        assert f"(attachment:{name})" in cell.source
        assert made_from(cell.attachments[name]["image/png"]) == fingerprint(drawing)


def test_step_sizes_crawl_arrive_and_fly_off_on_the_map(executed: nbformat.NotebookNode) -> None:
    """What the pictures say is worked out from the loop of the notebook, not written down."""
    said = {cell.id: str(cell.get("outputs")) for cell in executed.cells}
    sliders = executed.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    names = {w["state"].get("description") for w in sliders.values()}
    assert {"w", "b", "step size", "steps"} <= names
    for name in ("descent", "run-losses-end", "clean-look", "distance"):
        assert "image/png" in said[name]
        assert "needs_background" not in said[name]  # no white ground on a dark page


@pytest.mark.parametrize(
    ("size", "n_steps", "led"),
    [(0.0002, 40, "crawls"), (0.001, 40, "on its way"), (0.01, 40, "arrives"),
     (0.5, 40, "flies off"), (1e6, 40, "flies off"), (0.0, 3, "stays")],
)  # fmt: skip
def test_the_title_of_a_path_says_where_it_led(size: float, n_steps: int, led: str) -> None:
    with directory_importable(SOURCE.parent):
        from lesson import _walked, plot_path
        from questions import clean_loss

    def step(theta: dict[str, float], step_size: float) -> dict[str, float]:
        slope = jax.grad(clean_loss)(theta)
        return {name: theta[name] - step_size * slope[name] for name in theta}

    path = _walked(step, {"w": 0.0, "b": 0.0}, size, n_steps)
    assert plot_path(clean_loss, path).get_title() == led


@pytest.mark.parametrize(("n_steps", "pieces"), [(0, 1), (1, 2), (7, 8), (100, 51), (5000, 51)])
def test_a_training_in_pieces_is_one_training(n_steps: int, pieces: int) -> None:
    with directory_importable(SOURCE.parent):
        from lesson import in_pieces

    def train(theta: dict[str, float], steps: int) -> tuple[list[float], dict[str, float]]:
        return [theta["w"] + n for n in range(steps)], {"w": theta["w"] + steps}

    trace = in_pieces(train, {"w": 0.0}, n_steps)
    assert trace.losses == list(range(n_steps))
    assert len(trace.steps) == len(trace.thetas) == pieces
    assert trace.steps == [theta["w"] for theta in trace.thetas]
    assert trace.steps[-1] == n_steps
