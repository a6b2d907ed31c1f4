"""Every lesson on the way of its users: released, graded, given back, reported, by the programs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder.judge.cells import is_judged, report_in
from autograder.record.outcome import Outcome
from autograder.record.report import Report
from tests.support.course import Course
from tests.support.lesson import ROOT, Lesson, grade_id
from tests.support.lessons import FAULTS, LESSONS

pytestmark = pytest.mark.slow

RIGHT, FAULTY, BLANK = "amber", "coral", "blue"


def handed_in(lesson: Lesson, released: Path, student: str) -> nbformat.NotebookNode:
    """The release: with the author's answers, with a fault in each of some, or as it is."""
    notebook = nbformat.read(released, as_version=4)
    answers = {grade_id(cell): cell.source for cell in lesson.cells if grade_id(cell)}
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader", {})
        if student != BLANK and marks.get("solution"):
            cell.source = answers[grade_id(cell)]
            if student == FAULTY:
                cell.source = FAULTS[lesson.name].get(grade_id(cell), cell.source)
    return notebook


class Graded:
    """A lesson graded for three students."""

    def __init__(self, name: str, root: Path) -> None:
        self.lesson, self.course = Lesson(name), Course(root)
        shutil.copytree(ROOT / "source" / name, root / "source" / name)
        shutil.copy(ROOT / "nbgrader_config.py", root)
        self.course.nbgrader("generate_assignment", name)
        released = root / "release" / name
        for student in (RIGHT, FAULTY, BLANK):
            folder = shutil.copytree(released, root / "submitted" / student / name)
            notebook = handed_in(self.lesson, released / f"{name}.ipynb", student)
            nbformat.write(notebook, folder / f"{name}.ipynb")
        self.printed = self.course.autograder("grade", name)
        self.course.nbgrader("generate_feedback", name)

    def reports(self, student: str) -> dict[str, Report]:
        path = self.course.root / "autograded" / student / self.lesson.name
        cells = nbformat.read(path / f"{self.lesson.name}.ipynb", as_version=4).cells
        found = {grade_id(cell): report_in(cell) for cell in cells if is_judged(cell)}
        return {name: report for name, report in found.items() if report is not None}

    def grades(self, student: str) -> dict[str, Any]:
        with Gradebook(f"sqlite:///{self.course.root / 'gradebook.db'}") as gradebook:
            submission = gradebook.find_submission(self.lesson.name, student)
            return {
                g.name: (g.auto_score, g.max_score, g.needs_manual_grade)
                for n in submission.notebooks
                for g in n.grades
            }

    def page(self, student: str) -> str:
        folder = self.course.root / "feedback" / student / self.lesson.name
        return (folder / f"{self.lesson.name}.html").read_text("utf-8")


@pytest.fixture(scope="module", params=LESSONS)
def graded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Graded:
    return Graded(request.param, tmp_path_factory.mktemp(request.param))


def test_the_authors_answers_get_every_point(graded: Graded) -> None:
    assert "3 graded" in graded.printed
    automatic = {n: g for n, g in graded.grades(RIGHT).items() if n.startswith("test_")}
    assert {name for name, (score, most, _) in automatic.items() if score != most} == set()
    assert len(automatic) >= 5


def test_a_fault_costs_its_own_exercise_and_is_explained_on_the_page(graded: Graded) -> None:
    faults = {f"test_{name}" for name in FAULTS[graded.lesson.name]}
    assert len(faults) >= 2
    reports = graded.reports(FAULTY)
    assert {n for n, report in reports.items() if report.score < report.max_points} == faults
    page = re.sub(r"<[^>]+>|\s+", " ", graded.page(FAULTY))
    for name in faults:
        (mistake,) = {check.mistake for check in reports[name].checks} - {""}
        assert mistake.split("`")[0].split("'")[0] in page


def test_what_nobody_touched_is_not_attempted(graded: Graded) -> None:
    for name, report in graded.reports(BLANK).items():
        assert {c.outcome for c in report.checks} == {Outcome.NOT_ATTEMPTED}, name
    assert not any(waits for _, _, waits in graded.grades(BLANK).values())


def test_only_what_a_person_reads_waits_for_one(graded: Graded) -> None:
    waiting = {name for name, (_, _, waits) in graded.grades(RIGHT).items() if waits}
    marked = {
        grade_id(cell)
        for cell in graded.lesson.cells
        if (marks := cell.metadata.get("nbgrader", {})).get("points")
        and (marks.get("task") or (marks.get("grade") and marks.get("solution")))
    }
    assert waiting <= marked


def test_the_class_report_names_the_mistakes(graded: Graded) -> None:
    graded.course.autograder("report", graded.lesson.name)
    listed = (graded.course.root / "reports" / graded.lesson.name / "mistakes.csv").read_text()
    made = {check.mistake for report in graded.reports(FAULTY).values() for check in report.checks}
    assert all(mistake in listed.replace('""', '"') for mistake in made)
