"""What students get to see of the tests, the solutions and the marking schemes: nothing."""

from __future__ import annotations

import html
import json
import re

import pytest

from autograder.judge.intake import read_submission
from autograder.record.render import MIMETYPE
from tests.support import leaks
from tests.support.course import Course
from tests.support.lesson import ASSIGNMENT, ROOT, grade_id
from tests.support.submissions import CLASS, TESTS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pages(graded: Course) -> dict[str, str]:
    """Everybody's feedback page."""
    graded.nbgrader("generate_feedback", ASSIGNMENT)
    return {
        student: graded.feedback_page(student).read_text(encoding="utf-8")
        for student in [*CLASS, "renamed_file", "no_notebook"]
    }


class TestFeedback:
    def test_score_and_reasons_are_shown_together(self, pages: dict[str, str]) -> None:
        text = re.sub(r"<[^>]+>", " ", pages["without_bias"])
        assert "19 of 23 points" in re.sub(r"\s+", " ", text)
        assert "logistic_model: 2 of 4 points" in text
        assert "bias b is missing" in text
        assert "Hint 1 of" in text
        assert "The loss during training" in pages["without_bias"]

    def test_words_of_the_students_own_stay(self, pages: dict[str, str]) -> None:
        text = html.unescape(re.sub(r"<[^>]+>", "", pages["writes_about_hidden_tests"]))
        assert "in my own words" in text
        assert "seen = 'BEGIN HIDDEN TESTS'" in text

    def test_no_page_holds_hidden_tests_schemes_or_solutions(
        self, graded: Course, pages: dict[str, str]
    ) -> None:
        for student, page in pages.items():
            submitted = graded.submitted(student).parent.glob("*.ipynb")
            own = [cell.source for path in submitted for cell in read_submission(path)[0].cells]
            assert leaks.leaks(page, leaks.secret_lines("\n".join(own))) == [], student

    @pytest.mark.parametrize(
        "student", ["blank", "without_bias", "averages_the_loss", "raises_in_a_cell", "right"]
    )
    def test_no_page_holds_inputs_or_answers_of_hidden_tests(
        self, graded: Course, pages: dict[str, str], student: str
    ) -> None:
        shown = [
            json.dumps(cell.get("outputs"))
            for cell in graded.autograded("right").cells
            if grade_id(cell) not in TESTS
        ]
        numbers = leaks.secret_numbers(student) - leaks.numbers_in(" ".join(shown))
        assert len(numbers) > 200
        assert leaks.leaks(pages[student], {}, numbers) == []
        record = graded.reports(student)["test_logistic_model"]
        for secret in ("For staff", MIMETYPE, str(record.seed), str(ROOT)):
            assert secret not in pages[student]

    def test_no_released_file_holds_any(self, graded: Course) -> None:
        for path in (graded.root / "release").rglob("*"):
            if path.is_file() and path.suffix != ".pyc":  # left by whoever ran the release there
                assert leaks.leaks(path.read_text(encoding="utf-8"), leaks.secret_lines()) == []

    def test_that_each_scan_can_fail(self, graded: Course, pages: dict[str, str]) -> None:
        page, lines = pages["blank"], leaks.secret_lines()
        for kind in leaks.REGIONS:
            line = next(line for line, found in lines.items() if found == kind)
            assert leaks.leaks(page + html.escape(line), lines) == [f"{kind}: {line}"]
        number = 0.87654321
        secret = leaks.significant(number)
        for written in (f"{number}", f"array([{number:.7f}])", f"x={-number:.6g}"):
            planted = leaks.leaks(page + written, {}, {secret})
            assert planted == [f"number of a hidden test: {secret}"]
        notebook = json.dumps(graded.autograded("blank"))
        assert len(leaks.leaks(notebook, lines)) > 30  # autograded/ holds them all
