"""Helpers for the lesson on neural networks: the data, and pictures.

Everything here is given; there is nothing to fill in. Reading it is encouraged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap

INK = "#767676"  # legible on white and on a dark page
BLUE, ORANGE, GREEN, PURPLE = "#3b82c4", "#d9822b", "#2f9e62", "#9a6bd0"
COLOURS, MARKERS = (BLUE, ORANGE, GREEN), "os^"  # classes differ in more than colour

plt.rcParams.update(
    dict.fromkeys(["figure.facecolor", "axes.facecolor", "savefig.facecolor"], "none")
    | dict.fromkeys(["text.color", "axes.labelcolor", "axes.titlecolor", "axes.edgecolor"], INK)
    | dict.fromkeys(["xtick.color", "ytick.color", "legend.labelcolor"], INK)
    # Where all numbers at the axes are dark, Jupyter puts white under a transparent figure.
    # Of these two greys it calls one dark and the other light, and leaves it alone.
    | {"ytick.labelcolor": "#808080", "legend.frameon": False, "figure.dpi": 90}
)

Classify = Callable[[Any], Any]
"""Takes points, shape (n, 2), and gives their classes: whole numbers, shape (n,)."""


@partial(jax.jit, static_argnames="n")
def rings(key: Array, n: int) -> tuple[Array, Array]:
    """Draw n points of the plane in three classes: a disc, and two rings round it.

    Args:
        key: a JAX key; the same key gives the same points.
        n: how many points. Each class has a third of them.

    Returns:
        ``(x, labels)``: the points, shape (n, 2), and their classes, the whole numbers 0 (the
        disc), 1 (the inner ring) and 2 (the outer ring), shape (n,). The classes come in order:
        first all points of class 0, then those of class 1, then those of class 2.
    """
    for_radius, for_angle = jax.random.split(key)
    labels = jnp.sort(jnp.arange(n) % 3)
    share = jax.random.uniform(for_radius, (n,))
    radius = labels + 0.7 * jnp.where(labels == 0, jnp.sqrt(share), share)
    angle = jax.random.uniform(for_angle, (n,), maxval=2 * jnp.pi)
    return jnp.stack([radius * jnp.cos(angle), radius * jnp.sin(angle)], axis=1), labels


def plot_points(x: ArrayLike, labels: ArrayLike, ax: Axes | None = None) -> Axes:
    """Draw points of the plane, shape (n, 2), with a colour and a marker for each class."""
    ax = ax or plt.subplots(figsize=(4.6, 4))[1]
    x, labels = np.asarray(x), np.asarray(labels)
    for kind, (colour, marker) in enumerate(zip(COLOURS, MARKERS, strict=True)):
        inside = x[labels == kind]
        ax.scatter(*inside.T, s=16, color=colour, marker=marker, label=f"class {kind}")
    ax.set(xlabel=r"$x_1$", ylabel=r"$x_2$", aspect="equal", xlim=(-3, 3), ylim=(-3, 3))
    ax.legend(bbox_to_anchor=(1.02, 1), loc="upper left")
    return ax


def plot_regions(
    classify: Classify, x: ArrayLike, labels: ArrayLike, ax: Axes | None = None
) -> Axes:
    """Draw the class that is predicted everywhere, its borders as lines, and points over it."""
    ax = plot_points(x, labels, ax)
    along = np.linspace(-3, 3, 241)
    places = np.stack(np.meshgrid(along, along), axis=-1)
    classes = np.asarray(classify(places.reshape(-1, 2).astype(np.float32))).reshape(241, 241)
    shades = {"cmap": ListedColormap(COLOURS), "vmin": 0, "vmax": 2, "alpha": 0.22}
    ax.imshow(classes, extent=(-3, 3, -3, 3), origin="lower", zorder=0, **shades)
    for kind in range(3):
        if 0 < np.mean(classes == kind) < 1:
            ax.contour(along, along, classes == kind, levels=[0.5], colors=INK, linewidths=1.2)
    return ax


def plot_two_regions(
    one: Classify, other: Classify, x: ArrayLike, labels: ArrayLike, titles: Sequence[str]
) -> None:
    """Draw what two classifiers predict, side by side."""
    _, axes = plt.subplots(1, 2, figsize=(8.6, 3.9), sharey=True)
    for ax, classify, title in zip(axes, (one, other), titles, strict=True):
        plot_regions(classify, x, labels, ax).set_title(title)
    axes[0].legend().remove()
    axes[1].set_ylabel("")
    plt.show()


def plot_tanh() -> None:
    """Draw tanh beside the logistic function of the lesson before."""
    _, ax = plt.subplots(figsize=(5, 2.6))
    z = np.linspace(-5, 5, 201)
    ax.plot(z, np.tanh(z), color=BLUE, lw=2, label="tanh")
    ax.plot(z, 1 / (1 + np.exp(-z)), "--", color=ORANGE, lw=2, label="logistic")
    ax.set(xlabel="z", yticks=[-1, 0, 1], xlim=(-5, 5))
    ax.legend()
    plt.show()


def valley(place: dict[str, Any]) -> Any:
    """A long, narrow valley: the way down leads across it nearly everywhere."""
    return (place["u"] ** 2 + 30 * place["v"] ** 2) / 2


def plot_descents(step: Callable[..., Any], step_size: float, betas: Sequence[float]) -> None:
    """Draw the way down a narrow valley, a panel for each beta, taken with ``momentum_step``."""
    _, axes = plt.subplots(1, len(betas), figsize=(9, 2.7), sharey=True)
    across = np.meshgrid(np.linspace(-0.8, 4.4, 120), np.linspace(-1.3, 1.3, 80))
    heights = valley({"u": across[0], "v": across[1]})
    for ax, beta in zip(axes, betas, strict=True):
        place = {"u": jnp.array(4.0), "v": jnp.array(1.0)}
        velocity = jax.tree.map(jnp.zeros_like, place)
        path = [place]
        for _ in range(40):
            place, velocity = step(place, velocity, jax.grad(valley)(place), step_size, beta)
            path.append(place)
        ax.contour(*across, heights, levels=[0.1, 0.5, 1.5, 4, 9, 16], colors=INK, linewidths=0.7)
        ax.plot([p["u"] for p in path], [p["v"] for p in path], "o-", color=BLUE, ms=3, lw=1.2)
        ax.plot(0, 0, "*", color=ORANGE, ms=12)
        ax.set(xlim=(-0.8, 4.4), ylim=(-1.3, 1.3), xlabel="u", title=rf"$\beta$ = {beta:g}")
    axes[0].set_ylabel("v")
    plt.show()
