"""What was learned, judged on data that it has not seen: `generalises`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from autograder.checks.student import student
from autograder.record.outcome import Outcome
from tests.support.checking import assert_ours
from tests.support.inprocess import one_check

RNG = np.random.default_rng(7)
X = RNG.normal(size=(50, 2))
Y = (X[:, 0] + X[:, 1] > 0).astype(int)
LIKE = {"w": np.zeros(2), "b": 0.0}


def scores(params):
    line = X @ params["w"] + params["b"]
    return jnp.stack([-line, line], axis=-1)


def labels(params):
    return X @ params["w"] + params["b"] > 0


def learned(source, **options):
    asked = {"through": scores, "labels": Y, "at_least": 0.9, "like": LIKE, **options}
    return one_check(source, lambda e: e.generalises("t", student.params, **asked))


def said(source, **options):
    result = learned(source, **options)
    assert result.staff_note == ""
    assert (result.outcome is Outcome.PASSED) == (result.rationale == "")
    return result.rationale


RIGHT = "params = {'w': [1.0, 1.1], 'b': 0.01}"


@pytest.mark.parametrize("through", [scores, labels])
@pytest.mark.parametrize("like", [LIKE, None])
def test_good_parameters_predict_what_they_have_not_seen(through, like):
    assert said("import jax.numpy as jnp\nparams = {'w': jnp.ones(2), 'b': 0}", like=like) == ""
    assert said(RIGHT) == ""


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (
            "params = {'w': [1.0, 0.0], 'b': 0.0}",
            "It is right for 33 of 50 examples that it has not seen; at least 45 are asked for.",
        ),
        (
            "params = {'w': [0.0, 0.0], 'b': 1.0}",
            "It is right for 22 of 50 examples that it has not seen; at least 45 are asked for. "
            "It predicts the same for all.",
        ),
        (
            "params = {'w': [float('nan'), 0.0], 'b': 0.0}",
            "The answer contains NaN (not a number).",
        ),
        (
            "params = {'w': [1e308, 1e308], 'b': -1e308}",
            "What it predicts is no number: the answer contains infinity.",
        ),
        ("params = {'w': [1.0, 1.0]}", "Got a dict with the keys 'w', expected the keys 'w', 'b'."),
        (
            "params = {'w': [1.0], 'b': 0.0}",
            "Got an array of shape (1,) for the entry 'w', expected an array of shape (2,).",
        ),
        (
            "params = None",
            "Got None, expected a dict with the keys 'w', 'b'. Did you forget a `return`?",
        ),
        ("", "`params` is not defined yet. Has its cell been run without an error?"),
    ],
)
def test_what_was_not_learned(source, sentence):
    assert said(source) == sentence


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (
            "params = [1.0, 1.0]",
            "Nothing can be predicted with `params`, which is a list of length 2: its structure "
            "or a shape in it is not what is asked for (TypeError: JAX does not support string "
            "indexing; got idx='w').",
        ),
        ("params = {'w': [1.0, 1.0]}", "(KeyError: 'b')."),
        ("params = {'w': [1.0, 1.0, 1.0], 'b': 0.0}", "`params`, which is a dict with the keys"),
        (
            "import numpy\nparams = {'w': numpy.ones((2, 2)), 'b': 0.0}",
            "What it predicts is an array of shape (50, 2, 2) of float64, and a prediction for "
            "each of 50 examples is asked for.",
        ),
    ],
)
def test_where_the_form_is_free_a_wrong_one_is_the_student_s(source, sentence):
    assert sentence in said(source, like=None)


@pytest.mark.parametrize(
    ("options", "note"),
    [
        ({"at_least": 0.5}, "always predicting the most frequent label would reach"),
        ({"at_least": 1.01}, "expected a share up to 1"),
        ({"labels": Y + 0.0}, "labels: expected whole numbers"),
        ({"labels": scores(LIKE)}, "labels: expected whole numbers"),
        ({"labels": Y[:0]}, "labels: expected whole numbers"),
        ({"labels": Y[:40], "at_least": 0.9}, "expected labels, whole numbers of shape (40,)"),
        ({"through": lambda params: X @ params["w"]}, "expected labels, whole numbers"),
        ({"through": lambda params: X @ params["W"]}, "KeyError"),
        ({"through": lambda params: student.f.call(X)}, "was asked for what an answer is compared"),
    ],
)
def test_mistakes_of_the_author_s_are_told_to_nobody_else(options, note):
    result = learned(RIGHT, **options)
    assert_ours(result)
    assert note in result.staff_note


def test_the_share_is_reached_exactly():
    right = int(np.sum(labels({"w": np.array([1.0, 0.0]), "b": 0.0}) == Y))
    source = "params = {'w': [1.0, 0.0], 'b': 0.0}"
    assert said(source, at_least=right / 50) == ""
    assert f"at least {right + 1} are" in said(source, at_least=(right + 0.5) / 50)


TRAIN = """
    import jax, jax.numpy as jnp
    def train(key, x, y, n_steps):
        params = [{"W": jax.random.normal(key, (2, 2)), "b": jnp.zeros(2)}]
        def loss(params):
            scores = x @ params[0]["W"] + params[0]["b"]
            return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(scores), y[:, None], 1))
        for _ in range(n_steps):
            slopes = jax.grad(loss)(params)
            params = jax.tree.map(lambda p, g: p - g, params, slopes)
        return params
"""


@pytest.mark.parametrize(
    ("n_steps", "source", "sentence"),
    [
        (30, TRAIN, ""),
        (0, TRAIN, "examples that it has not seen; at least 90 are asked for."),
        (
            0,
            TRAIN.replace("(2, 2)", "(2, 3)"),
            "Got an array of shape (2, 3) at train(…)[0]['W'], expected an array of shape (2, 2).",
        ),
    ],
)
def test_what_a_training_returns_may_be_asked_on_the_spot(n_steps, source, sentence):
    x = np.random.default_rng(0).normal(size=(100, 2))
    result = one_check(
        source,
        lambda e: e.generalises(
            "t",
            student.train(jax.random.key(0), X, Y, n_steps),
            through=lambda params: x @ params[0]["W"] + params[0]["b"],
            labels=(x[:, 0] + x[:, 1] > 0).astype(int),
            at_least=0.9,
            like=[{"W": jnp.zeros((2, 2)), "b": jnp.zeros(2)}],
        ),
    )
    assert result.staff_note == ""
    assert (sentence in result.rationale) if sentence else result.outcome is Outcome.PASSED
