"""The notebook of the lesson on neural networks: it runs, and shows and says what it should."""

from __future__ import annotations

import base64
import copy
import io
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from PIL import Image

from autograder.authoring.dry_run import DryRun
from autograder.authoring.plain_cells import Ended, PlainCells
from autograder.record.outcome import Outcome
from autograder.remote.names import read_cell
from tests.support.judging import lost
from tests.support.lesson import ROOT, Lesson, grade_id
from tests.support.network_mistakes import WRONG
from tools import figures

pytestmark = pytest.mark.slow

LESSON = Lesson("neural_network")
BESIDE = LESSON.source.parent
RELEASED = ROOT / "release" / LESSON.name / f"{LESSON.name}.ipynb"


@pytest.fixture(scope="module")
def executed() -> nbformat.NotebookNode:
    """Every cell has run, those that grading leaves out as well."""
    notebook = copy.deepcopy(nbformat.read(LESSON.source, as_version=4))
    folder = {"metadata": {"path": str(BESIDE)}}
    NotebookClient(notebook, skip_cells_with_tag="", resources=folder).execute()
    return notebook


def test_every_cell_runs_without_errors_or_warnings(executed: nbformat.NotebookNode) -> None:
    code = [cell for cell in executed.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    assert not [out for cell in code for out in cell.outputs if out.get("name") == "stderr"]


def test_every_check_passes_in_the_instructors_live_notebook(
    executed: nbformat.NotebookNode,
) -> None:
    tests = {grade_id(c): c for c in executed.cells if grade_id(c).startswith("test_")}
    assert tests.pop("test_one_hot").outputs == []
    assert len(tests) == 8
    for cell in tests.values():
        (output,) = cell.outputs
        assert not {"✗", "○", "!"} & {*output.data["text/plain"]}


def test_pictures_are_drawn_on_no_ground(executed: nbformat.NotebookNode) -> None:
    """So that they suit a light theme and a dark one."""
    outputs = [output for cell in executed.cells for output in cell.get("outputs", [])]
    shown = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(shown) == 6
    for output in shown:
        picture = Image.open(io.BytesIO(base64.b64decode(output.data["image/png"])))
        assert picture.convert("RGBA").getpixel((0, 0))[3] == 0
        # JupyterLab puts a white ground behind a picture that says it needs one.
        assert "needs_background" not in output.metadata


def test_training_learns_what_it_has_not_seen(executed: nbformat.NotebookNode) -> None:
    printed = next(cell for cell in executed.cells if cell.id == "unseen").outputs[0].text
    shares = [float(line.split("%")[0]) for line in printed.splitlines()]
    assert min(shares) >= 95


def test_the_notebook_is_stored_without_outputs() -> None:
    assert all(not cell.get("outputs") for cell in LESSON.cells)


def test_the_diagram_is_what_its_script_draws_and_what_the_notebook_shows(tmp_path: Path) -> None:
    before = ROOT / "source" / "logistic_regression" / "figures"
    shutil.copytree(before, tmp_path / "logistic_regression" / "figures")
    copied = shutil.copytree(BESIDE / "figures", tmp_path / LESSON.name / "figures")
    (copied / "network.svg").unlink()
    subprocess.run([sys.executable, copied / "draw_figures.py"], cwd=tmp_path, check=True)
    drawing = BESIDE / "figures" / "network.svg"
    assert (copied / "network.svg").read_bytes() == drawing.read_bytes()
    notebook = nbformat.read(LESSON.source, as_version=4)
    ((cell, name),) = figures.attached(notebook)
    assert f"(attachment:{name})" in cell.source
    assert figures.made_from(cell.attachments[name]["image/png"]) == figures.fingerprint(drawing)


@pytest.mark.parametrize("missing", ["lesson.py", "questions.py"])
def test_a_file_that_is_missing_is_named_with_what_to_do(missing: str, tmp_path: Path) -> None:
    for name in {"lesson.py", "questions.py"} - {missing}:
        shutil.copy(BESIDE / name, tmp_path)
    notebook = nbformat.read(RELEASED, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if cell.id == "setup"]
    with pytest.raises(CellExecutionError, match=f"Not beside this notebook: {missing}. Download"):
        NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}).execute()


# While the student works ----------------------------------------------------------------------


@cache
def visible() -> DryRun:
    """The test cells as students have them."""
    return DryRun(RELEASED)


CLASSIC = {
    "variance 1": "The variance of the",
    "tanh at the end": "expected 13, 28",
    "no tanh": "expected 10.46, 18.48",
    "sum": "expected 1.099",
    "overflow": "NaN",
    "downhill": "turned round",
    "uphill": "expected -1",
    "no velocity": "expected -1.5",
    "never shuffled": "they are not shuffled",
    "shuffled once": "Both epochs have the same batches",
    "labels stay behind": "not with their points",
    "one batch only": "These are not the parameters after two epochs",
    "the first batch again and again": "not each of the 300 points is used once",
    "smallest score": "expected 1",
    "no bias": "expected 14, 26",
}


@pytest.mark.parametrize("name", CLASSIC)
def test_a_classic_slip_is_told_while_the_student_works(name: str) -> None:
    exercise, source, _ = WRONG[name]
    namespace = LESSON.submission({exercise: source})
    test = next(t for t in visible().tests if t.grade_id == f"test_{exercise}")
    assert "HIDDEN" not in test.source
    report = LESSON.dry_run.judge(test, namespace, seed=1).report
    assert any(CLASSIC[name] in check.rationale for check in lost(report)), report


def test_the_untouched_release_is_not_attempted() -> None:
    blank = visible().hand_in(visible().tests)
    for test in visible().tests:
        report = visible().judge(test, blank, seed=1).report
        assert {check.outcome for check in report.checks} == {Outcome.NOT_ATTEMPTED}


# The plain test cell --------------------------------------------------------------------------

ONE_HOT = "def one_hot(labels, k):\n    return {}"
RIGHT_ROWS = ("jax.nn.one_hot(labels, k)", "jnp.eye(k)[labels]", "labels[:, None] == jnp.arange(k)")
WRONG_ROWS = {
    "labels": "Four labels, three classes: (4, 3), and this has (4,)",
    "jnp.eye(k)[labels].T": "(3, 4)",
    "jnp.eye(k)[labels - 1]": "Label 2 of three is 0, 0, 1",
    "print(end='')": "Is there a `return`?",
    "jnp.where(labels[:, None] >= jnp.arange(k), 1, 0)": "Label 2 of three",
    "jnp.eye(k)[jnp.array([2, 0, 1, 2])]": "Other labels are not right",
}


def asserted(rows: str) -> Ended:
    """How the plain test cell ends with an answer in the notebook."""
    (cell,) = PlainCells(LESSON.dry_run).cells
    answer = read_cell(ONE_HOT.format(rows))
    before = tuple(answer if "one_hot" in one.binds else one for one in cell.before)
    return PlainCells(LESSON.dry_run).ended(replace(cell, before=before))


@pytest.mark.parametrize("rows", RIGHT_ROWS)
def test_right_rows_pass_the_plain_test_cell(rows: str) -> None:
    ended = asserted(rows)
    assert ended.error is None, str(ended)
    assert (ended.points, ended.warned) == (1, "")


@pytest.mark.parametrize("rows", WRONG_ROWS)
def test_wrong_rows_stop_the_plain_test_cell_with_a_sentence(rows: str) -> None:
    ended = asserted(rows)
    assert isinstance(ended.error, AssertionError)
    assert WRONG_ROWS[rows] in str(ended.error)
