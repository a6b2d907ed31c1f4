"""`Exercise`: the words in which a test cell is written.

An instructor writes

    exercise = Exercise("logistic_model")
    exercise.returns("at w = b = 0 every p is 0.5", student.logistic_model, zeros, x, expected=half)
    exercise.report()

and reads it as a specification. The methods say what is asked. How it is judged lies in `answers`,
`gradients`, `training` and `values`, in functions of the same names.

TRUSTED SIDE during grading; in a live notebook the same checks run beside the student's code and
count for nothing.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.checks import answers, gradients, training, values
from autograder.checks.attempt import Arguments, Attempt, Function
from autograder.checks.context import current, validating
from autograder.checks.diagnosis import Mistakes, Trial
from autograder.checks.faults import StudentFault
from autograder.checks.numerics import Params
from autograder.checks.properties import Property
from autograder.checks.student import Given, Part
from autograder.record.outcome import Outcome
from autograder.record.render import DisplayedReport, to_text
from autograder.record.report import CheckResult, Report


class ChecksNotPassed(AssertionError):
    """Raised by `Exercise.report` under nbgrader's Validate, which shows nothing but errors."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in the place of a traceback: where it was raised helps nobody."""
        return str(self).splitlines()


class Exercise:
    """The checks of one exercise, in order.

    A test cell makes one and ends with its report::

        exercise = Exercise("line")
        exercise.returns("passes through (3, 7)", student.line, line, 3.0, expected=7.0)
        exercise.agrees("other lines are right", student.line, reference.line, lines, points=2)
        exercise.report()

    A check runs at once and never raises, whatever the student's function does. It ends as passed,
    failed, not attempted (there is no answer yet), or error (the check itself broke: that is never
    the student's fault, and a person has to look). Most checks take these arguments:

    title
        What is asked, in words that a student understands.
    part
        `student.NAME`, for a function of the student's. It is called in float64; what goes in and
        what comes back are NumPy arrays, numbers, and dicts, tuples and lists of these.
    inputs
        A sequence of tuples of arguments. `rng`, a `numpy.random.Generator` seeded for each
        student, draws random ones.
    points
        Relative weight: nbgrader's points of the cell are shared out in proportion.
    hints
        Sentences to open one at a time, most general first.
    mistakes
        A dict from the sentence about a known mistake to a function that makes it, which takes
        the arguments of the part; `worth(0.75, function)` lets it keep three quarters of the
        points.
    rtol
        Largest accepted difference, relative to the largest expected number of the same array;
        by default 1e-5, and 1e-4 for an answer that is kept in float32 or less.
    """

    def __init__(self, name: str) -> None:
        context = current.get()
        self.name = name
        self.results: list[CheckResult] = []
        self.trials: list[Trial] = []
        self._max_points = context.max_points
        self._seed = context.seed
        self.rng = np.random.default_rng([context.seed, *name.encode()])
        context.exercises.append(self)

    def returns(
        self,
        title: str,
        part: Part,
        *args: Any,
        expected: Any,
        points: float = 1,
        hints: Sequence[str] = (),
        mistakes: Mistakes | None = None,
        rtol: float | None = None,
        show: bool = True,
    ) -> None:
        """The part, called with `args`, gives `expected`: same structure, shape, kind of number.

        A failure shows up to four numbers next to the expected ones, which suits a visible check.
        Among hidden tests, say `show=False`::

            exercise.returns("2 x + 4 at 3", student.line, {"w": 2.0, "b": 4.0}, 3.0, expected=10.0)
        """
        trial = Trial(title, part.name, [args], mistakes or {})
        self._run(trial, lambda: answers.returns(part, args, expected, rtol, show), points, hints)

    def agrees(
        self,
        title: str,
        part: Part,
        solution: Function,
        inputs: Sequence[Arguments],
        *,
        points: float = 1,
        hints: Sequence[str] = (),
        mistakes: Mistakes | None = None,
        rtol: float | None = None,
    ) -> None:
        """The part gives what `solution` gives for every tuple of arguments in `inputs`.

        Both are called in float64. A known mistake is named only if all answers coincide with it
        as closely as right ones have to with the solution's::

            exercise.agrees(
                "other lines are right",
                student.line,
                reference.line,
                [({"w": 2.0, "b": 4.0}, x), ({"w": -1.0, "b": 0.5}, x)],
                mistakes={"It looks as if the bias is missing.": lambda t, x: t["w"] * x},
            )
        """
        trial = Trial(title, part.name, inputs, mistakes or {}, solution=solution)
        self._run(trial, lambda: answers.agrees(part, solution, inputs, rtol), points, hints)

    def satisfies(
        self,
        title: str,
        part: Part,
        inputs: Sequence[Arguments],
        *properties: Property,
        shape: tuple[int, ...] | None = None,
        points: float = 1,
        hints: Sequence[str] = (),
    ) -> None:
        """The answers to `inputs` have properties, such as those of `autograder.properties`.

        A property takes the list of answers, one for each tuple of arguments, and returns True or
        False, or "" or a sentence for the student. Before it is asked, every answer has to be made
        of finite floating-point numbers, in an array of `shape` if that is given. The numbers of
        all answers together have to differ, or a constant would do: give inputs whose right
        answers differ::

            exercise.satisfies("p is a probability", student.p, inputs, properties.between(0, 1))
        """
        self._run(
            Trial(title, part.name),
            lambda: answers.satisfies(part, inputs, properties, shape),
            points,
            hints,
        )

    def is_gradient(
        self,
        title: str,
        part: Part,
        of: Part,
        inputs: Sequence[Arguments],
        *,
        stubs: Mapping[str, Given] | None = None,
        points: float = 1,
        hints: Sequence[str] = (),
        mistakes: Mistakes | None = None,
    ) -> None:
        """The part is the gradient of `of`, with respect to its first argument, a dict.

        Judged against central differences of the student's own function, in float64, at every
        tuple of arguments. When that disagrees or cannot be computed, the part is called once more
        with the `stubs` in place of the student's functions of those names, so that a mistake in
        an earlier exercise does not cost again here::

            exercise.is_gradient(
                "it is the slope of your loss",
                student.dloss,
                student.loss,
                [({"w": 0.7, "b": -0.4}, x, y)],
                stubs={"loss": given("lambda theta, x, y: jnp.sum((theta['w'] * x - y) ** 2)")},
            )
        """
        trial = Trial(title, part.name, inputs, mistakes or {})
        self._run(
            trial, lambda: gradients.is_gradient(part, of, inputs, stubs or {}), points, hints
        )

    def is_differentiable(
        self,
        title: str,
        part: Part,
        inputs: Sequence[Arguments],
        *,
        points: float = 1,
        hints: Sequence[str] = (),
    ) -> None:
        """JAX can differentiate the part with respect to its first argument, a dict.

        What `jax.grad` makes of the part (of the sum of its numbers, where it gives an array) must
        come to the slopes that central differences of the part show. A part that is written with
        `np` instead of `jnp`, or turns numbers into floats, fails here and only here::

            exercise.is_differentiable("JAX can take its slope", student.line, [(theta, x)])
        """
        trial = Trial(title, part.name)
        self._run(trial, lambda: gradients.is_differentiable(part, inputs), points, hints)

    def descends(
        self,
        title: str,
        loop: Part,
        start: Params,
        model: Any,
        loss: Part | Given,
        x: Any,
        y: Any,
        *,
        n_steps: int,
        step_size: float,
        of: str = "parameters",
        stubs: Mapping[str, Given] | None = None,
        points: float = 1,
        hints: Sequence[str] = (),
        mistakes: Mistakes | None = None,
    ) -> None:
        """`loop(start, model, loss, x, y, n_steps, step_size)` is plain gradient descent.

        It returns `(losses, parameters)`. `of` says what is judged: "parameters" (where the last
        step ends), or "losses" (one per step, recorded before or after the update; the start may
        be listed as well).

        The loop gets `n_steps` and `step_size` by name. Its loss is `given`, or the student's own.
        One of the student's own is replaced by its stub first, if `stubs` has one; where that
        disagrees, the trajectory is judged under finite differences of the student's own loss.

        Raises
        ------
        ValueError
            If `of` is neither "parameters" nor "losses".
        """
        run = training.Descent(start, model, x, y, n_steps, step_size, of)
        known_loss = training.known(loss, stubs or {})
        # A mistake is known by what is judged: how the losses are recorded must not hide it.
        mistakes = mistakes if mistakes and known_loss is not None else {}
        trial = Trial(title, loop.name, [run.arguments(known_loss)], mistakes, judged=run.pick)
        self._run(trial, lambda: training.descends(run, loop, loss, stubs or {}), points, hints)

    @staticmethod
    def works(answer: Callable[[], Any], expected: Any) -> bool:
        """Whether something that the student's earlier parts compute comes to `expected`.

        For the `unless` of `reaches` and `minimises`. It is a premise and no check: it earns
        nothing, shows nothing, and gives False where `answer()` raises::

            exercise.works(lambda: student.line(theta, x), reference.line(theta, x))
        """
        return values.works(answer, expected)

    def reaches(
        self,
        title: str,
        part: Part,
        target: Params,
        within: float,
        *,
        made_from: Sequence[Part] = (),
        instead: Callable[[], Params] | None = None,
        unless: Callable[[], bool] | None = None,
        points: float = 1,
        hints: Sequence[str] = (),
    ) -> None:
        """The value of the part lies within an absolute distance of `target`, entry by entry.

        Both are dicts of numbers or arrays, with the same keys and shapes::

            exercise.reaches("near the truth", student.theta, {"w": 2.0, "b": 4.0}, within=0.1)

        `instead` computes the parameters in another way, for a student whose earlier parts do not
        work: if those pass, the check passes. Where the value is there and `unless()` is true,
        for example because the earlier parts do work, `instead` is not asked.

        `made_from` names the values that a cell of yours makes this one from: where they are
        there and this one is not, that cell failed, and the student is told so.
        """
        self._run(
            Trial(title, part.name),
            lambda: values.reaches(part, target, within, made_from, instead, unless),
            points,
            hints,
        )

    def minimises(
        self,
        title: str,
        part: Part,
        loss: Callable[[Params], Any],
        start: Params,
        *,
        shrink: float = 1e-2,
        made_from: Sequence[Part] = (),
        instead: Callable[[], Params] | None = None,
        unless: Callable[[], bool] | None = None,
        stand_in: Callable[[Params], Any] | None = None,
        points: float = 1,
        hints: Sequence[str] = (),
    ) -> None:
        """At the value of the part, the slope of `loss` has all but vanished.

        Its gradient, by central differences, is at most `shrink` times as long as at `start`.
        `loss` takes the parameters alone, and may call the student's own functions::

            exercise.minimises(
                "your loss has levelled out there",
                student.theta,
                lambda theta: student.loss(theta, x, y),
                start={"w": 9.0, "b": 9.0},
            )

        `made_from`, `instead` and `unless` are as in `reaches`; what `instead` gives is judged by
        the slope of `stand_in`, a loss of your own.
        """
        self._run(
            Trial(title, part.name),
            lambda: values.minimises(
                part, loss, start, shrink, made_from, instead, unless, stand_in
            ),
            points,
            hints,
        )

    def report(self) -> Report:
        """The table of all checks. Make it the last line of the cell.

        Raises
        ------
        ChecksNotPassed
            Under nbgrader's Validate only, and only if a check did not pass.
        """
        report = DisplayedReport(self.name, tuple(self.results), self._max_points, self._seed)
        unfinished = any(check.outcome is not Outcome.PASSED for check in report.checks)
        if unfinished and not report.graded and validating():
            raise ChecksNotPassed(to_text(report))
        return report

    def _run(
        self, trial: Trial, judge: Callable[[], Attempt], points: float, hints: Sequence[str]
    ) -> None:
        """Judge, and keep the row for the report and, for `verify`, what was compared."""
        try:
            made = judge()
            if made.fault is not None:
                raise made.fault
            trial = replace(trial, attempt=made)
            result = trial.result()
        except StudentFault as fault:
            result = CheckResult(trial.title, fault.outcome, rationale=str(fault), stop=fault.stop)
        except Exception:
            note, stop = traceback.format_exc(), trial.attempt.stop
            result = CheckResult(trial.title, Outcome.ERROR, staff_note=note, stop=stop)
        self.trials.append(trial)
        figure = trial.attempt.figure
        self.results.append(replace(result, points=points, hints=tuple(hints), figure=figure))
