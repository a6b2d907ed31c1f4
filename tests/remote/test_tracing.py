"""Whether a function is compiled, where what it calls is a stub of the test cell's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

from autograder.remote.given import ready_made
from autograder.remote.tracing import traces

STUB = "lambda w, x: jnp.argmax(jnp.tanh(x) @ w - 1)"
MANY = [(np.eye(2), np.full((3, 2), number)) for number in (1.0, 2.0)]


def mapped(stub: Callable[..., Any]) -> Callable[..., Any]:
    return jax.vmap(stub, (None, 0))


def test_a_function_that_only_maps_a_stub_is_not_compiled() -> None:
    assert not traces(mapped(ready_made(STUB)))(*MANY)["compiled"]


@pytest.mark.parametrize(
    "function",
    [
        jax.jit(mapped(ready_made(STUB))),
        jax.vmap(jax.jit(ready_made(STUB)), (None, 0)),
        jax.jit(lambda w, xs: mapped(ready_made(STUB))(w, xs)),
    ],
)
def test_one_that_compiles_what_it_makes_of_a_stub_is(function: Callable[..., Any]) -> None:
    assert traces(function)(*MANY) == {"compiled": True, "again": 0}
