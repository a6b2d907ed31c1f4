"""Properties of random draws: what chance allows, and how often it is mistaken."""

from __future__ import annotations

import math

import jax
import numpy as np
import pytest
from scipy import stats

from autograder.checks import draws, properties
from autograder.checks.faults import StudentFault
from autograder.checks.student import student
from autograder.record.outcome import Outcome
from tests.support.checking import assert_ours
from tests.support.inprocess import one_check

SIZES = [5, 10, 2]
KEYS = [(jax.random.key(seed), SIZES) for seed in range(8)]
SHAPE = [{"W": (5, 10), "b": (10,)}, {"W": (10, 2), "b": (2,)}]
HEAD = """
    import jax, jax.numpy as jnp
    def init_params(key, sizes):
        layers = []
        for m, n in zip(sizes[:-1], sizes[1:]):
            key, sub = jax.random.split(key)
            layers.append({"W": %s, "b": jnp.zeros(n)})
        return layers
"""
RIGHT = HEAD % "jax.random.normal(sub, (m, n)) * jnp.sqrt(2 / m)"
ONE_KEY = RIGHT.replace("key, sub = jax.random.split(key)", "sub = key")


def first(params):
    return params[0]["W"]


def weights(params):
    return [layer["W"] for layer in params]


def asked(source, *holds, shape=SHAPE, inputs=KEYS):
    """What is found of a student's `init_params`."""
    return one_check(
        source, lambda e: e.satisfies("t", student.init_params, inputs, *holds, shape=shape)
    )


def said(source, *holds):
    result = asked(source, *holds)
    assert result.staff_note == ""
    return result.rationale


HE = properties.moments(mean=0, variance=2 / 5, of=first)
DISTINCT = properties.distinct(of=weights)
INDEPENDENT = properties.independent(of=weights)


def test_a_right_initialisation_has_all_of_it():
    assert said(RIGHT, HE, DISTINCT, INDEPENDENT, properties.independent()) == ""


# moments


@pytest.mark.parametrize(
    ("drawn", "sentence"),
    [
        (
            "jax.random.normal(sub, (m, n)) * jnp.sqrt(1 / m)",
            "The variance of the 400 numbers is 0.48 times what it should be, more than chance "
            "explains.",
        ),
        ("jax.random.normal(sub, (m, n)) * jnp.sqrt(4 / m)", "is 1.9 times"),
        ("jax.random.normal(sub, (m, n)) * 2 / m", "is 0.38 times"),
        ("jax.random.uniform(sub, (m, n), minval=-1) * jnp.sqrt(2 / m)", "is 0.33 times"),
        (
            "jax.random.uniform(sub, (m, n)) * jnp.sqrt(12 * 2 / m)",
            "The mean of the 400 numbers is too large by 1.8 of their standard deviation, more "
            "than chance explains.",
        ),
        ("jax.random.normal(sub, (m, n)) * jnp.sqrt(2 / m) - 0.3", "The mean of the 400 numbers"),
    ],
)
def test_realistic_mistakes_are_beyond_chance(drawn, sentence):
    assert sentence in said(HEAD % drawn, HE)


def test_without_a_variance_the_numbers_own_takes_its_place():
    numbers = np.random.default_rng(0).normal(size=1000)
    holds = properties.moments(mean=0)
    assert holds([numbers]) == holds([1e6 * numbers]) == ""
    assert "too small by 0.56 of" in holds([numbers - 0.5])
    assert holds([np.ones(1000)]) == (
        "The mean of the 1000 numbers is too large, more than chance explains."
    )


def test_numbers_of_every_size_have_moments():
    holds = properties.moments(mean=0, variance=1)
    with np.errstate(over="ignore"):
        assert "variance" in holds([np.array([1e200, -1e200] * 200)])
    assert "variance" in holds([np.zeros(400)])


def test_too_few_numbers_are_the_authors_mistake():
    result = asked(RIGHT, HE, inputs=KEYS[:2])
    assert_ours(result)
    assert (
        "100 numbers are too few to tell a mistake from chance: it takes 247" in result.staff_note
    )


