"""What all checks have in common: a row for each, whatever a student's answer is."""

from __future__ import annotations

import pytest

from autograder.checks import properties
from autograder.checks.base import ChecksNotPassed
from autograder.checks.exercise import Exercise
from autograder.checks.reference import reference
from autograder.checks.student import RESTORED, given, student
from autograder.record.outcome import Outcome
from tests.support.checking import LOSS, MODEL, NOT_WRITTEN, X, Y, broken
from tests.support.inprocess import notebook, one_check

PASSED, FAILED = Outcome.PASSED, Outcome.FAILED
NOT_ATTEMPTED = Outcome.NOT_ATTEMPTED


def test_a_check_keeps_its_title_points_and_hints():
    result = one_check(
        "def f(): return 1.0",
        lambda e: e.returns("is one", student.f, expected=1.0, points=2.5, hints=["a", "b"]),
    )
    assert (result.title, result.points, result.hints) == ("is one", 2.5, ("a", "b"))
    assert (result.outcome, result.rationale, result.staff_note) == (PASSED, "", "")


def every_kind(e: Exercise, hints=(), points=1.0):
    """One check of each kind on `f`."""
    options = {"hints": hints, "points": points}
    theta = {"w": 1.0, "b": 0.0}
    e.returns("returns", student.f, X, expected=X, **options)
    e.agrees("agrees", student.f, lambda x: x, [(X,)], **options)
    e.satisfies("satisfies", student.f, [(X,)], properties.between(-9, 9), shape=(6,), **options)
    e.is_gradient("is_gradient", student.f, "loss", [(theta, X)], **options)
    e.is_differentiable("is_differentiable", student.f, [(theta, X)], **options)
    run = [theta, MODEL, LOSS, X, Y]
    e.descends("descends", student.f, *run, loss=LOSS, n_steps=2, step_size=0.1, **options)
    e.reaches("reaches", student.theta, theta, 0.1, **options)
    e.minimises("minimises", student.theta, lambda p: p["w"] ** 2 + p["b"] ** 2, theta, **options)
    e.reaches("chosen", [student.theta], theta, 0.1, through=broken, **options)
    return e.results


SQUARES = given("lambda theta, x: jnp.sum((theta['w'] * x + theta['b']) ** 2)")


@pytest.mark.parametrize("stubs", [{"loss": SQUARES}, {}], ids=["by a stub", "by a solution"])
@pytest.mark.parametrize(
    ("source", "outcome"),
    [
        ("", NOT_ATTEMPTED),
        (NOT_WRITTEN + "\ndel f", NOT_ATTEMPTED),
        ("def f(*a, **k):\n    raise ValueError('mine')\ntheta = 'text'", FAILED),
        ("def f(*a, **k): return None\ntheta = None", FAILED),
        ("def f(*a, **k): return 'text'\ntheta = ['a']", FAILED),
        ("def f(*a, **k): return {'x': [1, (2, None)]}\ntheta = {'w': 1.0}", FAILED),
        ("def f(*a, **k): return [[1.0], [1.0, 2.0]]\ntheta = [[1.0], [1.0, 2.0]]", FAILED),
        ("def f(*a, **k): return ([[1.0], [1.0, 2.0]], {})\ntheta = 1j", FAILED),
        ("def f(*a, **k): return float('nan')\ntheta = {'w': float('nan'), 'b': 0.0}", FAILED),
        ("def f(*a, **k): return 10**400\ntheta = {'w': 10**400, 'b': 0.0}", FAILED),
        ("def f(*a, **k): return object()\ntheta = object()", FAILED),
        ("def f(*a, **k): return True\ntheta = {'w': True, 'b': False}", FAILED),
        ("def f(*a, **k): return 10**5000\ntheta = {10**5000: 1.0}", FAILED),
        ("def f(*a, **k): return {10**5000: 1.0}\ntheta = {'w': [], 'b': ()}", FAILED),
        ("f = 5\ntheta = f", FAILED),
    ],
)
def test_no_answer_of_a_students_is_our_error(source, outcome, stubs):
    with notebook(source, solution=lambda name, stubs: SQUARES, max_points=1.0):
        results = every_kind(Exercise("e", stubs))
    assert {r.title: (r.outcome, r.staff_note) for r in results} == {
        r.title: (outcome, "") for r in results
    }
    assert all(result.rationale for result in results)


