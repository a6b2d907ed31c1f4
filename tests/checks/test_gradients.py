"""Slopes: `is_gradient`, `is_differentiable`, and the number that a slope is taken of."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from autograder.checks.gradients import scalar
from autograder.checks.mistakes import worth
from autograder.checks.student import RESTORED, StudentFault, given, student
from autograder.record.outcome import Outcome
from tests.support.checking import NOT_WRITTEN, X, assert_ours, broken
from tests.support.inprocess import one_check

PASSED, FAILED = Outcome.PASSED, Outcome.FAILED
NOT_ATTEMPTED = Outcome.NOT_ATTEMPTED


# is_gradient

POINTS = [({"w": 0.5, "b": -0.3}, X), ({"w": -2.0, "b": 1.0}, X)]
CUBES = given("lambda theta, x: jnp.sum((theta['w'] * x + theta['b'] - 1) ** 3)")
"""The stub of `loss`: no answer but one that makes use of it has its slope."""
MINUS, DOUBLED, LESS = "The sign is turned round.", "It is doubled.", "The 2 is missing."
MISTAKES = {
    MINUS: lambda slope, theta, x: {k: -v for k, v in slope.items()},
    DOUBLED: lambda slope, theta, x: {k: 2 * v for k, v in slope.items()},
    LESS: lambda slope, theta, x: {
        "w": jnp.sum((theta["w"] * x + theta["b"] - 1) * x),
        "b": jnp.sum(theta["w"] * x + theta["b"] - 1),
    },
}

IMPORTS = "import jax, jax.numpy as jnp\n"
SQUARED = "def loss(theta, x): return jnp.sum((theta['w'] * x + theta['b'] - 1) ** 2)\n"
LOSS = {
    "right": SQUARED,
    "wrong": SQUARED.replace("- 1", "+ 3"),
    "constant": "def loss(theta, x): return 1.0 + 0 * theta['w']\n",
    "an array": SQUARED.replace("jnp.sum(", "("),
    "nothing": "def loss(theta, x): pass\n",
    "raises": "def loss(theta, x): raise ValueError('mine')\n",
    "not written": "def loss(theta, x): raise NotImplementedError()\n",
    "a number": "loss = 5\n",
    "missing": "",
}
"""The student's own loss, which is another exercise and judged there."""
BY_HAND = """
def f(theta, x):
    r = theta['w'] * x + theta['b'] - 1
    return {'w': jnp.sum(2 * r * x), 'b': jnp.sum(2 * r)}
"""
ANSWER = {
    "late": "def f(theta, x): return jax.grad(loss)(theta, x)\n",
    "early": "f = jax.grad(loss)\n",
    "by hand": BY_HAND,
    "zero": "def f(theta, x): return {'w': 0.0, 'b': 0.0}\n",
    "late, turned round": "def f(*a): return jax.tree.map(jnp.negative, jax.grad(loss)(*a))\n",
    "late, doubled": "def f(*a): return jax.tree.map(lambda g: 2 * g, jax.grad(loss)(*a))\n",
    "by hand, turned round": BY_HAND.replace("2 * r", "-2 * r"),
    "by hand, doubled": BY_HAND.replace("2 * r", "4 * r"),
    "by hand, no 2": BY_HAND.replace("2 * r", "r"),
    "by hand, wrong in b": BY_HAND.replace("'b': jnp.sum(2 * r)", "'b': jnp.sum(3 * r)"),
    "one key": "def f(theta, x): return {'w': 0.0}\n",
    "late and by hand": BY_HAND.replace("def f", "def hand")
    + "def f(*a): return hand(*a) if a[0]['w'] > 0 else jax.grad(loss)(*a)\n",
    "by hand and late": BY_HAND.replace("def f", "def hand")
    + "def f(*a): return hand(*a) if a[0]['w'] < 0 else jax.grad(loss)(*a)\n",
    "late in w, by hand in b": BY_HAND.replace("def f", "def hand")
    + "def f(*a): return {**jax.grad(loss)(*a), 'b': hand(*a)['b']}\n",
    "not written": "def f(theta, x): raise NotImplementedError()\n",
    "missing": "",
}


def squares(theta, x):
    return jnp.sum((theta["w"] * x + theta["b"] - 1) ** 2)


def solved(**functions):
    """The instructor's solutions, by name."""

    def solution(name, stubs):
        try:
            return functions[name]
        except KeyError:
            raise AttributeError(name) from None

    return solution


