"""Values that a student computed or chose: `reaches` and `minimises`."""

from __future__ import annotations

import math

import jax.numpy as jnp
import numpy as np
import pytest

from autograder.checks.exercise import Exercise
from autograder.checks.student import NotAttempted, StudentFault, student
from autograder.record.outcome import Outcome
from autograder.remote.wire import ACCEPTED
from tests.support.checking import assert_ours, broken
from tests.support.inprocess import notebook, one_check

PASSED, FAILED = Outcome.PASSED, Outcome.FAILED
NOT_ATTEMPTED, ERROR = Outcome.NOT_ATTEMPTED, Outcome.ERROR


# reaches

TARGET = {"w": 2.0, "b": 1.0}


def reach(source, **options):
    return one_check(source, lambda e: e.reaches("t", student.theta, TARGET, 0.1, **options))


@pytest.mark.parametrize(
    ("source", "outcome", "rationale"),
    [
        ("theta = {'w': 2.05, 'b': 0.95}", PASSED, ""),
        ("import jax.numpy as jnp\ntheta = {'w': jnp.asarray(2.05), 'b': 1}", PASSED, ""),
        (
            "theta = {'w': 2.05, 'b': 0.75}",
            FAILED,
            "Off by 0.25 for the entry 'b'; at most 0.1 is asked for.",
        ),
        ("theta = {'w': 2.0}", FAILED, "Got a dict with the keys 'w', expected the keys 'w', 'b'."),
        (
            "theta = [2.0, 1.0]",
            FAILED,
            "Got a list of length 2, expected a dict with the keys 'w', 'b'.",
        ),
        (
            "theta = None",
            FAILED,
            "Got None, expected a dict with the keys 'w', 'b'. Did you forget a `return`?",
        ),
        (
            "theta = {'w': [2.0], 'b': 1.0}",
            FAILED,
            "Got an array of shape (1,) for the entry 'w', expected a single number.",
        ),
        (
            "theta = {'w': float('nan'), 'b': 1.0}",
            FAILED,
            "The answer contains NaN (not a number).",
        ),
        ("theta = {'w': float('inf'), 'b': 1.0}", FAILED, "The answer contains infinity."),
        ("", NOT_ATTEMPTED, "`theta` is not defined yet. Has its cell been run without an error?"),
        (
            "def theta(): pass",
            FAILED,
            f"`theta`: The value is of type function; {ACCEPTED}",
        ),
    ],
)
def test_reaches(source, outcome, rationale):
    result = reach(source)
    assert (result.outcome, result.rationale, result.staff_note) == (outcome, rationale, "")


@pytest.mark.parametrize(
    ("w", "outcome"),
    [
        ("10**400", FAILED),
        ("2**63", FAILED),
        ("-1.7e308", FAILED),
        ("np.float16(2.05)", PASSED),
        ("jnp.asarray(2.05, 'bfloat16')", PASSED),
        ("jnp.asarray(65504, 'float16')", FAILED),
        ("np.uint64(2)", FAILED),
        ("True", FAILED),
    ],
)
def test_reaches_with_numbers_of_every_kind(w, outcome):
    """A target below 0 does not fit an unsigned integer, and 1e308 - -1e308 overflows."""
    source = f"import numpy as np, jax.numpy as jnp\ntheta = {{'w': {w}, 'b': -1}}"
    with notebook(source):
        exercise = Exercise("e")
        exercise.reaches("t", student.theta, {"w": 2, "b": -1}, 0.1)
        exercise.reaches("t", student.theta, {"w": -1, "b": -1}, 0.1)
        exercise.reaches("t", student.theta, {"w": 1.7e308, "b": -1}, 0.1)
    assert [r.outcome for r in exercise.results] == [outcome, FAILED, FAILED]


def test_reaches_with_arrays():
    target = {"v": np.array([1.0, 2.0])}
    with notebook("import jax.numpy as jnp\ntheta = {'v': jnp.array([1.0, 2.2])}"):
        exercise = Exercise("e")
        exercise.reaches("near", student.theta, target, 0.3)
        exercise.reaches("far", student.theta, target, 0.1)
    assert [r.outcome for r in exercise.results] == [PASSED, FAILED]


