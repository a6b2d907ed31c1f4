"""How a check ends, and in which way it failed. BOTH SIDES; standard library only."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """How one check ended. The value is the word that people and programs read."""

    PASSED = "passed"
    FAILED = "failed"
    """There is an answer, and it is wrong or cannot be judged."""
    NOT_ATTEMPTED = "not attempted"
    """There is no answer yet."""
    ERROR = "error"
    """The check itself broke. Never the student's fault: a person has to look."""


class Kind(StrEnum):
    """In which way a check failed: what a hint has to fit."""

    NONE = ""
    """It did not fail, or a limit stopped the call before there was anything to judge."""
    EXCEPTION = "exception"
    """The student's code raised an error."""
    SHAPE = "shape"
    """The answer has another type, structure or shape than was asked for."""
    VALUE = "value"
    """The answer has the right form and is wrong, or cannot be judged."""
