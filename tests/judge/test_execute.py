"""The real nbgrader programs on a class of honest, damaged and hostile submissions."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from autograder.judge.intake import read_submission
from autograder.record.outcome import Outcome
from autograder.record.render import MIMETYPE
from tests.support import leaks
from tests.support.course import NOTEBOOK, Course
from tests.support.lesson import ASSIGNMENT, EXERCISES, ROOT, grade_id
from tests.support.submissions import CLASS, TESTS


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The whole class, graded by one run of the nbgrader program."""
    course = Course.create(tmp_path_factory.mktemp("course") / "with spaces")
    for student, make in CLASS.items():
        course.submit(student, make(course))
    course.submit("renamed_file", course.filled_in(), name="logistic_regression (1).ipynb")
    course.submit("no_notebook", "a text", name="notes.ipynb")
    (course.root / "submitted/no_notebook" / ASSIGNMENT / "more.ipynb").write_text("{}")
    for link, target in LINKS.items():
        (course.root / "submitted/right" / ASSIGNMENT / link).symlink_to(target)
    course.nbgrader("autograde", ASSIGNMENT)
    return course


LINKS = {
    "data.txt": "../../../gradebook.db",
    "theirs.txt": "../../blank/logistic_regression/logistic_regression.ipynb",
    "mine.txt": "logistic_regression.ipynb",
}


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
        graded.expect("without_bias", test_logistic_model=2)
        graded.expect("averages_the_loss", test_logistic_loss=0.5)
        checks = graded.reports("without_bias")["test_logistic_model"].checks
        assert any("bias b is missing" in check.mistake for check in checks)


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
        graded.expect(student, test_logistic_model=2)

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
        assert graded.automatic("truncated") == dict.fromkeys(TESTS, 0)
        first = graded.autograded("truncated").cells[0].source
        assert "not a notebook that can be read" in first
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

    def test_a_missing_notebook_gets_a_clear_entry(self, graded: Course) -> None:
        assert graded.automatic("no_notebook") == dict.fromkeys(TESTS, 0)
        assert "There is no notebook named" in graded.autograded("no_notebook").cells[0].source


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
        assert lines[1].split() == ["(of)", "4", "4", "4", "6", "2", "2", "22"]
        rows = {line.split()[0]: line.split()[1:] for line in lines[3:] if line}
        assert rows["right"] == ["4", "4", "4", "6", "2", "0*", "20"]
        assert rows["truncated"] == ["0*", "0*", "0*", "0*", "0*", "0*", "0"]
        assert sorted(CLASS) == sorted(set(rows) & set(CLASS))

    def test_names_the_assignment_it_does_not_know(self, graded: Course) -> None:
        printed = graded.autograder("scores", "nope", status=1)
        assert (
            "The gradebook has no assignment named 'nope'. It has: logistic_regression." in printed
        )

    def test_asks_for_an_assignment(self, graded: Course) -> None:
        assert "Which assignment? For example:" in graded.autograder("scores", status=2)


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
        assert "18 of 22 points" in re.sub(r"\s+", " ", text)
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
        assert len(numbers) > 300
        assert leaks.leaks(pages[student], {}, numbers) == []
        record = graded.reports(student)["test_logistic_model"]
        for secret in ("For staff", MIMETYPE, str(record.seed), str(ROOT)):
            assert secret not in pages[student]

    def test_no_released_file_holds_any(self, graded: Course) -> None:
        for path in (graded.root / "release").rglob("*"):
            if path.is_file():
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
        assert len(leaks.leaks(notebook, lines)) > 50  # autograded/ holds them all


class TestInTheStudentsHands:
    """The release in a kernel of its own, as in JupyterLab and under nbgrader's Validate."""

    def test_validate_accepts_right_answers(self, graded: Course) -> None:
        printed = graded.nbgrader("validate", str(graded.submitted("prints_a_lot")))
        assert "Success! Your notebook passes all the tests." in printed

    def test_validate_tells_what_failed_and_why(self, graded: Course) -> None:
        printed = graded.nbgrader("validate", str(graded.submitted("averages_the_loss")))
        assert "VALIDATION FAILED ON 2 CELL(S)!" in printed
        assert "logistic_loss: 0 of 1 checks passed" in printed
        assert "theta_clean: 0 of 1 checks passed" in printed  # the average asks for larger steps
        assert "Hint 1: What is y log(p)" in printed

    def test_the_visible_checks_show_a_table_without_warnings(self, graded: Course) -> None:
        notebook = graded.filled_in(model_optimization_loop="raise NotImplementedError()")
        NotebookClient(
            notebook,
            allow_errors=True,
            resources={"metadata": {"path": str(graded.root / "release" / ASSIGNMENT)}},
        ).execute()
        shown = {grade_id(cell): cell.outputs for cell in notebook.cells if grade_id(cell) in TESTS}
        assert all(len(outputs) == 1 for outputs in shown.values())
        plain = {name: outputs[0].data["text/plain"] for name, outputs in shown.items()}
        assert "1 of 1 checks passed. More checks run when" in plain["test_logistic_model"]
        assert "not attempted yet" in plain["test_model_optimization_loop"]
        assert "<table>" in shown["test_logistic_model"][0].data["text/html"]


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


def test_release_is_up_to_date(tmp_path: Path) -> None:
    """`make release` writes it; students get what is committed."""
    from tests.support.lesson import ROOT

    course = Course.create(tmp_path / "course")
    fresh, committed = course.root / "release" / ASSIGNMENT, ROOT / "release" / ASSIGNMENT
    names = {str(p.relative_to(fresh)) for p in fresh.rglob("*") if p.is_file()}
    assert names == {str(p.relative_to(committed)) for p in committed.rglob("*") if p.is_file()}
    for name in names:
        assert (fresh / name).read_bytes() == (committed / name).read_bytes(), f"{name} is stale"
    text = (committed / NOTEBOOK).read_text()
    assert "HIDDEN TESTS" not in text
    assert "BEGIN SOLUTION" not in text
