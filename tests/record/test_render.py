"""A report as text and HTML, and what nbgrader and Jupyter make of it."""

from __future__ import annotations

import ast
import math
import re
from html.parser import HTMLParser

import pytest
from nbformat.v4 import new_code_cell, new_output
from nbgrader.utils import determine_grade

from autograder.record import render
from autograder.record.outcome import Outcome
from autograder.record.render import MIMETYPE
from autograder.record.report import CheckResult, Report
from tests.support.records import FULL, checks

PASSED, FAILED = Outcome.PASSED, Outcome.FAILED
NOT_ATTEMPTED, ERROR = Outcome.NOT_ATTEMPTED, Outcome.ERROR
HOSTILE = "<script>alert(\"x\")</script><img src=x onerror='y'>&"


# Text


@pytest.mark.parametrize(
    ("points", "text"),
    [(1.0, "1"), (0.5, "0.5"), (2 / 3, "0.67"), (0.0, "0"), (100.0, "100"), (10.0, "10")],
)
def test_points_text(points, text):
    assert render.points_text(points) == text


@pytest.mark.parametrize(
    ("outcomes", "max_points", "said"),
    [
        ((PASSED, FAILED), 4.0, "e: 2 of 4 points, 1 of 2 checks passed"),
        ((NOT_ATTEMPTED,), 4.0, "e: 0 of 4 points, not attempted"),
        ((NOT_ATTEMPTED,), None, "e: not attempted yet"),
        ((PASSED, FAILED), None, "e: 1 of 2 checks passed"),
        ((PASSED,), None, "e: 1 of 1 checks passed. More checks run when it is graded."),
    ],
)
def test_headline(outcomes, max_points, said):
    assert render.headline(Report("e", checks(*outcomes), max_points)) == said


def test_text_of_a_graded_report():
    assert render.to_text(FULL) == "\n".join(
        [
            "logistic_model: 2 of 4 points, 1 of 4 checks passed",
            "  ✓ passed        passes (3/3)",
            "  ✗ failed        fails (0/1)",
            "      Got None.",
            "      Hint 1: first",
            "      Hint 2: second",
            "      Hint 3: third",
            "  ○ not attempted is missing (0/1)",
            "      `f` is not defined yet.",
            "  ! error         breaks (0/1)",
            "      This check could not be run. It is not your mistake: your instructor will look"
            " at it.",
        ]
    )


@pytest.mark.parametrize(
    ("share", "points", "said"),
    [
        (0.75, "1.5", "Off. It is a mean. You keep 75 % of the points here."),
        (1 / 3, "0.67", "Off. It is a mean. You keep 33.3 % of the points here."),
        (1.0, "2", "Off. It is a mean. It costs no points here."),
        (0.0, "0", "Off. It is a mean."),
    ],
)
def test_a_failed_check_says_what_it_keeps(share, points, said):
    check = CheckResult("sums up", FAILED, 2.0, "Off. It is a mean.", ("why",), share=share)
    report = Report("e", (check,), 2.0)
    assert render.to_text(report).splitlines() == [
        f"e: {points} of 2 points, 0 of 1 checks passed",
        f"  ✗ failed        sums up ({points}/2)",
        f"      {said}",
        "      Hint 1: why",
    ]
    html = render.to_html(report)
    assert f"<div>{said}</div>" in html
    assert f">{points} / 2</td>" in html


@pytest.mark.parametrize("outcome", [PASSED, NOT_ATTEMPTED, ERROR])
def test_only_a_failed_check_keeps_a_share(outcome):
    report = Report("e", (CheckResult("t", outcome, share=0.5),), 1.0)
    assert "You keep" not in render.to_text(report) + render.to_html(report)


def test_text_of_a_live_report_names_no_points():
    text = render.to_text(Report("e", checks(PASSED, FAILED)))
    assert text.splitlines()[1:] == ["  ✓ passed        check 1", "  ✗ failed        check 2"]


def test_each_line_of_what_is_said_stands_below_its_check():
    text = render.to_text(Report("e", (CheckResult("t", FAILED, rationale="one\ntwo"),)))
    assert text.splitlines()[2:] == ["      one", "      two"]


def test_an_error_is_shown_as_ours():
    check = CheckResult("breaks", ERROR, rationale="what went wrong inside")
    report = Report("e", (check,), 1.0)
    for shown in (render.to_text(report), render.to_html(report)):
        assert render.OUR_FAULT in shown
        assert "what went wrong inside" not in shown


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_staff_note_is_never_rendered(outcome):
    check = CheckResult("t", outcome, rationale="r", hints=("h",), staff_note="SECRET-NOTE")
    for report in (Report("e", (check,), 1.0), Report("e", (check,))):
        assert "SECRET-NOTE" not in render.to_text(report)
        assert "SECRET-NOTE" not in render.to_html(report)
        assert "SECRET-NOTE" not in render.mimebundle(report)["text/plain"]


@pytest.mark.parametrize("outcome", [PASSED, NOT_ATTEMPTED, ERROR])
def test_hints_are_shown_only_for_a_wrong_answer(outcome):
    report = Report("e", (CheckResult("t", outcome, hints=("look at the sign",)),), 1.0)
    assert "look at the sign" not in render.to_text(report) + render.to_html(report)


# HTML


