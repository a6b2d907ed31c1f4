"""Functions that the instructor gives as source, and calls in float64.

BOTH SIDES: the student's kernel calls a given function where a student's function asks for it, and
the grader calls the same source where it works out what is expected.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from functools import cache, wraps
from typing import Any

import numpy as np

from autograder.remote import trees


def evaluate(function: Callable[..., Any], args: Any, kwargs: Mapping[str, Any]) -> Any:
    """Call with numpy arrays turned into jax arrays and 64-bit types switched on.

    Every call that is judged goes through here: of a student's function by `endpoint`, of the
    instructor's by `checks`. In float64 a finite difference is good to about 1e-10, so that a
    wrong gradient cannot hide in rounding. What the function returns or raises is passed on.

    >>> evaluate(lambda x: x / 3, [np.array([1.0])], {}).dtype
    dtype('float64')
    """
    with double_precision():
        return function(
            *(to_jax(arg) for arg in args),
            **{key: to_jax(value) for key, value in kwargs.items()},
        )


def double_precision() -> contextlib.AbstractContextManager[Any]:
    """A context in which jax computes in 64 bits; by default it computes in 32."""
    import jax

    return jax.enable_x64(True)


@cache
def given_function(source: str) -> Callable[..., Any]:
    """The function that an instructor's expression denotes; it knows `jax`, `jnp` and `np`.

    The source comes from a locked test cell, hence from the trusted side, always.

    >>> given_function("lambda theta, x: theta['w'] * x")({"w": 2.0}, 3.0)
    6.0

    Raises
    ------
    TypeError
        If it denotes no function. Whatever else is wrong with it raises its own error.
    """
    import jax
    import jax.numpy as jnp

    function = eval(source, {"jax": jax, "jnp": jnp, "np": np})  # noqa: S307
    if not callable(function):
        raise TypeError(f"given({source!r}) is not a function")
    return function


COMPILED = "given_by_the_test_cell_"
"""How what JAX calls these begins: that one of them is compiled says nothing of who calls it."""


@cache
def compiled_given(source: str, functions: tuple[int, ...]) -> Callable[..., Any]:
    """The same, compiled by JAX; `functions` are the places of arguments that are functions.

    For `lambda theta, model, x: model(theta, x)` they are `(1,)`: JAX takes the model as a
    constant, and compiles again for another one.
    """
    import jax

    given = given_function.__wrapped__(source)

    # A new function each time: jax (0.10) has one cache for all that `jit` makes of a function,
    # and takes a call for another's whose static arguments stand in other places. And one of our
    # own to name: the source may say `jnp.cbrt`, which is everybody's.
    @wraps(given)
    def made(*args: Any, **kwargs: Any) -> Any:
        return given(*args, **kwargs)

    made.__name__ = COMPILED + getattr(given, "__name__", "")
    return jax.jit(made, static_argnums=functions)


@cache
def ready_made(source: str) -> Callable[..., Any]:
    """An instructor's function as a student's gets it: compiled by JAX, where it can be.

    It is not compiled where it takes a function that is the student's own: compiled code would
    call that with tracers, and only once. Nor is it where JAX cannot trace it, because it branches
    on values; it is called as it is then, and the error, if there is one, is its own.
    """
    plain = given_function(source)

    @wraps(plain)
    def function(*args: Any, **kwargs: Any) -> Any:
        if not any(callable(v) and not _is_ready_made(v) for v in (*args, *kwargs.values())):
            functions = tuple(i for i, arg in enumerate(args) if callable(arg))
            with contextlib.suppress(Exception):  # it branches on values, or the call is wrong
                return compiled_given(source, functions)(*args, **kwargs)
        return plain(*args, **kwargs)

    function.given_source = source  # type: ignore[attr-defined]
    return function


def _is_ready_made(value: Any) -> bool:
    return hasattr(value, "given_source")


def to_jax(value: Any) -> Any:
    """Numpy arrays as jax arrays, wherever they are; everything else as it is."""
    import jax

    return trees.mapped(
        lambda leaf: jax.device_put(leaf) if isinstance(leaf, np.ndarray) else leaf, value
    )