# minimises


def bowl(p):
    return (p["w"] - 2.0) ** 2 + (p["b"] - 1.0) ** 2


def minimise(source, loss=bowl, **options):
    start = {"w": 0.0, "b": 0.0}
    return one_check(source, lambda e: e.minimises("t", student.theta, loss, start, **options))


@pytest.mark.parametrize(
    ("source", "outcome", "rationale"),
    [
        ("theta = {'w': 2.001, 'b': 1.0}", PASSED, ""),
        (
            "theta = {'w': 1.0, 'b': 1.0}",
            FAILED,
            "The loss still slopes there: 0.45 of the slope at the start is left.",
        ),
        ("theta = {'w': 2.0}", FAILED, "Got a dict with the keys 'w', expected the keys 'w', 'b'."),
        ("", NOT_ATTEMPTED, "`theta` is not defined yet. Has its cell been run without an error?"),
    ],
)
def test_minimises(source, outcome, rationale):
    result = minimise(source)
    assert (result.outcome, result.rationale, result.staff_note) == (outcome, rationale, "")


def test_minimises_shrink():
    source = "theta = {'w': 1.9, 'b': 1.0}"
    assert minimise(source).outcome is FAILED
    assert minimise(source, shrink=0.1).outcome is PASSED


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        (lambda p: 1e308 * np.sign(p["w"]), "start={}: the slope of the loss there is inf"),
        (lambda p: 3.0, "start={}: the slope of the loss there is 0"),
        (lambda p: float("nan"), "the loss at {}: The answer contains NaN"),
        (lambda p: float("inf") * p["w"], "the loss at {}: The answer contains "),
    ],
)
@pytest.mark.parametrize("theta", ["{'w': 2.0, 'b': 1.0}", "{'w': 1e300, 'b': 1.0}"])
def test_a_loss_of_the_authors_without_a_slope_at_the_start_is_our_error(loss, said, theta):
    result = minimise(f"theta = {theta}", loss)
    assert_ours(result)
    assert "ValueError: " + said.format("{'w': 0.0, 'b': 0.0}") in result.staff_note


@pytest.mark.parametrize(
    "loss",
    [
        lambda p: p["w"] ** 4 + p["w"],
        lambda p: np.float64(p["w"]) ** 4 + p["w"],
        lambda p: math.sqrt(9 - p["w"]),
    ],
)
def test_a_loss_of_the_authors_may_overflow_at_the_students_parameters(loss):
    with np.errstate(over="ignore"):
        result = minimise("theta = {'w': 1e200, 'b': 1.0}", loss)
    assert (result.outcome, result.staff_note) == (FAILED, "")


@pytest.mark.parametrize("w", ["[2.0, 2.0]", "jnp.array([2.0, 2.0], 'bfloat16')", "(2.0, 2)"])
def test_minimises_takes_arrays_of_any_kind(w):
    source = f"import jax.numpy as jnp\ntheta = {{'w': {w}, 'b': {w}}}"
    with notebook(source):
        exercise = Exercise("e")
        start = {"w": np.zeros(2), "b": np.zeros(2)}
        exercise.minimises(
            "t", student.theta, lambda p: sum((p["w"] - 2.0) ** 2 + (p["b"] - 2.0) ** 4), start
        )
    assert [(r.outcome, r.staff_note) for r in exercise.results] == [(PASSED, "")]


def test_minimises_a_loss_that_raises_is_our_error():
    assert_ours(minimise("theta = {'w': 1.0, 'b': 1.0}", broken))


# What an author's function makes of a student's choices

CHOICE = [student.n, student.size]


def trained(n, size):
    """The way downhill on the bowl, in `n` steps."""
    p = {"w": 0.0, "b": 0.0}
    for _ in range(int(n)):
        p = {k: p[k] - float(size) * 2 * (p[k] - TARGET[k]) for k in p}
    return p


