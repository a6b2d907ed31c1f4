"""Makes what a student wrote safe to show in a browser. TRUSTED SIDE, after everything has run.

formgrader shows the notebooks in autograded/ with nbgrader's own template, inside the page that
can grade the class, and that template escapes neither HTML outputs nor Markdown. So it is what is
stored there that has to be harmless. Outputs go through nbconvert's sanitiser (bleach). Markdown
cannot: a text that is harmless HTML may become something else when Markdown is made of it. It is
rendered, and kept as it is when rendering without raw HTML gives the same; otherwise it is
replaced by its rendering, sanitised.
"""

from __future__ import annotations

import contextlib
import re
from html import escape
from typing import Any

import bleach
import nbformat
from bleach.css_sanitizer import CSSSanitizer
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors.sanitize import SanitizeHTML
from nbformat import NotebookNode
from nbgrader.utils import is_locked
from traitlets import Bool, List, Set, Unicode

from autograder.judge.cells import DAMAGED, STOP, STOPS, UNTOUCHED, report_in
from autograder.judge.course import course_of, source_notebook

Resources = dict[str, Any]

TAGS = [
    "a", "abbr", "b", "blockquote", "br", "caption", "center", "code", "col", "colgroup", "dd",
    "del", "details", "div", "dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4",
    "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre", "s", "samp",
    "small", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th",
    "thead", "tr", "u", "ul", "var",
]  # fmt: skip
PLAIN_ATTRIBUTES = {
    "align", "alt", "border", "colspan", "dir", "height", "lang", "open", "rowspan", "scope",
    "start", "style", "title", "width",
}  # fmt: skip
STYLES = [
    "background-color", "color", "font-style", "font-weight", "text-align", "vertical-align",
    "white-space",
]  # fmt: skip
# Pygments' short names, and what pandas and Markdown set. formgrader's buttons go by class.
CLASS = re.compile(r"highlight|dataframe|language-[\w+-]+|[a-z]{1,2}\d?")
# An address on this server can do something: /logout, or a page of the student's own.
LINK = re.compile(r"(?:https?://|mailto:|#)", re.IGNORECASE)
RASTER = re.compile(r"image/(?:png|jpeg|gif|webp)")
DATA_IMAGE = re.compile(rf"data:{RASTER.pattern};base64,[A-Za-z0-9+/=\s]*")
BESIDE = re.compile(r"(?!.*(?:\.\.|:))[\w .-]+(?:/[\w .-]+)*")  # a file next to the notebook
STYLE_SHEET = re.compile(r"<style\b.*?</style\s*>", re.IGNORECASE | re.DOTALL)
NOTEBOOK_METADATA = {"kernelspec", "language_info", DAMAGED, STOPS}
CELL_METADATA = {"nbgrader", "tags", STOP, UNTOUCHED}


