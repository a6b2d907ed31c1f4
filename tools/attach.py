"""`python -m tools.attach LESSON`: put the diagrams of a lesson into its notebook.

Each figures/NAME.svg is rendered as figures/NAME.png by a real browser, and that is what the cells
which show `attachment:NAME.png` get. A bitmap, because JupyterLab shows no attached SVG.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
from playwright.sync_api import Page

from tests.support.browser import browser
from tests.support.lesson import ROOT


def main(lesson: str) -> None:
    """Render the diagrams of a lesson, and attach them."""
    path = ROOT / "source" / lesson / f"{lesson}.ipynb"
    with browser() as chromium:
        page = chromium.new_page()
        for svg in sorted((path.parent / "figures").glob("*.svg")):
            svg.with_suffix(".png").write_bytes(rendered(page, svg))
            print(svg.with_suffix(".png").relative_to(ROOT))
    notebook = nbformat.read(path, as_version=4)
    for cell, name in shown(notebook):
        drawn = (path.parent / "figures" / name).read_bytes()
        cell["attachments"] = {name: {"image/png": base64.b64encode(drawn).decode()}}
    nbformat.write(notebook, path)


def rendered(page: Page, svg: Path) -> bytes:
    """A diagram as a PNG of the size that it asks for; nothing behind its rounded corners."""
    page.set_content(svg.read_text(encoding="utf-8"))
    page.add_style_tag(content="body { margin: 0 } svg { display: block }")
    return page.locator("svg").screenshot(omit_background=True)


def shown(notebook: nbformat.NotebookNode) -> Iterator[tuple[nbformat.NotebookNode, str]]:
    """The Markdown cells that show an attachment, with its name."""
    for cell in notebook.cells:
        _, found, after = cell.source.partition("](attachment:")
        if cell.cell_type == "markdown" and found:
            yield cell, after.partition(")")[0]


if __name__ == "__main__":
    main(sys.argv[1])
