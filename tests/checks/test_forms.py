"""The form of an answer, or that there is none: `shapes` and `raises`."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from autograder.checks.student import student
from autograder.record.outcome import Outcome
from tests.support.checking import NOT_WRITTEN
from tests.support.inprocess import one_check

PASSED, FAILED, NOT_ATTEMPTED = Outcome.PASSED, Outcome.FAILED, Outcome.NOT_ATTEMPTED
WHOLE = jax.ShapeDtypeStruct((3,), np.int32)


@pytest.mark.parametrize(
    ("answer", "expected", "said"),
    [
        ("jnp.ones((3, 2)) / x", (3, 2), ""),
        ("x", (), ""),
        ("[{'W': jnp.zeros((2, 5)), 'b': jnp.nan * jnp.ones(5)}]", [{"W": (2, 5), "b": (5,)}], ""),
        ("({'W': jnp.zeros((2, 5))},)", [{"W": (2, 5)}], ""),
        ("jnp.argmax(jnp.ones((3, 2)), 1)", WHOLE, ""),
        ("jnp.ones(3)", (3, 1), "Got an array of shape (3,), expected an array of shape (3, 1)."),
        (
            "[{'W': jnp.zeros((5, 2))}]",
            [{"W": (2, 5)}],
            "Got an array of shape (5, 2) at answer[0]['W'], expected an array of shape (2, 5).",
        ),
        ("jnp.ones(3)", WHOLE, "Got numbers of type float64, expected whole numbers."),
        ("jnp.ones(3, int)", (3,), "Got numbers of type int64, expected floating-point numbers."),
        ("None", (3,), "Got None, expected an array of shape (3,). Did you forget a `return`?"),
    ],
)
def test_shapes(answer, expected, said):
    source = f"import jax.numpy as jnp\ndef f(x): return {answer}"
    result = one_check(source, lambda e: e.shapes("t", student.f, 1.0, expected=expected))
    assert (result.outcome, result.rationale) == (FAILED if said else PASSED, said)


@pytest.mark.parametrize("expected", [None, 3, {"w": "text"}])
def test_what_is_no_shape_is_the_authors_error(expected):
    result = one_check("def f(): return 1.0", lambda e: e.shapes("t", student.f, expected=expected))
    assert result.outcome is Outcome.ERROR
    assert "is neither a shape nor a tree of shapes" in result.staff_note


OWN = "class Mine(ValueError): pass\n"
CHECKED = "def f(x):\n    if x < 0:\n        raise {}('negative')\n    return x"


@pytest.mark.parametrize(
    ("source", "outcome", "said"),
    [
        (CHECKED.format("ValueError"), PASSED, ""),
        (OWN + CHECKED.format("Mine"), PASSED, ""),
        ("def f(x): return x", FAILED, "It gave an answer, and should raise ValueError."),
        (
            CHECKED.format("TypeError"),
            FAILED,
            "It should raise ValueError. `f` raised TypeError: negative\n"
            "In `f`, at: raise TypeError('negative')",
        ),
        ("def f(): pass", FAILED, "It should raise ValueError. `f` raised TypeError"),
        (
            "def f(x): raise ValueError('always')",
            FAILED,
            "It should raise ValueError only where that is asked for. "
            "`f` raised ValueError: always",
        ),
        (NOT_WRITTEN, NOT_ATTEMPTED, "`f` is not written yet"),
        ("", NOT_ATTEMPTED, "`f` is not defined yet"),
        ("def f(x): return f", FAILED, "`f`: The value is of type function"),
    ],
)
def test_raises(source, outcome, said):
    result = one_check(
        source,
        lambda e: e.raises("t", student.f, -1.0, error=ValueError, accepts=[(1.0,)]),
    )
    assert (result.outcome, result.staff_note) == (outcome, "")
    assert result.rationale.startswith(said)
    assert bool(result.rationale) == bool(said)
