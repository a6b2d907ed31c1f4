"""Numerical yardsticks: finite differences, and where training ends. Trusted side."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from autograder.checks.arrays import as_array, finite, is_real
from autograder.checks.context import current
from autograder.checks.faults import StudentFault
from autograder.checks.wording import article, described
from autograder.remote import trees
from autograder.remote.given import double_precision, evaluate
from autograder.remote.wire import is_key

# Central differences in float64: the truncation error grows as h**2 |f'''| / 6, rounding as
# eps |f| / h. They balance near eps**(1/3) = 6e-6; measured on the logistic loss, h = 1e-5 is good
# to 1e-10 and h = 1e-2 only to 1e-4.
STEP = 1e-5

Params = Any
"""A pytree of numbers and arrays, such as {"w": 2.0, "b": 1.0}."""


def central_differences(
    function: Callable[[Params], Any], params: Params, step: float = STEP
) -> Params:
    """The gradient of a scalar function by (f(p + h) - f(p - h)) / 2h, number by number.

    See Nocedal and Wright, Numerical Optimization, 2nd edition, section 8.1. The function is
    called twice for each number in the parameters, each time with a tree of its own.

    Parameters
    ----------
    function
        Takes params, returns a number in float64.
    params
        A pytree of floats and float64 arrays of any shape. What else is in it stays as it is.
    step
        The step h, times the number that it changes where that is larger than 1.

    Returns
    -------
    pytree
        The same structure and shapes, float64.

    Examples
    --------
    >>> central_differences(lambda p: p["w"] ** 2 + p["b"], {"w": 3.0, "b": 1.0})["w"].round(6)
    np.float64(6.0)
    """
    leaves = trees.leaves(params)

    def with_leaf(place: int, leaf: Any) -> Any:
        return function(trees.refilled(params, iter([*leaves[:place], leaf, *leaves[place + 1 :]])))

    slopes = [
        _differences_of_leaf(partial(with_leaf, place), leaf, step) if is_real(leaf) else leaf
        for place, leaf in enumerate(leaves)
    ]
    return trees.refilled(params, iter(slopes))


def _differences_of_leaf(function: Callable[[Any], Any], leaf: Any, least: float) -> Any:
    entry = np.asarray(leaf, dtype=np.float64)
    slope = np.empty(entry.shape)
    for index in np.ndindex(entry.shape):
        step = least * max(1.0, abs(float(entry[index])))
        ends = []
        for sign in (1, -1):
            moved = entry.copy()
            moved[index] += sign * step
            shifted: Any = moved if moved.shape else float(moved)
            ends.append(float(np.asarray(function(shifted))))
        slope[index] = (ends[0] - ends[1]) / (2 * step)
    return slope


def in_floats(params: Params) -> Params:
    """Parameters with a float for each number and a float64 array for each array.

    >>> in_floats({"w": np.float16(0.5), "b": np.array([1, 2])})
    {'w': 0.5, 'b': array([1., 2.])}
    """
    return trees.mapped(lambda leaf: _number(leaf) if is_real(leaf) else leaf, params)


def _number(value: Any) -> Any:
    """A float for a scalar, an array otherwise: parameters keep the type they came with."""
    array = np.asarray(value, dtype=np.float64)
    return array if array.shape else float(array)


def descend(
    loss: Callable[[Params], Any],
    start: Params,
    n_steps: Any,
    step_size: Any,
    most_steps: int = 200_000,
    names: tuple[str, str] | None = None,
) -> Params:
    """Where plain gradient descent on a jax loss ends after many steps, compiled, in float64.

    For test cells, and no check: it says where a student's choice of `n_steps` and `step_size`
    leads. A choice that leads nowhere is the student's fault, and the sentence says why.

    Parameters
    ----------
    loss
        Takes the parameters and returns a scalar, in operations that `jax` can trace.
    start
        A pytree of numbers and arrays.
    n_steps, step_size
        Anything that a student may have chosen.
    names
        The student's names for the two, as in ("n_steps_clean", "step_size_clean"): sentences
        call them so.

    Returns
    -------
    pytree
        The same structure and shapes: floats, and float64 arrays.

    Raises
    ------
    StudentFault
        If `n_steps` is no whole number from 0 to `most_steps`, if `step_size` is no finite number,
        or if the training ends in NaN or infinity. A check that asks for the end, as `reaches`
        does with `through`, fails then.

    Examples
    --------
    >>> end = descend(lambda theta: (theta["w"] - 2.0) ** 2, {"w": 0.0}, 500, 0.1)
    >>> round(end["w"], 6)
    2.0
    """
    steps, size = map("`{}`".format, names) if names else ("The number of steps", "The step size")
    if problem := _wrong_steps(n_steps, most_steps, steps) or _wrong_size(step_size, size):
        raise StudentFault(problem)
    end = _descended(loss, start, int(n_steps), float(step_size))
    if finite(end):
        raise StudentFault(
            "Training with these numbers ends in NaN or infinity: the steps are too large. "
            f"{size} should be smaller."
        )
    return end


def _wrong_steps(chosen: Any, most: int, name: str) -> str:
    """Say why a student's choice is no number of steps, or ""."""
    wanted = f"{name} should be a whole number, 0 or more"
    whole = isinstance(chosen, int) or as_array(chosen).dtype.kind in "iu"
    if isinstance(chosen, bool) or not whole or np.ndim(chosen):
        return f"{wanted}; it is {_kind(chosen)}."
    if chosen < 0:
        return f"{wanted}; it is negative."
    return f"{name} is too large: at most {most:,} steps are asked for." if chosen > most else ""


