"""What all checks of an exercise have in common: how one is run, and the report. TRUSTED SIDE.

The checks themselves are methods of the classes that inherit `Checks`: `answers`, `gradients`,
`training` and `values` have one each, and `exercise.Exercise` is all of them.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from autograder.checks.attempt import Attempt
from autograder.checks.compare import side_by_side
from autograder.checks.context import current, validating
from autograder.checks.diagnosis import Trial
from autograder.checks.faults import StudentFault
from autograder.checks.hints import Hints, fitting
from autograder.checks.standing import line_after
from autograder.checks.student import Given
from autograder.record.outcome import Outcome
from autograder.record.render import DisplayedReport, to_text
from autograder.record.report import CheckResult, Report


class ChecksNotPassed(AssertionError):
    """Raised by `Exercise.report` under nbgrader's Validate, which shows nothing but errors."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in the place of a traceback: where it was raised helps nobody."""
        return str(self).splitlines()


class Checks:
    """What an `Exercise` keeps, and how it runs a check; see there."""

    def __init__(self, name: str, stubs: Mapping[str, Given] | None = None) -> None:
        context = current.get()
        self.name = name
        self.results: list[CheckResult] = []
        self.trials: list[Trial] = []
        self._max_points = context.max_points
        self._seed = context.seed
        self.rng = np.random.default_rng([context.seed, *name.encode()])
        self.stubs = dict(stubs or {})
        self._context = context
        context.begin(self, self.stubs)

    def report(self) -> Report:
        """The table of all checks. Make it the last line of the cell.

        Raises
        ------
        ChecksNotPassed
            Under nbgrader's Validate only, and only if a check did not pass.
        """
        self._context.end()
        report = DisplayedReport(self.name, tuple(self.results), self._max_points, self._seed)
        if report.graded or not self._context.live:
            return report
        if validating():
            if any(check.outcome is not Outcome.PASSED for check in report.checks):
                raise ChecksNotPassed(to_text(report))
            return report
        return replace(report, so_far=line_after(report, self._context.asked, self.stubs))

    def _run(
        self,
        trial: Trial,
        judge: Callable[[], Attempt | Trial],
        points: float,
        hints: Hints,
        show: bool = False,
    ) -> None:
        """Judge, and keep the row for the report and, for `verify`, what was compared.

        With `show`, a failure tells the first wrong numbers beside those expected.
        """
        trial = replace(trial, stubs=self.stubs)
        try:
            made = judge() if self._context.wanted(self._context.place) else Attempt("")
            trial = made if isinstance(made, Trial) else replace(trial, attempt=made)
            if show:
                trial = replace(trial, attempt=with_numbers(trial.attempt))
            if trial.attempt.fault is not None:
                raise trial.attempt.fault
            result = trial.result()
        except StudentFault as fault:
            result = of_fault(trial.title, fault)
        except Exception:
            note, stop = traceback.format_exc(), trial.attempt.stop
            result = CheckResult(trial.title, Outcome.ERROR, staff_note=note, stop=stop)
        self.trials.append(trial)
        said = "\n".join(filter(None, [result.rationale, *self._remarks()]))
        figure, shown = trial.attempt.figure, fitting(hints, result)
        self.results.append(
            replace(result, points=points, hints=shown, figure=figure, rationale=said)
        )
        self._context.judged(self.results[-1])

    def _remarks(self) -> list[str]:
        """What came up besides while a check was judged; the context tells each only once."""
        remarks, self._context.remarks = self._context.remarks, []
        return remarks


def with_numbers(attempt: Attempt) -> Attempt:
    """The attempt, whose sentence tells the first wrong numbers as well, if they are few."""
    pairs = zip(attempt.answers, attempt.expected, strict=False)
    told = (side_by_side(got, wanted, attempt.rtol) for got, wanted in pairs)
    shown = next(filter(None, told), "") if attempt.sentence else ""
    return replace(attempt, sentence=attempt.sentence + shown)


def of_fault(title: str, fault: StudentFault) -> CheckResult:
    """The row of a check that found no answer to judge."""
    return CheckResult(
        title,
        fault.outcome,
        rationale=str(fault),
        stop=fault.stop,
        kind=fault.kind,
        hints=tuple(filter(None, [fault.hint])),
    )
