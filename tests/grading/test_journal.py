"""The reason in a line "Not graded: …": the error itself, and not what nbgrader raises after it."""

from __future__ import annotations

import contextlib
import logging

import pytest

from autograder.grading.worker import Journal

GENERAL = RuntimeError("Please see the above traceback.")


def swallowed(*errors: Exception) -> None:
    """Handle errors as nbgrader does: log that there was one, and go on."""
    for error in errors:
        try:
            raise error
        except Exception:
            Journal.logger.error("There was an error processing assignment")


def test_the_error_that_was_being_handled_is_the_cause() -> None:
    cause = KeyError("x")
    with Journal() as journal:
        swallowed(cause)
        assert journal.cause_of(GENERAL) is cause
    assert journal.text == "[ERROR] There was an error processing assignment"


def test_the_last_one_counts() -> None:
    first, last = KeyError("x"), ValueError("y")
    with Journal() as journal:
        swallowed(first, last)
        Journal.logger.error("said afterwards, while nothing is handled")
        assert journal.cause_of(GENERAL) is last


@pytest.mark.parametrize("level", [logging.INFO, logging.WARNING])
def test_what_is_only_mentioned_is_no_cause(level: int) -> None:
    with Journal() as journal:
        with contextlib.suppress(KeyError):
            try:
                raise KeyError("harmless")
            except KeyError:
                Journal.logger.log(level, "going on without", exc_info=True)
                raise
        assert journal.cause_of(GENERAL) is GENERAL
    assert "Grading stopped" in journal.text
    assert "Please see the above traceback." in journal.text


def test_one_submission_does_not_answer_for_another() -> None:
    with Journal():
        swallowed(KeyError("of the one before"))
    with Journal() as journal:
        assert journal.cause_of(GENERAL) is GENERAL