def _wrong_size(chosen: Any, name: str) -> str:
    """Say why a student's choice is no step size, or ""."""
    real = isinstance(chosen, int) or as_array(chosen).dtype.kind in "iuf"
    if isinstance(chosen, bool) or not real or np.ndim(chosen):
        return f"{name} should be a finite number; it is {_kind(chosen)}."
    try:
        size = float(chosen)
    except OverflowError:  # an integer
        return f"{name} is too large: a float holds at most 1.8e308."
    return "" if math.isfinite(size) else f"{name} should be a finite number; it is {size}."


def _kind(chosen: Any) -> str:
    """What a student chose, in a few words: "a str", "a float32", "an array of shape (2,)"."""
    array = as_array(chosen)
    if hasattr(chosen, "dtype") and array.ndim == 0:
        return f"{article(str(chosen.dtype))} {chosen.dtype}"
    return described(chosen)


def _descended(loss: Callable[[Params], Any], start: Params, n_steps: int, size: float) -> Params:
    import jax

    gradient = jax.grad(loss)

    def run(params: Params, count: Any, size: Any) -> Params:
        def step(_: Any, here: Params) -> Params:
            return jax.tree.map(lambda p, g: p - size * g, here, gradient(here))

        return jax.lax.fori_loop(0, count, step, params)

    with double_precision():
        double = trees.mapped(lambda leaf: jax.numpy.asarray(leaf, "float64"), start)
        # The choice is an argument, so that the compiled loop serves all students.
        return in_floats(jax.jit(run)(double, n_steps, size))


def plain(function: Callable[..., Any], args: Sequence[Any]) -> Any:
    """Call a trusted function in float64; its answer, with numpy arrays in it.

    A value, such as a solution that is an array, is its own answer where there are no arguments.

    This is how an answer of the instructor's comes to be what a student's answer is compared with.

    Raises
    ------
    TypeError
        If it asks a part of the student's.
    """
    with current.get().yardstick():
        value = not (args or callable(function))
        return to_numpy(function if value else evaluate(function, args, {}))


def evaluated(function: Callable[..., Any]) -> Callable[..., Any]:
    """A trusted function that computes in float64 and answers with numpy arrays."""
    return lambda *args: plain(function, args)


def to_numpy(value: Any) -> Any:
    """Arrays of any kind as numpy arrays, wherever they are in a tree; everything else as it is."""
    return trees.mapped(
        lambda leaf: np.asarray(leaf) if hasattr(leaf, "__array__") and not is_key(leaf) else leaf,
        value,
    )
