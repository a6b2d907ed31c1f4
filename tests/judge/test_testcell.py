"""A test cell on the trusted side: what it reports, whatever happens in it."""

from __future__ import annotations

import contextlib
from textwrap import dedent

import pytest

from autograder.checks.context import Context, current
from autograder.judge.testcell import grade_cell, not_run, seed_for
from autograder.record.outcome import Outcome
from tests.support.inprocess import SameProcess, Says, run_notebook

PASSED, FAILED = Outcome.PASSED, Outcome.FAILED
NOT_ATTEMPTED, ERROR = Outcome.NOT_ATTEMPTED, Outcome.ERROR


def no_solution(name, stubs):
    raise AttributeError(name)


@pytest.fixture
def grade(tmp_path):
    """Grade a test cell against a student's notebook, both given as source."""

    def run(cell, answers="", *, solution=no_solution, points=4.0, seed=1, connection=None):
        return grade_cell(
            dedent(cell),
            "test_f",
            points,
            connection=connection or SameProcess(run_notebook(answers)),
            solution=solution,
            directory=tmp_path,
            seed=seed,
        )

    return run


CELL = """
    from autograder import Exercise, reference, student
    exercise = Exercise("doubling")
    exercise.returns("doubles one", student.f, 1.0, expected=2.0)
    exercise.agrees("doubles all", student.f, reference.f, [(3.0,)], points=3)
    exercise.report()
"""


def outcomes(report):
    return [check.outcome for check in report.checks]


@pytest.mark.parametrize(
    ("answers", "found", "score"),
    [
        ("def f(x): return 2 * x", [PASSED, PASSED], 4.0),
        ("def f(x): return 2.0", [PASSED, FAILED], 1.0),
        ("def f(x): return x", [FAILED, FAILED], 0.0),
        ("", [NOT_ATTEMPTED, NOT_ATTEMPTED], 0.0),
    ],
)
def test_grade_cell(grade, answers, found, score):
    report = grade(CELL, answers, solution=lambda name, stubs: lambda x: 2 * x)
    assert report.exercise == "doubling"
    assert outcomes(report) == found
    assert (report.score, report.max_points, report.seed) == (score, 4.0, 1)
    assert not report.needs_review


def test_rows_show_nbgraders_points_whatever_the_weights(grade):
    report = grade(CELL, "def f(x): return 2.0", solution=lambda *_: lambda x: 2 * x, points=6.0)
    assert [check.points for check in report.checks] == [1.5, 4.5]
    assert report.score == sum(check.earned for check in report.checks) == 1.5


def test_a_missing_solution_is_our_error_and_not_the_students_zero(grade):
    report = grade(CELL, "def f(x): return 2 * x")
    assert outcomes(report)[0] is PASSED
    assert report.needs_review


def test_a_cell_that_raises_midway_keeps_earlier_checks(grade):
    report = grade(
        """
        from autograder import Exercise, student
        exercise = Exercise("e")
        exercise.returns("first", student.f, expected=1.0)
        exercise.returns("second", student.f, expected=2.0)
        raise ValueError("a mistake in the test cell")
        exercise.returns("never", student.f, expected=1.0)
        """,
        "def f(): return 1.0",
    )
    assert outcomes(report) == [PASSED, FAILED, ERROR]
    assert report.exercise == "e"
    assert report.needs_review
    broken = report.checks[-1]
    assert broken.title == "the test cell runs"
    assert broken.rationale == ""
    assert "ValueError: a mistake in the test cell" in broken.staff_note
    assert 'File "<test_f>", line 6' in broken.staff_note


@pytest.mark.parametrize(
    ("answers", "outcome", "rationale"),
    [
        ("", NOT_ATTEMPTED, "`f` is not defined yet. Has its cell been run without an error?"),
        (
            "def f():\n    raise NotImplementedError()",
            NOT_ATTEMPTED,
            "`f` is not written yet: your answer goes where it says `raise NotImplementedError()`.",
        ),
        ("def f(x): return x", FAILED, "`f` raised TypeError: f() missing 1 required positional"),
    ],
)
def test_a_students_fault_outside_a_check(grade, answers, outcome, rationale):
    report = grade("from autograder import student\nvalue = student.f.call()", answers)
    (check,) = report.checks
    assert (check.title, check.outcome) == ("the test ran to its end", outcome)
    assert check.rationale.startswith(rationale)
    assert not report.needs_review
    assert report.score == 0.0
    assert report.exercise == "test_f"


def test_a_students_fault_outside_a_check_keeps_earlier_checks(grade):
    report = grade(
        """
        from autograder import Exercise, student
        exercise = Exercise("e")
        exercise.returns("one", student.f, expected=1.0)
        student.g.call()
        """,
        "def f(): return 1.0",
    )
    assert outcomes(report) == [PASSED, NOT_ATTEMPTED]
    assert report.score == 2.0


def test_a_cell_need_not_end_with_its_report(grade):
    report = grade(CELL.replace("exercise.report()", ""), "def f(x): return x")
    assert len(report.checks) == 2