def chosen(source, check="reaches", parts=CHOICE, through=trained):
    def run(e):
        if check == "reaches":
            e.reaches("t", parts, TARGET, 0.1, through=through)
        else:
            e.minimises("t", parts, bowl, {"w": 0.0, "b": 0.0}, through=through)

    return one_check(source, run)


STEEP = "The loss still slopes there: 0.98 of the slope at the start is left."


@pytest.mark.parametrize(
    ("source", "outcome", "by_reaches", "by_minimises"),
    [
        ("n = 500\nsize = 0.1", PASSED, "", ""),
        ("n = 500.0\nsize = 0.1", PASSED, "", ""),
        ("import jax.numpy as jnp\nn = jnp.asarray(500)\nsize = jnp.float32(0.1)", PASSED, "", ""),
        ("import numpy as np\nn = np.int64(500)\nsize = np.float16(0.1)", PASSED, "", ""),
        (
            "n = 1\nsize = 0.01",
            FAILED,
            "Off by 2 for the entry 'w'; at most 0.1 is asked for.",
            STEEP,
        ),
        (
            "n = -1\nsize = 0.1",
            FAILED,
            "Off by 2 for the entry 'w'; at most 0.1 is asked for.",
            STEEP.replace("0.98", "1"),
        ),
        (
            "n = 5000\nsize = 5.0",
            FAILED,
            "The answer contains NaN (not a number).",
            "The answer contains NaN (not a number).",
        ),
    ],
)
def test_choices_are_judged_by_what_comes_of_them(source, outcome, by_reaches, by_minimises):
    # What a cell of the student's made of them is not looked at, nor need it have run.
    for theta in ("", "\ntheta = {'w': 2.0, 'b': 1.0}", "\ntheta = 'text'"):
        for check, said in (("reaches", by_reaches), ("minimises", by_minimises)):
            result = chosen(source + theta, check)
            assert (result.outcome, result.rationale, result.staff_note) == (outcome, said, "")


NO_CHOICE = {
    "'text'": "`n` is a str, and a number is asked for.",
    "'500'": "`n` is a str, and a number is asked for.",
    "None": "`n` is None, and a number is asked for.",
    "True": "`n` is a bool, and a number is asked for.",
    "5j": "`n` is a complex128, and a number is asked for.",
    "[]": "`n` is a list, and a number is asked for.",
    "[500]": "`n` is a list, and a number is asked for.",
    "[[1.0], [1.0, 2.0]]": "`n` is a list, and a number is asked for.",
    "(500, 500)": "`n` is a tuple, and a number is asked for.",
    "{'n': 500}": "`n` is a dict, and a number is asked for.",
    "np.array([1, 2])": "`n` is an array of shape (2,), and a number is asked for.",
    "np.ones((1, 1))": "`n` is an array of shape (1, 1), and a number is asked for.",
    "np.array(True)": "`n` is a bool, and a number is asked for.",
    "np.array(5j)": "`n` is a complex128, and a number is asked for.",
    "10**400": "`n` is too large.",
    "-10**400": "`n` is too large.",
    "float('nan')": "`n` is not finite.",
    "float('inf')": "`n` is not finite.",
    "np.float32('-inf')": "`n` is not finite.",
    "10**5000": "`n` is too large.",
    "object()": "`n`: The value is of type object; expected numbers",
    "len": "`n`: The value is of type builtin_function_or_method; expected numbers",
}


@pytest.mark.parametrize("check", ["reaches", "minimises"])
@pytest.mark.parametrize("value", NO_CHOICE)
def test_a_choice_that_is_no_number_is_said_and_never_our_error(value, check):
    """The author's function never sees it, so that it need not be on its guard."""
    said = NO_CHOICE[value]
    result = chosen(f"import numpy as np\nn = {value}\nsize = 0.1", check, through=broken)
    assert (result.outcome, result.staff_note) == (FAILED, "")
    assert result.rationale.startswith(said)
    result = chosen(f"import numpy as np\nn = 5\nsize = {value}", check, through=broken)
    assert (result.outcome, result.staff_note) == (FAILED, "")
    assert result.rationale.startswith(said.replace("`n`", "`size`"))


