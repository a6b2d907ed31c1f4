"""A part that is called, mapped, compiled, or seen through a function, in any of the checks."""

from __future__ import annotations

import functools

import jax
import numpy as np
import pytest

from autograder.checks.exercise import Exercise
from autograder.checks.reference import reference
from autograder.checks.student import given, student
from autograder.record.outcome import Outcome
from tests.support.checking import fault
from tests.support.inprocess import notebook, one_check

SOURCE = """
import jax, jax.numpy as jnp
class Dense:
    def __init__(self, W, b):
        self.W, self.b = W, b
    def __call__(self, x):
        return x @ self.W + self.b
    def n_params(self):
        return self.W.size + self.b.size
    def scaled(self, by):
        return Dense(by * self.W, by * self.b)
def line(theta, x, *, shift=0.0):
    return theta["w"] * x + shift
def adder(n):
    def add(x):
        return x + n
    return add
def dot(a, b):
    return jnp.sum(a * b)
numbers = [1.0, 2.0]
"""
W, B, X = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0.5, -0.5]), np.array([[1.0, 1.0]])
THETA = {"w": 2.0}
DENSE = student.Dense(W, B)


@pytest.mark.parametrize(
    ("part", "args", "expected"),
    [
        (DENSE, (X,), X @ W + B),
        (DENSE.n_params, (), 6),
        (DENSE.n_params(), (), 6),
        (DENSE.scaled(2.0), (X,), 2 * (X @ W + B)),
        (DENSE.scaled(by=2.0).W, (), 2 * W),
        (student.adder(3.0), (4.0,), 7.0),
        (student.numbers[1], (), 2.0),
        (student.Dense(W, B).W[0, 1], (), 2.0),
        (student.line.partial(shift=1.0), (THETA, 3.0), 7.0),
        (student.line.partial(shift=1.0).vmapped((None, 0)), (THETA, B), 2 * B + 1),
        (student.dot.vmapped((None, 0)), (B, W), W @ B),
        (student.dot.vmapped(0).jitted(), (W, W), np.sum(W * W, axis=1)),
        (student.dot.through("lambda f: jax.grad(f)"), (B, 2 * B), 2 * B),
        (student.dot.through("lambda f: lambda b, a: f(a, b)"), (B, B), B @ B),
        (student.dot.through("lambda f: 7.0"), (), 7.0),
    ],
    ids=repr,
)
def test_what_a_part_leads_to_is_a_part(part, args, expected):
    result = one_check(SOURCE, lambda e: e.returns("t", part, *args, expected=expected))
    assert (result.outcome, result.rationale, result.staff_note) == (Outcome.PASSED, "", "")


def test_the_names_of_parts():
    assert repr(DENSE.scaled(2.0).n_params) == "student.Dense(…).scaled(…).n_params"
    assert str(student.f().g) == "`f().g`"
    assert str(student.line.vmapped().jitted()) == "`line`"


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (
            DENSE.parameters,
            "`Dense(…).parameters` raised AttributeError: "
            "'Dense' object has no attribute 'parameters'",
        ),
        (student.numbers(1.0), "`numbers(…)` raised TypeError: 'list' object is not callable"),
        (
            student.Dense(1.0, 2.0).n_params(),
            "`Dense(…).n_params()` raised AttributeError: 'float' object has no attribute 'size'\n"
            "In `n_params`, at: return self.W.size + self.b.size",
        ),
        (DENSE, "`Dense(…)`: The value is of type Dense; expected numbers, arrays, text"),
    ],
    ids=repr,
)
def test_what_goes_wrong_on_the_way_is_told_of_the_way(part, said):
    result = one_check(SOURCE, lambda e: e.reaches("t", part, 1.0, within=1.0))
    assert result.outcome is Outcome.FAILED
    assert result.rationale.startswith(said)


def test_a_part_cannot_be_counted():
    with pytest.raises(TypeError):
        list(student.numbers)


def test_a_part_that_is_not_there_is_not_attempted():
    result = one_check("", lambda e: e.returns("t", DENSE.n_params, expected=6))
    assert result.outcome is Outcome.NOT_ATTEMPTED


def test_an_instance_of_the_students_goes_to_a_function_of_theirs():
    source = SOURCE + "def apply(layer, x): return layer(x)"
    result = one_check(
        source, lambda e: e.returns("t", student.apply, DENSE, X, expected=X @ W + B)
    )
    assert result.outcome is Outcome.PASSED


def test_every_check_takes_such_a_part():
    def solved(theta, x):
        return theta["w"] * x

    with notebook(SOURCE):
        exercise = Exercise("e")
        exercise.agrees("t", student.line.vmapped((None, 0)), solved, [(THETA, B)])
        exercise.satisfies("t", student.adder(1.0), [(B,)], lambda answers: answers[0][0] == 1.5)
        exercise.is_differentiable("t", student.line.partial(shift=1.0), [(THETA, 3.0)])
        exercise.is_differentiable("t", DENSE, [(X,)])
    assert [r.outcome for r in exercise.results] == [Outcome.PASSED] * 4


def test_reference_is_transformed_with_jax_and_with_functools():
    with notebook(SOURCE, solution=lambda name, stubs: {"dot": lambda a, b: (a * b).sum()}[name]):
        exercise = Exercise("e")
        mapped = jax.vmap(reference.dot, in_axes=(None, 0))
        exercise.agrees("t", student.dot.vmapped((None, 0)), mapped, [(B, W)])
        fixed = functools.partial(reference.dot, b=B)
        exercise.agrees("t", student.dot.partial(b=B), fixed, [(B,)])
    assert [r.outcome for r in exercise.results] == [Outcome.PASSED] * 2


def test_a_part_sees_the_stubs_of_its_exercise():
    source = SOURCE + "def helper(x): return 0.0\ndef made(n):\n    return lambda x: n * helper(x)"
    stubs = {"helper": given("lambda x: x + 1")}
    result = one_check(
        source, lambda e: e.returns("t", student.made(3.0), 1.0, expected=6.0), stubs=stubs
    )
    assert result.outcome is Outcome.PASSED


def test_a_mistake_in_the_source_shows_at_once():
    with pytest.raises(NameError):
        student.f.through("nonsense")
    with pytest.raises(TypeError):
        student.f(lambda x: x)


def test_an_ordinary_call_still_says_what_went_wrong():
    assert "raised TypeError" in str(fault("def f(): pass", 1.0))