def test_too_few_numbers_may_be_the_students_where_no_shape_is_asked_for():
    source = "import jax\ndef init_params(key, sizes): return jax.random.normal(key, (3,))"
    result = asked(source, properties.moments(mean=0), shape=None)
    assert result.outcome is Outcome.FAILED
    assert result.rationale == (
        "The answer does not have the structure that is asked for (ValueError: 24 numbers are too "
        "few to tell a mistake from chance: it takes 209, over all inputs together). It is an "
        "array of shape (3,)."
    )


@pytest.mark.parametrize(
    "options", [{}, {"variance": 0}, {"variance": -1, "mean": 0}, {"mean": 0, "kurtosis": 1}]
)
def test_moments_that_cannot_be_are_the_authors_mistake(options):
    with pytest.raises(ValueError, match="moments"):
        properties.moments(**options)


def test_an_answer_without_the_place_that_is_looked_at_is_the_students():
    with pytest.raises(StudentFault) as caught:
        HE([{"W": 1.0}])
    assert str(caught.value) == (
        "The answer does not have the structure that is asked for (KeyError: 0). "
        "It is a dict with the keys 'W'."
    )


DISTRIBUTIONS = {
    "normal": (3.0, lambda rng, shape: rng.normal(size=shape)),
    "uniform": (1.8, lambda rng, shape: rng.uniform(-math.sqrt(3), math.sqrt(3), size=shape)),
    "uniform, taken for normal": (3.0, lambda rng, shape: rng.uniform(-1.7, 1.7, size=shape)),
    "exponential": (9.0, lambda rng, shape: rng.exponential(size=shape) - 1),
}


@pytest.mark.parametrize("rate", [1e-2, draws.FALSE_ALARM])
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_moments_raise_no_more_false_alarms_than_stated(monkeypatch, name, rate):
    kurtosis, draw = DISTRIBUTIONS[name]
    rng = np.random.default_rng(1)
    needed = 1000
    monkeypatch.setattr(draws, "FALSE_ALARM", rate)
    holds = properties.moments(mean=0, variance=1, kurtosis=kurtosis)
    alarms = sum(bool(holds([draw(rng, needed)])) for _ in range(2000))
    expected = 2000 * rate
    assert alarms <= expected + 4 * math.sqrt(expected)


def test_the_false_alarms_are_not_far_fewer_than_stated(monkeypatch):
    rng = np.random.default_rng(2)
    monkeypatch.setattr(draws, "FALSE_ALARM", 0.1)
    holds = properties.moments(mean=0, variance=1)
    assert 60 < sum(bool(holds([rng.normal(size=300)])) for _ in range(1000)) < 140


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_half_or_twice_the_variance_goes_unseen_no_more_often_than_stated(factor):
    rng = np.random.default_rng(3)
    holds = properties.moments(mean=0, variance=1)
    unseen = sum(not holds([math.sqrt(factor) * rng.normal(size=247)]) for _ in range(1000))
    assert unseen <= 1000 * draws.UNSEEN + 4 * math.sqrt(1000 * draws.UNSEEN)


# distinct


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (
            RIGHT.replace("layers = []", "layers, key = [], jax.random.key(0)"),
            "Answers 1 and 2 are the same, although their keys differ.",
        ),
        (
            HEAD % "jax.random.normal(sub) * jnp.ones((m, n))",
            "The numbers at [0] are all the same: each should be drawn by itself.",
        ),
        (
            HEAD % "jax.random.normal(sub, (n,)) * jnp.ones((m, n))",
            "The rows at [0] are all the same: each should be drawn by itself.",
        ),
        (
            HEAD % "jax.random.normal(sub, (m, 1)) * jnp.ones((m, n))",
            "The columns at [0] are all the same: each should be drawn by itself.",
        ),
    ],
)
def test_numbers_that_are_not_distinct(source, sentence):
    assert said(source, DISTINCT) == sentence


def test_one_key_for_two_layers_of_one_shape():
    square = [[{"W": np.eye(3) + seed}, {"W": np.eye(3) + seed}] for seed in (1, 2)]
    assert properties.distinct()(square) == (
        "The numbers at [0]['W'] and at [1]['W'] are the same: each needs its own key."
    )
    assert properties.distinct(of=first)(square) == ""


def test_a_single_answer_is_too_few_to_be_distinct():
    result = asked(RIGHT, DISTINCT, inputs=KEYS[:1])
    assert_ours(result)
    assert "give inputs that differ in their key" in result.staff_note


# independent