def test_not_written_yet_is_said():
    with notebook(NOT_WRITTEN):
        results = every_kind(Exercise("e", {"loss": SQUARES}))
    for result in results[:6]:
        assert result.outcome is NOT_ATTEMPTED
        assert result.rationale.startswith("`f` is not written yet: your answer goes where")
    assert {result.rationale for result in results[6:]} == {
        "`theta` is not defined yet. Has its cell been run without an error?"
    }


def test_points_out_of_range_are_the_authors_mistake():
    with (
        notebook("def f(): return 1.0"),
        pytest.raises(ValueError, match="points must be 0 or more"),
    ):
        Exercise("e").returns("t", student.f, expected=1.0, points=-1)


def test_exercise_report_and_context():
    with notebook("def f(): return 1.0", seed=5, max_points=3.0) as _:
        exercise = Exercise("f")
        exercise.returns("right", student.f, expected=1.0)
        exercise.returns("wrong", student.f, expected=2.0, points=2)
        report = exercise.report()
    assert report.exercise == "f"
    assert [check.title for check in report.checks] == ["right", "wrong"]
    assert (report.max_points, report.seed, report.score) == (3.0, 5, 1.0)


def test_random_inputs_follow_seed_and_exercise():
    def draw(name, seed):
        with notebook("", seed=seed):
            return Exercise(name).rng.normal(size=4).tolist()

    assert draw("a", 1) == draw("a", 1)
    assert draw("a", 1) != draw("a", 2)
    assert draw("a", 1) != draw("b", 1)


# Each exercise apart

HELPED = ["def g(x): return 7 * x", "def f(x): return 10 * g(x)"]
NEGATIVE, DOUBLE = given("lambda x: -x"), given("lambda x: 2 * x")


def test_a_stub_stands_for_another_answer_until_the_exercise_reports():
    with notebook(*HELPED):
        assert student.f.call(1.0) == 70.0
        first = Exercise("first", {"g": NEGATIVE})
        assert student.f.call(1.0) == -10.0
        second = Exercise("second", {"g": DOUBLE})  # one that follows counts from then on
        assert student.f.call(1.0) == 20.0
        third = Exercise("third")
        assert student.f.call(1.0) == 70.0
        Exercise("fourth", {"g": NEGATIVE}).report()
        assert student.f.call(1.0) == 70.0
    assert [e.results for e in (first, second, third)] == [[], [], []]


def test_stubs_are_those_that_the_exercise_was_made_with():
    stubs = {"g": NEGATIVE}
    with notebook(*HELPED):
        exercise = Exercise("e", stubs)
        stubs["g"] = DOUBLE
        exercise.returns("t", student.f, 1.0, expected=-10.0)
    assert exercise.stubs == {"g": NEGATIVE}
    assert exercise.results[0].outcome is PASSED


@pytest.mark.parametrize("other", ["def g(x): return 1 / 0", "g = 5", "", "g = None"])
def test_a_mistake_elsewhere_costs_nothing_here(other):
    result = one_check(
        [other, HELPED[1]],
        lambda e: e.returns("t", student.f, 1.0, expected=-10.0),
        {"g": NEGATIVE},
    )
    assert (result.outcome, result.rationale) == (PASSED, "")


def ten_times_g(name, stubs):
    """A solution `f` that uses `g`, and with stubs that of `g`; its own takes positive numbers."""
    assert name == "f"

    def own(x):
        if x < 0:
            raise ValueError("a negative number")
        return 7 * x

    return lambda x: 10 * stubs.get("g", own)(x)


BY_HAND, CLASS = (
    "def f(x): return 70 * x",
    """class All:
    g = staticmethod(lambda x: 7 * x)
    f = staticmethod(lambda x: 10 * All.g(x))
f, g = All.f, All.g""",
)


