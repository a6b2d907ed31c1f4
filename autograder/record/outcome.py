"""How a check ends. BOTH SIDES; standard library only."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """How one check ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_ATTEMPTED = "not attempted"
    ERROR = "error"
    """The check itself broke. Never the student's fault: a person has to look."""
