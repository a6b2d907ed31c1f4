"""Helpers for the lesson on logistic regression: two formulas, a random start, and pictures.

Everything here is given; there is nothing to fill in. Reading it is encouraged.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from matplotlib.axes import Axes

BLUE, ORANGE, GREY = "#2b6cb0", "#d9822b", "#8a94a0"
STYLES = ("-", ":", "-.", "--", "-")  # so that curves differ in more than colour


@jax.jit
def logistic(x: ArrayLike) -> Array:
    """Squeeze any real number into the interval between 0 and 1.

    Formula: ``logistic(x) = 1 / (1 + exp(-x))``.

    Works on each element by itself, so the result has the shape of ``x``; its dtype is the
    floating-point dtype of ``x`` (float32 unless JAX was told otherwise). ``logistic(0)`` is 0.5.
    Computed by ``jax.nn.sigmoid``, whose value and gradient stay finite however large ``x`` is, and
    compiled, as the last section of the lesson explains.
    """
    return jax.nn.sigmoid(jnp.asarray(x))


def _times_log(a: Array, q: Array) -> Array:
    """``a * log(q)``, and 0 where ``a`` is 0, whatever ``q`` is: the limit, with a gradient of 0.

    The inner ``where`` matters: without it the gradient at ``a = q = 0`` would be nan.
    """
    return jnp.where(a == 0, 0.0, a * jnp.log(jnp.where(a == 0, 1.0, q)))


@jax.jit
def binary_cross_entropy(y: ArrayLike, p: ArrayLike) -> Array:
    """The log likelihood of each label ``y``, if class 1 has probability ``p``.

    Formula: ``y * log(p) + (1 - y) * log(1 - p)``, element by element, with ``0 * log(0) = 0``.

    Args:
        y: labels, shape (n,): 0 or 1 for the two classes, or any value between.
        p: probabilities of class 1, shape (n,), between 0 and 1.

    Returns:
        Shape (n,), floating point. Every entry is 0 or negative: 0 when the prediction is certain
        and right, minus infinity when it is certain and wrong. Note the sign: it is the
        log likelihood itself, not yet a loss.
    """
    y, p = jnp.asarray(y), jnp.asarray(p)
    return _times_log(y, p) + _times_log(1 - y, 1 - p)


def initialize_linear_params(seed: int | None = None) -> dict[str, float]:
    """Draw a starting weight and a starting bias from the standard normal distribution.

    Args:
        seed: any whole number gives the same draw every time; None gives a new one.

    Returns:
        ``{"w": float, "b": float}``, ordinary Python floats.
    """
    w, b = np.random.default_rng(seed).normal(size=2)
    return {"w": float(w), "b": float(b)}


def milliseconds_per_call(
    function: Callable[..., object], *arguments: object, repeats: int = 50
) -> float:
    """The time of one call of ``function(*arguments)`` in milliseconds, a mean over ``repeats``.

    One call is made first and not counted, because it may include compilation. JAX hands work
    over and returns at once, so the clock is stopped only when the results are really there.
    """
    jax.block_until_ready(function(*arguments))
    start = time.perf_counter()
    for _ in range(repeats):
        jax.block_until_ready(function(*arguments))
    return 1000 * (time.perf_counter() - start) / repeats


def plot_logistic(w: float = 1.0, b: float = 0.0, ax: Axes | None = None) -> Axes:
    """Draw the curve ``p = logistic(w * x + b)`` for x from -5 to 5, and its midpoint if seen."""
    ax = ax or plt.subplots(figsize=(5, 3))[1]
    x = np.linspace(-5, 5, 201)
    ax.plot(x, np.asarray(logistic(w * x + b)), color=BLUE, lw=2)
    ax.axhline(0.5, color=GREY, lw=0.8, ls=":")
    if w != 0 and abs(b / w) <= 5:
        ax.plot([-b / w], [0.5], "o", color=ORANGE)
    ax.set(xlim=(-5, 5), ylim=(-0.05, 1.05), xlabel="x", ylabel="p", xticks=range(-4, 5, 2))
    ax.set_title(f"w = {w:.3g}, b = {b:.3g}")
    return ax


def plot_data(x: ArrayLike, y: ArrayLike, ax: Axes | None = None) -> Axes:
    """Draw the labels ``y`` against ``x`` (both of shape (n,)), one colour on each side of 0.5."""
    ax = ax or plt.subplots(figsize=(6, 3))[1]
    x, y = np.asarray(x), np.asarray(y)
    for inside, colour, name in [(y < 0.5, ORANGE, "class 0"), (y >= 0.5, BLUE, "class 1")]:
        ax.scatter(x[inside], y[inside], s=18, alpha=0.6, color=colour, label=name)
    ax.set(xlabel="x", ylabel="y", ylim=(-0.1, 1.1))
    ax.legend(loc="center right")
    return ax


def plot_losses(losses: Sequence[float] | ArrayLike, ax: Axes | None = None) -> Axes:
    """Draw the loss, one value for each step of training."""
    ax = ax or plt.subplots(figsize=(6, 3))[1]
    ax.plot(np.asarray(losses), color=BLUE, lw=2)
    ax.set(xlabel="step", ylabel="loss", title="Loss during training")
    return ax


def plot_fit(x: ArrayLike, y: ArrayLike, p: ArrayLike, ax: Axes | None = None) -> Axes:
    """Draw the labels ``y`` and, over them, the predictions ``p``: all of shape (n,)."""
    ax = plot_data(x, y, ax)
    ax.plot(np.asarray(x), np.asarray(p), color="black", lw=2, label="model")
    ax.legend(loc="center right")
    return ax


def plot_logistic_family(ws: Sequence[float], bs: Sequence[float]) -> None:
    """Draw logistic curves: a panel for each bias, and in it a curve for each weight."""
    _, axes = plt.subplots(1, len(bs), figsize=(10, 2.8), sharey=True)
    x = np.linspace(-5, 5, 201)
    colours = plt.cm.viridis(np.linspace(0, 0.9, len(ws)))
    lines = np.asarray(logistic(np.multiply.outer(ws, x) + np.reshape(bs, (-1, 1, 1))))
    for ax, b, curves in zip(axes, bs, lines, strict=True):
        for w, curve, style, colour in zip(ws, curves, STYLES, colours, strict=False):
            ax.plot(x, curve, style, lw=1.8, color=colour, label=f"{w:.3g}")
            if w != 0 and abs(b / w) <= 5:
                ax.plot([-b / w], [0.5], "o", color=ORANGE, ms=5)
        ax.set(xlabel="x", xticks=[-4, 0, 4], title=f"b = {b:.3g}")
    axes[0].set(ylabel="p", yticks=[0, 0.5, 1])
    axes[-1].legend(title="w", bbox_to_anchor=(1.02, 1), loc="upper left")
    plt.show()


def explore_logistic() -> None:
    """Show the logistic curve with a slider each for w and b, and a still picture under it.

    The sliders need a live kernel. The still picture does not, so a reader of the exported page
    learns the same thing: w changes from curve to curve, b from panel to panel, and the dot marks
    the midpoint, where p = 0.5.
    """
    import ipywidgets as widgets  # only this picture needs it
    from IPython.display import display

    def slider(name: str, value: float) -> widgets.FloatSlider:
        return widgets.FloatSlider(value=value, min=-5, max=5, step=0.1, description=name)

    def draw(w: float, b: float) -> None:
        plot_logistic(w, b)
        plt.show()

    display(widgets.interactive(draw, w=slider("w", 1.0), b=slider("b", 0.0)))
    plot_logistic_family(ws=[-2, 0, 0.5, 1, 5], bs=[-3, 0, 3])
