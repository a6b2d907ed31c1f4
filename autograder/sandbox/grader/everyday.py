"""Has JAX compile what students are likely to write. All of it is public: it stands here.

Not in the grader's process: `judge.maker` runs a released notebook in an ordinary kernel, once for
a class, with a call of `watch` before the first cell and one of `compile_everyday_code` after the
last. JAX compiles each operation by itself for each shape. The released notebook shows shapes, and
so do the arguments with which test cells will call the student's functions; the formulas here are
everyday ones, so that most of an answer is compiled already, such as `jnp.mean(a)` or `w * a + b`.
"""

from __future__ import annotations

import contextlib
import inspect
import itertools
import json
import logging
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from autograder.remote import wire
from autograder.remote.given import evaluate, given_function, ready_made

MOST = 3
"""Shapes taken up of each origin, the commonest first: each costs seconds, once for a class."""
SHAPED = re.compile(r"ShapedArray\((float32|float64)\[(\d+(?:,\d+)*)\]")  # as JAX logs arguments
FLOATS = ("float32", "float64")
LINE = ("w", "c", "a")
"""The parameters of a formula that takes two numbers and an array."""

Shape = tuple[str, tuple[int, ...]]
"""The type of the numbers, and the sizes: `("float64", (8,))`."""


class Shapes(logging.Handler):
    """Counts the shapes for which JAX compiles, as its log tells them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[tuple[str, tuple[int, ...]]] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message.startswith("Compiling"):
            for dtype, sizes in set(SHAPED.findall(message)):
                self.found[dtype, tuple(map(int, sizes.split(",")))] += 1


shapes = Shapes()


def watch() -> None:
    """Begin to note the shapes for which JAX compiles."""
    import jax

    logging.getLogger("jax").addHandler(shapes)
    jax.config.update("jax_log_compiles", True)


def compile_everyday_code(calls: str) -> None:
    """Evaluate what is everyday for the commonest shapes that were noted, and for those of calls.

    Parameters
    ----------
    calls
        A JSON file: for each call of a student's function that a test cell makes, its `arguments`,
        of which only the kind is true, and sources of functions that are `given` with them.
    """
    import jax

    jax.config.update("jax_log_compiles", False)
    asked = json.loads(Path(calls).read_text(encoding="utf-8"))
    for call in asked:
        arguments = list(map(argument, call["arguments"]))
        for source in dict.fromkeys(call["given"]):
            compile_given(source, [value for value in arguments if value is not None])
    common = [
        shape for found in (shapes.found, shapes_of(asked)) for shape, _ in found.most_common(MOST)
    ]
    for shape in dict.fromkeys([*common, *((dtype, ()) for dtype in FLOATS)]):
        compile_for(*shape)
        jax.clear_caches()  # a thousand executables take a gigabyte


def argument(tree: Any) -> Any:
    """An argument as a student's function gets it; None for one that is not known here."""
    match tree:
        case ["source", str(text)]:
            return ready_made(text)
        case None:
            return None
        case _:
            return wire.decode(tree)


def shapes_of(calls: Iterable[dict[str, Any]]) -> Counter[Shape]:
    """The shapes of the arrays in arguments, with the number of calls that have them."""
    return Counter(shape for call in calls for shape in set(_shapes_in(call["arguments"])))


def _shapes_in(tree: Any) -> Iterator[Shape]:
    match tree:
        case ["array", str(dtype), list(sizes), _]:
            if dtype in FLOATS and sizes:
                yield dtype, tuple(sizes)
        case list():
            for item in tree:
                yield from _shapes_in(item)


def compile_given(source: str, arguments: list[Any]) -> None:
    """Call a given function, and its gradient, as a student's function does with what it gets.

    It takes some of the student's arguments in their order, as a rule: with `loss(theta, x, y)` in
    `train(theta, loss, x, y, steps)`, the first that fit are `theta`, `x` and `y`.
    """
    import jax
    import jax.numpy as jnp

    function = ready_made(source)
    count = len(inspect.signature(given_function(source)).parameters)
    for chosen in itertools.combinations(arguments, count):
        with contextlib.suppress(Exception):
            evaluate(function, chosen, {})
            with contextlib.suppress(Exception):  # it has no gradient
                evaluate(jax.grad(lambda *args: jnp.sum(function(*args))), chosen, {})
            return