class Outline(HTMLParser):
    """Tags, attributes and text, with the nesting checked."""

    VOID = frozenset({"br"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.depth_of: dict[str, int] = {}
        self.feed(html)
        assert self.open == [], f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data
        self.depth_of[data] = self.open.count("details")


ALLOWED = {
    "div",
    "p",
    "b",
    "table",
    "tbody",
    "tr",
    "td",
    "br",
    "details",
    "summary",
    "span",
    "code",
}


def test_html_is_well_formed_and_made_of_harmless_tags():
    outline = Outline(render.to_html(FULL))
    assert set(outline.tags) <= ALLOWED
    assert {name for name, _ in outline.attributes} == {"style"}


def test_html_escapes_every_field_a_student_or_author_can_fill():
    check = CheckResult(HOSTILE, FAILED, 1.0, HOSTILE + "\n" + HOSTILE, (HOSTILE, HOSTILE), HOSTILE)
    html = render.to_html(Report(HOSTILE, (check,), 1.0))
    outline = Outline(html)
    assert set(outline.tags) <= ALLOWED
    assert outline.text.count(HOSTILE) == 6  # name, title, two lines of rationale, two hints
    assert "<script" not in html
    assert "<img" not in html


def test_html_says_outcome_in_words_as_well_as_in_colour():
    html = render.to_html(FULL)
    for outcome in Outcome:
        coloured = f'color:{render.COLOUR[outcome]}">{render.SYMBOL[outcome]}</span> {outcome}'
        assert coloured in html  # the symbol alone: the word is readable in every theme


def test_html_sets_names_between_backticks_as_code():
    check = CheckResult("`f` is right", FAILED, 1.0, "`f` gave `a < b`.", ("Look at `f`.",))
    html = render.to_html(Report("e", (check,)))
    assert re.findall("<code>(.*?)</code>", html) == ["f", "f", "a &lt; b", "f"]
    assert "`" not in html


def test_html_keeps_the_lines_of_a_rationale():
    report = Report("e", (CheckResult("t", FAILED, rationale="first\nsecond"),), 1.0)
    assert "first<br>second" in render.to_html(report)


def test_html_opens_each_hint_inside_the_one_before():
    outline = Outline(render.to_html(FULL))
    assert [outline.depth_of[hint] for hint in ("first", "second", "third")] == [1, 2, 3]
    assert re.findall(r"Hint \d of \d", outline.text) == [f"Hint {n} of 3" for n in (1, 2, 3)]


def test_html_shows_points_only_when_graded():
    assert "3 / 3" in render.to_html(FULL)
    assert " / " not in render.to_html(Report("e", FULL.checks))


# What nbgrader and Jupyter read


def nbgrader_reads(report: Report) -> tuple[float | None, float]:
    marks = {"grade": True, "solution": False, "points": report.max_points, "grade_id": "t"}
    cell = new_code_cell("", metadata={"nbgrader": marks})
    cell.outputs = [new_output("execute_result", render.mimebundle(report), execution_count=1)]
    return determine_grade(cell)


@pytest.mark.parametrize(
    ("outcomes", "max_points", "score"),
    [
        ((PASSED, FAILED), 4.0, 2.0),
        ((PASSED,), 4.0, 4.0),
        ((FAILED,), 4.0, 0.0),
        ((), 4.0, 0.0),
        ((ERROR,), 4.0, 0.0),
        ((NOT_ATTEMPTED,), 4.0, 0.0),
        ((PASSED, FAILED, FAILED), 1.0, 0.333333),
        ((PASSED, FAILED), 1e-5, 5e-6),
        ((PASSED,), 1e20, 1e20),
    ],
)
def test_nbgrader_reads_the_score(outcomes, max_points, score):
    report = Report("e", checks(*outcomes), max_points)
    plain = render.mimebundle(report)["text/plain"]
    assert type(ast.literal_eval(plain)) is float
    assert math.isfinite(float(plain))
    assert nbgrader_reads(report) == (score, max_points)


def test_nbgrader_accepts_full_marks_of_a_cell_with_awkward_points():
    assert nbgrader_reads(Report("e", checks(PASSED), 0.66666666))[0] == pytest.approx(2 / 3)


def test_mimebundle_of_a_graded_report():
    bundle = render.mimebundle(FULL)
    assert bundle == {
        "text/plain": "2.0",
        "text/html": render.to_html(FULL, staff=True),
        MIMETYPE: FULL.to_json(),
    }


def test_staff_read_what_broke_and_the_seed():
    shown, hidden = render.to_html(FULL, staff=True), render.to_html(FULL)
    assert "For staff</summary><pre>Traceback: SECRET</pre>" in shown
    assert "follow from the seed 77" in shown
    assert "SECRET" not in hidden
    assert "seed" not in hidden


def test_mimebundle_of_a_live_report_is_readable_text():
    live = Report("e", checks(PASSED))
    assert render.mimebundle(live)["text/plain"] == render.to_text(live)


def test_a_report_displays_itself():
    shown = render.DisplayedReport(**vars(FULL))
    assert shown._repr_mimebundle_(include=None, exclude=None) == render.mimebundle(FULL)


def test_a_displayed_report_ends_with_how_far_along_the_notebook_is():
    live, said = Report("e", checks(PASSED)), "So far: 1 of 2 exercises <pass> here."
    shown = render.DisplayedReport(**vars(live), so_far=said)
    bundle = shown._repr_mimebundle_()
    assert bundle["text/plain"] == f"{render.to_text(live)}\n{said}"
    assert bundle["text/html"].endswith(
        "</table><p>So far: 1 of 2 exercises &lt;pass&gt; here.</p></div>"
    )
    assert bundle[MIMETYPE] == live.to_json()
