"""Pictures as SVG that takes its colours from the page. TRUSTED SIDE; drawn by matplotlib.

The same data give the same bytes: no dates, and identifiers that follow from the content.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import MaxNLocator

from autograder.record.report import Figure

# Stand-ins that matplotlib can draw with; the page's own colours, light or dark, replace them.
INK, SOFT, ACCENT, WARN = "#010101", "#020202", "#030303", "#040404"
COLOURS = {
    INK: "var(--ink)",
    SOFT: "var(--soft)",
    ACCENT: "var(--accent)",
    WARN: "var(--bad)",
}
RULES: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": SOFT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "savefig.transparent": True,
}
NO_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))
# matplotlib numbers its groups; two pictures on one page would share the numbers.
NUMBERED = re.compile(r' id="(?!p[0-9a-f]{10}|m[0-9a-f]{10})[^"]*"')
WIDE_RANGE = 50.0
"""From this ratio of the largest to the smallest loss on, a logarithmic axis shows more."""


@dataclass(frozen=True)
class Drawing:
    """A picture: an `<svg>` element, and what it shows in words."""

    svg: str
    caption: str


def draw(
    paint: Callable[[Axes], None], description: str, width: float = 5.2, height: float = 2.4
) -> str:
    """An `<svg>` element of this size, in inches, painted by a function."""
    with matplotlib.rc_context({**RULES, "svg.hashsalt": description}):
        canvas = Canvas(figsize=(width, height), layout="constrained")
        paint(canvas.add_subplot())
        written = io.StringIO()
        canvas.savefig(written, format="svg", metadata=NO_METADATA)
    svg = NUMBERED.sub("", written.getvalue().partition("<svg")[2])
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    for drawn, shown in COLOURS.items():
        svg = svg.replace(drawn, shown)
    return f'<svg role="img" aria-label="{escape(description)}"{svg.rstrip()}'


def curves(figure: Figure) -> Drawing:
    """A check's figure: the first line dashed, for comparison, and the student's own over it."""

    def paint(axes: Axes) -> None:
        looks: Sequence[dict[str, Any]] = (
            {"color": SOFT, "linestyle": "--", "linewidth": 2.5},
            {"color": ACCENT, "marker": "o", "markersize": 3, "linewidth": 1.2},
        )
        for line, look in zip(figure.lines, looks, strict=False):
            heights = [float("nan") if y is None else y for y in line.y]
            axes.plot(line.x, heights, label=line.label, **look)
        axes.set(xlabel=figure.x_label, ylabel=figure.y_label)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        drawn = [y for line in figure.lines for y in line.y if y is not None]
        if drawn and min(drawn) > 0 and max(drawn) > WIDE_RANGE * min(drawn):
            axes.set_yscale("log")
        axes.legend()

    return Drawing(draw(paint, figure.title), figure.title)


def score_distribution(scores: Sequence[float], most: float) -> str:
    """How many students have how many points: ten equal bins from 0 to `most`."""

    def paint(axes: Axes) -> None:
        axes.hist(scores, bins=10, range=(0, most or 1), color=ACCENT, rwidth=0.92)
        axes.set(xlabel="points", ylabel="students", xlim=(0, most or 1))
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))

    return draw(paint, "How many students have how many points", width=7)
