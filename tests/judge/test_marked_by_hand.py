"""Answers that a person marks: a text, a plot, a task. What was not written waits for nobody."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder.judge.cells import UNTOUCHED
from autograder.judge.untouched import is_unanswered, is_untouched
from tests.support.by_hand import (
    ANSWERS,
    BLANK,
    CELLS,
    DRAWING,
    PLACE,
    SCHEME,
    SOLUTION,
    STUB,
    WORDS,
    DrawingCourse,
    marks,
)
from tests.support.lesson import grade_id

NOTHING = dict.fromkeys(CELLS, (0, 0, False))
WAITING = (None, 0, True)


@pytest.fixture(scope="module", params=["autograder", "nbgrader"])
def graded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> DrawingCourse:
    """The class, graded in one of the two ways."""
    course = DrawingCourse.create(tmp_path_factory.mktemp("by_hand") / request.param)
    for student, answers in ANSWERS.items():
        course.write(student, answers)
    lost = course.blank()
    lost.cells = [cell for cell in lost.cells if grade_id(cell) != "thoughts"]
    lost.cells.append(new_markdown_cell(WORDS))
    course.hand_in("loses a cell", lost)
    course.write("renamed", ANSWERS["answers"], name=f"{DRAWING} (1)")
    grade = {"autograder": "grade", "nbgrader": "autograde"}[request.param]
    course.run(request.param, grade, DRAWING)
    return course


@pytest.mark.slow
class TestAClassGraded:
    @pytest.mark.parametrize("student", ["untouched", "spaced", "emptied"])
    def test_what_was_not_written_gets_0_and_waits_for_nobody(
        self, graded: DrawingCourse, student: str
    ) -> None:
        assert graded.grades(student) == NOTHING

    @pytest.mark.parametrize("student", ["answers", "renamed"])
    def test_what_was_written_waits(self, graded: DrawingCourse, student: str) -> None:
        assert graded.grades(student) == dict.fromkeys(CELLS, WAITING)

    def test_where_the_cell_is_gone_a_person_looks(self, graded: DrawingCourse) -> None:
        assert graded.grades("loses a cell") == {**NOTHING, "thoughts": WAITING}
        assert graded.cell("loses a cell", "thoughts").source == BLANK

    def test_a_plot_that_raised_waits(self, graded: DrawingCourse) -> None:
        assert graded.grades("raises") == {**NOTHING, "plot": WAITING}

    def test_who_marks_sees_the_picture(self, graded: DrawingCourse) -> None:
        kinds = [kind for o in graded.cell("answers", "plot").outputs for kind in o.get("data", {})]
        assert "image/png" in kinds

    def test_who_marks_sees_the_scheme_and_students_do_not(self, graded: DrawingCourse) -> None:
        assert SCHEME in graded.cell("answers", "essay").source
        released = str(graded.blank())
        assert SCHEME not in released
        assert SOLUTION not in released

    def test_marks_by_hand_hold_when_it_is_graded_anew(self, graded: DrawingCourse) -> None:
        graded.mark("spaced", thoughts=1, plot=2.5, essay=0.5)
        graded.run("autograder", "grade", DRAWING, "--force", "--student=spaced")
        assert graded.grades("spaced") == {
            "thoughts": (0, 1, False),
            "plot": (0, 2.5, False),
            "essay": (0, 0.5, False),
        }

    def test_what_was_written_later_waits(self, graded: DrawingCourse) -> None:
        graded.mark("emptied", essay=1)
        graded.write("emptied", ANSWERS["answers"])
        graded.run("autograder", "grade", DRAWING, "--force", "--student=emptied")
        assert graded.grades("emptied") == {
            **dict.fromkeys(CELLS, WAITING),
            "essay": (None, 1, True),
        }
        assert UNTOUCHED not in graded.cell("emptied", "thoughts").metadata

    def test_marks_for_what_is_gone_are_looked_at_again(self, graded: DrawingCourse) -> None:
        graded.mark("renamed", thoughts=2)
        graded.write("renamed", {})
        graded.run("autograder", "grade", DRAWING, "--force", "--student=renamed")
        assert graded.grades("renamed") == {**NOTHING, "thoughts": (0, 2, True)}


@pytest.mark.parametrize(
    ("source", "released", "untouched"),
    [
        (BLANK, BLANK, True),
        (f" {BLANK}\r\n", BLANK, True),
        ("\n \n", BLANK, True),
        (f"{BLANK}.", BLANK, False),
        (STUB, STUB, True),
        ("# YOUR CODE HERE", STUB, False),
        ("pass", "", False),
    ],
)
def test_an_answer_is_untouched_as_it_was_released_or_empty(
    source: str, released: str, untouched: bool
) -> None:
    assert is_untouched(source, released) is untouched


def cells(*sources: str) -> Iterator[object]:
    """`#` begins code, `named` a cell with a name of nbgrader's; anything else is text."""
    for source in sources:
        make = new_code_cell if source.startswith("#") else new_markdown_cell
        yield make(source, metadata=marks(source) if source in ("task", "named") else {})


RELEASED = ("named", "before", "# demo", "task", PLACE, "# draw", "named", "after", "# free")


@pytest.mark.parametrize(
    ("handed_in", "unanswered"),
    [
        (RELEASED, True),
        (("named", "before", "# demo 2", "task", PLACE, "# draw", "named", "# changed"), True),
        (("named", "before", "# demo", "task", "", "# draw", "named"), True),
        (("named", "before", "# demo", "task", WORDS, "# draw", "named"), False),
        (("named", "before", "# demo", "task", PLACE, WORDS, "# draw", "named"), False),
        (("named", "before", "# demo", "task", PLACE, "# drawn", "named"), False),
        (("named", "before", WORDS, "# demo", "task", PLACE, "# draw", "named"), False),
        (("named", "before", "# demo", "task", "# draw", "named"), False),
        (("task", PLACE, "# draw"), True),
    ],
    ids=["as released", "elsewhere", "emptied", "over", "below", "drawn", "above", "gone", "alone"],
)
def test_a_task_is_unanswered_where_nothing_was_written_around_it(
    handed_in: tuple[str, ...], unanswered: bool
) -> None:
    assert is_unanswered("task", [*cells(*handed_in)], [*cells(*RELEASED)]) is unanswered  # type: ignore[list-item]


def test_a_task_that_the_author_has_taken_out_since_waits() -> None:
    assert not is_unanswered("task", [*cells(*RELEASED)], [])  # type: ignore[list-item]
