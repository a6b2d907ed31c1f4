"""How the feedback page is made, without a course: settings of nbconvert's, and its summary."""

from __future__ import annotations

import logging

import pytest
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.widgetsdatatypefilter import WidgetsDataTypeFilter
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.preprocessors import GetGrades

from autograder.judge.sanitise import Sanitise
from autograder.record.outcome import Outcome
from autograder.record.report import CheckResult, Report
from autograder.reports.feedback import Feedback, HideTests, Section, Summarise

LOCKED = {"nbgrader": {"locked": True, "grade": True, "solution": False, "task": False}}


def test_no_component_is_given_a_setting_that_it_does_not_know(
    caplog: pytest.LogCaptureFixture,
) -> None:
    exporter = Feedback(log=logging.getLogger("feedback"))
    hide, *_ = [step(parent=exporter) for step in (HideTests, GetGrades, Sanitise, Summarise)]
    locked = new_code_cell("1\n### BEGIN HIDDEN TESTS\n2\n### END HIDDEN TESTS", metadata=LOCKED)
    shown, _ = hide.preprocess(new_notebook(cells=[locked]), {})
    assert shown.cells[0].source == "1"
    assert not caplog.messages


def test_outputs_are_chosen_as_nbconvert_chooses_them() -> None:
    ours, theirs = (
        WidgetsDataTypeFilter(config=exporter.config) for exporter in (Feedback(), HTMLExporter())
    )
    assert ours.display_data_priority == theirs.display_data_priority
    assert "application/javascript" in ours.display_data_priority  # it is not the filter's own list


@pytest.mark.parametrize("name", ["loss", "5 points, then 3", "a: b", "1 of 2 checks passed"])
def test_the_summary_is_whole_whatever_the_exercise_is_called(name: str) -> None:
    checks = (CheckResult("one", Outcome.PASSED), CheckResult("two", Outcome.FAILED))
    section = Section("test_x", 1.0, 2.0, False, False, Report(name, checks, 2.0))
    assert (section.name, section.summary) == (name, "1 of 2 checks passed")


@pytest.mark.parametrize(
    ("outcome", "waiting", "said"),
    [
        (Outcome.NOT_ATTEMPTED, False, "not attempted"),
        (Outcome.ERROR, True, "0 of 1 checks passed; a person will look at it"),
    ],
)
def test_the_summary_says_what_became_of_it(outcome: Outcome, waiting: bool, said: str) -> None:
    report = Report("3 of 4 points, say", (CheckResult("one", outcome),), 2.0)
    assert Section("test_x", 0.0, 2.0, waiting, False, report).summary == said
