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
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from autograder.checks.reference import reference
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
    the student's fault, and a person has to look).

    `stubs` are functions of yours that stand for the student's answers to other exercises, by
    name, so that a mistake there costs nothing here. The student's cells that a part needs are run
    again with them, in a copy of the notebook; whatever the part makes of the other names, it makes
    of the stubs. Give them the parameter names of the release, and not the solution: student code
    can read them::

        squared = given("lambda theta, x, y: jnp.sum((theta['w'] * x - y) ** 2)")
        exercise = Exercise("dloss", stubs={"loss": squared})
        exercise.is_gradient("it is the slope of `loss`", student.dloss, "loss", [(theta, x, y)])

    No answer of the student's is ever what another one is compared with. A part is asked the same
    question twice, and has to give the same answer. Most checks take these arguments:

    title
        What is asked, in words that a student understands.
    part
        `student.NAME`, for a function of the student's. It is called in float64; what goes in and
        what comes back are NumPy arrays, numbers, and dicts, tuples and lists of these.
    inputs
        A sequence of tuples of arguments. `rng`, a `numpy.random.Generator` seeded for each
        student, draws random ones.
    points
        Relative weight: nbgrader's points of the cell are shared out in proportion, and rows show
        their share of those. Checks of 1, 1 and 2 points in a cell worth 6 are worth 1.5, 1.5, 3.
    hints
        Sentences to open one at a time, most general first.
    mistakes
        A dict from the sentence about a known mistake to a function that makes it, which takes
        the arguments of the part; `worth(0.75, function)` lets it keep three quarters of the
        points.
    rtol
        Largest accepted difference, relative to the largest expected number of the same array;
        by default 1e-5, and 2e-5 for an answer that is kept in float32 or less.
    """

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

        A hidden test, where `solution` is of `reference`: a student's notebook holds no solutions,
        and there the student's own function takes their place. Both are called in float64. A known
        mistake is named only if all answers coincide with it as closely as right ones have to with
        the solution's::

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
        of: str,
        inputs: Sequence[Arguments],
        *,
        points: float = 1,
        hints: Sequence[str] = (),
        mistakes: Mistakes | None = None,
    ) -> None:
        """The part is the gradient of the function named `of`, with respect to its first argument.

        That argument is a dict. The gradient is compared with central differences, in float64, at
        every tuple of arguments: of the stub that has this name in the exercise, which the part
        sees in its place; and of your solution of this name, since a student may work out the
        slope of what is asked for by hand. One of the two has to fit at all inputs.

        A known mistake takes the right slope, then the arguments of the part::

            exercise.is_gradient(
                "it is the slope of `loss`",
                student.dloss,
                "loss",
                [({"w": 0.7, "b": -0.4}, x, y)],
                mistakes={"It looks as if the gradient is doubled.": lambda slope, *args: {
                    k: 2 * v for k, v in slope.items()
                }},
            )
        """
        trial = Trial(title, part.name, inputs, mistakes or {}, stubs=self.stubs)
        self._run(
            trial,
            lambda: gradients.is_gradient(part, self._functions(of), inputs, trial),
            points,
            hints,
        )

    def _functions(self, name: str) -> Iterator[Function]:
        """The instructor's functions of a name: the stub, if there is one, then the solution.

        In a live notebook the student's own function, which may be anything, is the solution.

        Raises
        ------
        AttributeError
            If there is neither.
        """
        stub = self.stubs.get(name)
        if stub is not None:
            yield stub.compiled
        if self._max_points is None:
            yield Part(name)
        elif stub is None or hasattr(reference, name):
            yield getattr(reference, name)

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

        What `jax.grad` makes of the part (of a weighted sum of its numbers, for an array) must
        come to the slopes that central differences of the part show. A part that is written with
        `np` instead of `jnp`, or turns numbers into floats, fails here and only here; one that has
        no slope at any of the inputs, such as a constant, fails as well::

            exercise.is_differentiable("JAX can take its slope", student.line, [(theta, x)])
        """
        trial = Trial(title, part.name)
        self._run(trial, lambda: gradients.is_differentiable(part, inputs), points, hints)

    def descends(
        self,
        title: str,
        loop: Part,
        start: Params,
        model: Given,
        loss: Given,
        x: Any,
        y: Any,
        *,
        n_steps: int,
        step_size: float,
        of: str = "parameters",
        points: float = 1,
        hints: Sequence[str] = (),
        mistakes: Mistakes | None = None,
    ) -> None:
        """`loop(start, model, loss, x, y, n_steps, step_size)` is plain gradient descent.

        It returns `(losses, parameters)`. `of` says what is judged: "parameters" (where the last
        step ends), or "losses" (one per step, recorded before or after the update; the start may
        be listed as well).

        The loop gets `n_steps` and `step_size` by name. Model and loss are `given`, and so is what
        the loop is compared with: the path down that loss. A loop that calls the student's own
        `loss` by its name, where it should use the one it is handed, sees the exercise's stub.

        Raises
        ------
        ValueError
            If `of` is neither "parameters" nor "losses".
        TypeError
            If `loss` is not `given`.
        """
        if not isinstance(loss, Given):
            raise TypeError(f"descends({title!r}): the loss has to be given('…'), not {loss!r}")
        run = training.Descent(start, model, x, y, n_steps, step_size, of)
        trial = Trial(title, loop.name, [run.arguments(loss)], mistakes or {}, judged=run.pick)
        self._run(trial, lambda: run.judge(loop, loss), points, hints)

    def reaches(
        self,
        title: str,
        part: Part | Sequence[Part],
        target: Params,
        within: float,
        *,
        through: Callable[..., Params] | None = None,
        points: float = 1,
        hints: Sequence[str] = (),
    ) -> None:
        """The value of the part lies within an absolute distance of `target`, entry by entry.

        Both are dicts of numbers or arrays, with the same keys and shapes::

            exercise.reaches("near the truth", student.theta, {"w": 2.0, "b": 4.0}, within=0.1)

        Where students choose numbers, such as a step size, judge what *your* loop makes of them:
        `through` is a function of yours that takes the values of the parts. What a cell of theirs
        computed need not be what it seems, and that cell need not run in grading::

            def trained(n_steps, step_size):
                return descend(loss, {"w": 0.0, "b": 0.0}, n_steps, step_size)

            choice = [student.n_steps, student.step_size]
            exercise.reaches("it arrives", choice, {"w": 2.0, "b": 1.0}, 0.01, through=trained)
        """
        trial = Trial(title, _names(part), chosen=values.chosen(part, through))
        self._run(trial, lambda: values.reaches(part, through, target, within), points, hints)

    def minimises(
        self,
        title: str,
        part: Part | Sequence[Part],
        loss: Callable[[Params], Any],
        start: Params,
        *,
        shrink: float = 1e-2,
        through: Callable[..., Params] | None = None,
        points: float = 1,
        hints: Sequence[str] = (),
    ) -> None:
        """At the value of the part, the slope of `loss`, a function of yours, has all but vanished.

        Its gradient, by central differences, is at most `shrink` times as long as at `start`.
        `loss` takes the parameters alone; `through` is as in `reaches`::

            exercise.minimises(
                "the loss has levelled out there",
                student.theta,
                lambda theta: reference.loss(theta, x, y),
                start={"w": 9.0, "b": 9.0},
            )
        """
        self._run(
            Trial(title, _names(part), chosen=values.chosen(part, through)),
            lambda: values.minimises(part, through, loss, start, shrink),
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
        self._context.end()
        report = DisplayedReport(self.name, tuple(self.results), self._max_points, self._seed)
        unfinished = any(check.outcome is not Outcome.PASSED for check in report.checks)
        if unfinished and not report.graded and validating():
            raise ChecksNotPassed(to_text(report))
        return report

    def _run(
        self,
        trial: Trial,
        judge: Callable[[], Attempt | Trial],
        points: float,
        hints: Sequence[str],
    ) -> None:
        """Judge, and keep the row for the report and, for `verify`, what was compared."""
        trial = replace(trial, stubs=self.stubs)
        try:
            made = judge()
            trial = made if isinstance(made, Trial) else replace(trial, attempt=made)
            if trial.attempt.fault is not None:
                raise trial.attempt.fault
            result = trial.result()
        except StudentFault as fault:
            result = CheckResult(trial.title, fault.outcome, rationale=str(fault), stop=fault.stop)
        except Exception:
            note, stop = traceback.format_exc(), trial.attempt.stop
            result = CheckResult(trial.title, Outcome.ERROR, staff_note=note, stop=stop)
        self.trials.append(trial)
        said = "\n".join(filter(None, [result.rationale, *self._remarks()]))
        figure = trial.attempt.figure
        self.results.append(
            replace(result, points=points, hints=tuple(hints), figure=figure, rationale=said)
        )

    def _remarks(self) -> list[str]:
        """What came up besides while a check was judged; the context tells each only once."""
        remarks, self._context.remarks = self._context.remarks, []
        return remarks


def _names(part: Part | Sequence[Part]) -> str:
    """The name of a part; of several, the first one's."""
    return part.name if isinstance(part, Part) else part[0].name
