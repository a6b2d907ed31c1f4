"""Draw the picture of the lesson: ``python figures/draw_figures.py`` rewrites the SVG.

It is the neural diagram of the lesson before with more circles, and has its shapes and colours from
the script of that lesson.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

HERE = Path(__file__).resolve().parent
BEFORE = HERE.parents[1] / "logistic_regression" / "figures" / "draw_figures.py"
shapes = SimpleNamespace(**runpy.run_path(str(BEFORE)))

INPUTS = [105, 195]
HIDDEN = [42, 106, 194, 258]
OUTPUTS = [78, 150, 222]


def line(x1: float, y1: float, x2: float, y2: float) -> str:
    """A connection without a head: there are too many for arrows."""
    return (
        f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{shapes.INK}" '
        'stroke-width="1.3" stroke-opacity="0.75"/>'
    )


def network() -> str:
    """A point on its way through two layers of neurons."""
    lines = [line(98, a, 262, b) for a in INPUTS for b in HIDDEN]
    lines += [line(382, a, 538, b) for a in HIDDEN for b in OUTPUTS]
    parts = [*lines]
    for y, index in zip(INPUTS, "12", strict=True):
        parts += [shapes.circle(72, y, 26, shapes.BLUE), shapes.symbol(72, y, "x", index)]
    for y in HIDDEN:
        parts += [
            shapes.circle(284, y, 22, shapes.WHITE),
            shapes.label(284, y, "Σ", 20, shapes.INK),
            shapes.arrow(307, y, 333, y),
            shapes.circle(358, y, 24, shapes.YELLOW),
            shapes.label(358, y, "tanh", 14, shapes.INK),
        ]
    parts += [shapes.label(x, 150, "⋮", 26, shapes.INK) for x in (284, 358)]
    for y, index in zip(OUTPUTS, "012", strict=True):
        parts += [
            shapes.circle(560, y, 22, shapes.WHITE),
            shapes.label(560, y, "Σ", 20, shapes.INK),
            shapes.arrow(583, y, 641, y),
            shapes.circle(668, y, 26, shapes.GREEN),
            shapes.symbol(668, y, "s", index),
        ]
    for x, index in [(180, "1"), (460, "2")]:
        parts += [shapes.box(x, 150, 74, 36, shapes.PINK)]
        parts += [shapes.symbol(x - 17, 151, "W", index, size=20)]
        parts += [shapes.symbol(x + 20, 149, "b", index, size=20)]
    captions = [
        (72, "inputs", "a point"),
        (180, "weights", "learned"),
        (321, "32 neurons", "the hidden layer"),
        (460, "weights", "learned"),
        (560, "sums", ""),
        (668, "scores", "one a class"),
    ]
    for x, name, note in captions:
        parts += [shapes.label(x, 312, name, 15, shapes.INK), shapes.label(x, 334, note, 13)]
    return shapes.panel(
        740,
        360,
        "A neural network with one hidden layer",
        "The two coordinates of a point are multiplied by weights and summed, in each of 32 "
        "neurons; each sum passes through a yellow tanh. What comes out is multiplied by further "
        "weights and summed to three scores, one for each class.",
        parts,
    )


def main() -> None:
    (HERE / "network.svg").write_text(network(), encoding="utf-8")


if __name__ == "__main__":
    main()
