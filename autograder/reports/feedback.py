"""The page that a student reads. TRUSTED SIDE, for nbgrader's GenerateFeedback.

It is made from the gradebook and from the records in autograded/, and from nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jinja2
from latex2mathml.converter import convert as latex_to_mathml
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.preprocessors import ClearHiddenTests, NbGraderPreprocessor
from nbgrader.preprocessors.clearmarkingscheme import ClearMarkScheme
from nbgrader.utils import is_locked, is_task
from traitlets.config import Config

from autograder.judge.cells import (
    DAMAGED,
    NO_RESPONSE,
    UNTOUCHED,
    grade_id,
    is_graded,
    is_test_cell,
    labels,
    report_in,
)
from autograder.record.render import points_text, progress, to_html
from autograder.record.report import Report
from autograder.reports.figures import Drawing, curves
from autograder.reports.hidden import hidden_lines, hide
from autograder.reports.results import Problem, by_hand, problems_of

Resources = dict[str, Any]

TEMPLATES = Path(__file__).parent / "templates"
MATHML = "{http://www.w3.org/1998/Math/MathML}"
MATHML_ELEMENTS = {
    MATHML + name
    for name in (
        "math", "menclose", "mfenced", "mfrac", "mi", "mmultiscripts", "mn", "mo", "mover",
        "mpadded", "mphantom", "mprescripts", "mroot", "mrow", "mspace", "msqrt", "mstyle", "msub",
        "msubsup", "msup", "mtable", "mtd", "mtext", "mtr", "munder", "munderover",
    )
}  # fmt: skip


class HideTests(NbGraderPreprocessor):  # type: ignore[misc]
    """Takes the hidden tests and the marking schemes out again, also out of what cells show.

    nbgrader puts them back for grading and would show them. Only its own locked cells are
    touched: what a student writes may well contain the words that mark such a region.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        tests, schemes = ClearHiddenTests(parent=self), ClearMarkScheme(parent=self)
        for index, cell in enumerate(nb.cells):
            if is_locked(cell) or is_task(cell):
                if cell.cell_type == "code" and report_in(cell) is None:
                    hide(cell, hidden_lines(cell.source, tests))
                tests.preprocess_cell(cell, resources, index)
                schemes.preprocess_cell(cell, resources, index)
        return nb, resources


@dataclass(frozen=True)
class Section:
    """One graded cell on the page. `waiting` says that a person has yet to mark it."""

    anchor: str
    score: float
    points: float
    waiting: bool
    by_hand: bool
    report: Report | None = None
    comments: tuple[str, ...] = ()
    untouched: bool = False
    stopped: bool = False
    pictures: tuple[str, ...] = ()
    """What the student's cell drew, each as an address that holds the picture itself."""

    @property
    def name(self) -> str:
        return self.report.exercise if self.report else self.anchor.removeprefix("test_")

    @property
    def summary(self) -> str:
        """What came of this part, in a few words."""
        if self.report:
            said = progress(self.report)
            return f"{said}; a person will look at it" if self.waiting else said
        if not self.by_hand and not self.waiting:
            return "see the test cell in your notebook"
        if self.untouched and not self.waiting:
            return "not attempted"
        said = "waits for a person to read it" if self.waiting else "marked by a person"
        return f"stopped with an error; {said}" if self.stopped else said

    @property
    def adjusted(self) -> bool:
        """True when a marker gave other points than the checks did."""
        return self.report is not None and abs(self.report.score - self.score) > 1e-6

    @property
    def table(self) -> str:
        """The table of checks as HTML."""
        return to_html(self.report) if self.report else ""

    @cached_property
    def figures(self) -> list[Drawing]:
        checks = self.report.checks if self.report else ()
        return [curves(check.figure) for check in checks if check.figure is not None]


@dataclass(frozen=True)
class Page:
    """Everything that the template shows besides the notebook itself."""

    title: str
    student: str
    score: float
    max_score: float
    late_penalty: float
    damaged: str
    sections: list[Section]
    problems: list[Problem] = field(default_factory=list)

    @property
    def percent(self) -> int:
        return round(100 * max(self.score, 0) / self.max_score) if self.max_score else 0

    @property
    def waiting(self) -> float:
        """Points of what only a person can mark and has not marked yet."""
        return sum(part.points for part in self.sections if part.waiting and part.by_hand)

    @property
    def style(self) -> str:
        return (TEMPLATES / "style.css").read_text(encoding="utf-8")