class Sanitise(SanitizeHTML):
    """Takes out of a graded notebook what could run in the browser of whoever opens it.

    The judge's own outputs stay, and so do cells that read exactly as in the instructor's
    notebook. Of a student's outputs, text, LaTeX and bitmaps stay, HTML and Markdown are
    sanitised, and everything else goes: scripts, widgets, SVG. Comes last in the list, so that no
    score depends on it.
    """

    enabled = Bool(True, help="Whether to sanitise what students made.").tag(config=True)
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
        nb.metadata = NotebookNode(
            {key: value for key, value in nb.metadata.items() if key in NOTEBOOK_METADATA}
        )
        return super().preprocess(nb, resources)

    def preprocess_cell(
        self, cell: NotebookNode, resources: Resources, cell_index: int
    ) -> tuple[NotebookNode, Resources]:
        cell.metadata = NotebookNode(
            {key: value for key, value in cell.metadata.items() if key in CELL_METADATA}
        )
        if cell.cell_type == "code":
            if report_in(cell) is None:
                cell.outputs = self.sanitize_code_outputs(cell.outputs)
        elif cell.source in self._instructors:
            attach(cell, self._instructors[cell.source])
        elif is_locked(cell):
            attach(cell, bitmaps(cell.get("attachments")))
        else:
            cell.attachments = bitmaps(cell.get("attachments"))
            if cell.cell_type == "markdown":
                cell.source = self.harmless_markdown(cell.source, cell.attachments)
            else:
                cell.source = self.sanitize_html_tags(cell.source)
            if cell.cell_type != "markdown" or not cell.attachments:
                del cell["attachments"]
        return cell, resources

    def sanitize_code_outputs(self, outputs: list[NotebookNode]) -> list[NotebookNode]:
        """Sanitise the outputs of one cell, in whatever form the kernel sent them."""
        for output in outputs:
            if output.output_type == "stream":
                output.text = str(output.text)
            elif output.output_type == "error":
                output.traceback = [str(line) for line in output.traceback]
            else:
                texts = {kind: text for kind, text in output.data.items() if isinstance(text, str)}
                if "text/markdown" in texts and "text/html" not in texts:
                    texts["text/html"] = rendered(texts["text/markdown"], {})
                output.data = NotebookNode(texts)
                output.metadata = sizes(output.get("metadata"))
        return super().sanitize_code_outputs(outputs)

    def sanitize_html_tags(self, html_str: str) -> str:
        """Sanitise HTML: what is not allowed is shown as text."""
        return bleach.clean(
            STYLE_SHEET.sub("", html_str),
            tags=self.tags,
            attributes=allowed,
            protocols=["http", "https", "mailto", "data"],
            css_sanitizer=CSSSanitizer(allowed_css_properties=self.styles),
        )

    def harmless_markdown(self, source: str, attachments: dict[str, Any]) -> str:
        """Markdown that shows the same as `source` and holds nothing that could run.

        Where there was something, the answer is HTML on one line, which Markdown leaves alone.
        """
        shown = rendered(source, attachments)
        with contextlib.suppress(Exception):  # then it is not harmless in formgrader either
            if shown == render(source, _Strict(attachments)):
                return source
        html = self.sanitize_html_tags(shown.strip()).replace("\r", "").replace("\n", "&#10;")
        return html if html.startswith("<div>") else f"<div>{html}</div>"

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


class _Strict(IPythonRenderer):
    """Renders Markdown without raw HTML and with harmless addresses only."""

    def __init__(self, attachments: dict[str, Any]) -> None:
        super().__init__(escape=True, allow_harmful_protocols=False, attachments=attachments)

    def link(self, text: str, url: str, title: str | None = None) -> str:
        return super().link(text, url, title) if LINK.match(url) else text

    def image(self, text: str, url: str, title: str | None = None) -> str:
        name = url.removeprefix("attachment:")
        harmless = name in self.attachments if name != url else harmless_image(url)
        return super().image(text, url, title) if harmless else ""

    def block_mermaidjs(self, code: str) -> str:
        """Where nbconvert would put a diagram's source into the page as it stands."""
        return ""


def rendered(source: str, attachments: dict[str, Any]) -> str:
    """Markdown as nbconvert, and so formgrader, renders it: raw HTML and all.

    As it was typed where that fails: for a missing attachment, or lists nested very deeply.
    """
    try:
        return render(source, IPythonRenderer(escape=False, attachments=attachments))
    except Exception:
        return f"<pre>{escape(source)}</pre>"


def render(source: str, renderer: IPythonRenderer) -> str:
    """Markdown to HTML, with nbconvert's parser."""
    return str(MarkdownWithMath(renderer=renderer).render(source))


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


def harmless_image(address: str) -> bool:
    """True for a bitmap in the address itself, or a file beside the notebook."""
    return bool(DATA_IMAGE.fullmatch(address) or BESIDE.fullmatch(address))


def allowed(tag: str, name: str, value: str) -> bool:
    """Whether an attribute stays; called by bleach for each one of an allowed tag."""
    if name == "href":
        return tag == "a" and bool(LINK.match(value))
    if name == "src":
        return tag == "img" and harmless_image(value)
    if name == "class":
        return all(CLASS.fullmatch(word) for word in value.split())
    return name in PLAIN_ATTRIBUTES
