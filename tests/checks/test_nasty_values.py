"""Whatever a student answers, what we do with it is a sentence: no comparator raises or warns."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest

from autograder.checks import compare, curves, diagnosis, gradients, properties, training, values
from autograder.checks.attempt import Attempt
from autograder.checks.exercise import Exercise
from autograder.checks.faults import StudentFault
from autograder.checks.student import student
from autograder.record.outcome import Outcome
from autograder.remote import wire
from tests.support.checking import LOSS, MODEL, X, Y
from tests.support.inprocess import UNCHANGED, SameProcess, answering

HUGE = 10**400
NUMBERS: dict[str, Any] = {
    "None": None,
    "True": True,
    "a huge int": HUGE,
    "a huge negative int": -HUGE,
    "2**63": 2**63,
    "2**64": 2**64,
    "-2**63": -(2**63),
    "1e308": 1.7e308,
    "-1e308": -1.7e308,
    "5e-324": 5e-324,
    "-0.0": -0.0,
    "nan": float("nan"),
    "inf": float("inf"),
    "1j": 1j,
    "text": "1.0",
    "long text": "x" * 300_000,
    "a lone surrogate": "\ud800",
    "uint64": np.uint64(2**64 - 1),
    "int8": np.int8(-128),
    "float16": np.float16(65504),
    "bfloat16": np.asarray(3.3e38, ml_dtypes.bfloat16),
    "bfloat16 nan": np.asarray(np.nan, ml_dtypes.bfloat16),
    "bool_": np.bool_(False),
    "complex": np.complex64(complex(np.nan, np.inf)),
}
CONTAINERS: dict[str, Callable[[Any], Any]] = {
    "alone": lambda v: v,
    "in a list": lambda v: [v, 1.0, 2.0],
    "three in a list": lambda v: [v, v, v],
    "beside text": lambda v: [v, *[""] * 10],
    "in an array": lambda v: np.full(3, v) if isinstance(v, float | np.generic) else [v] * 3,
    "in a ragged list": lambda v: [[v], [v, v]],
    "in a dict": lambda v: {"w": v, "b": 1.0},
    "twice in a dict": lambda v: {"w": v, "b": v},
    "as a row in a dict": lambda v: {"w": [v, v, v], "b": [1.0, v, 1.0]},
    "under odd keys": lambda v: {1: v, "w": v, HUGE: v},
    "in a pair": lambda v: ([v, v], {"w": v, "b": v}),
    "in a pair, reversed": lambda v: ({"w": v, "b": v}, [v, v]),
    "deep": lambda v: {"w": {"w": [v, (v, {"b": v})]}, "b": v},
}


def nasty(value: Any) -> dict[str, Any]:
    """A value in every container, by the name of the container."""
    return {where: fill(value) for where, fill in CONTAINERS.items()}


ROW = np.array([1.0, -2.0, 4.0])
EXPECTED: dict[str, Any] = {
    "number": 0.5,
    "zero": 0.0,
    "tiny": 5e-324,
    "large": -1.7e308,
    "row": ROW,
    "zeros": np.zeros(3),
    "not finite": np.array([np.nan, np.inf, 1.0]),
    "dict": {"w": 2.0, "b": -1},
    "dict of rows": {"w": ROW, "b": 1e300 * ROW},
    "pair": (np.array([3.0, 2.0]), {"w": 2.0, "b": 1.0}),
}


def said(compared: Callable[[], Any]) -> Any:
    """What comes of a comparison, a student's fault included; nothing else may be raised."""
    try:
        return compared()
    except StudentFault as fault:
        return str(fault)


@pytest.mark.parametrize("value", NUMBERS.values(), ids=NUMBERS)
def test_no_value_breaks_a_comparison(value):
    for answer, expected in itertools.product(nasty(value).values(), EXPECTED.values()):
        sentence = compare.disagreement(answer, expected)
        assert len(sentence) < 1000
        assert (compare.distance(answer, expected) <= 1) <= (sentence == "")
        assert isinstance(compare.side_by_side(answer, expected), str)


@pytest.mark.parametrize("value", NUMBERS.values(), ids=NUMBERS)
def test_no_value_breaks_a_diagnosis(value):
    mistakes = {"m": [ROW], "n": [{"w": 1.0, "b": 1.7e308}]}
    for answer, expected in itertools.product(nasty(value).values(), EXPECTED.values()):
        made = Attempt("It is off.", [answer], [expected])
        assert isinstance(diagnosis.relation(made, [(ROW,)], lambda row: row), str)
        assert diagnosis.recognise(made, mistakes) == ""
        assert isinstance(diagnosis.right_parts(made), str)


@pytest.mark.parametrize("value", NUMBERS.values(), ids=NUMBERS)
def test_no_value_breaks_the_judgement_of_training_and_of_values(value):
    start = {"w": 2.0, "b": -1}
    ways = np.array([3.0, 2.0]), np.array([2.0, 1.0]), np.array([3.0, 2.0, 1.0])
    for answer in nasty(value).values():
        assert isinstance(training.wrong_losses(answer, ways).sentence, str)
        assert isinstance(training.wrong_training_form(answer, start), str)
        assert curves.loss_curves(answer, ways, "as asked").lines
        assert isinstance(said(lambda answer=answer: gradients.scalar(answer)), float | str)
        for target in (start, {"w": -1.7e308, "b": ROW}):
            assert values._too_far(answer, target, 0.1, "theta", show=False) != ""
            assert values._too_far(answer, target, 0.1, "theta", show=True) != ""
        assert values._still_steep(answer, lambda p: p["w"] ** 2.0 + p["b"], start, 0.1) != ""