def gradient(
    answer,
    loss="right",
    stub=CUBES,
    solution=squares,
    mistakes=MISTAKES,
    inputs=POINTS,
    graded=True,
):
    """What is found of an answer beside a loss of the student's own."""
    if not graded:  # there the notebook itself answers for the solution; none is asked for
        solution = broken
    return one_check(
        [IMPORTS, LOSS[loss], ANSWER[answer], "pass"],
        lambda e: e.is_gradient("t", student.f, "loss", inputs, mistakes=mistakes),
        stub and {"loss": stub},
        solution=solved(loss=solution) if solution else solved(),
        max_points=1.0 if graded else None,
    )


@pytest.mark.parametrize("loss", LOSS)
@pytest.mark.parametrize(
    ("answer", "outcome", "mistake"),
    [
        ("late", PASSED, ""),
        ("early", PASSED, ""),
        ("by hand", PASSED, ""),
        ("zero", FAILED, ""),
        ("late, turned round", FAILED, MINUS),
        ("late, doubled", FAILED, DOUBLED),
        ("by hand, turned round", FAILED, MINUS),
        ("by hand, doubled", FAILED, DOUBLED),
        ("by hand, no 2", FAILED, LESS),
        ("by hand, wrong in b", FAILED, ""),
        ("late and by hand", FAILED, ""),
        ("by hand and late", FAILED, ""),
        ("late in w, by hand in b", FAILED, ""),
        ("not written", NOT_ATTEMPTED, ""),
        ("missing", NOT_ATTEMPTED, ""),
    ],
)
def test_a_gradient_is_that_of_the_stub_or_of_the_solution_whatever_the_students_loss(
    answer, outcome, mistake, loss
):
    result = gradient(answer, loss)
    assert (result.outcome, result.mistake, result.staff_note) == (outcome, mistake, "")
    assert outcome is PASSED or result.rationale
    assert outcome is not PASSED or result.rationale in ("", RESTORED.format("f", "`loss`"))


@pytest.mark.parametrize(
    ("answer", "stub", "solution", "outcome"),
    [
        ("late", CUBES, None, PASSED),
        ("by hand", CUBES, None, FAILED),
        ("late", None, squares, PASSED),
        ("by hand", None, squares, PASSED),
        ("by hand, doubled", None, squares, FAILED),
        ("late", None, lambda theta, x: squares(theta, 2 * x), FAILED),
    ],
    ids=[
        "the stub's, and there is no solution",
        "the slope of nothing that is there",
        "the solution's, and there is no stub",
        "the solution's by hand, and there is no stub",
        "twice the solution's",
        "that of the student's own loss, which is none of ours",
    ],
)
def test_one_of_the_two_is_enough_to_be_judged_by(answer, stub, solution, outcome):
    result = gradient(answer, stub=stub, solution=solution)
    assert (result.outcome, result.staff_note) == (outcome, "")


@pytest.mark.parametrize("answer", ["late", "by hand", "zero", "not written", "missing"])
@pytest.mark.parametrize(
    ("stub", "solution"),
    [
        (given("lambda theta, x: 1 / 0"), squares),
        (given("lambda theta, x: theta['w'] * jnp.nan"), squares),
        (given("lambda theta, x: theta['w'] * x"), squares),
        (given("lambda theta, x: None"), squares),
        (given("lambda theta, model, x: theta['w']"), squares),
        (None, broken),
        (None, lambda theta, x: float("inf")),
        (None, lambda theta, x: None),
        (None, None),
    ],
    ids=[
        "a stub that raises",
        "a stub that gives NaN",
        "a stub that gives an array",
        "a stub that gives None",
        "a stub that takes other arguments",
        "a solution that raises",
        "a solution that is not finite",
        "a solution that gives None",
        "neither",
    ],
)
def test_what_is_wrong_with_the_yardstick_is_our_error(answer, stub, solution):
    assert_ours(gradient(answer, stub=stub, solution=solution))


def test_a_solution_that_raises_is_our_error_only_where_it_is_needed():
    assert gradient("late", solution=broken).outcome is PASSED
    assert_ours(gradient("by hand", solution=broken))


def test_a_mistake_that_raises_is_our_error():
    assert_ours(gradient("by hand, doubled", mistakes={"m": broken}))
    assert gradient("by hand", mistakes={"m": broken}).outcome is PASSED


