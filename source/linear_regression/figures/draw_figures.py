"""Draw the two pictures of the lesson: ``python figures/draw_figures.py`` rewrites both SVGs.

Shapes and colours come from the script of the logistic lesson.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

HERE = Path(__file__).resolve().parent
SHAPES = HERE.parents[1] / "logistic_regression" / "figures" / "draw_figures.py"
shapes = SimpleNamespace(**runpy.run_path(str(SHAPES)))
YELLOW = "#ffe9a3"


def block(x: float, width: float, title: str, note: str, fill: str) -> list[str]:
    """One of the three parts: a box with its name and what it is here."""
    return [
        shapes.box(x, 132, width, 84, fill),
        shapes.label(x, 120, title, 19, shapes.INK),
        shapes.label(x, 148, note, 13),
    ]


def frame() -> str:
    """Model, loss and optimiser: what goes from each to the next."""
    way_back = (
        f'<path d="M 640 174 L 640 236 L 262 236 L 262 180" fill="none" stroke="{shapes.INK}" '
        'stroke-width="2.5" marker-end="url(#head)"/>'
    )
    parts = [
        shapes.circle(70, 132, 30, shapes.BLUE),
        shapes.symbol(70, 132, "x", size=27),
        shapes.label(70, 184, "inputs", 13),
        shapes.arrow(102, 132, 178, 132),
        *block(262, 160, "model", "linear_model", shapes.PINK),
        shapes.arrow(344, 132, 390, 132),
        shapes.label(367, 110, "ŷ", 20, shapes.INK),
        *block(458, 128, "loss", "mse", YELLOW),
        shapes.circle(458, 36, 22, shapes.GREEN),
        shapes.symbol(458, 38, "y", size=23),
        shapes.label(406, 36, "truth", 13),
        shapes.arrow(458, 59, 458, 88),
        shapes.arrow(524, 132, 564, 132),
        shapes.label(544, 110, "slope", 13),
        *block(640, 144, "optimiser", "train", shapes.WHITE),
        way_back,
        shapes.label(
            452, 257, "the parameters theta move, and the round begins again", 14, shapes.INK
        ),
    ]
    return shapes.panel(
        740,
        282,
        "The frame: model, loss and optimiser",
        "Inputs x and parameters theta go into the model, which gives a prediction. Prediction and "
        "truth y go into the loss. The optimiser follows the slope of the loss and moves theta, "
        "and the round begins again.",
        parts,
    )


def rows(x: float, names: list[tuple[str, str]], fill: str, width: float = 62) -> list[str]:
    """A column of numbers: name and subscript of each; a name of "⋮" is a gap."""
    parts = []
    for y, (name, index) in zip((70, 114, 155, 196), names, strict=True):
        if name == "⋮":
            parts.append(shapes.label(x, y, name, size=26, fill=shapes.INK))
        else:
            parts += [shapes.box(x, y, width, 38, fill), shapes.symbol(x, y, name, index, size=21)]
    return parts


def table(x: float) -> list[str]:
    """Two columns side by side, as the rows of a table of inputs."""
    parts = []
    for number, place in enumerate((x - 32, x + 32), start=1):
        names = [("x", f"1{number}"), ("x", f"2{number}"), ("⋮", ""), ("x", f"n{number}")]
        parts += rows(place, names, shapes.BLUE)
    return parts


def linear_model() -> str:
    """All rows at once: a table of inputs times the weights, plus the bias."""
    middle = 133
    weights = []
    for y, index in ((middle - 22, "1"), (middle + 22, "2")):
        weights += [
            shapes.box(276, y, 62, 38, shapes.PINK),
            shapes.symbol(276, y, "w", index, size=21),
        ]
    parts = [
        *table(112),
        shapes.operator(210, middle, "@"),
        *weights,
        shapes.operator(342, middle, "+"),
        shapes.box(406, middle, 62, 38, shapes.PINK),
        shapes.symbol(406, middle, "b"),
        shapes.operator(472, middle, "="),
        *rows(548, [("ŷ", "1"), ("ŷ", "2"), ("⋮", ""), ("ŷ", "n")], shapes.GREEN),
    ]
    captions = [
        (112, "inputs x", "n rows, d = 2 columns"),
        (276, "weights w", "d numbers"),
        (406, "bias b", "one number"),
        (548, "predictions", "n numbers"),
    ]
    for x, name, size in captions:
        parts += [shapes.label(x, 245, name, 15, shapes.INK), shapes.label(x, 267, size, 13)]
    parts.append(shapes.label(341, 31, "w and b are shared by every row", 13))
    return shapes.panel(
        640,
        294,
        "The linear model in matrix form",
        "A table x of n rows and d columns, times a column w of d weights, plus one bias b, gives "
        "a column of n predictions.",
        parts,
    )


def main() -> None:
    folder = Path(__file__).resolve().parent
    for name, draw in {"frame": frame, "linear_model": linear_model}.items():
        (folder / f"{name}.svg").write_text(draw(), encoding="utf-8")


if __name__ == "__main__":
    main()
