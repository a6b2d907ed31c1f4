"""Draw the two pictures of the lesson: ``python figures/draw_figures.py`` rewrites both SVGs.

Each picture stands on its own light panel with dark ink, so that it reads the same on a dark
theme as on a light one. Only the standard library is used, and the output is deterministic.
"""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

INK = "#1f2933"
QUIET = "#52606d"
PANEL = "#fbfaf5"
BLUE = "#cfe3f7"
PINK = "#f6d5d8"
GREEN = "#d5ecd4"
WHITE = "#ffffff"
YELLOW = "#ffe9a3"

SANS = "DejaVu Sans, Verdana, Arial, sans-serif"
SERIF = "DejaVu Serif, Georgia, Times New Roman, serif"


# How far below its middle a symbol's baseline lies, in font sizes. Stated here because viewers
# disagree about dominant-baseline.
DROP = {"b": 0.36, "y": 0.17, "ŷ": 0.17}


def label(x: float, y: float, text: str, size: int = 15, fill: str = QUIET) -> str:
    """A line of ordinary text, centred on (x, y)."""
    return (
        f'<text x="{x:g}" y="{y + 0.35 * size:g}" font-family="{SANS}" font-size="{size}" '
        f'fill="{fill}" text-anchor="middle">{escape(text)}</text>'
    )


def symbol(x: float, y: float, name: str, subscript: str = "", size: int = 24) -> str:
    """A mathematical symbol in italics, centred on (x, y), with an optional subscript."""
    lowered = (
        f'<tspan dy="{size * 0.25:g}" font-size="{size * 0.65:g}">{escape(subscript)}</tspan>'
        if subscript
        else ""
    )
    baseline = y + DROP.get(name, 0.25) * size
    return (
        f'<text x="{x:g}" y="{baseline:g}" font-family="{SERIF}" font-size="{size}" '
        f'font-style="italic" fill="{INK}" text-anchor="middle">{escape(name)}{lowered}</text>'
    )


def operator(x: float, y: float, text: str) -> str:
    """An upright operator such as + or =."""
    return label(x, y, text, size=28, fill=INK)


def box(x: float, y: float, width: float, height: float, fill: str) -> str:
    """A rectangle whose centre is (x, y)."""
    return (
        f'<rect x="{x - width / 2:g}" y="{y - height / 2:g}" width="{width:g}" '
        f'height="{height:g}" rx="5" fill="{fill}" stroke="{INK}" stroke-width="2"/>'
    )


def circle(x: float, y: float, radius: float, fill: str) -> str:
    """A node of a diagram."""
    return (
        f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" fill="{fill}" stroke="{INK}" '
        'stroke-width="2.5"/>'
    )


def arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    """A straight arrow that ends at (x2, y2)."""
    return (
        f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{INK}" '
        f'stroke-width="2.5" marker-end="url(#head)"/>'
    )


def panel(width: int, height: int, title: str, description: str, parts: list[str]) -> str:
    """A whole SVG document: the panel, the arrow head and the parts drawn on top."""
    head = (
        '<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" '
        f'markerHeight="7" orient="auto"><path d="M 0 0 L 10 5 L 0 10 z" fill="{INK}"/>'
        "</marker></defs>"
    )
    background = (
        f'<rect x="1" y="1" width="{width - 2}" height="{height - 2}" rx="14" '
        f'fill="{PANEL}" stroke="#c5ccd3" stroke-width="1.5"/>'
    )
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(description)}</desc>",
        head,
        background,
        *parts,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def block(x: float, width: float, title: str, note: str, fill: str) -> list[str]:
    """One of the three parts: a box with its name and what it is here."""
    return [
        box(x, 132, width, 84, fill),
        label(x, 120, title, 19, INK),
        label(x, 148, note, 13),
    ]


def frame() -> str:
    """Model, loss and optimiser: what goes from each to the next."""
    way_back = (
        f'<path d="M 640 174 L 640 236 L 262 236 L 262 180" fill="none" stroke="{INK}" '
        'stroke-width="2.5" marker-end="url(#head)"/>'
    )
    parts = [
        circle(70, 132, 30, BLUE),
        symbol(70, 132, "x", size=27),
        label(70, 184, "inputs", 13),
        arrow(102, 132, 178, 132),
        *block(262, 160, "model", "linear_model", PINK),
        arrow(344, 132, 390, 132),
        label(367, 110, "ŷ", 20, INK),
        *block(458, 128, "loss", "mse", YELLOW),
        circle(458, 36, 22, GREEN),
        symbol(458, 38, "y", size=23),
        label(406, 36, "truth", 13),
        arrow(458, 59, 458, 88),
        arrow(524, 132, 564, 132),
        label(544, 110, "slope", 13),
        *block(640, 144, "optimiser", "train", WHITE),
        way_back,
        label(452, 257, "the parameters theta move, and the round begins again", 14, INK),
    ]
    return panel(
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
            parts.append(label(x, y, name, size=26, fill=INK))
        else:
            parts += [box(x, y, width, 38, fill), symbol(x, y, name, index, size=21)]
    return parts


def table(x: float) -> list[str]:
    """Two columns side by side, as the rows of a table of inputs."""
    parts = []
    for number, place in enumerate((x - 32, x + 32), start=1):
        names = [("x", f"1{number}"), ("x", f"2{number}"), ("⋮", ""), ("x", f"n{number}")]
        parts += rows(place, names, BLUE)
    return parts


def linear_model() -> str:
    """All rows at once: a table of inputs times the weights, plus the bias."""
    middle = 133
    weights = []
    for y, index in ((middle - 22, "1"), (middle + 22, "2")):
        weights += [box(276, y, 62, 38, PINK), symbol(276, y, "w", index, size=21)]
    parts = [
        *table(112),
        operator(210, middle, "@"),
        *weights,
        operator(342, middle, "+"),
        box(406, middle, 62, 38, PINK),
        symbol(406, middle, "b"),
        operator(472, middle, "="),
        *rows(548, [("ŷ", "1"), ("ŷ", "2"), ("⋮", ""), ("ŷ", "n")], GREEN),
    ]
    captions = [
        (112, "inputs x", "n rows, d = 2 columns"),
        (276, "weights w", "d numbers"),
        (406, "bias b", "one number"),
        (548, "predictions", "n numbers"),
    ]
    for x, name, size in captions:
        parts += [label(x, 245, name, 15, INK), label(x, 267, size, 13)]
    parts.append(label(341, 31, "w and b are shared by every row", 13))
    return panel(
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