@pytest.mark.parametrize(
    "holds", [properties.increasing, properties.adding_up_to(1), properties.between(0, 1)]
)
def test_no_value_breaks_a_property(holds):
    for value in NUMBERS.values():
        for answer in nasty(value).values():
            if not compare.wrong_form(answer, compare.as_array(answer).shape):
                assert isinstance(properties.violated(holds, [answer]), str)


CHECKS: dict[str, Callable[[Exercise], None]] = {
    "returns": lambda e: e.returns("t", student.f, X, expected=0.5),
    "agrees": lambda e: e.agrees(
        "t", student.f, lambda x: {"w": 2.0, "b": jnp.sum(x)}, [(X,)], mistakes={"m": lambda x: x}
    ),
    "satisfies": lambda e: e.satisfies("t", student.f, [(X,), (Y,)], properties.adding_up_to(7.3)),
    "moments": lambda e: e.satisfies("t", student.f, [(X,)], properties.moments(mean=0)),
    "draws": lambda e: e.satisfies(
        "t", student.f, [(X,), (Y,)], properties.distinct(), properties.independent()
    ),
    "falls": lambda e: e.satisfies(
        "t", student.f, [(X,)], properties.falls(by=1, of=lambda a: a[0])
    ),
    "several solutions": lambda e: e.agrees("t", student.f, [jnp.sum, lambda x: [x]], [(X,)]),
    "relates": lambda e: e.relates("t", student.f, [(X,), (Y,)], change=lambda x: (x + 1.0,)),
    "relates, then": lambda e: e.relates(
        "t", student.f, [(X,), (Y,)], change=lambda x: (-x,), then=lambda y: -y
    ),
    "stacks": lambda e: e.stacks("t", student.f, [(X,)]),
    "shapes": lambda e: e.shapes("t", student.f, X, expected=(7,)),
    "raises": lambda e: e.raises("t", student.f, X, error=KeyError, accepts=[(X,)]),
    "is_vmappable": lambda e: e.is_vmappable("t", student.f, [(X,)]),
    "is_jittable": lambda e: e.is_jittable("t", student.f, [(X,), (Y,)]),
    "does_not_retrace": lambda e: e.does_not_retrace("t", student.f, [(X,), (Y,)]),
    "is_jacobian": lambda e: e.is_jacobian(
        "t", student.f, np.sin, [(X,)], mistakes={"m": lambda right, x: right[0]}
    ),
    "is_jvp": lambda e: e.is_jvp("t", student.f, np.sin, [(X, X)]),
    "is_vjp": lambda e: e.is_vjp("t", student.f, np.sin, [(X, X)]),
    "generalises": lambda e: e.generalises(
        "t", student.theta, through=lambda p: p["w"] * X > 0, labels=[0, 1] * 3, at_least=0.9
    ),
    "generalises, like": lambda e: e.generalises(
        "t", student.theta, through=lambda p: (p["w"] * X + p["b"]) < 1e308, labels=[0, 1] * 3,
        at_least=0.9, like={"w": 0.0, "b": 0.0},
    ),
    "is_gradient": lambda e: e.is_gradient(
        "t", student.f, "loss", [({"w": 1.0, "b": 2.0}, X)]
    ),
    "is_gradient of it": lambda e: e.is_gradient(
        "t", student.f, "f", [({"w": 1.0, "b": 2.0}, X)]
    ),
    "is_differentiable": lambda e: e.is_differentiable("t", student.f, [({"w": 1.0}, X)]),
    "descends": lambda e: e.descends(
        "t", student.f, {"w": 1.0, "b": 2.0}, MODEL, LOSS, X, Y, loss=LOSS, n_steps=2,
        step_size=0.1,
    ),
    "descends, losses": lambda e: e.descends(
        "t", student.f, {"w": 1.0, "b": 0.0}, MODEL, LOSS, X, Y, loss=LOSS,
        n_steps=2, step_size=0.1, of="losses",
    ),
    "reaches": lambda e: e.reaches("t", student.theta, {"w": 2.0, "b": -1}, 0.1),
    "minimises": lambda e: e.minimises(
        "t", student.theta, lambda p: (p["w"] - 9.0) ** 2.0 + p["b"], {"w": 2.0, "b": -1}
    ),
}  # fmt: skip


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_no_value_is_an_error_of_ours(check):
    """As it arrives from a kernel; what cannot be sent is refused there."""
    answers = [answer for value in NUMBERS.values() for answer in nasty(value).values()]
    for answer in answers:
        names = {"f": lambda *a, answer=answer, **k: answer, "theta": answer, "loss": bowl}
        with answering(SameProcess(names, UNCHANGED)):
            exercise = Exercise("e")
            check(exercise)
        (result,) = exercise.results
        assert (result.outcome, result.staff_note) == (Outcome.FAILED, ""), repr(answer)[:200]


def bowl(theta, x):
    return jnp.sum((theta["w"] * x + theta["b"]) ** 2)


def test_what_is_nasty_can_be_sent():
    """Else the test above would look at refusals alone."""
    for value in NUMBERS.values():
        for answer in nasty(value).values():
            wire.decode(wire.encode(answer))
