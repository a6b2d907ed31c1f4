"""HTML and Markdown of a student's as HTML that holds nothing that could run. TRUSTED SIDE.

Runs as a program in a process of its own, which `cleaning` starts and Linux ends when its time is
over: the libraries that read HTML and Markdown take time that grows with the square of some texts,
and no rule that looks at a text beforehand finds all of them. Imports nothing of the kit's.
"""

from __future__ import annotations

import contextlib
import json
import re
import resource
import signal
import sys
from html import escape
from typing import Any, TextIO

import bleach
from bleach.css_sanitizer import CSSSanitizer
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.filters.strings import strip_files_prefix

MEMORY = 2 << 30  # bytes of address space
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


def answer(asked: TextIO, answers: TextIO) -> None:
    """Answer requests, one a line, until there are no more.

    A request has the processor time for all of its texts, what may stay, and the texts. Each
    answer has the number of its text and what to show for it, null where that failed.
    """
    for line in asked:
        request = json.loads(line)
        rules = Rules(request["tags"], request["styles"])
        signal.setitimer(signal.ITIMER_PROF, request["seconds"])  # when it is over, we are ended
        for number, (kind, text, attachments) in enumerate(request["texts"]):
            try:
                shown = rules.clean(kind, text, attachments)
            except Exception:  # memory, recursion, and whatever the libraries meet
                shown = None
            print(json.dumps([number, shown]), file=answers, flush=True)
        signal.setitimer(signal.ITIMER_PROF, 0)


class Rules:
    """What may stay: these HTML tags and CSS properties. All else is shown as text."""

    def __init__(self, tags: list[str] = TAGS, styles: list[str] = STYLES) -> None:
        self._tags = tags
        self._css = CSSSanitizer(allowed_css_properties=styles)

    def clean(self, kind: str, text: str, attachments: dict[str, Any]) -> str:
        """What to show for a text: "html", "markdown" as a cell, or "output", Markdown as HTML."""
        if kind == "markdown":
            return self.harmless_markdown(text, attachments)
        return self.harmless_html(rendered(text, {}) if kind == "output" else text)

    def harmless_html(self, text: str) -> str:
        """Sanitised HTML."""
        return str(
            bleach.clean(
                STYLE_SHEET.sub("", text),
                tags=self._tags,
                attributes=allowed,
                protocols=["http", "https", "mailto", "data"],
                css_sanitizer=self._css,
            )
        )

    def harmless_markdown(self, source: str, attachments: dict[str, Any]) -> str:
        """Markdown that shows the same as `source` and holds nothing that could run.

        Where there was something, the answer is HTML on one line, which Markdown leaves alone.
        """
        shown = rendered(source, attachments)
        strip_files_prefix(shown)  # as nbconvert's templates do: our time, not that of a reader
        with contextlib.suppress(Exception):  # then it is not harmless in formgrader either
            if shown == render(source, _Strict(attachments)):
                return source
        html = self.harmless_html(shown.strip()).replace("\r", "").replace("\n", "&#10;")
        return html if html.startswith("<div>") else f"<div>{html}</div>"


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


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends Ctrl-C to every process
    answer(sys.stdin, sys.stdout)
