"""Helpers for the lesson on logistic regression: two formulas, and pictures.

Everything here is given; there is nothing to fill in. Reading it is encouraged.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from matplotlib.axes import Axes

# Legible on white and on JupyterLab's dark background alike; nothing is black or white.
INK = "#767676"
BLUE, ORANGE, GREEN, PURPLE = "#3b82c4", "#d9822b", "#2f9e62", "#9a6bd0"
COLOURS = (PURPLE, INK, GREEN, BLUE, ORANGE)
STYLES = ("-", ":", "-.", "--", "-")  # so that curves differ in more than colour
plt.rcParams.update(
    {
        **dict.fromkeys(["figure.facecolor", "axes.facecolor", "savefig.facecolor"], "none"),
        **dict.fromkeys(
            ["text.color", "axes.labelcolor", "axes.titlecolor", "axes.edgecolor"], INK
        ),
        **dict.fromkeys(["xtick.color", "ytick.color", "legend.labelcolor"], INK),
        "axes.prop_cycle": plt.cycler(color=[BLUE, ORANGE, GREEN, PURPLE], linestyle=STYLES[:4]),
        # Where all numbers at the axes are dark, Jupyter puts a white ground under a transparent
        # figure. Of these two greys it calls one dark and the other light, and leaves it alone.
        "ytick.labelcolor": "#808080",
        "legend.frameon": False,
    }
)

Theta = Mapping[str, float]
"""The parameters: a dictionary with the entries "w" and "b"."""


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
    ax.axhline(0.5, color=INK, lw=0.8, ls=":")
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


def plot_losses(
    losses: Sequence[float] | ArrayLike, first: int = 0, ax: Axes | None = None
) -> Axes:
    """Draw the loss, one value for each step of training; `first` is the number of the first."""
    ax = ax or plt.subplots(figsize=(6, 3))[1]
    losses = np.asarray(losses)
    ax.plot(first + np.arange(len(losses)), losses, color=BLUE, lw=2)
    ax.set(xlabel="step", ylabel="loss", title="Loss during training")
    return ax


def plot_fit(x: ArrayLike, y: ArrayLike, p: ArrayLike, ax: Axes | None = None) -> Axes:
    """Draw the labels ``y`` and, over them, the predictions ``p``: all of shape (n,)."""
    ax = plot_data(x, y, ax)
    ax.plot(np.asarray(x), np.asarray(p), color=PURPLE, lw=2.5, label="model")
    ax.legend(loc="center right")
    return ax


def plot_logistic_family(ws: Sequence[float], bs: Sequence[float]) -> None:
    """Draw logistic curves: a panel for each bias, and in it a curve for each weight."""
    _, axes = plt.subplots(1, len(bs), figsize=(10, 2.8), sharey=True)
    x = np.linspace(-5, 5, 201)
    lines = np.asarray(logistic(np.multiply.outer(ws, x) + np.reshape(bs, (-1, 1, 1))))
    for ax, b, curves in zip(axes, bs, lines, strict=True):
        for w, curve, style, colour in zip(ws, curves, STYLES, COLOURS, strict=False):
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


class Trace(NamedTuple):
    """A training, watched: the loss at each step, and theta after some of the steps."""

    losses: list[float]
    steps: list[int]
    thetas: list[Theta]


def in_pieces(
    train: Callable[[Theta, int], tuple[Sequence[float], Theta]],
    theta: Theta,
    n_steps: int,
    pieces: int = 50,
) -> Trace:
    """Train for `n_steps` steps, a piece at a time, and note where each piece ends.

    ``train(theta, n)`` takes n steps and returns ``(losses, theta)``. Many short trainings, each
    from where the last one ended, are one long training: so the path can be drawn.
    """
    trace = Trace([], [0], [dict(theta)])
    for after in sorted({round(n_steps * k / pieces) for k in range(1, pieces + 1)} - {0}):
        losses, theta = train(theta, after - trace.steps[-1])
        trace.losses.extend(float(loss) for loss in losses)
        trace.steps.append(after)
        trace.thetas.append(theta)
    return trace


def plot_distance(trace: Trace, goal: Theta, within: float = 0.01, ax: Axes | None = None) -> Axes:
    """Draw how far theta is from its goal, in the parameter that is farther off, step by step.

    The axis is logarithmic: from 0.5 to 0.05 it is as far as from 0.05 to 0.005. The dotted line is
    the distance that is asked for.
    """
    ax = ax or plt.subplots(figsize=(6, 3))[1]
    far = [max(abs(float(theta[name]) - goal[name]) for name in goal) for theta in trace.thetas]
    ax.plot(trace.steps, np.maximum(far, 1e-9), ".-", color=BLUE, lw=2)
    ax.axhline(within, color=ORANGE, lw=1.5, ls=":", label=f"{within:g}")
    ax.set(yscale="log", xlabel="step", ylabel="distance", title="Distance to the minimum")
    ax.legend(loc="upper right")
    return ax


def plot_path(
    loss: Callable[[Theta], Array], path: Sequence[Theta], ax: Axes | None = None
) -> Axes:
    """Draw a path of theta over the contours of a loss, for w from -1 to 4 and b from -2 to 3.

    Between one contour and the next the loss changes by the same factor, seen from the lowest
    point. The square is the start, the star the lowest point.
    """
    ax = ax or plt.subplots(figsize=(5, 4))[1]
    w, b = np.linspace(-1, 4, 51), np.linspace(-2, 3, 51)
    places = {"w": jnp.tile(w, len(b)), "b": jnp.repeat(b, len(w))}
    heights = np.asarray(jax.vmap(loss)(places)).reshape(len(b), len(w))
    lowest = np.unravel_index(np.argmin(heights), heights.shape)
    above = heights - heights[lowest]
    ax.contour(w, b, above, levels=np.geomspace(0.2, 200, 11), colors=INK, linewidths=0.8)
    walked = np.array([[float(theta["w"]), float(theta["b"])] for theta in path])
    walked = np.clip(np.nan_to_num(walked, nan=1e6), -1e6, 1e6)
    ax.plot(*walked.T, ".-", color=ORANGE, lw=1.5, ms=6)
    ax.plot(*walked[0], "s", color=BLUE, ms=8)
    ax.plot(w[lowest[1]], b[lowest[0]], "*", color=GREEN, ms=14)
    ax.set(xlim=(-1, 4), ylim=(-2, 3), xlabel="w", ylabel="b")
    ax.set_title(_where_it_led(float(loss(path[0])), float(loss(path[-1])), heights[lowest]))
    return ax


def _where_it_led(start: float, end: float, lowest: float) -> str:
    """What became of a path, by the share of the height that is left at its end.

    >>> _where_it_led(10.0, 4.0, 0.0), _where_it_led(10.0, 0.05, 0.0), _where_it_led(1.0, 9.0, 0.0)
    ('crawls', 'arrives', 'flies off')
    """
    left = (end - lowest) / (start - lowest)
    if not left < 1:
        return "flies off" if left != 1 else "stays"
    return "arrives" if left < 0.01 else "on its way" if left < 0.2 else "crawls"


def plot_descents(
    loss: Callable[[Theta], Array],
    step: Callable[[Theta, float], Theta],
    theta: Theta,
    step_sizes: Sequence[float],
    n_steps: int = 40,
) -> None:
    """Draw a path of ``n_steps`` steps for each step size; ``step(theta, step_size)`` takes one."""
    _, axes = plt.subplots(1, len(step_sizes), figsize=(10, 3.4), sharey=True)
    for ax, size in zip(np.ravel(axes), step_sizes, strict=True):
        plot_path(loss, _walked(step, theta, size, n_steps), ax)
        ax.set(title=f"step size {size:g}: {ax.get_title()}", ylabel="b" if ax is axes[0] else "")
    plt.show()


def _walked(
    step: Callable[[Theta, float], Theta], theta: Theta, size: float, n_steps: int
) -> list[Theta]:
    path = [theta]
    for _ in range(n_steps):
        path.append(step(path[-1], size))
    return path


def explore_descent(
    loss: Callable[[Theta], Array], step: Callable[[Theta, float], Theta], theta: Theta
) -> None:
    """Show the path with sliders for the step size and the number of steps.

    The sliders need a live kernel; `plot_descents` is the still picture.
    """
    import ipywidgets as widgets
    from IPython.display import display

    size = widgets.FloatLogSlider(
        value=0.001, min=-4, max=0, step=0.1, description="step size", continuous_update=False
    )
    steps = widgets.IntSlider(value=20, min=0, max=60, description="steps", continuous_update=False)

    def draw(step_size: float, n_steps: int) -> None:
        plot_path(loss, _walked(step, theta, step_size, n_steps))
        plt.show()

    display(widgets.interactive(draw, step_size=size, n_steps=steps))
