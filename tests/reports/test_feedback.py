"""The page that a student reads, written by the real `nbgrader generate_feedback`."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory

from autograder.checks.curves import loss_curves
from autograder.record.report import Figure, Line
from autograder.reports.feedback import Page, Section, mathml
from autograder.reports.figures import curves, score_distribution
from autograder.reports.results import gather, problems_of
from tests.support import classroom
from tests.support.browser import browser
from tests.support.classroom import ASSIGNMENT
from tests.support.course import Course

COMMENT = "See **chapter 2**, $a^2$."


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The class, after a marker gave coral more points, a comment and a mark for the essay."""
    course = classroom.make(tmp_path_factory.mktemp("feedback") / "course")
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as gradebook:
        place = (ASSIGNMENT, ASSIGNMENT, "coral")
        gradebook.find_grade("test_loss", *place).manual_score = 3.5
        essay = gradebook.find_grade("essay", *place)
        essay.manual_score, essay.needs_manual_grade = 1.5, False
        gradebook.find_comment("essay", *place).manual_comment = COMMENT
        late = gradebook.find_submission_notebook(*place)
        late.late_submission_penalty = 1
        gradebook.db.commit()
    course.nbgrader("generate_feedback", ASSIGNMENT)
    return course


def page_of(course: Course, student: str) -> str:
    path = course.root / "feedback" / student / ASSIGNMENT / f"{ASSIGNMENT}.html"
    return path.read_text(encoding="utf-8")


def words_of(page: str) -> str:
    """What the page says, in one line, without its style sheet."""
    text = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", text)))


@pytest.mark.slow
def test_score_reasons_and_hints(course: Course) -> None:
    words = words_of(page_of(course, "indigo"))
    assert "2 of 10 points so far. A person has still to mark a part worth 2." in words
    assert "loss 1 of 2 checks passed 2 / 8" in words
    assert "essay waits for a person to read it 0 / 2" in words
    assert (
        f"✗ failed is right {classroom.MEAN} Hint 1 of 2 Think. Hint 2 of 2 Think again." in words
    )
    assert "Cells that stopped while True: pass # Ann's idea : CellTimeoutError: too long" in words


@pytest.mark.slow
def test_what_a_marker_did_is_said(course: Course) -> None:
    words = words_of(page_of(course, "coral"))
    assert "4 of 10 points Taken off because the work came in late: 1. Overview" in words
    assert "A marker looked at this part and gave it 3.5 of 8 points." in words
    assert "1.5 of 2 points : marked by a person" in words
    assert "From your marker: See chapter 2" in words
    assert "<msup>" in page_of(course, "coral")


@pytest.mark.slow
def test_the_class_report_knows_the_same_score(course: Course) -> None:
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as gradebook:
        results = gather(gradebook, CourseDirectory(root=str(course.root)), ASSIGNMENT)
    coral = next(s for s in results.submissions if s.student == "coral")
    assert (coral.score, coral.late_penalty) == (4.0, 1.0)


@pytest.mark.slow
def test_what_only_staff_may_read_is_left_out(course: Course) -> None:
    page = page_of(course, "olive")
    assert "It is not your mistake" in page
    for secret in ("author's secret", "4711", "For staff", "staff_note"):
        assert secret not in html.unescape(page)
    staff = course.root / "autograded" / "olive" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    assert all(word in staff.read_text("utf-8") for word in ("author's secret", "4711"))


@pytest.mark.slow
def test_needs_no_script_and_no_network(course: Course) -> None:
    page = page_of(course, "indigo")
    assert "<script" not in page
    assert not re.search(r"(?:src|href)=\"(?!#|data:)", page)
    assert "default-src 'none'" in page


@pytest.mark.slow
def test_the_notebook_itself_is_there(course: Course) -> None:
    page = page_of(course, "amber")
    assert "My essay." in page
    assert words_of(page).count("2 of 2 checks passed") == 2  # overview and table, not a third time


@pytest.mark.slow
def test_pages_are_the_same_each_time(course: Course) -> None:
    before = page_of(course, "jade")
    course.nbgrader("generate_feedback", ASSIGNMENT, "--force", "--student=jade")
    assert page_of(course, "jade") == before


