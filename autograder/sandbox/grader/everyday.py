"""Has JAX compile what students are likely to write, besides what the instructor wrote.

Not in the grader's process: `Execute` runs the instructor's notebook in an ordinary kernel, once
for a class, with a call of `watch` before the first cell and one of `compile_everyday_code` after
the last. JAX compiles each operation by itself for each shape. The notebook shows the shapes; the
formulas here are everyday ones, so that an answer in another form than the instructor's, such as
`jnp.mean(a)` for `jnp.sum(a) / n`, finds most of it compiled.
"""

from __future__ import annotations

import contextlib
import logging
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

MOST = 4
"""Shapes that are taken up, the commonest first: each costs three seconds, once for a class."""
SHAPED = re.compile(r"ShapedArray\((float32|float64)\[(\d+(?:,\d+)*)\]")  # as JAX logs arguments


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


def compile_everyday_code() -> None:
    """Evaluate every formula, and its gradient, for the commonest shapes that were noted."""
    import jax

    jax.config.update("jax_log_compiles", False)
    for (dtype, shape), _ in shapes.found.most_common(MOST):
        with jax.enable_x64(dtype == "float64"):
            for formula in formulas():
                with contextlib.suppress(TypeError, ValueError):  # not for this shape
                    evaluate(formula, dtype, shape)


def evaluate(formula: Callable[..., Any], dtype: str, shape: tuple[int, ...]) -> None:
    """Evaluate a formula of two arrays between 0 and 1, as it stands, and its gradient."""
    import jax
    import jax.numpy as jnp

    a = jnp.full(shape, 0.25, dtype)
    b = jnp.full(shape, 0.5, dtype)
    formula(a, b)
    jax.grad(lambda a, b: jnp.sum(formula(a, b)))(a, b)


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