@pytest.mark.parametrize("loss", LOSS)
@pytest.mark.parametrize(
    ("answer", "outcome"),
    [("late", PASSED), ("zero", FAILED), ("one key", FAILED), ("late, doubled", FAILED)],
)
def test_in_a_live_notebook_a_broken_loss_of_the_students_is_no_error(answer, outcome, loss):
    """There the student's own function stands for the solution."""
    result = gradient(answer, loss, graded=False)
    wanted = PASSED if (answer, loss) == ("zero", "constant") else outcome
    assert (result.outcome, result.staff_note) == (wanted, "")
    assert result.mistake == (DOUBLED if answer == "late, doubled" else "")


@pytest.mark.parametrize(
    ("loss", "outcome", "said"),
    [
        ("right", PASSED, ""),
        ("wrong", FAILED, "The number for the entry 'w' is off"),
        ("an array", FAILED, "Got an array of shape (6,), expected a single number."),
        ("raises", FAILED, "`loss` raised ValueError: mine"),
        ("not written", NOT_ATTEMPTED, "`loss` is not written yet"),
        ("missing", NOT_ATTEMPTED, "`loss` is not defined yet"),
    ],
)
def test_in_a_live_notebook_without_a_stub_the_students_own_loss_is_what_there_is(
    loss, outcome, said
):
    result = gradient("by hand", loss, stub=None, graded=False)
    assert (result.outcome, result.staff_note) == (outcome, "")
    assert result.rationale.startswith(said)
    result = gradient("not written", loss, stub=None, graded=False)
    assert result.outcome is NOT_ATTEMPTED
    assert result.rationale.startswith("`f` is not written yet")


@pytest.mark.parametrize(
    ("answer", "stub", "said"),
    [
        ("one key", CUBES, "Got a dict with the keys 'w', expected the keys 'w', 'b'."),
        ("by hand, wrong in b", None, "The number for the entry 'b' is off by about "),
        ("by hand, no 2", None, f"The number for the entry 'w' is off by about 50%. {LESS}"),
    ],
)
def test_what_is_said_of_a_wrong_gradient(answer, stub, said):
    assert gradient(answer, stub=stub).rationale.startswith(said)


def test_each_of_two_mistakes_is_recognised_beside_its_own_yardstick():
    """The slope it takes is that of the stub, or that of the solution, as the answer's is."""
    seen = []

    def doubled(slope, theta, x):
        seen.append(float(slope["b"]))
        return {k: 2 * v for k, v in slope.items()}

    assert gradient("by hand, doubled", mistakes={DOUBLED: doubled}).mistake == DOUBLED
    residual = 0.5 * X - 0.3 - 1
    assert np.any(np.isclose(seen, np.sum(3 * residual**2)))
    assert np.any(np.isclose(seen, np.sum(2 * residual)))


@pytest.mark.parametrize(
    "inputs",
    [
        [({"w": 0.7, "b": 1.0}, np.array([-1.3, -0.1, 0.1, 1.3]))],
        [
            ({"w": 1e-9, "b": 1.0}, np.array([-1.0, 1.0])),
            ({"w": 3.1, "b": 1.0}, np.array([-0.3, 0.3])),
        ],
    ],
    ids=["one", "two"],
)
@pytest.mark.parametrize("answer", ["late", "by hand"])
def test_a_right_gradient_passes_where_one_entry_vanishes(answer, inputs):
    """Symmetric inputs make the slope in b exactly 0; its finite difference is rounding."""
    result = gradient(answer, inputs=inputs, stub=None)
    assert (result.outcome, result.rationale) == (PASSED, "")


def test_a_right_gradient_passes_where_all_of_it_all_but_vanishes():
    """By the lowest point of a loss, rounding is a large part of a difference."""
    w, b = np.polyfit(X, X**2, 1)
    stub = given("lambda theta, x: jnp.sum((theta['w'] * x + theta['b'] - x**2) ** 2)")
    inputs = [({"w": float(w), "b": float(b) + 1e-8}, X)]
    assert gradient("late", stub=stub, inputs=inputs).outcome is PASSED
    assert gradient("by hand", stub=stub, inputs=inputs, solution=None).outcome is FAILED


@pytest.mark.parametrize(("share", "earned"), [(None, 0.0), (0.5, 0.5)])
def test_a_known_mistake_may_keep_a_share(share, earned):
    less = MISTAKES[LESS] if share is None else worth(share, MISTAKES[LESS])
    result = gradient("by hand, no 2", mistakes={LESS: less})
    assert (result.outcome, result.mistake, result.earned) == (FAILED, LESS, earned)