def compile_for(dtype: str, shape: tuple[int, ...]) -> None:
    """Evaluate every formula for arrays of one type and shape, and what the lesson supplies."""
    import jax
    import jax.numpy as jnp

    with jax.enable_x64(dtype == "float64"):
        for formula in (*formulas(), *lines(), *supplied()):
            with contextlib.suppress(Exception):  # not for this shape
                evaluate_formula(formula, jnp.full(shape, 0.25, dtype))


def supplied() -> list[Callable[..., Any]]:
    """Functions of the released notebook, or of files beside it, that are compiled by `jax.jit`.

    For example `logistic`, imported from the lesson's module. What students write is not there.
    """
    import jax

    compiled = type(jax.jit(lambda: None))
    return [
        value for value in vars(sys.modules["__main__"]).values() if isinstance(value, compiled)
    ]


def evaluate_formula(formula: Callable[..., Any], array: Any) -> None:
    """Evaluate a formula of arrays like this one, as it stands, and its gradients.

    Those of a line are taken by its two numbers, `w` and `c`; others by one array at a time.
    """
    import jax
    import jax.numpy as jnp

    names = tuple(inspect.signature(formula).parameters)
    arguments = [array * (1 + place) for place, _ in enumerate(names)]
    places: list[Any] = list(range(len(names)))
    if names == LINE:
        arguments, places = [0.25, 0.5, array], [(0, 1)]
    formula(*arguments)
    for place in places:
        jax.grad(lambda *args: jnp.sum(formula(*args)), argnums=place)(*arguments)


def lines() -> tuple[Callable[..., Any], ...]:
    """A line through one variable, written in the usual ways, and what is made of it."""
    import jax
    import jax.numpy as jnp

    return (
        lambda w, c, a: w * a + c,
        lambda w, c, a: a * w + c,
        lambda w, c, a: c + w * a,
        lambda w, c, a: jax.nn.sigmoid(w * a + c),
        lambda w, c, a: jnp.tanh(w * a + c),
        lambda w, c, a: 1 / (1 + jnp.exp(-(w * a + c))),
        lambda w, c, a: w - c * jnp.sum(a),
    )


def formulas() -> tuple[Callable[..., Any], ...]:
    """What is common in lessons: arithmetic, means and sums, squashing, errors and entropies."""
    import jax
    import jax.numpy as jnp

    return (
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a * b,
        lambda a, b: a / b,
        lambda a, b: -a,
        lambda a, b: 1 - a,
        lambda a, b: 1.0 - a,
        lambda a, b: a - 1,
        lambda a, b: 1 + a,
        lambda a, b: 1.0 + a,
        lambda a, b: a + 1,
        lambda a, b: a + 1e-7,
        lambda a, b: 2 * a,
        lambda a, b: a * 2.0,
        lambda a, b: 1 / a,
        lambda a, b: 1.0 / a,
        lambda a, b: a / 2,
        lambda a, b: a / 2.0,
        lambda a, b: jnp.sum(a) * b + jnp.sum(b),
        lambda a, b: b * jnp.sum(a) - jnp.sum(b),
        lambda a, b: -jnp.sum(a),
        lambda a, b: jnp.mean(a),
        lambda a, b: -jnp.mean(a),
        lambda a, b: a**2,
        lambda a, b: jnp.square(a),
        lambda a, b: jnp.abs(a),
        lambda a, b: jnp.sqrt(a),
        lambda a, b: jnp.exp(a),
        lambda a, b: jnp.exp(-a),
        lambda a, b: jnp.log(a),
        lambda a, b: jnp.log1p(a),
        lambda a, b: jnp.log1p(-a),
        lambda a, b: jnp.tanh(a),
        lambda a, b: jnp.logaddexp(0.0, a),
        lambda a, b: jnp.maximum(a, b),
        lambda a, b: jnp.clip(a, 1e-7, 1 - 1e-7),
        lambda a, b: jnp.where(a > b, a, b),
        lambda a, b: jnp.dot(a, b),
        lambda a, b: a @ b,
        lambda a, b: jax.nn.sigmoid(a),
        lambda a, b: jax.nn.softplus(a),
        lambda a, b: jax.nn.relu(a),
        lambda a, b: 1 / (1 + jnp.exp(-a)),
        lambda a, b: jnp.exp(a) / (1 + jnp.exp(a)),
        lambda a, b: b * jnp.log(a) + (1 - b) * jnp.log(1 - a),
    )