def test_a_cell_with_several_exercises(grade):
    report = grade(
        """
        from autograder import Exercise, student
        for name in ("a", "b"):
            Exercise(name).returns(name, student.f, expected=1.0)
        """,
        "def f(): return 1.0",
    )
    assert report.exercise == "a"
    assert [check.title for check in report.checks] == ["a", "b"]


def test_a_cell_without_checks_needs_a_person(grade):
    report = grade("from autograder import student")
    assert report.checks == ()
    assert report.needs_review
    assert report.score == 0.0
    assert report.exercise == "test_f"


@pytest.mark.parametrize(
    "source",
    [
        "def f(:",
        "1 / 0",
        "import no_such_module",
        "raise SystemExit('bye')",
        "import sys; sys.exit()",
        "def f(): f()\nf()",
    ],
)
def test_nothing_that_a_cell_does_is_raised(grade, source):
    report = grade(source)
    assert outcomes(report) == [ERROR]
    assert report.score == 0.0
    assert report.needs_review


@pytest.mark.parametrize("reply", ["", None, "[]", '{"status": "ok", "value": ["ref", "f"]}'])
def test_nothing_that_a_student_does_is_raised(grade, reply):
    report = grade(CELL, connection=Says(reply), solution=lambda name, stubs: lambda x: 2 * x)
    assert outcomes(report) == [FAILED, FAILED]
    assert report.score == 0.0


def test_a_connection_that_breaks_is_our_error(grade):
    class Broken(Says):
        def ask(self, name, request):
            raise OSError("no route to the kernel")

    report = grade(CELL, connection=Broken(""), solution=lambda name, stubs: lambda x: 2 * x)
    assert outcomes(report) == [ERROR, ERROR]
    assert "no route to the kernel" in report.checks[0].staff_note


def test_what_a_cell_prints_is_swallowed(grade, capsys):
    grade("print('the expected answer is 42')\nfrom autograder import student\n" + dedent(CELL))
    assert capsys.readouterr().out == ""


def test_what_a_cell_prints_before_it_raises_is_swallowed(grade, capsys):
    grade("print('the expected answer is 42')\n1 / 0")
    print("seen")
    assert capsys.readouterr().out == "seen\n"


@pytest.mark.parametrize(
    "source", ["x = 1", "1 / 0", "from autograder import student\nstudent.f()"]
)
def test_the_context_is_put_back(grade, source):
    before = current.get()
    grade(source)
    assert current.get() is before


def test_cells_share_no_names(grade):
    grade("left_over = 1")
    assert "NameError" in grade("left_over").checks[0].staff_note


def test_a_cell_imports_modules_beside_its_notebook(grade, tmp_path):
    (tmp_path / "beside_the_notebook.py").write_text("value = 1.0\n")
    cell = """
        from autograder import Exercise, student
        from beside_the_notebook import value
        Exercise("e").returns("t", student.f, expected=value)
    """
    assert outcomes(grade(cell, "def f(): return 1.0")) == [PASSED]
    with pytest.raises(ImportError), contextlib.suppress(KeyError):
        __import__("beside_the_notebook")


def test_a_dataclass_in_a_cell(grade):
    cell = """
        from dataclasses import dataclass
        from autograder import Exercise, student
        @dataclass
        class Case:
            expected: float
        Exercise("e").returns("t", student.f, expected=Case(1.0).expected)
    """
    report = grade(cell, "def f(): return 1.0")
    assert [check.staff_note for check in report.checks] == [""]
    assert outcomes(report) == [PASSED]


# Seeds

DRAW = """
    from autograder import Exercise, student
    exercise = Exercise("e")
    exercise.returns("t", student.f, exercise.rng.normal(size=3), expected=0.0)
"""
REMEMBER = "seen = []\ndef f(x):\n    seen.append(x.tolist())\n    return 0.0"


def drawn(grade, seed):
    connection = SameProcess(run_notebook(REMEMBER))
    assert grade(DRAW, connection=connection, seed=seed).seed == seed
    return connection.namespace["seen"]


def test_the_same_seed_draws_the_same_inputs(grade):
    assert drawn(grade, 5) == drawn(grade, 5)
    assert drawn(grade, 5) != drawn(grade, 6)


def test_seeds_are_reproducible_and_differ():
    assert seed_for("logistic_regression", "alice") == 1762186810
    cases = [("a", "bc"), ("ab", "c"), ("a", "b"), ("b", "a"), ("", "ab"), ("ab", "")]
    assert len({seed_for(*case) for case in cases}) == len(cases)
    students = {seed_for("a", f"student{n}") for n in range(1000)}
    assert len(students) == 1000
    assert all(0 <= seed < 2**32 for seed in students)


def test_not_run():
    report = not_run("test_f", 4.0, "Grading was switched off.")
    assert (report.exercise, report.score, report.max_points) == ("test_f", 0.0, 4.0)
    assert report.needs_review
    (check,) = report.checks
    assert (check.outcome, check.staff_note) == (ERROR, "Grading was switched off.")


def test_contexts_do_not_share_exercises():
    assert Context().exercises is not Context().exercises