def answered(body, loss=squares, inputs=POINTS):
    """What is found of a gradient with this source, beside a solution."""
    return one_check(
        IMPORTS + SQUARED + "def f(theta, x):\n" + body,
        lambda e: e.is_gradient("t", student.f, "loss", inputs),
        solution=solved(loss=loss),
        max_points=1.0,
    )


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_coarse_differences_are_no_gradient_in_any_precision(dtype):
    """The error of forward differences with a step of 0.01 is no rounding of float16's."""
    result = answered(f"""
    here = loss(theta, x)
    return {{k: jnp.asarray((loss({{**theta, k: theta[k] + 0.01}}, x) - here) / 0.01, '{dtype}')
            for k in theta}}
""")
    assert (result.outcome, result.earned, result.staff_note) == (FAILED, 0.0, "")
    told = f"It is kept in {dtype}, which holds" in result.rationale
    assert told is (dtype in ("float16", "bfloat16"))


def test_a_gradient_rounded_to_float32_keeps_its_points():
    cast = "    g = jax.grad(loss)(theta, x)\n    return {k: g[k].astype('float32') for k in g}\n"
    assert answered(cast).outcome is PASSED


def scaled(size, offset, inputs, slope="2 * (theta['b'] - 1)"):
    """Of a gradient beside a loss whose entries have slopes of 2 `size` and 2, on an offset."""
    return answered(
        f"    return {{'w': {size} * 2 * (theta['w'] - 1), 'b': {slope}}}",
        lambda t, x: offset * x + size * (t["w"] - 1) ** 2 + (t["b"] - 1) ** 2,
        inputs,
    )


@pytest.mark.parametrize("size", [1e-2, 1.0, 1e4, 1e8])
@pytest.mark.parametrize("offset", [0.0, 1e3, 1e6, 1e9])
@pytest.mark.parametrize("at", [{"w": 2.0, "b": 2.0}, {"w": 2.0, "b": 1.0}, {"w": 1.3, "b": 1.1}])
def test_a_right_gradient_with_entries_of_very_different_size(size, offset, at):
    """The rounding of differences goes with the size of the loss, and is no difference."""
    result = scaled(size, offset, [(at, 1.0)])
    assert (result.outcome, result.rationale) == (PASSED, "")


def test_a_wrong_small_entry_is_not_hidden_by_a_large_one():
    result = scaled(1e3, 0.0, [({"w": 2.0, "b": 2.0}, 1.0)], "2.001 * (theta['b'] - 1)")
    said = "The number for the entry 'b' is off by a little. The entry 'w' is right."
    assert result.rationale == said


def test_a_large_loss_at_one_input_does_not_blunt_the_other():
    inputs = [({"w": 2.0, "b": 2.0}, 0.0), ({"w": 2.0, "b": 2.0}, 1.0)]
    slope = "2 * (theta['b'] - 1.0001)"
    assert scaled(1.0, 1e8, inputs[1:], slope).outcome is PASSED
    assert scaled(1.0, 1e8, inputs, slope).outcome is FAILED


def test_a_slope_that_is_not_finite_is_no_yardstick():
    at = [({"w": 0.0, "b": 0.0}, 1.0)]
    body = "    return {'w': jnp.inf, 'b': 0.0}"
    result = answered(body, lambda t, x: 1e308 * jnp.sign(t["w"]), at)
    assert_ours(result)
    assert "Its slope is too large to be measured." in result.staff_note


# is_differentiable

THETA = {"w": 0.7, "b": -0.4}


def differentiable(body, inputs=((THETA, X),)):
    source = f"import jax, numpy as np, jax.numpy as jnp\ndef f(theta, x): return {body}"
    return one_check(source, lambda e: e.is_differentiable("t", student.f, inputs))


