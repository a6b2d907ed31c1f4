"""The release in the student's hands."""

from __future__ import annotations

from pathlib import Path

import pytest
from nbclient import NotebookClient

from autograder.sandbox.grader.manager import WakefulManager
from tests.support.course import NOTEBOOK, Course
from tests.support.lesson import ASSIGNMENT, ROOT, grade_id
from tests.support.submissions import TESTS

pytestmark = pytest.mark.slow


class TestInTheStudentsHands:
    """The release in a kernel of its own, as in JupyterLab and under nbgrader's Validate."""

    def test_validate_accepts_right_answers(self, graded: Course) -> None:
        printed = graded.nbgrader("validate", str(graded.submitted("prints_a_lot")))
        assert "Success! Your notebook passes all the tests." in printed

    def test_validate_tells_what_failed_and_why(self, graded: Course) -> None:
        printed = graded.nbgrader("validate", str(graded.submitted("averages_the_loss")))
        assert "VALIDATION FAILED ON 1 CELL(S)!" in printed
        assert "logistic_loss: 0 of 1 checks passed" in printed
        assert "Hint 1: What is y log(p)" in printed

    def test_the_visible_checks_show_a_table_without_warnings(self, graded: Course) -> None:
        notebook = graded.filled_in(model_optimization_loop="raise NotImplementedError()")
        NotebookClient(
            notebook,
            allow_errors=True,
            kernel_manager_class=WakefulManager,
            resources={"metadata": {"path": str(graded.root / "release" / ASSIGNMENT)}},
        ).execute()
        shown = {grade_id(cell): cell.outputs for cell in notebook.cells if grade_id(cell) in TESTS}
        assert all(len(outputs) == 1 for outputs in shown.values())
        plain = {name: outputs[0].data["text/plain"] for name, outputs in shown.items()}
        assert "1 of 1 checks passed. More checks run when" in plain["test_logistic_model"]
        assert "not attempted yet" in plain["test_model_optimization_loop"]
        assert "<table>" in shown["test_logistic_model"][0].data["text/html"]

    def test_what_is_bound_early_is_judged_apart_as_in_grading(self, graded: Course) -> None:
        """A wrong loss, and answers after it that hold on to it in ways that only IPython knows."""
        notebook = graded.filled_in(
            logistic_loss="def logistic_loss(params, model, x, y):\n    return np.sum(y)",
            dlogistic_loss="%%time\nimport asyncio\nslope = jax.jit(grad(logistic_loss), "
            "static_argnums=1)\nawait asyncio.sleep(0)\ndlogistic_loss = slope",
        )
        NotebookClient(
            notebook,
            allow_errors=True,
            kernel_manager_class=WakefulManager,
            resources={"metadata": {"path": str(graded.root / "release" / ASSIGNMENT)}},
        ).execute()
        shown = {
            grade_id(cell): cell.outputs[-1].data["text/plain"].partition(".")[0]
            for cell in notebook.cells
            if grade_id(cell) in TESTS
        }
        assert {name: said.split(" of ")[0].split()[-1] for name, said in shown.items()} == {
            **dict.fromkeys(TESTS, "1"),
            "test_logistic_loss": "0",
            "test_model_optimization_loop": "2",
        }


def test_release_is_up_to_date(tmp_path: Path) -> None:
    """`make release` writes it; students get what is committed."""
    course = Course.create(tmp_path / "course")
    fresh, committed = course.root / "release" / ASSIGNMENT, ROOT / "release" / ASSIGNMENT
    names = {str(p.relative_to(fresh)) for p in fresh.rglob("*") if p.is_file()}
    assert names == {str(p.relative_to(committed)) for p in committed.rglob("*") if p.is_file()}
    for name in names:
        assert (fresh / name).read_bytes() == (committed / name).read_bytes(), f"{name} is stale"
    text = (committed / NOTEBOOK).read_text()
    assert "HIDDEN TESTS" not in text
    assert "BEGIN SOLUTION" not in text
