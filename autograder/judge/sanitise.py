"""Makes what a student wrote safe to show in a browser. TRUSTED SIDE, after everything has run.

formgrader shows the notebooks in autograded/ with nbgrader's own template, inside the page that
can grade the class, and that template escapes neither HTML outputs nor Markdown. So it is what is
stored there that has to be harmless. Outputs go through a sanitiser (bleach). Markdown cannot: a
text that is harmless HTML may become something else when Markdown is made of it. It is rendered,
and kept as it is when rendering without raw HTML gives the same; otherwise it is replaced by its
rendering, sanitised.

It has to be bounded as well: whoever opens the notebook waits for what is stored to be rendered.
"""

from __future__ import annotations

import base64
import contextlib
import re
from collections.abc import Callable
from html import escape
from typing import Any

import nbformat
from nbconvert.preprocessors.sanitize import SanitizeHTML
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.utils import is_locked
from traitlets import Bool, Float, Integer, List, Set, Unicode

from autograder.judge.cells import DAMAGED, STOP, STOPS, UNTOUCHED, report_in
from autograder.judge.cleaning import Text, cleaner
from autograder.judge.course import course_of, source_notebook
from autograder.judge.harmless import DATA_IMAGE, RASTER, STYLES, TAGS

Resources = dict[str, Any]

NOTEBOOK_METADATA = {"kernelspec", "language_info", DAMAGED, STOPS}
CELL_METADATA = {"nbgrader", "tags", STOP, UNTOUCHED}
PLAIN = "Shown as plain text: showing it formatted would take too long."
MORE = "\n… The rest is not shown: it is too long."
FEWER = "… {} more outputs of this cell are not shown."
ANSI = re.compile(r"\x1b\[[^@-~]*+[@-~]?")
MOST_COLOURS = 1_000
"""Changes of colour in a text; nbconvert's time for them grows with their square."""
MOST_PIXELS = 50_000_000
"""Of a picture: a few bytes can stand for a picture that fills a browser's memory."""


