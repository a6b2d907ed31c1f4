"""What one way of judging an answer finds. Trusted side during grading.

The judgement of each check (`answers`, `gradients`, `training`, `values`) returns an `Attempt`;
`exercise` makes a row of the report of it, `diagnosis` looks for why it is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.checks.faults import StudentFault
from autograder.record.outcome import Kind
from autograder.record.report import Figure

Arguments = Sequence[Any]
Function = Callable[..., Any]


@dataclass(frozen=True)
class Attempt:
    """One way of judging: "" or a sentence, what was compared, or the student's fault.

    `Attempt("")` passed, `Attempt("Got None, …")` failed, and where no answer came `fault` says
    why. `answers` and `expected` stand in the order of the inputs, one for each; both are empty
    where there is nothing to compare with. `scale` and `rtol` are those that they were compared
    with, as in `compare.disagreement`. `figure` shows the answer beside the expected one, where
    that says more than numbers. `besides` says what is right beside what is wrong. `stop` is the
    limit that stopped a call, where `sentence` tells of it. `kind` is the way in which it fails,
    where it does, and `hint` what to look at next.
    """

    sentence: str
    answers: Sequence[Any] = ()
    expected: Sequence[Any] = ()
    scale: float = 0.0
    rtol: float | None = None
    fault: StudentFault | None = None
    figure: Figure | None = None
    besides: str = ""
    stop: str = ""
    kind: Kind = Kind.VALUE
    hint: str = ""

    @property
    def passed(self) -> bool:
        return not self.sentence and self.fault is None


def attempt(judge: Callable[[], Attempt]) -> Attempt:
    """Judge, and keep a student's fault as a field, so that another way can be tried after it.

    Every other exception is our own mistake and passes through.
    """
    try:
        return judge()
    except StudentFault as fault:
        return Attempt("", fault=fault)
