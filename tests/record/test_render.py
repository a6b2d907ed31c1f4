"""The record of an exercise, and what students and nbgrader see of it."""

from __future__ import annotations

import ast
import json
import math
import re
from html.parser import HTMLParser

import pytest
from nbformat.v4 import new_code_cell, new_output
from nbgrader.utils import determine_grade

from autograder.record import render
from autograder.record.outcome import Outcome
from autograder.record.render import MIMETYPE
from autograder.record.report import MOST_POINTS, SCHEMA_VERSION, CheckResult, Figure, Line, Report
from tests.support.inprocess import run_without

PASSED, FAILED = Outcome.PASSED, Outcome.FAILED
NOT_ATTEMPTED, ERROR = Outcome.NOT_ATTEMPTED, Outcome.ERROR
HOSTILE = "<script>alert(\"x\")</script><img src=x onerror='y'>&"


def checks(*outcomes: Outcome, points: float = 1.0) -> tuple[CheckResult, ...]:
    return tuple(CheckResult(f"check {n}", o, points) for n, o in enumerate(outcomes, 1))


FULL = Report(
    "logistic_model",
    (
        CheckResult("passes", PASSED, 3.0, hints=("never needed",)),
        CheckResult("fails", FAILED, 1.0, "Got None.", ("first", "second", "third"), "no return"),
        CheckResult("is missing", NOT_ATTEMPTED, 1.0, "`f` is not defined yet.", ("too early",)),
        CheckResult("breaks", ERROR, 1.0, "internal", ("no use",), "", "Traceback: SECRET"),
    ),
    max_points=4.0,
    seed=77,
)


# The record


@pytest.mark.parametrize("points", [-1.0, -1e-9, math.nan, math.inf, -math.inf])
def test_points_are_finite_and_not_negative(points):
    with pytest.raises(ValueError, match="points must be") as caught:
        CheckResult("adds up", PASSED, points)
    assert str(caught.value) == f"check 'adds up': points must be 0 or more, got {points}"


def test_a_check_without_points_is_allowed():
    assert CheckResult("for information", PASSED, 0.0).earned == 0.0


def test_records_are_frozen():
    with pytest.raises(AttributeError):
        FULL.seed = 1
    with pytest.raises(AttributeError):
        FULL.checks[0].outcome = FAILED


@pytest.mark.parametrize(
    ("outcome", "earned"), [(PASSED, 2.5), (FAILED, 0.0), (NOT_ATTEMPTED, 0.0), (ERROR, 0.0)]
)
def test_only_a_passed_check_earns(outcome, earned):
    assert CheckResult("t", outcome, 2.5).earned == earned


@pytest.mark.parametrize(
    ("outcomes", "max_points", "score"),
    [
        ((PASSED, PASSED), 4.0, 4.0),
        ((PASSED, FAILED), 4.0, 2.0),
        ((FAILED, ERROR), 4.0, 0.0),
        ((PASSED, FAILED, FAILED), 1.0, 0.333333),
        ((PASSED, FAILED), 0.0, 0.0),
        ((), 4.0, 0.0),
        ((PASSED, FAILED, PASSED), None, 2.0),
        ((), None, 0.0),
    ],
)
def test_score_is_the_earned_share_of_the_cells_points(outcomes, max_points, score):
    assert Report("e", checks(*outcomes), max_points).score == score


def test_score_weighs_checks_by_their_points():
    assert FULL.available == 6.0
    assert FULL.score == 2.0


def test_score_is_zero_when_no_check_is_worth_anything():
    assert Report("e", checks(PASSED, PASSED, points=0.0), 4.0).score == 0.0


@pytest.mark.parametrize("max_points", [2 / 3, 0.66666666, 1e-7, 5e-7, 1.23456789])
def test_score_never_exceeds_the_cells_points(max_points):
    """Nbgrader raises for a partial score above the maximum."""
    assert 0.0 <= Report("e", checks(PASSED), max_points).score <= max_points


def test_score_is_a_plain_float_whatever_rounding_does():
    third = Report("e", checks(PASSED, PASSED, PASSED, points=0.1), 1.0)
    assert type(third.score) is float
    assert third.score == 1.0


@pytest.mark.parametrize(
    ("outcomes", "needs_review"),
    [
        ((PASSED,), False),
        ((FAILED, NOT_ATTEMPTED), False),
        ((PASSED, ERROR), True),
        ((), True),
    ],
)
def test_needs_review_when_a_check_broke_or_nothing_was_checked(outcomes, needs_review):
    assert Report("e", checks(*outcomes), 1.0).needs_review is needs_review


@pytest.mark.parametrize(
    ("outcomes", "not_attempted"),
    [
        ((NOT_ATTEMPTED, NOT_ATTEMPTED), True),
        ((NOT_ATTEMPTED, FAILED), False),
        ((NOT_ATTEMPTED, ERROR), False),
        ((), False),
    ],
)
def test_not_attempted_when_no_check_found_an_answer(outcomes, not_attempted):
    assert Report("e", checks(*outcomes), 1.0).not_attempted is not_attempted


