"""Why there is no answer to judge: reasons on the student's side, each with a sentence for them."""

from __future__ import annotations

from collections.abc import Sequence

from autograder.record.outcome import Outcome


class StudentFault(Exception):
    """No answer to judge, for a reason on the student's side. The text is a sentence for them.

    `Part` and the connections to a kernel raise it; the check then ends with its `outcome`.

    >>> str(StudentFault("`f` computed for more than 10 s.", stop="call_timeout"))
    '`f` computed for more than 10 s.'
    """

    outcome = Outcome.FAILED

    def __init__(self, sentence: str, *, stop: str = "", error: Sequence[str] = ()) -> None:
        super().__init__(sentence)
        self.stop = stop
        """The limit that stopped a call, by the name of its setting; "" for any other reason."""
        self.error = tuple(error)
        """The class of the error that the student's code raised and those that it inherits."""


class NotAttempted(StudentFault):
    """Nothing has been written yet: the name is not bound, or raises NotImplementedError."""

    outcome = Outcome.NOT_ATTEMPTED
