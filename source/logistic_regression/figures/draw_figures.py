"""Draw the two pictures of the lesson: ``python figures/draw_figures.py`` rewrites both SVGs.

Each picture stands on its own light panel with dark ink, so that it reads the same on a dark
theme as on a light one. Only the standard library is used, and the output is deterministic. The
scripts of the other lessons take their shapes and colours from here.
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
YELLOW = "#ffd93b"  # the activation, in both pictures

SANS = "DejaVu Sans, Verdana, Arial, sans-serif"
SERIF = "DejaVu Serif, Georgia, Times New Roman, serif"


# How far below its middle a symbol's baseline lies, in font sizes. Stated here because viewers
# disagree about dominant-baseline.
DROP = {"b": 0.36, "p": 0.17, "g": 0.17, "y": 0.17, "ŷ": 0.17}


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


def column(x: float, name: str, fill: str) -> list[str]:
    """A column of n numbers: name_1, name_2, a gap, name_n."""
    rows = [(70, "1"), (114, "2"), (196, "n")]
    parts = []
    for y, index in rows:
        parts += [box(x, y, 62, 38, fill), symbol(x, y, name, index, size=21)]
    parts += [label(x, 155, "⋮", size=26, fill=INK)]
    return parts


def matrix_form() -> str:
    """All n points at once: z = x w + b, then p = g(z)."""
    middle = 133
    parts = [
        *column(75, "x", BLUE),
        operator(138, middle, "×"),
        box(196, middle, 62, 38, PINK),
        symbol(196, middle, "w"),
        operator(254, middle, "+"),
        box(312, middle, 62, 38, PINK),
        symbol(312, middle, "b"),
        operator(371, middle, "="),
        *column(433, "z", WHITE),
        arrow(474, middle, 517, middle),
        circle(546, middle, 27, YELLOW),
        symbol(546, middle, "g", size=27),
        arrow(575, middle, 618, middle),
        *column(661, "p", GREEN),
    ]
    captions = [
        (75, "inputs", "n numbers"),
        (196, "weight", "one number"),
        (312, "bias", "one number"),
        (433, "scores", "n numbers"),
        (546, "activation", "a function"),
        (661, "probabilities", "n numbers"),
    ]
    for x, name, size in captions:
        parts += [label(x, 245, name, 15, INK), label(x, 267, size, 13)]
    parts.append(label(254, 31, "w and b are shared by every row", 13))
    return panel(
        740,
        294,
        "Logistic regression in matrix form",
        "A column x of n inputs times one weight w plus one bias b gives a column z of n scores. "
        "The activation g, drawn in yellow, turns each score into a probability p.",
        parts,
    )


def neural_diagram() -> str:
    """One point through one neuron: inputs, weights, sum, activation, output."""
    middle = 132
    parts = [
        circle(90, 78, 30, BLUE),
        symbol(90, 78, "x", size=27),
        circle(90, 186, 30, BLUE),
        label(90, 186, "1", size=23, fill=INK),
        arrow(122, 86, 291, 123),
        arrow(122, 178, 291, 141),
        circle(330, middle, 38, WHITE),
        label(330, middle, "Σ", size=31, fill=INK),
        box(205, 104, 42, 34, PINK),
        symbol(205, 104, "w", size=23),
        box(205, 160, 42, 34, PINK),
        symbol(205, 160, "b", size=23),
        arrow(370, middle, 460, middle),
        symbol(413, middle - 20, "z", size=23),
        circle(500, middle, 38, YELLOW),
        symbol(500, middle, "g", size=33),
        arrow(540, middle, 618, middle),
        circle(650, middle, 30, GREEN),
        symbol(650, middle, "p", size=27),
    ]
    captions = [
        (90, "inputs", ""),
        (205, "weights", "learned"),
        (330, "sum", "z = w·x + b·1"),
        (500, "activation", "p = g(z)"),
        (650, "output", "0 < p < 1"),
    ]
    for x, name, note in captions:
        parts += [label(x, 245, name, 15, INK), label(x, 267, note, 13)]
    return panel(
        740,
        294,
        "Logistic regression as a single neuron",
        "Two inputs, x and the constant 1, are multiplied by the weights w and b and summed to z. "
        "The activation g, drawn in yellow, turns z into the output p.",
        parts,
    )


def main() -> None:
    folder = Path(__file__).resolve().parent
    for name, draw in {"matrix_form": matrix_form, "neural_diagram": neural_diagram}.items():
        (folder / f"{name}.svg").write_text(draw(), encoding="utf-8")


if __name__ == "__main__":
    main()