@pytest.mark.parametrize("report", [FULL, Report("live", checks(PASSED)), Report("e", (), 1.0)])
def test_json_round_trip(report):
    text = json.dumps(report.to_json(), allow_nan=False)
    assert Report.from_json(json.loads(text)) == report


def test_json_states_version_score_and_plain_outcomes():
    record = json.loads(json.dumps(FULL.to_json()))
    assert record["schema_version"] == SCHEMA_VERSION
    assert record["score"] == 2.0
    assert [check["outcome"] for check in record["checks"]] == [
        "passed",
        "failed",
        "not attempted",
        "error",
    ]
    assert record["checks"][1]["hints"] == ["first", "second", "third"]
    assert record["seed"] == 77


def test_the_score_in_the_json_is_not_believed():
    record = {**FULL.to_json(), "score": 99.0}
    assert Report.from_json(record).score == 2.0


@pytest.mark.parametrize("version", [None, 0, 2, "1"])
def test_record_of_another_version_is_refused(version):
    with pytest.raises(ValueError, match="schema version") as caught:
        Report.from_json({**FULL.to_json(), "schema_version": version})
    assert str(caught.value) == f"record of schema version {version!r}, expected 1"


def test_record_without_a_version_is_refused():
    with pytest.raises(ValueError, match="record of schema version None, expected 1"):
        Report.from_json({})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"checks": 5}, "not a report: 'int' object is not iterable"),
        ({"checks": ["x"]}, "not a report: "),
        ({"checks": [{"title": "t"}]}, "not a report: 'outcome'"),
        ({"checks": [{"title": "t", "outcome": "passed", "hints": [], "x": 1}]}, "not a report: "),
        (
            {"checks": [{"title": "t", "outcome": "won", "hints": []}]},
            "'won' is not a valid Outcome",
        ),
    ],
)
def test_a_malformed_record_is_refused(change, said):
    with pytest.raises(ValueError, match=f"^{re.escape(said)}"):
        Report.from_json({**FULL.to_json(), **change})


def test_a_record_without_a_field_is_refused():
    record = FULL.to_json()
    del record["seed"]
    with pytest.raises(ValueError, match="not a report: 'seed'"):
        Report.from_json(record)


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


def test_text_of_a_live_report_names_no_points():
    text = render.to_text(Report("e", checks(PASSED, FAILED)))
    assert text.splitlines()[1:] == ["  ✓ passed        check 1", "  ✗ failed        check 2"]


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


def test_figures_survive_json():
    line = Line.through("yours", [1.0, float("inf"), 0.123456])
    check = CheckResult("t", PASSED, figure=Figure("The loss", "step", "loss", (line,)))
    report = Report("e", (check,), 1.0)
    assert Report.from_json(json.loads(json.dumps(report.to_json(), allow_nan=False))) == report
    assert line.y == (1.0, None, 0.1235)


@pytest.mark.parametrize("count", [0, 1, 60, 61, 5000])
def test_a_long_line_is_thinned_out_evenly(count):
    line = Line.through("yours", range(count), first=1)
    assert len(line.y) <= MOST_POINTS
    assert all(x == y + 1 for x, y in zip(line.x, line.y, strict=True))
    assert count < 61 or len(line.y) > MOST_POINTS / 2


def test_lines_are_small_and_even():
    with pytest.raises(ValueError, match="expected as many x as y and at most 60") as caught:
        Line("yours", (0.0,), ())
    assert str(caught.value).startswith("line 'yours': 1 and 0 numbers")
    with pytest.raises(ValueError, match="line 'yours': 61 and 61 numbers"):
        Line("yours", tuple(range(61)), tuple(range(61)))


def test_mimebundle_of_a_live_report_is_readable_text():
    live = Report("e", checks(PASSED))
    assert render.mimebundle(live)["text/plain"] == render.to_text(live)


def test_a_report_displays_itself():
    assert FULL._repr_mimebundle_(include=None, exclude=None) == render.mimebundle(FULL)


# Imports

HEAVY = ["numpy", "jax", "jaxlib", "nbgrader", "nbformat", "nbclient", "IPython"]
USE = """
from autograder.record.outcome import Outcome
from autograder.record.report import CheckResult, Report
from autograder.record.render import mimebundle, to_html, to_text

report = Report("e", (CheckResult("t", Outcome.FAILED, hints=("h",)),), 1.0)
print(to_text(report), to_html(report), mimebundle(Report.from_json(report.to_json())))
heavy = sorted(set(sys.modules) & set(HEAVY))
assert not heavy, heavy
"""
# The package's own __init__ needs jax; these two modules must not.
BARE_PACKAGE = """
import types
package = types.ModuleType("autograder")
package.__path__ = ["autograder"]
sys.modules["autograder"] = package
"""


def test_result_and_render_need_only_the_standard_library():
    done = run_without(HEAVY, f"HEAVY = {HEAVY}\n" + BARE_PACKAGE + USE)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("package", HEAVY)
def test_that_test_can_fail(package):
    done = run_without(HEAVY, f"HEAVY = {HEAVY}\n" + BARE_PACKAGE + f"import {package}\n" + USE)
    assert done.returncode == 1
    assert f"ModuleNotFoundError: blocked: {package}" in done.stderr
