"""What one way of judging an answer finds. Trusted side during grading.

The judgement of each check (`answers`, `gradients`, `training`, `values`) returns an `Attempt`;
`exercise` makes a row of the report of it, `diagnosis` looks for why it is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.checks.faults import StudentFault
from autograder.record.report import Figure

Arguments = Sequence[Any]
Function = Callable[..., Any]


@dataclass(frozen=True)
class Attempt:
    """One way of judging: "" or a sentence, what was compared, or the student's fault.

    `figure` shows the answer beside the expected one, where that says more than numbers. `stop` is
    the limit that stopped a call, where `sentence` tells of it.
    """

    sentence: str
    answers: Sequence[Any] = ()
    expected: Sequence[Any] = ()
    scale: float = 0.0
    rtol: float | None = None
    fault: StudentFault | None = None
    figure: Figure | None = None
    stop: str = ""

    @property
    def passed(self) -> bool:
        return not self.sentence and self.fault is None

    def worst(self, other: Attempt) -> Attempt:
        """The one that says more about this part: the other, unless only it could not run."""
        return self if other.fault is not None and self.fault is None else other


def attempt(judge: Callable[[], Attempt]) -> Attempt:
    """Judge, keeping a student's fault for later."""
    try:
        return judge()
    except StudentFault as fault:
        return Attempt("", fault=fault)
