"""`make figures`: the diagrams of the lessons, drawn, and attached to the cells that show them.

A notebook has to show its pictures where it is alone. JupyterLab shows bitmaps that are attached to
a cell, and no SVG: so each `attachment:NAME.png` is figures/NAME.svg, as a browser paints it. Which
file it was made from stands in the bitmap, so that a test can tell whether it is up to date.
"""

from __future__ import annotations

import base64
import hashlib
import io
import subprocess
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Browser

from tests.support.browser import browser
from tests.support.lesson import ROOT

MADE_FROM = "sha256 of the SVG"
SCALE = 1.5
"""Pixels of the bitmap for one of the SVG: sharp, and in a notebook no wider than its text."""


def main() -> None:
    """Draw the figures of every lesson anew, and attach them."""
    with browser() as chromium:
        for notebook in sorted(ROOT.glob("source/*/*.ipynb")):
            for script in notebook.parent.glob("figures/draw_figures.py"):
                subprocess.run([sys.executable, script], check=True)
            print(f"{notebook.relative_to(ROOT)}: {attach(chromium, notebook)} pictures")


def attach(chromium: Browser, path: Path) -> int:
    """Paint what the cells of a notebook have attached; how many pictures that were."""
    notebook = nbformat.read(path, as_version=4)
    painted: dict[str, str] = {}
    for cell, name in attached(notebook):
        drawing = path.parent / "figures" / Path(name).with_suffix(".svg").name
        if name not in painted and drawing.is_file():
            painted[name] = paint(chromium, drawing)
        if name in painted:
            cell.attachments[name] = {"image/png": painted[name]}
    if painted:
        nbformat.write(notebook, path)
    return len(painted)


def attached(notebook: NotebookNode) -> list[tuple[NotebookNode, str]]:
    """The cells that have pictures attached, with the name of each picture."""
    return [(cell, name) for cell in notebook.cells for name in cell.get("attachments", {})]


def paint(chromium: Browser, drawing: Path) -> str:
    """A drawing as a bitmap, in base64, in few colours and with a transparent ground."""
    page = chromium.new_page(device_scale_factor=SCALE)
    page.set_content(
        f"<body style='margin:0;width:max-content'>{drawing.read_text('utf-8')}</body>"
    )
    taken = page.locator("svg").screenshot(omit_background=True)
    page.close()
    few = Image.open(io.BytesIO(taken)).quantize(128, method=Image.Quantize.FASTOCTREE)
    note, made = PngInfo(), io.BytesIO()
    note.add_text(MADE_FROM, fingerprint(drawing))
    few.save(made, format="PNG", optimize=True, pnginfo=note)
    return base64.b64encode(made.getvalue()).decode()


def fingerprint(drawing: Path) -> str:
    return hashlib.sha256(drawing.read_bytes()).hexdigest()


def made_from(picture: str) -> str:
    """The fingerprint of the drawing that an attached bitmap was made from."""
    return str(Image.open(io.BytesIO(base64.b64decode(picture))).text[MADE_FROM])


if __name__ == "__main__":
    main()