@pytest.mark.parametrize("check", ["reaches", "minimises"])
@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ("", "n"),
        ("n = 500", "size"),
        ("size = 0.1", "n"),
        ("n = 'text'", "size"),
        ("theta = {'w': 2.0, 'b': 1.0}", "n"),
    ],
)
def test_a_choice_that_is_missing_was_not_attempted(source, missing, check):
    result = chosen(source, check)
    assert (result.outcome, result.staff_note) == (NOT_ATTEMPTED, "")
    assert result.rationale == (
        f"`{missing}` is not defined yet. Has its cell been run without an error?"
    )


def raising(error):
    def through(*_):
        raise error

    return through


OVERFLOW = OverflowError("math range error")


@pytest.mark.parametrize("check", ["reaches", "minimises"])
@pytest.mark.parametrize(
    ("error", "outcome", "said"),
    [
        (OVERFLOW, FAILED, "`n` and `size`: training with this ends in math range error."),
        (ZeroDivisionError("no"), FAILED, "`n` and `size`: training with this ends in no."),
        (FloatingPointError("no"), FAILED, "`n` and `size`: training with this ends in no."),
        (StudentFault("the model is missing"), FAILED, "the model is missing"),
        (NotAttempted("nothing yet"), NOT_ATTEMPTED, "nothing yet"),
        (ValueError("ours"), ERROR, ""),
        (TypeError("ours"), ERROR, ""),
        (AttributeError("ours"), ERROR, ""),
        (MemoryError("ours"), ERROR, ""),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_is_raised_on_the_way(error, outcome, said, check):
    result = chosen("n = 3\nsize = 0.1", check, through=raising(error))
    assert (result.outcome, result.rationale) == (outcome, said)
    assert ("ours" in result.staff_note) is (outcome is ERROR)


def test_a_student_function_on_the_way_is_our_error():
    """No answer of a student's is what another one is judged by."""
    source = "n = 3\nsize = 0.1\ndef step(n, size): raise ValueError('mine')"
    assert_ours(chosen(source, through=lambda n, size: student.step.call(n, size)))


@pytest.mark.parametrize("check", ["reaches", "minimises"])
@pytest.mark.parametrize("made", [None, 5.0, [], {"w": 2.0}, {"w": "text", "b": 1.0}], ids=repr)
def test_parameters_that_are_none_are_never_a_pass(made, check):
    assert chosen("n = 3\nsize = 0.1", check, through=lambda *_: made).outcome is not PASSED


def test_one_choice_alone():
    for parts in (student.n, [student.n], (student.n,)):
        assert chosen("n = 500", parts=parts, through=lambda n: trained(n, 0.1)).outcome is PASSED
    assert (
        chosen("theta = {'w': 2.0, 'b': 1.0}", parts=[student.theta], through=None).outcome
        is PASSED
    )


@pytest.mark.parametrize("check", ["reaches", "minimises"])
@pytest.mark.parametrize("source", ["n = 500\nsize = 0.1", "n = 'text'", ""])
def test_several_choices_and_nothing_to_put_them_through_is_our_error(source, check):
    result = chosen(source, check, through=None)
    assert_ours(result)
    assert "ValueError: `n` and `size`: 2 parts need through=" in result.staff_note


def test_arrays_on_the_way_may_be_jax_arrays():
    def through(n, size):
        return {k: jnp.asarray(v) for k, v in trained(n, size).items()}

    assert chosen("n = 500\nsize = 0.1", through=through).outcome is PASSED
    result = chosen("n = 500\nsize = 0.1", through=lambda *_: jnp.ones(2))
    assert result.rationale == (
        "Got an array of shape (2,), expected a dict with the keys 'w', 'b'."
    )
