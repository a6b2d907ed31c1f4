"""Helpers for the lesson on linear regression: the days at the stand, and pictures.

Everything here is given; there is nothing to fill in. Reading it is encouraged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from jax.typing import ArrayLike
from matplotlib.axes import Axes

Theta = Mapping[str, Any]
"""The parameters of a linear model: {"w": array of shape (2,), "b": number}."""

# Legible on white and on JupyterLab's dark background alike; nothing is black or white.
INK = "#767676"
BLUE, ORANGE, GREEN, PURPLE = "#3b82c4", "#d9822b", "#2f9e62", "#9a6bd0"
plt.rcParams.update(
    {f"{part}.facecolor": "none" for part in ("figure", "axes", "savefig")}
    | {f"axes.{part}color": INK for part in ("label", "title", "edge")}
    | {f"{axis}tick.color": INK for axis in "xy"}
    # Where all numbers at the axes are dark, Jupyter puts a white ground under a transparent
    # figure. Of these two greys it calls one dark and the other light, and leaves it alone.
    | {"ytick.labelcolor": "#808080"}
    | {"text.color": INK, "legend.frameon": False, "legend.labelcolor": INK}
)

COLUMNS = "warmth", "price"
WEIGHTS = (-0.8, 4.2), (-3.2, 1.8)  # the part of the (w1, w2) plane that is drawn


def ice_cream_days(n: int = 60) -> tuple[npt.NDArray[np.float64], ...]:
    """Warmth, price and chance on each of `n` days: three arrays of shape (n,).

    Warmth and price have the mean 0, so that 0 stands for an ordinary day. The price goes up with
    the warmth, for the owner of the stand looks at the thermometer first. Chance is what nobody
    could have foreseen. The numbers are random, and the same for everybody.
    """
    rng = np.random.default_rng(8)
    warmth, whim, chance = rng.normal(size=(3, n))
    price = 0.6 * warmth + 0.6 * whim
    return warmth - np.mean(warmth), price - np.mean(price), 0.5 * chance


def plot_columns(x: ArrayLike, y: ArrayLike) -> None:
    """Draw y, shape (n,), against each of the two columns of x, shape (n, 2)."""
    _, axes = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True)
    looks = zip(axes, np.asarray(x).T, COLUMNS, (ORANGE, BLUE), "os", strict=True)
    for ax, column, name, colour, marker in looks:
        ax.scatter(column, np.asarray(y), s=22, color=colour, marker=marker, alpha=0.8)
        ax.set_xlabel(name)
    axes[0].set_ylabel("y (sales)")
    plt.show()


def plot_prediction(y: ArrayLike, prediction: ArrayLike) -> Axes:
    """Draw what a model predicts against what happened, both of shape (n,)."""
    ax = plt.subplots(figsize=(4.2, 4.2))[1]
    y, prediction = np.asarray(y), np.asarray(prediction)
    shown = ends(np.append(y, prediction))
    ax.plot(shown, shown, "--", color=INK, lw=1.2, label="prediction = truth")
    ax.vlines(y, np.minimum(y, prediction), np.maximum(y, prediction), color=PURPLE, lw=0.8)
    ax.scatter(y, prediction, s=20, color=ORANGE, label="a day", zorder=3)
    ax.set(xlabel="truth: y", ylabel="prediction", xlim=shown, ylim=shown, aspect="equal")
    ax.legend(loc="upper left")
    return ax


def plot_plane(theta: Theta, x: ArrayLike, y: ArrayLike) -> Any:
    """Draw the days over warmth and price, the plane of the parameters, and a stick for each error.

    x has the shape (n, 2), y the shape (n,).
    """
    ax: Any = plt.figure(figsize=(6.5, 5)).add_subplot(projection="3d", computed_zorder=False)
    x, y = np.asarray(x), np.asarray(y)
    (a, b), bias = np.asarray(theta["w"]), float(theta["b"])
    ground = np.meshgrid(*(np.linspace(*ends(column), 49) for column in x.T))
    plane = a * ground[0] + b * ground[1] + bias
    seen = np.where((plane > ends(y)[0]) & (plane < ends(y)[1]), plane, np.nan)
    ax.plot_surface(*ground, seen, color=BLUE, alpha=0.3, linewidth=0)
    for (u, v), top in zip(x, y, strict=True):
        ax.plot([u, u], [v, v], [a * u + b * v + bias, top], color=PURPLE, lw=1.1)
    ax.scatter(*x.T, y, s=20, color=ORANGE, depthshade=False)
    for axis, name in zip((ax.xaxis, ax.yaxis, ax.zaxis), (*COLUMNS, "y"), strict=True):
        axis.set_pane_color((0, 0, 0, 0))
        axis.line.set_color(INK)
        axis.set_tick_params(colors=INK)
        axis.set_label_text(name, color=INK)
        axis._axinfo["grid"].update(color=INK, linewidth=0.3)
    ax.yaxis.set_tick_params(labelcolor=plt.rcParams["ytick.labelcolor"])
    ax.set(zlim=ends(y))
    ax.view_init(elev=22, azim=-138)
    ax.set_box_aspect(None, zoom=1.0)
    return ax


def ends(column: npt.NDArray[Any]) -> tuple[float, float]:
    """A little below the smallest number of a column, and a little above the largest."""
    return float(column.min()) - 0.3, float(column.max()) + 0.3


def plot_losses(losses: Sequence[float] | ArrayLike) -> Axes:
    """Draw the loss, one value for each step of training."""
    ax = plt.subplots(figsize=(6, 3))[1]
    ax.plot(np.asarray(losses), color=BLUE, lw=2)
    ax.set(xlabel="step", ylabel="loss", title="Loss during training")
    return ax


def follow(train: Callable[..., Any], theta: Theta, *data: Any, **numbers: Any) -> list[Theta]:
    """The places that a training passes: `train` is called for one step, again and again.

    data: what `train` takes after theta: model, loss, x, y.
    numbers: `n_steps` and `step_size`.
    Returns the parameters at the start and after each step.
    """
    path = [theta]
    for _ in range(numbers["n_steps"]):
        path.append(train(path[-1], *data, n_steps=1, step_size=numbers["step_size"])[1])
    return path


def plot_paths(
    paths: Mapping[str, Sequence[Theta]],
    model: Callable[..., Any],
    loss: Callable[..., Any],
    x: ArrayLike,
    y: ArrayLike,
) -> None:
    """Draw each path over the contours of the loss in (w1, w2), a panel for each.

    paths: title of a panel: the places of a training, as `follow` gives them.
    The contours are those of `loss(theta, model, x, y)` at the bias where the best path ends.
    """
    _, axes = plt.subplots(1, len(paths), figsize=(11, 4), sharey=True, squeeze=False)
    w1, w2 = np.meshgrid(*(np.linspace(*side, 61) for side in WEIGHTS))
    best = min((path[-1] for path in paths.values()), key=lambda t: height(loss, t, model, x, y))

    def at(one: Any, two: Any) -> Any:
        return loss({"w": jnp.stack([one, two]), "b": best["b"]}, model, x, y)

    floor = jax.vmap(at)(w1.ravel(), w2.ravel()).reshape(w1.shape)
    levels = float(floor.min()) + 0.06 * 2.0 ** np.arange(9)
    for ax, (title, path) in zip(axes[0], paths.items(), strict=True):
        ax.contour(w1, w2, floor, levels=levels, colors=BLUE, linewidths=0.9, alpha=0.8)
        steps = inside(np.array([theta["w"] for theta in path]))
        ax.plot(*steps.T, "-o", color=ORANGE, lw=1.5, ms=3.5, label="training")
        ax.plot(*steps[0], "s", color=PURPLE, ms=8, label="start")
        ax.plot(*best["w"], "*", color=GREEN, ms=14, label="deepest point")
        ax.set(xlim=WEIGHTS[0], ylim=WEIGHTS[1], aspect="equal", title=title)
        ax.set_xlabel(r"$w_1$ (warmth)")
    axes[0, 0].set_ylabel(r"$w_2$ (price)")
    axes[0, 0].legend(loc="lower left", fontsize=9)
    plt.show()


def inside(steps: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The steps of a path up to the first one that leads out of the picture."""
    low, high = np.transpose(WEIGHTS)
    out = ~np.all((steps > low) & (steps < high), axis=1)  # so is a step to nan
    return steps[: np.argmax(out) + 1] if np.any(out) else steps


def height(loss: Callable[..., Any], theta: Theta, *data: Any) -> float:
    """The loss at some parameters; what is not finite is as high as can be."""
    value = float(loss(theta, *data))
    return value if np.isfinite(value) else float("inf")
