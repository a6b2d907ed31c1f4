"""Numerical yardsticks: finite differences and plain gradient descent. Trusted side."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from autograder.checks.compare import article, as_array, described, finite
from autograder.checks.context import current
from autograder.checks.faults import StudentFault
from autograder.remote.given import double_precision, evaluate

# Central differences in float64: the truncation error grows as h**2 |f'''| / 6, rounding as
# eps |f| / h. They balance near eps**(1/3) = 6e-6; measured on the logistic loss, h = 1e-5 is good
# to 1e-10 and h = 1e-2 only to 1e-4.
STEP = 1e-5

Params = dict[str, Any]


def central_differences(
    function: Callable[[Params], Any], params: Params, step: float = STEP
) -> Params:
    """The gradient of a scalar function by (f(p + h) - f(p - h)) / 2h, entry by entry.

    See Nocedal and Wright, Numerical Optimization, 2nd edition, section 8.1. The function is
    called twice for each number in the parameters, each time with a dict of its own.

    Parameters
    ----------
    function
        Takes params, returns a number in float64.
    params
        A dict of floats or float64 arrays of any shape.
    step
        The step h, times the number that it changes where that is larger than 1.

    Returns
    -------
    dict
        The same keys and shapes, float64.

    Examples
    --------
    >>> central_differences(lambda p: p["w"] ** 2 + p["b"], {"w": 3.0, "b": 1.0})["w"].round(6)
    np.float64(6.0)
    """
    return {key: _differences_of_entry(function, params, key, step) for key in params}


def _differences_of_entry(
    function: Callable[[Params], Any], params: Params, key: str, least: float
) -> Any:
    entry = np.asarray(params[key], dtype=np.float64)
    slope = np.empty(entry.shape)
    for index in np.ndindex(entry.shape):
        step = least * max(1.0, abs(float(entry[index])))
        ends = []
        for sign in (1, -1):
            moved = entry.copy()
            moved[index] += sign * step
            shifted: Any = moved if moved.shape else float(moved)
            ends.append(float(np.asarray(function({**params, key: shifted}))))
        slope[index] = (ends[0] - ends[1]) / (2 * step)
    return slope


def gradient_descent(
    gradient: Callable[[Params], Mapping[str, Any]],
    params: Params,
    n_steps: int,
    step_size: float,
) -> list[Params]:
    """Plain gradient descent, p <- p - step_size * gradient(p), step by step.

    The yardstick for a training loop, for which every point counts; `descend` is the fast way to
    the last one.

    Parameters
    ----------
    gradient
        Takes and gives a dict with the keys of `params`.
    params
        Where to start: a dict of floats or float64 arrays.

    Returns
    -------
    list of dict
        All n_steps + 1 points, the start included.

    Examples
    --------
    >>> gradient_descent(lambda p: {"w": 2 * p["w"]}, {"w": 1.0}, 2, 0.25)
    [{'w': 1.0}, {'w': 0.5}, {'w': 0.25}]
    """
    path = [params]
    for _ in range(n_steps):
        here = path[-1]
        slope = gradient(here)
        path.append({key: here[key] - step_size * _number(slope[key]) for key in here})
    return path


def in_floats(params: Mapping[str, Any]) -> Params:
    """Parameters with a float for each number and a float64 array for each array or list.

    >>> in_floats({"w": np.float16(0.5), "b": [1, 2]})
    {'w': 0.5, 'b': array([1., 2.])}
    """
    return {key: _number(value) for key, value in params.items()}


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
        A dict of numbers or arrays.
    n_steps, step_size
        Anything that a student may have chosen.
    names
        The student's names for the two, as in ("n_steps_clean", "step_size_clean"): sentences
        call them so.

    Returns
    -------
    dict
        The same keys and shapes: floats, and float64 arrays.

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
            slope = gradient(here)
            return {key: here[key] - size * slope[key] for key in here}

        return jax.lax.fori_loop(0, count, step, params)

    with double_precision():
        double = {key: jax.numpy.asarray(value, "float64") for key, value in start.items()}
        # The choice is an argument, so that the compiled loop serves all students.
        return in_floats(jax.jit(run)(double, n_steps, size))


def plain(function: Callable[..., Any], args: Sequence[Any]) -> Any:
    """Call a trusted function in float64; its answer as numpy arrays and plain containers.

    This is how an answer of the instructor's comes to be what a student's answer is compared with.

    Raises
    ------
    TypeError
        If it asks a part of the student's.
    """
    with current.get().yardstick():
        return to_numpy(evaluate(function, args, {}))


def evaluated(function: Callable[..., Any]) -> Callable[..., Any]:
    """A trusted function that computes in float64 and answers with numpy arrays."""
    return lambda *args: plain(function, args)


def to_numpy(value: Any) -> Any:
    """Arrays of any kind as numpy arrays, inside dicts, tuples and lists as well.

    Not `jax.tree.map`: that sorts the keys of a dict, and sentences list them as they were
    written ("expected the keys 'w', 'b'").
    """
    if isinstance(value, Mapping):
        return {key: to_numpy(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        items = [to_numpy(item) for item in value]
        return tuple(items) if isinstance(value, tuple) else items
    return np.asarray(value) if hasattr(value, "__array__") else value
