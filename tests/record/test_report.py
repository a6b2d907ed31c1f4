"""The record of an exercise: what it counts, and the same as JSON."""

from __future__ import annotations

import json
import math
import re

import pytest

from autograder.record.outcome import Outcome
from autograder.record.report import MOST_POINTS, SCHEMA_VERSION, CheckResult, Figure, Line, Report
from tests.support.inprocess import run_without
from tests.support.records import FULL, checks

PASSED, FAILED = Outcome.PASSED, Outcome.FAILED
NOT_ATTEMPTED, ERROR = Outcome.NOT_ATTEMPTED, Outcome.ERROR


@pytest.mark.parametrize("points", [-1.0, -1e-9, math.nan, math.inf, -math.inf])
def test_points_are_finite_and_not_negative(points):
    with pytest.raises(ValueError, match="points must be") as caught:
        CheckResult("adds up", PASSED, points)
    assert str(caught.value) == f"check 'adds up': points must be 0 or more, got {points}"


def test_a_check_without_points_is_allowed():
    assert CheckResult("for information", PASSED, 0.0).earned == 0.0


@pytest.mark.parametrize(
    ("outcome", "share", "earned"),
    [
        (FAILED, 0.75, 1.5),
        (FAILED, 1, 2.0),
        (FAILED, 0.0, 0.0),
        (PASSED, 0.75, 2.0),
        (NOT_ATTEMPTED, 0.75, 0.0),
        (ERROR, 0.75, 0.0),
    ],
)
def test_a_failed_check_keeps_its_share(outcome, share, earned):
    check = CheckResult("t", outcome, 2.0, share=share)
    assert check.earned == earned
    report = Report("e", (check, CheckResult("u", PASSED, 2.0)), 8.0)
    assert report.score == 2 * (earned + 2)
    assert Report.from_json(json.loads(json.dumps(report.to_json()))) == report


@pytest.mark.parametrize("share", [-0.1, 1.01, math.nan, math.inf])
def test_a_share_is_from_0_to_1(share):
    with pytest.raises(ValueError, match="share must be") as caught:
        CheckResult("adds up", FAILED, share=share)
    assert str(caught.value) == f"check 'adds up': share must be 0 to 1, got {share}"
    with pytest.raises(ValueError, match="share must be"):
        Report.from_json(
            {**FULL.to_json(), "checks": [{**FULL.to_json()["checks"][1], "share": share}]}
        )


def test_a_record_from_before_shares_were_kept_earns_what_it_did():
    record = FULL.to_json()
    for check in record["checks"]:
        del check["share"]
    assert Report.from_json(record) == FULL


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


@pytest.mark.parametrize("most", [4.0, 6.0, 0.5])
def test_rows_are_worth_the_cells_points_together(most):
    rows = [("a", Outcome.PASSED, 1), ("b", Outcome.FAILED, 1), ("c", Outcome.PASSED, 2)]
    checks = tuple(CheckResult(*row) for row in rows)
    report = Report("it", checks, most)
    shared = report.shared_out()
    assert [check.points for check in shared.checks] == [most / 4, most / 4, most / 2]
    assert sum(check.earned for check in shared.checks) == shared.score == report.score
    assert shared.shared_out() == shared


def test_rows_that_are_not_graded_or_worth_nothing_stay_as_they_are():
    live = Report("it", (CheckResult("a", Outcome.PASSED, 3),))
    worthless = Report("it", (CheckResult("a", Outcome.PASSED, 0),), 2.0)
    assert live.shared_out() is live
    assert worthless.shared_out() is worthless


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


# JSON


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


# Figures


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
