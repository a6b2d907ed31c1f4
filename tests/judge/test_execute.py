"""Scores and outputs as the real nbgrader program enters them."""

from __future__ import annotations

from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.record.outcome import Outcome
from tests.support.course import Course
from tests.support.lesson import ASSIGNMENT, EXERCISES
from tests.support.plain import PLAIN, SLOW, PlainCourse
from tests.support.running import PATIENCE, kernels, launchers, until
from tests.support.submissions import CLASS, TESTS

pytestmark = pytest.mark.slow


class TestScores:
    def test_the_source_scores_every_automatic_point(self, graded: Course) -> None:
        graded.expect("right")
        assert all(
            check.outcome is Outcome.PASSED
            for report in graded.reports("right").values()
            for check in report.checks
        )

    def test_the_untouched_release_scores_nothing_and_is_not_attempted(
        self, graded: Course
    ) -> None:
        assert graded.automatic("blank") == dict.fromkeys(TESTS, 0)
        assert all(report.not_attempted for report in graded.reports("blank").values())
        assert set(graded.reports("blank")) == set(TESTS)

    def test_one_mistake_costs_once(self, graded: Course) -> None:
        graded.expect("without_bias", test_logistic_model=1)
        graded.expect("averages_the_loss", test_logistic_loss=3)
        checks = graded.reports("without_bias")["test_logistic_model"].checks
        assert any("bias b is missing" in check.mistake for check in checks)


class TestOutputAndErrors:
    def test_output_of_student_code_never_reaches_the_score(self, graded: Course) -> None:
        graded.expect("prints_a_lot")

    def test_a_cell_that_raises_is_recorded_and_grading_goes_on(self, graded: Course) -> None:
        graded.expect("raises_in_a_cell")
        cell = graded.autograded_cell("raises_in_a_cell", "logistic_loss")
        assert any(output.output_type == "error" for output in cell.outputs)

    def test_a_syntax_error_costs_one_exercise(self, graded: Course) -> None:
        graded.expect("syntax_error", test_logistic_loss=0)

    def test_earlier_parts_keep_their_marks_when_replies_are_garbage(self, graded: Course) -> None:
        assert graded.automatic("replies_garbage")["test_logistic_model"] == 4


class TestScoresCommand:
    def test_prints_students_by_exercises(self, graded: Course) -> None:
        lines = graded.autograder("scores", ASSIGNMENT).splitlines()
        assert lines[0].split() == ["student", *EXERCISES, "loss_discussion", "total"]
        assert lines[1].split() == ["(of)", "4", "4", "4", "1", "6", "2", "2", "23"]
        rows = {line.split()[0]: line.split()[1:] for line in lines[3:] if line}
        assert rows["right"] == ["4", "4", "4", "1", "6", "2", "0*", "21"]
        assert rows["truncated"] == ["4*", "4*", "4*", "0*", "0*", "0*", "0*", "12"]
        assert sorted(CLASS) == sorted(set(rows) & set(CLASS))

    def test_names_the_assignment_it_does_not_know(self, graded: Course) -> None:
        printed = graded.autograder("scores", "nope", status=1)
        assert (
            "The gradebook has no assignment named 'nope'. It has: logistic_regression." in printed
        )

    def test_asks_for_an_assignment(self, graded: Course) -> None:
        assert "Which assignment? For example:" in graded.autograder("scores", status=2)


def test_switched_off_execution_fails_closed(tmp_path: Path) -> None:
    course = Course.create(tmp_path / "course")
    course.submit("right", course.filled_in())
    course.nbgrader("autograde", ASSIGNMENT, "--no-execute")
    assert course.automatic("right") == dict.fromkeys(TESTS, 0)
    assert set(TESTS) <= course.needs_review("right")


def test_plain_test_cells_behave_as_on_stock_nbgrader(tmp_path: Path) -> None:
    course = Course.create(tmp_path / "course")
    answer = {
        "grade": False,
        "grade_id": "a",
        "locked": False,
        "schema_version": 3,
        "solution": True,
        "task": False,
    }
    test = {
        **answer,
        "grade": True,
        "grade_id": "test_a",
        "locked": True,
        "points": 3,
        "solution": False,
    }
    partial = {**test, "grade_id": "test_b"}
    cells = [
        new_code_cell("### BEGIN SOLUTION\na = 2\n### END SOLUTION", metadata={"nbgrader": answer}),
        new_code_cell("assert a == 2", metadata={"nbgrader": test}),
        new_code_cell("1.5 if a == 2 else 0", metadata={"nbgrader": partial}),
    ]
    folder = course.root / "source" / "plain"
    folder.mkdir()
    notebook = new_notebook(
        cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    )
    nbformat.write(notebook, folder / "plain.ipynb")
    course.nbgrader("generate_assignment", "plain")
    for student, source in (("right", "a = 2"), ("wrong", "a = 3")):
        cells[0].source = source
        target = course.root / "submitted" / student / "plain"
        target.mkdir(parents=True)
        for cell in cells[1:]:  # a tag must not keep a test from running
            cell.metadata["tags"] = ["skip-execution"]
        nbformat.write(notebook, target / "plain.ipynb")
    course.nbgrader("autograde", "plain")
    assert plain_scores(course, "right") == {"test_a": 3, "test_b": 1.5}
    assert plain_scores(course, "wrong") == {"test_a": 0, "test_b": 0}


def plain_scores(course: Course, student: str) -> dict[str, float | None]:
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as gradebook:
        submission = gradebook.find_submission("plain", student)
        return {g.name: g.auto_score for n in submission.notebooks for g in n.grades}


def test_nbgrader_does_not_grade_what_lost_its_kernel(tmp_path: Path) -> None:
    course = PlainCourse.create(tmp_path / "course")
    course.hand_in("zoe", SLOW)
    with course.start("nbgrader", "autograde", PLAIN, "--student=zoe") as running:
        assert running.stdout is not None
        while "Isolation of student code: " not in running.stdout.readline():
            assert running.poll() is None
        # The fork server has started, and whatever it is asked for from here on is a kernel.
        command = psutil.Process(running.pid)
        until(lambda: bool(kernels(command)))
        launchers(command)[0].kill()
        printed, _ = running.communicate(timeout=PATIENCE)
    assert running.returncode == 1
    assert "The student's kernel was ended from outside. Grade the submission again." in printed
    assert not course.done()