@pytest.mark.parametrize(
    ("cells", "x", "outcome"),
    [
        (HELPED, 1.0, PASSED),
        (["def g(x): return 8 * x", HELPED[1]], 1.0, PASSED),
        ([HELPED[0], BY_HAND], 1.0, PASSED),
        ([CLASS], 1.0, PASSED),
        ([CLASS.replace("7 * x", "8 * x")], 1.0, FAILED),
        ([HELPED[0], "def f(x): return 71 * x"], 1.0, FAILED),
        ([HELPED[0], BY_HAND], -1.0, FAILED),  # where the solution alone raises, the stubs decide
    ],
    ids=["uses g", "g is wrong", "by hand", "a class", "a wrong class", "wrong", "no solution"],
)
def test_an_answer_that_goes_round_the_stubs_is_compared_with_the_solution_alone(cells, x, outcome):
    result = one_check(
        cells,
        lambda e: e.agrees("t", student.f, reference.f, [(x,), (2 * x,)]),
        {"g": NEGATIVE},
        solution=ten_times_g,
    )
    assert (result.outcome, result.staff_note) == (outcome, "")


def test_a_part_as_argument_is_the_stub_of_its_name():
    cells = ["def g(x): return 7 * x", "def f(h, x): return h(x)"]
    for stubs, expected in ((None, 7.0), ({"g": NEGATIVE}, -1.0)):
        result = one_check(
            cells,
            lambda e, want=expected: e.returns("t", student.f, student.g, 1.0, expected=want),
            stubs,
        )
        assert result.outcome is PASSED


def test_a_cell_that_stops_in_the_notebook_is_told_once_and_in_the_first_row():
    """Also where that row failed, and after what the check itself says."""
    with notebook(
        "def g(x): raise ValueError('mine')", "n = g(1.0)\ndef f(x): return n * x", "pass"
    ):
        exercise = Exercise("e", {"g": NEGATIVE})
        exercise.returns("wrong", student.f, 1.0, expected=3.0)
        exercise.returns("right", student.f, 1.0, expected=-1.0)
        again = Exercise("again", {"g": NEGATIVE})
        again.returns("right", student.f, 1.0, expected=-1.0)
    told = RESTORED.format("f", "`g`")
    wrong, right = exercise.results
    assert wrong.rationale.splitlines()[-1] == told
    assert wrong.rationale.startswith("The number is off by ")
    assert (right.rationale, again.results[0].rationale) == ("", told)


# The report of a live notebook


def test_a_live_report_is_not_graded(main):
    exercise = Exercise("f")
    exercise.returns("doubles", student.f, 2.0, expected=4.0)
    report = exercise.report()
    assert not report.graded
    assert report.checks[0].outcome is Outcome.PASSED


@pytest.mark.parametrize("part", [student.f, student.absent], ids=["failed", "not attempted"])
def test_validate_sees_an_error_when_a_check_did_not_pass(main, monkeypatch, part):
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    exercise = Exercise("f")
    exercise.returns("triples", part, 2.0, expected=6.0)
    with pytest.raises(ChecksNotPassed) as caught:
        exercise.report()
    assert isinstance(caught.value, AssertionError)
    assert "triples" in str(caught.value)
    assert "0 of 1 checks passed" in str(caught.value) or "not attempted yet" in str(caught.value)


def test_what_validate_shows_is_the_report_and_no_traceback():
    assert ChecksNotPassed("one\ntwo")._render_traceback_() == ["one", "two"]


def test_validate_sees_no_error_when_all_passed(main, monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    exercise = Exercise("f")
    exercise.returns("doubles", student.f, 2.0, expected=4.0)
    assert exercise.report().checks[0].outcome is Outcome.PASSED


@pytest.mark.parametrize("execution", ["autograde", ""])
def test_only_validate_raises(main, monkeypatch, execution):
    monkeypatch.setenv("NBGRADER_EXECUTION", execution)
    exercise = Exercise("f")
    exercise.returns("triples", student.f, 2.0, expected=6.0)
    assert exercise.report().checks[0].outcome is Outcome.FAILED


def test_grading_never_raises_for_validate(monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    with notebook("", max_points=2.0):
        exercise = Exercise("f")
        exercise.returns("doubles", student.f, 2.0, expected=4.0)
        assert exercise.report().graded