def test_one_key_for_two_layers_shows_whatever_their_scales_and_shapes():
    sentence = (
        "The numbers at [0] in answer 1 and the numbers at [1] in answer 1 go together "
        "(correlation 1.00), more than chance explains. Each needs its own key."
    )
    assert said(ONE_KEY, HE, DISTINCT, INDEPENDENT) == sentence


def test_one_key_for_all_answers_shows_through_a_scale():
    source = RIGHT.replace(
        "layers = []", "layers, s, key = [], jax.random.uniform(key), jax.random.key(0)"
    )
    assert "in answer 1 and the numbers at [0] in answer 2" in said(
        source.replace("jnp.sqrt", "(s + 1) * jnp.sqrt"), DISTINCT, INDEPENDENT
    )


def test_one_key_for_all_rows_shows_through_a_scale():
    source = HEAD % "jax.random.normal(sub, (n,)) * jnp.arange(1.0, m + 1)[:, None]"
    assert said(source, DISTINCT, INDEPENDENT).startswith(
        "Row 0 of the numbers at [0] in answer 1 and row 1 of the numbers at [0] in answer 1 go"
    )


def test_what_repeats_is_passed_over():
    rng = np.random.default_rng(0)
    masks = [(rng.random((8, 8)) < 0.5).astype(float) for _ in range(3)]
    with pytest.raises(ValueError, match="no two arrays of 8 numbers"):
        properties.independent()(masks)
    normal = [[mask, rng.normal(size=20)] for mask in masks]
    assert properties.independent()(normal) == ""


@pytest.mark.parametrize("draw", ["normal", "uniform", "standard_exponential", "laplace"])
def test_independent_draws_are_hardly_ever_called_dependent(monkeypatch, draw):
    rng = np.random.default_rng(4)
    sample = getattr(rng, draw)
    monkeypatch.setattr(draws, "FALSE_ALARM", 1e-2)
    holds = properties.independent()
    shapes = [(5, 10), (10, 2), (8,)]
    alarms = sum(bool(holds([[sample(size=s) for s in shapes]] * 1)) for _ in range(500))
    assert alarms <= 5 + 4 * math.sqrt(5)


@pytest.mark.parametrize("n", [8, 20, 100, 1000])
@pytest.mark.parametrize("p", [1e-2, 1e-6, 1e-10])
def test_the_chance_of_a_correlation_is_that_of_student_s_t(n, p):
    t = float(stats.t.isf(p / 2, n - 2))
    r = t / math.sqrt(t * t + n - 2)
    assert p <= draws.chance(r, n) <= 1.15 * p
    assert draws.chance(-r, n) == draws.chance(r, n)


def test_a_correlation_of_nothing_or_all():
    assert (draws.chance(0.0, 8), draws.chance(1.0 + 1e-16, 8)) == (1.0, 0.0)


# Same key, same numbers


def test_numbers_that_ignore_the_key_and_differ_each_time_are_two_answers():
    source = RIGHT.replace(
        "layers = []",
        "import numpy; layers, key = [], jax.random.key(numpy.random.randint(10**6))",
    )
    assert "gave two different answers to the same question" in said(source, HE)


# deterministic


def test_the_key_alone_decides():
    source = "import jax\ndef f(key, scale): return {} * jax.random.normal(key, (5,))"
    inputs = [(jax.random.key(3), 1.0), (jax.random.key(3), 2.0)]

    def judge(factor):
        return one_check(
            source.format(factor),
            lambda e: e.satisfies("t", student.f, inputs, properties.deterministic),
        )

    assert judge("1.0").outcome is Outcome.PASSED
    assert judge("scale").rationale.startswith("The same key gave two different answers. 5 of 5")


@pytest.mark.parametrize("name", ["distinct", "independent", "deterministic"])
def test_a_property_without_options_needs_no_call(name):
    holds = getattr(properties, name)
    answers = [np.random.default_rng(seed).normal(size=20) for seed in (1, 2)]
    assert holds(answers) == holds()(answers)


def test_draws_that_are_too_wide_are_told_so_and_not_that_their_mean_is_off() -> None:
    """The mean of wide draws strays further than the deviation that is asked for lets it."""
    wide = 40 * np.random.default_rng(3).normal(size=640)
    assert abs(np.mean(wide)) > 5 / np.sqrt(wide.size)
    assert draws.moments(mean=0, variance=1)([wide]).startswith("The variance of the 640 numbers")
