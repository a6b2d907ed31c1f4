"""Every lesson as a notebook: it runs, it is tidy, and it stands alone."""

from __future__ import annotations

import base64
import io
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from PIL import Image

from autograder.record.outcome import Outcome
from tests.support.lesson import ROOT, Lesson, grade_id
from tests.support.lessons import LESSONS, executed
from tools import figures

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=LESSONS)
def lesson(request: pytest.FixtureRequest) -> Lesson:
    return Lesson(request.param)


def test_every_cell_runs_without_errors_or_warnings(lesson: Lesson) -> None:
    code = [cell for cell in executed(lesson.name).cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    printed = "".join(o.text for cell in code for o in cell.outputs if o.get("name") == "stderr")
    assert not re.sub(r"[\r\n].*?\d+%\|.*", "", "\n" + printed).strip(), "a progress bar, no more"


def test_every_check_passes_in_the_instructors_live_notebook(lesson: Lesson) -> None:
    code = [cell for cell in executed(lesson.name).cells if cell.cell_type == "code"]
    shown = {grade_id(cell): cell.outputs for cell in code}
    for test in lesson.dry_run.tests:
        (output,) = shown[test.grade_id]
        assert not {"✗", "○", "!"} & {*output.data["text/plain"]}, test.grade_id


def test_figures_have_no_ground_of_their_own(lesson: Lesson) -> None:
    """So that they suit a light theme and a dark one: JupyterLab makes none, if not told to."""
    outputs = [output for cell in executed(lesson.name).cells for output in cell.get("outputs", [])]
    drawn = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(drawn) >= 3
    for output in drawn:
        png = io.BytesIO(base64.b64decode(output.data["image/png"]))
        assert Image.open(png).convert("RGBA").getpixel((0, 0))[3] == 0
        assert "needs_background" not in output.metadata


def test_what_is_stored_is_tidy(lesson: Lesson) -> None:
    """No outputs, and test cells that can be read at a glance."""
    assert all(not cell.get("outputs") for cell in lesson.cells)
    tests = [c.source.splitlines() for c in lesson.cells if grade_id(c).startswith("test_")]
    lengths = sorted(map(len, tests))
    assert lengths[-1] < 60
    assert statistics.median(lengths) < 30
    assert max(len(line) for lines in tests for line in lines) <= 110


def test_diagrams_are_what_their_script_draws(lesson: Lesson, tmp_path: Path) -> None:
    """A script may use that of an earlier lesson."""
    for others in ROOT.glob("source/*/figures"):
        shutil.copytree(others, tmp_path / others.parent.name / "figures")
    folder, copied = lesson.source.parent / "figures", tmp_path / lesson.name / "figures"
    drawn = sorted(copied.glob("*.svg"))
    assert drawn
    for path in drawn:
        path.unlink()
    subprocess.run([sys.executable, copied / "draw_figures.py"], cwd=tmp_path, check=True)
    for path in drawn:
        assert path.read_bytes() == (folder / path.name).read_bytes()


def test_the_notebook_has_its_diagrams_in_it(lesson: Lesson) -> None:
    notebook = nbformat.read(lesson.source, as_version=4)
    pictures = figures.attached(notebook)
    names = {Path(name).stem for _, name in pictures}
    assert names == {path.stem for path in (lesson.source.parent / "figures").glob("*.svg")}
    for cell, name in pictures:
        assert f"](attachment:{name})" in cell.source
        svg = (lesson.source.parent / "figures" / name).with_suffix(".svg")
        assert figures.made_from(cell.attachments[name]["image/png"]) == figures.fingerprint(svg)
    assert not any("](figures/" in cell.source for cell in notebook.cells)


def test_missing_files_are_named_with_what_to_do(lesson: Lesson, tmp_path: Path) -> None:
    source = next(cell.source for cell in lesson.cells if cell.id == "setup")
    shutil.copy(lesson.source.parent / "lesson.py", tmp_path)
    start = source.partition("%matplotlib")[0]
    ran = subprocess.run(
        [sys.executable, "-c", start], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "questions.py" in ran.stderr
    assert "ownload the whole folder again" in ran.stderr


def test_the_untouched_release_is_not_attempted(lesson: Lesson) -> None:
    visible = lesson.visible
    blank = visible.hand_in(visible.tests)
    for test in visible.tests:
        assert "HIDDEN" not in test.source
        report = visible.judge(test, blank, seed=1).report
        assert {check.outcome for check in report.checks} == {Outcome.NOT_ATTEMPTED}
