"""How a check ends. BOTH SIDES; standard library only."""

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
