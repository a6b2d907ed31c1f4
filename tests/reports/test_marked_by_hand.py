"""What students and staff read of answers that a person marks, and of those not attempted."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.reports.test_feedback import words_of
from tests.support.browser import browser
from tests.support.by_hand import ANSWERS, CELLS, DRAWING, SCHEME, DrawingCourse

pytestmark = pytest.mark.slow

STUDENTS = ("answers", "untouched", "raises")


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> DrawingCourse:
    """Three students; a person has given the untouched one points for two cells."""
    course = DrawingCourse.create(tmp_path_factory.mktemp("by_hand") / "course")
    for student in STUDENTS:
        course.write(student, ANSWERS[student])
    course.autograder("grade", DRAWING)
    course.mark("untouched", essay=1, plot=0.5)
    course.nbgrader("generate_feedback", DRAWING)
    return course


def test_who_wrote_nothing_reads_not_attempted(course: DrawingCourse) -> None:
    words = words_of(course.page("untouched"))
    assert "1.5 of 10 points Overview" in words  # without "so far"
    assert "thoughts not attempted 0 / 2" in words
    assert "No response." not in words  # nbgrader's own, and no comment of a marker's


def test_points_that_a_person_gives_all_the_same_are_shown(course: DrawingCourse) -> None:
    assert "plot marked by a person 0.5 / 3 essay marked by a person 1 / 4" in words_of(
        course.page("untouched")
    )


def test_who_wrote_reads_that_a_person_will(course: DrawingCourse) -> None:
    words = words_of(course.page("answers"))
    assert "A person has still to mark a part worth 9." in words
    assert "thoughts waits for a person to read it 0 / 2" in words


def test_the_marking_scheme_is_not_shown(course: DrawingCourse) -> None:
    for student in STUDENTS:
        assert "Why is it flat?" in course.page(student)
        assert SCHEME not in course.page(student)


def test_a_plot_that_stopped_says_so(course: DrawingCourse) -> None:
    words = words_of(course.page("raises"))
    assert "plot stopped with an error; waits for a person to read it 0 / 3" in words
    assert "plot : ZeroDivisionError: division by zero" in words


def test_the_picture_is_seen_beside_its_points(course: DrawingCourse) -> None:
    path = course.root / "feedback" / "answers" / DRAWING / f"{DRAWING}.html"
    with browser() as chromium:
        page = chromium.new_page()
        page.goto(path.as_uri())
        picture = page.locator("#plot img")
        assert picture.is_visible()
        assert picture.evaluate("image => image.naturalWidth") > 100


def test_the_class_report_counts_them(course: DrawingCourse, tmp_path: Path) -> None:
    course.autograder("report", DRAWING, f"--to={tmp_path}")
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    rows = {row["exercise"]: row for row in report["exercises"]}
    counts = [(rows[name]["not_attempted"], rows[name]["waiting"]) for name in CELLS]
    assert counts == [(2, 1), (0, 2), (1, 1)]
    assert "2 of 3 did not attempt thoughts." in report["sentences"]


def test_scores_have_no_star(course: DrawingCourse) -> None:
    row = next(r for r in course.autograder("scores", DRAWING).splitlines() if "untouched" in r)
    assert row.split() == ["untouched", "0", "0.5", "0", "1", "1.5"]


def test_gradescope_is_told(course: DrawingCourse) -> None:
    exporter = "--exporter=autograder.reports.Gradescope"
    course.nbgrader("export", exporter, f"--assignment={DRAWING}")
    path = course.root / "gradescope" / DRAWING / "untouched" / "results.json"
    results = json.loads(path.read_text("utf-8"))
    outputs = {test["name"]: test["output"] for test in results["tests"]}
    assert outputs == {"thoughts": "Not attempted.", "plot": "", "essay": "", "a": ""}
    assert not re.search("yet to look at", results["output"])
