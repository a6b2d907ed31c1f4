"""Why there is no answer to judge: reasons on the student's side, each with a sentence for them."""

from __future__ import annotations

from autograder.record.outcome import Outcome


class StudentFault(Exception):
    """No answer to judge, for a reason on the student's side. The text is a sentence for them."""

    outcome = Outcome.FAILED

    def __init__(self, sentence: str, *, stop: str = "") -> None:
        super().__init__(sentence)
        self.stop = stop
        """The limit that stopped a call, by the name of its setting; "" for any other reason."""


class NotAttempted(StudentFault):
    """Nothing has been written yet."""

    outcome = Outcome.NOT_ATTEMPTED
