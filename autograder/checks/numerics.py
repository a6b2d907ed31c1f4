"""Numerical yardsticks: finite differences and plain gradient descent. Trusted side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from autograder.remote.given import double_precision, evaluate

# Central differences in float64: the truncation error grows as h**2 |f'''| / 6, rounding as
# eps |f| / h. They balance near eps**(1/3) = 6e-6; measured on the logistic loss, h = 1e-5 is good
# to 1e-10 and h = 1e-2 only to 1e-4.
STEP = 1e-5

Params = dict[str, Any]


def central_differences(function: Callable[[Params], Any], params: Params) -> Params:
    """The gradient of a scalar function by (f(p + h) - f(p - h)) / 2h, entry by entry.

    See Nocedal and Wright, Numerical Optimization, 2nd edition, section 8.1. The function is
    called twice for each number in the parameters, each time with a dict of its own.

    Parameters
    ----------
    function
        Takes params, returns a number in float64.
    params
        A dict of floats or float64 arrays of any shape.

    Returns
    -------
    dict
        The same keys and shapes, float64.

    Examples
    --------
    >>> central_differences(lambda p: p["w"] ** 2 + p["b"], {"w": 3.0, "b": 1.0})["w"].round(6)
    np.float64(6.0)
    """
    return {key: _differences_of_entry(function, params, key) for key in params}


def _differences_of_entry(function: Callable[[Params], Any], params: Params, key: str) -> Any:
    entry = np.asarray(params[key], dtype=np.float64)
    slope = np.empty(entry.shape)
    for index in np.ndindex(entry.shape):
        step = STEP * max(1.0, abs(float(entry[index])))
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


def is_real(value: Any) -> bool:
    """True for one finite real number, Python's, numpy's or jax's; a bool is none."""
    if isinstance(value, int):  # also one too large for numpy
        return not isinstance(value, bool)
    if not (isinstance(value, float) or hasattr(value, "__array__")) or np.ndim(value) != 0:
        return False
    return bool(np.asarray(value).dtype.kind in "iuf" and np.isfinite(value))


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
) -> Params:
    """Where plain gradient descent on a jax loss ends after many steps, compiled, in float64.

    For test cells, and no check: it says where a student's choice of `n_steps` and `step_size`
    leads. Nonsense, or more than `most_steps` steps, gives NaN parameters, which no check accepts.

    Parameters
    ----------
    loss
        Takes the parameters and returns a scalar, in operations that `jax` can trace.
    start
        A dict of numbers or arrays.

    Returns
    -------
    dict
        The same keys and shapes: floats, and float64 arrays.

    Examples
    --------
    >>> end = descend(lambda theta: (theta["w"] - 2.0) ** 2, {"w": 0.0}, 500, 0.1)
    >>> round(end["w"], 6)
    2.0
    """
    import jax

    if not (is_real(step_size) and is_real(n_steps) and np.asarray(n_steps).dtype.kind in "iuO"):
        return dict.fromkeys(start, float("nan"))
    if n_steps > most_steps:
        return dict.fromkeys(start, float("nan"))
    gradient = jax.grad(loss)

    def run(params: Params, count: Any, size: Any) -> Params:
        def step(_: Any, here: Params) -> Params:
            slope = gradient(here)
            return {key: here[key] - size * slope[key] for key in here}

        return jax.lax.fori_loop(0, count, step, params)

    with double_precision():
        double = {key: jax.numpy.asarray(value, "float64") for key, value in start.items()}
        # The choice is an argument, so that the compiled loop serves all students.
        end = jax.jit(run)(double, max(int(n_steps), 0), float(step_size))
        return {key: _number(value) for key, value in end.items()}


def plain(function: Callable[..., Any], args: Sequence[Any]) -> Any:
    """Call a trusted function in float64; its answer as numpy arrays and plain containers.

    This is how an answer of the instructor's comes to be what a student's answer is compared with.
    """
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