@pytest.mark.parametrize(
    "body",
    [
        "jnp.exp(theta['w'] * x) + theta['b']",
        "jnp.sum(jnp.tanh(theta['w'] * x))",
        "theta['w'] ** 2",
    ],
)
def test_is_differentiable(body):
    result = differentiable(body)
    assert (result.outcome, result.rationale, result.staff_note) == (PASSED, "", "")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("np.exp(theta['w'] * x)", "JAX cannot differentiate it. `f` raised TracerArrayConv"),
        ("float(theta['w']) * x", "JAX cannot differentiate it. `f` raised ConcretizationTy"),
        ("jax.lax.stop_gradient(theta['w']) * x", "Its slope according to JAX is not the slope "),
        ("None", "Got None, expected a single number. Did you forget a `return`?"),
        ("theta['w'] * x * jnp.nan", "The answer contains NaN (not a number)."),
        ("'text'", "Got a str, expected a single number."),
        ("theta['v']", "`f` raised KeyError: 'v'"),
        ("jnp.round(theta['w'] * x)", "Its numbers do not change with the parameters."),
        ("x", "Its numbers do not change with the parameters."),
        ("0.0", "Its numbers do not change with the parameters."),
        ("x * theta['w'] * 3 / theta['w']", "Its numbers do not change with the parameters."),
        ("1e9 + 0 * theta['w']", "Its numbers do not change with the parameters."),
        ("1e308 * jnp.sign(theta['w'] - 0.7)", "Its slope is too large to be measured."),
        ("jnp.full(9, 1e308) + theta['w']", "The answer contains infinity."),
    ],
)
def test_is_not_differentiable(body, said):
    result = differentiable(body)
    assert (result.outcome, result.staff_note) == (FAILED, "")
    assert result.rationale.startswith(said)


IN_DTYPE = "jnp.tanh(jnp.asarray(theta['w'], '{0}') * x.astype('{0}'))"


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize("seed", range(5))
def test_a_part_that_computes_in_float32_is_differentiable(seed, size):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=size)
    inputs = [({"w": w, "b": 1.0}, x) for w in rng.normal(size=2)]
    body = f"{IN_DTYPE.format('float32')} + theta['b'] ** 2".replace(
        "theta['b']", "jnp.float32(theta['b'])"
    )
    result = differentiable(body, inputs)
    assert (result.outcome, result.rationale) == (PASSED, "")
    cut = body.replace("jnp.tanh(", "jax.lax.stop_gradient(")
    assert differentiable(cut, inputs).rationale.startswith("Its slope according to JAX is not")
    flat = "jnp.float32(0.1) + 0 * x.astype('float32')"
    assert differentiable(flat, inputs).rationale.startswith("Its numbers do not change")


@pytest.mark.parametrize(("dtype", "digits"), [("float16", "three"), ("bfloat16", "two")])
def test_half_precision_shows_no_slope_and_is_told(dtype, digits):
    result = differentiable(IN_DTYPE.format(dtype))
    assert (result.outcome, result.rationale) == (
        FAILED,
        f"They are kept in {dtype}, which holds {digits} digits; compute in float64, or leave the "
        "dtype alone.",
    )


def test_a_part_that_is_flat_at_one_of_its_inputs_is_differentiable():
    body = "jax.nn.relu(theta['w']) * x"
    off = {"w": -0.7, "b": 0.0}
    assert differentiable(body, [(off, X), (THETA, X)]).outcome is PASSED
    assert differentiable(body, [(off, X)]).outcome is FAILED


def test_is_differentiable_at_every_input():
    off = {"w": -0.7, "b": 0.0}
    body = "jnp.where(theta['w'] > 0, theta['w'], jax.lax.stop_gradient(theta['w'])) * jnp.sum(x)"
    assert differentiable(body).outcome is PASSED
    assert differentiable(body, [(THETA, X), (off, X)]).outcome is FAILED


def test_not_written_is_not_attempted_rather_than_not_differentiable():
    result = one_check(NOT_WRITTEN, lambda e: e.is_differentiable("t", student.f, [(THETA, X)]))
    assert result.outcome is NOT_ATTEMPTED


# A number


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "Got None, expected a single number. Did you forget a `return`?"),
        (np.ones(1), "Got an array of shape (1,), expected a single number."),
        ("1", "Got a str, expected a single number."),
        (True, "Got numbers of type bool, expected floating-point numbers."),
        (1j, "Got numbers of type complex128, expected floating-point numbers."),
        (np.nan, "The answer contains NaN (not a number)."),
        (np.inf, "The answer contains infinity."),
    ],
    ids=repr,
)
def test_scalar_refuses(value, said):
    with pytest.raises(StudentFault) as caught:
        scalar(value)
    assert str(caught.value) == said


@pytest.mark.parametrize("value", [1, 1.0, np.float32(1), np.asarray(1.0)], ids=repr)
def test_scalar(value):
    assert scalar(value) == 1.0
    assert type(scalar(value)) is float