def section(**change: object) -> Section:
    known = {"anchor": "test_f", "score": 0.0, "points": 2.0, "waiting": False, "by_hand": False}
    return Section(**{**known, **change})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "summary"),
    [
        ({}, "see the test cell in your notebook"),
        ({"by_hand": True}, "marked by a person"),
        ({"by_hand": True, "waiting": True}, "waits for a person to read it"),
        ({"by_hand": True, "untouched": True}, "not attempted"),
        ({"by_hand": True, "untouched": True, "waiting": True}, "waits for a person to read it"),
        ({"by_hand": True, "stopped": True}, "stopped with an error; marked by a person"),
        ({"report": classroom.RECORDS["amber"]}, "2 of 2 checks passed"),
        ({"report": classroom.RECORDS["blue"]}, "not attempted"),
        (
            {"report": classroom.RECORDS["olive"], "waiting": True},
            "1 of 2 checks passed; a person will look at it",
        ),
    ],
)
def test_a_summary_of_each_part(change: dict[str, object], summary: str) -> None:
    assert section(**change).summary == summary


def test_an_assignment_without_points_has_a_page() -> None:
    page = Page("t", "s", 0, 0, 0, "", [section()])
    assert (page.percent, page.waiting) == (0, 0)


def test_points_that_only_a_person_can_give_are_added_up() -> None:
    parts = [
        section(waiting=True, by_hand=True, points=3.0),
        section(waiting=True, by_hand=True, points=0.5),
        section(waiting=True, points=8.0),  # judged already: a person only looks at it again
        section(by_hand=True, points=2.0),
    ]
    assert Page("t", "s", 0, 13.5, 0, "", parts).waiting == 3.5


def test_words_in_backticks_are_code() -> None:
    table = section(report=classroom.RECORDS["jade"]).table
    assert "<code>loss</code> ended the kernel" in table


def test_problems_are_named_by_cell_or_first_line() -> None:
    error = new_output("error", ename="ValueError", evalue="x" * 1000)
    named = new_code_cell("f()", metadata={"nbgrader": {"grade_id": "f"}}, outputs=[error])
    blank = new_code_cell("", outputs=[error])
    plain = new_code_cell("\n  1 / 0\nmore", outputs=[error])
    unwritten = new_code_cell("g()", outputs=[new_output("error", ename="NotImplementedError")])
    found = list(problems_of(new_notebook(cells=[named, blank, unwritten, plain])))
    assert [problem.cell for problem in found] == ["f", "", "1 / 0"]
    assert all(len(problem.said) == 300 for problem in found)


class TestMathematics:
    def test_becomes_mathml(self) -> None:
        assert mathml(r"\frac{1}{2}", "inline").startswith('<math xmlns="http://www.w3.org/1998/')
        assert 'display="block"' in mathml("x", "block")

    @pytest.mark.parametrize(
        "latex",
        [
            r"\frac{",
            r"\text{<script>alert(1)</script>}",
            r"\text{<img src=x onerror=alert(1)>}",
            r"\href{javascript:alert(1)}{x}",
            "a & b",
        ],
    )
    def test_anything_else_is_shown_as_it_was_typed(self, latex: str) -> None:
        assert mathml(latex, "inline") == f"<code>{html.escape(latex, quote=False)}</code>"


class TestFigures:
    def test_the_same_data_give_the_same_bytes(self) -> None:
        figure = loss_curves([3.0, 2.0], ([3.0, 2.0], [2.0, 1.0]), "gradient descent")
        assert curves(figure) == curves(figure)
        assert score_distribution([1, 2, 2], 4) == score_distribution([1, 2, 2], 4)

    @pytest.mark.parametrize(
        "y", [[], [1.0], [1.0, None, 3.0], [1e-9, 1e9], [-1.0, 1e30], [None, None]]
    )
    def test_any_curve_can_be_drawn(self, y: list[float | None]) -> None:
        line = Line("<yours>", tuple(range(len(y))), tuple(y))
        svg = curves(Figure('a "title"', "<x>", "y & z", (line, line))).svg
        assert svg.startswith('<svg role="img" aria-label="a &quot;title&quot;"')
        assert "<yours>" not in svg
        assert "<x>" not in svg
        assert "<!DOCTYPE" not in svg
        assert "<metadata" not in svg
        assert not re.search(r'id="[a-z0-9]+_\d', svg)  # would clash with another picture's

    @pytest.mark.slow
    def test_colours_follow_the_page(self, tmp_path: Path) -> None:
        svg = curves(loss_curves([3.0, 4.0], ([3.0, 2.0], [2.0, 1.0]), "gradient descent")).svg
        page = tmp_path / "page.html"
        page.write_text(f"<style>:root {{ --ink: rgb(1, 2, 3) }}</style>{svg}", encoding="utf-8")
        with browser() as chromium:
            tab = chromium.new_page()
            tab.goto(page.as_uri())
            colour = tab.evaluate("getComputedStyle(document.querySelector('text')).fill")
        assert colour == "rgb(1, 2, 3)"
