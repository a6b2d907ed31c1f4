"""What a submission brings: it cannot choose its tests, and damage costs no more than it must."""

from __future__ import annotations

import nbformat
import pytest

from autograder.judge.cells import DAMAGED
from tests.judge.conftest import LINKS
from tests.support.course import Course
from tests.support.lesson import ASSIGNMENT, grade_id
from tests.support.submissions import TESTS

pytestmark = pytest.mark.slow


class TestSubmissionsCannotChooseTheirTests:
    @pytest.mark.parametrize(
        "student",
        ["tags_on_tests", "tests_as_markdown", "tests_relabelled", "tests_deleted", "tests_renamed",
         "cheats_in_process", "forges_a_report"],
    )  # fmt: skip
    def test_a_wrong_model_never_gets_its_points(self, graded: Course, student: str) -> None:
        score = graded.automatic(student)["test_logistic_model"]
        assert score is not None
        assert score <= 2

    @pytest.mark.parametrize(
        "student",
        [
            "tags_on_tests",
            "tests_as_markdown",
            "tests_relabelled",
            "tests_deleted",
            "tests_renamed",
        ],
    )
    def test_the_other_answers_keep_theirs(self, graded: Course, student: str) -> None:
        graded.expect(student, test_logistic_model=1)

    @pytest.mark.parametrize(
        "student", ["answer_cells_deleted", "everything_twice", "malformed_labels"]
    )
    def test_right_answers_in_a_damaged_notebook_score(self, graded: Course, student: str) -> None:
        graded.expect(student)

    def test_tests_go_back_behind_what_they_test(self, graded: Course) -> None:
        def names(student: str) -> list[str]:
            return [name for cell in graded.autograded(student).cells if (name := grade_id(cell))]

        assert names("tests_deleted") == names("tags_on_tests")


class TestDamagedFiles:
    def test_what_can_be_read_is_graded(self, graded: Course) -> None:
        graded.expect("broken_format")

    def test_a_truncated_file_gets_a_clear_entry(self, graded: Course) -> None:
        """The answers in its first half are graded, and a person is asked to look at the rest."""
        lost = ("test_init_theta", "test_model_optimization_loop", "test_theta_clean")
        graded.expect("truncated", **dict.fromkeys(lost, 0))
        said = graded.autograded("truncated").metadata[DAMAGED]
        assert said == "Parts of the submitted notebook could not be read."
        assert set(TESTS) <= graded.needs_review("truncated")

    @pytest.mark.parametrize("link", ["data.txt", "theirs.txt"])
    def test_a_link_out_of_a_submission_is_not_followed(self, graded: Course, link: str) -> None:
        """nbgrader would copy the gradebook, or the work of somebody else, into the submission."""
        copied = graded.root / "autograded/right" / ASSIGNMENT / link
        assert copied.read_text() == f"Here was a link to {LINKS[link]}. It was not followed.\n"

    def test_a_link_inside_a_submission_is(self, graded: Course) -> None:
        assert nbformat.read(
            graded.root / "autograded/right" / ASSIGNMENT / "mine.txt", as_version=4
        )

    def test_a_renamed_file_is_graded(self, graded: Course) -> None:
        graded.expect("renamed_file")

    @pytest.mark.parametrize("student", ["right", "renamed_file"])
    def test_a_written_answer_waits_for_a_person(self, graded: Course, student: str) -> None:
        """nbgrader gives 0 to all cells of a notebook that it misses under its own name."""
        assert graded.scores(student)["loss_discussion"] is None
        assert graded.needs_review(student) == {"loss_discussion"}

    def test_a_written_question_that_nobody_answered_waits_for_nobody(self, graded: Course) -> None:
        assert graded.scores("blank")["loss_discussion"] == 0
        assert graded.needs_review("blank") == set()

    def test_a_missing_notebook_gets_a_clear_entry(self, graded: Course) -> None:
        assert graded.automatic("no_notebook") == dict.fromkeys(TESTS, 0)
        assert "There is no notebook named" in graded.autograded("no_notebook").cells[0].source