class Summarise(NbGraderPreprocessor):  # type: ignore[misc]
    """Collects what the page shows above the notebook. Comes after GetGrades.

    The judge's outputs are taken out of the notebook itself: they are made for staff.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        identity = resources["nbgrader"]
        with Gradebook(identity["db_url"]) as gradebook:
            notebook = gradebook.find_submission_notebook(
                identity["notebook"], identity["assignment"], identity["student"]
            )
            waiting = {grade.name for grade in notebook.grades if grade.needs_manual_grade}
            marked = {grade.name for grade in notebook.grades if by_hand(grade)}
        resources["page"] = Page(
            title=identity["notebook"].replace("_", " ").capitalize(),
            student=identity["student"],
            score=identity["score"],
            max_score=identity["max_score"],
            late_penalty=identity["late_penalty"],
            damaged=nb.metadata.get(DAMAGED, ""),
            sections=list(sections_of(nb, waiting, marked)),
            problems=list(problems_of(nb)),
        )
        for cell in nb.cells:
            if report_in(cell) is not None:
                cell.outputs = []
        return nb, resources


def sections_of(nb: NotebookNode, waiting: set[str], marked: set[str]) -> Iterator[Section]:
    """The graded cells in order, each with the comments on the answers that lead up to it.

    `waiting` and `marked` are the names of those that a person has yet to mark, or has marked.
    """
    comments: list[str] = []
    for cell in nb.cells:
        marks, name = labels(cell), grade_id(cell)
        if marks.get("comment") not in (None, "", NO_RESPONSE):  # the last is no marker's
            comments.append(marks["comment"])
        if is_graded(cell):
            by_hand, untouched = not is_test_cell(cell), UNTOUCHED in cell.metadata
            yield Section(
                anchor=name,
                score=marks["score"],
                points=marks["points"],
                waiting=name in waiting,
                by_hand=by_hand,
                report=report_in(cell),
                comments=tuple(comments),
                untouched=untouched and name not in marked,
                stopped=by_hand and not untouched and is_stopped(cell),
                pictures=tuple(pictures_in(cell)) if by_hand else (),
            )
            comments = []


def is_stopped(cell: NotebookNode) -> bool:
    """Whether a cell ended in an error, or was stopped."""
    return any(output.output_type == "error" for output in cell.get("outputs", ()))


def pictures_in(cell: NotebookNode) -> Iterator[str]:
    """The bitmaps that a cell drew, as addresses that hold them."""
    for output in cell.get("outputs", ()):
        for kind in ("image/png", "image/jpeg"):
            if data := output.get("data", {}).get(kind):
                yield f"data:{kind};base64,{''.join(data.split())}"
                break


class Feedback(HTMLExporter):
    """Turns a graded notebook into the page: no scripts, and mathematics as MathML."""

    def __init__(self, config: Config | None = None, **kwargs: Any) -> None:
        # nbgrader configures a template of its own for HTMLExporter; the subclass has precedence.
        own = Config(config or {})
        own.Feedback.template_name = "feedback_page"
        own.Feedback.extra_template_basedirs = [str(TEMPLATES)]
        super().__init__(config=own, **kwargs)
        self.register_filter("points_text", points_text)

    @property
    def default_config(self) -> Config:
        """Read by nbconvert when an exporter is made: settings that the course may override.

        nbconvert tells every component which kind of an output to prefer. Only the filter that
        chooses one reads it, and nbgrader's preprocessors warn that they do not know the setting.
        """
        config = super().default_config
        preferred = config.NbConvertBase.pop("display_data_priority")
        config.WidgetsDataTypeFilter.display_data_priority = preferred
        return config

    @jinja2.pass_context
    def markdown2html(self, context: jinja2.runtime.Context, source: str) -> str:
        """Markdown to HTML without anything that needs a script to be read."""
        cell = context.get("cell", {})
        renderer = _MathRenderer(escape=False, attachments=cell.get("attachments", {}))
        return str(MarkdownWithMath(renderer=renderer).render(source))


class _MathRenderer(IPythonRenderer):
    def inline_math(self, body: str) -> str:
        return mathml(body, "inline")

    def block_math(self, body: str) -> str:
        return mathml(body, "block")

    def latex_environment(self, name: str, body: str) -> str:
        return mathml(rf"\begin{{{name}}}{body}\end{{{name}}}", "block")


def mathml(latex: str, display: str) -> str:
    """LaTeX as MathML; as it was typed where it cannot be read or holds anything else."""
    try:
        markup = latex_to_mathml(latex, display=display)
        elements = list(ElementTree.fromstring(markup).iter())
    except Exception:  # the converter meets malformed LaTeX with errors of every kind
        elements = []
    if elements and all(e.tag in MATHML_ELEMENTS and "href" not in e.attrib for e in elements):
        return markup
    return f"<code>{IPythonRenderer().escape_html(latex)}</code>"
