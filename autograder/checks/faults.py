"""Why there is no answer to judge: reasons on the student's side, each with a sentence for them."""

from __future__ import annotations

from collections.abc import Sequence

from autograder.record.outcome import Kind, Outcome


class StudentFault(Exception):
    """No answer to judge, for a reason on the student's side. The text is a sentence for them.

    `Part` and the connections to a kernel raise it; the check then ends with its `outcome`.

    >>> str(StudentFault("`f` computed for more than 10 s.", stop="call_timeout"))
    '`f` computed for more than 10 s.'
    """

    outcome = Outcome.FAILED

    def __init__(
        self,
        sentence: str,
        *,
        stop: str = "",
        error: Sequence[str] = (),
        kind: Kind = Kind.VALUE,
        hint: str = "",
    ) -> None:
        super().__init__(sentence)
        self.stop = stop
        """The limit that stopped a call, by the name of its setting; "" for any other reason."""
        self.error = tuple(error)
        """The class of the error that the student's code raised and those that it inherits."""
        judged = self.outcome is Outcome.FAILED and not stop
        self.kind = kind if judged else Kind.NONE
        """In which way the check fails; none where a limit stopped it, or nothing is there."""
        self.hint = hint
        """What to look at next, or ""."""


class NotAttempted(StudentFault):
    """Nothing has been written yet: the name is not bound, or raises NotImplementedError."""

    outcome = Outcome.NOT_ATTEMPTED