class Sanitise(SanitizeHTML):
    """Takes out of a graded notebook what could run in the browser of whoever opens it.

    The judge's own outputs stay, and so do cells that read exactly as in the instructor's
    notebook. Of a student's outputs, text, LaTeX and bitmaps stay, HTML and Markdown are
    sanitised, and everything else goes: scripts, widgets, SVG. What is very long is cut, with a
    note. Comes last in the list, so that no score depends on it.
    """

    enabled = Bool(True, help="Whether to sanitise what students made.").tag(config=True)
    timeout = Float(
        5.0,
        help="""Seconds of processor time for the HTML and Markdown of a notebook. What is left then
        is shown as plain text.""",
    ).tag(config=True)
    max_text = Integer(
        100_000, help="Longest text that is shown, in characters: a cell, or one of its outputs."
    ).tag(config=True)
    max_notebook = Integer(
        1_000_000, help="Characters that are shown of all texts of a notebook together."
    ).tag(config=True)
    max_outputs = Integer(200, help="Outputs of a cell that are shown.").tag(config=True)
    tags = List(Unicode(), TAGS, help="HTML tags that stay; others are shown as text.").tag(
        config=True
    )
    styles = List(Unicode(), STYLES, help="CSS properties that stay.").tag(config=True)
    safe_output_keys = Set(
        {"text/plain", "text/latex", "image/png", "image/jpeg"},
        help="MIME types of outputs that stay as they are.",
    ).tag(config=True)
    sanitized_output_types = Set(
        {"text/html"}, help="MIME types of outputs that are sanitised. Markdown becomes HTML."
    ).tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        self._instructors = self._instructors_texts(resources)
        self._room = self.max_notebook
        self._texts: list[Text] = []
        self._put: list[Callable[[str | None], None]] = []
        nb.metadata = NotebookNode(
            {key: value for key, value in nb.metadata.items() if key in NOTEBOOK_METADATA}
        )
        nb, resources = super().preprocess(nb, resources)
        shown = cleaner.clean(self._texts, self.timeout, self.tags, self.styles)
        for put, text in zip(self._put, shown, strict=True):
            put(text)
        return nb, resources

    def preprocess_cell(
        self, cell: NotebookNode, resources: Resources, cell_index: int
    ) -> tuple[NotebookNode, Resources]:
        cell.metadata = NotebookNode(
            {key: value for key, value in cell.metadata.items() if key in CELL_METADATA}
        )
        authors = cell.source in self._instructors
        if cell.cell_type == "code":
            if not (authors or is_locked(cell)):
                cell.source = self._cut(cell.source)
            if report_in(cell) is None:
                cell.outputs = self.sanitize_code_outputs(cell.outputs)
        elif authors:
            attach(cell, self._instructors[cell.source])
        elif is_locked(cell):
            attach(cell, bitmaps(cell.get("attachments")))
        else:
            self._sanitise_text(cell)
        return cell, resources

    def _sanitise_text(self, cell: NotebookNode) -> None:
        """Sanitise a student's cell of Markdown, or a raw one, which is HTML for nbconvert."""
        markdown, attached = cell.cell_type == "markdown", bitmaps(cell.get("attachments"))
        attach(cell, attached if markdown else {})
        cell.source = self._cut(cell.source)

        def put(shown: str | None) -> None:
            if shown is None:
                attach(cell, {})
            cell.source = plain(cell.source, PLAIN) if shown is None else shown

        self._later("markdown" if markdown else "html", cell.source, attached, put)

    def sanitize_code_outputs(self, outputs: list[NotebookNode]) -> list[NotebookNode]:
        """Sanitise the outputs of one cell, in whatever form the kernel sent them."""
        kept = outputs[: self.max_outputs]
        for output in kept:
            if output.output_type == "stream":
                output.text = self._text(output.text)
            elif output.output_type == "error":
                output.ename, output.evalue = self._text(output.ename), self._text(output.evalue)
                output.traceback = [self._text("\n".join(map(str, output.traceback)))]
            else:
                output.metadata = sizes(output.get("metadata"))
                output.data = self._bundle(output.data)
        if left := len(outputs) - len(kept):
            kept.append(new_output("stream", name="stdout", text=FEWER.format(left)))
        return kept

    def _bundle(self, data: dict[str, Any]) -> NotebookNode:
        """What is shown of an output in several forms."""
        texts = {kind: text for kind, text in data.items() if isinstance(text, str)}
        bundle = NotebookNode(
            {
                kind: text if RASTER.fullmatch(kind) else self._text(text)
                for kind, text in texts.items()
                if kind in self.safe_output_keys
                and not (kind == "image/png" and pixels(text) > MOST_PIXELS)
            }
        )
        kinds = {kind: "html" for kind in texts if kind in self.sanitized_output_types}
        if not kinds and "text/markdown" in texts:
            kinds = {"text/markdown": "output"}
        for kind, how in kinds.items():
            target = "text/html" if how == "output" else kind
            text = texts[kind]
            if len(text) > min(self.max_text, self._room):
                bundle[target] = plain(self._cut(bundle.get("text/plain", text)), PLAIN)
                continue
            self._room -= len(text)

            def put(shown: str | None, target: str = target, text: str = text) -> None:
                said = bundle.get("text/plain", text)
                bundle[target] = plain(said, PLAIN) if shown is None else shown

            self._later(how, text, {}, put)
        return bundle

    def _later(
        self, how: str, text: str, attached: dict[str, Any], put: Callable[[str | None], None]
    ) -> None:
        """Have a text made harmless with all others of the notebook; `put` takes the answer."""
        self._texts.append((how, text, attached))
        self._put.append(put)

    def _text(self, text: Any) -> str:
        """A text for a terminal, in bounded length and with a bounded number of colours."""
        text = self._cut(str(text))
        return ANSI.sub("", text) if text.count("\x1b") > MOST_COLOURS else text

    def _cut(self, text: str) -> str:
        """A text, or its beginning and a note where it is too long."""
        most = max(min(self.max_text, self._room), len(MORE))
        if len(text) > most:
            text = text[: most - len(MORE)] + MORE
        self._room -= len(text)
        return text

    def _instructors_texts(self, resources: Resources) -> dict[str, dict[str, Any]]:
        """What the cells of the instructor's notebook say, and the pictures attached to each.

        The lesson's own HTML may stay. Of its pictures a submission has copies, which may have been
        lost or exchanged.
        """
        identity = resources.get("nbgrader", {})
        course = course_of(self.parent)
        if course is None or "assignment" not in identity:
            return {}
        path = source_notebook(course, identity)
        if not path.exists():
            return {}
        cells = nbformat.read(path, as_version=4).cells
        return {cell.source: cell.get("attachments", {}) for cell in cells}


def plain(text: str, note: str) -> str:
    """A text as HTML on one line, which Markdown leaves alone, with a note above it.

    nbconvert looks for links in it, in a time that grows with the square of the brackets.
    """
    shown = escape(text).replace("\r", "").replace("\n", "&#10;").replace("[", "&#91;")
    return f"<div><p>{note}</p><pre>{shown}</pre></div>"


def pixels(png: str) -> int:
    """How many a PNG says that it has; none where it is no PNG, which shows nothing."""
    with contextlib.suppress(ValueError):
        head = base64.b64decode("".join(png[:100].split())[:32])
        return int.from_bytes(head[16:20], "big") * int.from_bytes(head[20:24], "big")
    return 0


def attach(cell: NotebookNode, attachments: dict[str, Any]) -> None:
    """Let these be all that is attached to a cell."""
    cell.pop("attachments", None)
    if attachments:
        cell.attachments = NotebookNode(attachments)


def bitmaps(attachments: Any) -> dict[str, dict[str, str]]:
    """Those of a cell's attachments that are bitmaps: only these end up in an address."""
    found = {}
    for name, bundle in attachments.items() if isinstance(attachments, dict) else ():
        kept = {
            kind: data
            for kind, data in (bundle.items() if isinstance(bundle, dict) else ())
            if isinstance(data, str) and DATA_IMAGE.fullmatch(f"data:{kind};base64,{data}")
        }
        if kept:
            found[name] = kept
    return found


def sizes(metadata: Any) -> NotebookNode:
    """Of an output's metadata, the sizes of images. They go into the page unquoted."""
    listed = metadata.items() if isinstance(metadata, dict) else ()
    kept = {
        kind: NotebookNode({name: n for name, n in size.items() if type(n) is int})
        for kind, size in listed
        if RASTER.fullmatch(kind) and isinstance(size, dict)
    }
    return NotebookNode(kept)
