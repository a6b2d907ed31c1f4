"""The checks of slopes, `is_gradient` and `is_differentiable`, judged by central differences.

Trusted side during grading.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograder.checks import slips
from autograder.checks.arrays import (
    RELATIVE_TOLERANCE,
    as_array,
    few_digits,
    finite,
    tolerance,
    wrong_form,
)
from autograder.checks.attempt import Arguments, Attempt, Function, attempt
from autograder.checks.base import Checks
from autograder.checks.compare import disagreement, first_difference, first_of
from autograder.checks.diagnosis import Mistakes, Trial, number_of_points
from autograder.checks.faults import StudentFault
from autograder.checks.hints import Hints, about_form
from autograder.checks.numerics import STEP, Params, central_differences, evaluated
from autograder.checks.reference import reference
from autograder.checks.student import WEIGHT, Part
from autograder.record.outcome import Kind
from autograder.remote import trees

# A smaller slope counts by this size. Differences are good to about 3e-11 of what the function
# gives (measured on sums of up to a thousand terms): with a tolerance of 1e-5, a slope may be off
# by thirty times that. Near a minimum of 0, where the function has no size, it may be by 1e-8.
SLOPE_SCALE = 1e-3
SLOPE_SCALE_OF_VALUE = 1e-4

# A part that computes in float32 gives differences over 3e-2 to about 1e-4, in rounding and in
# truncation. That is enough to tell whether JAX finds the same slope, and buys nothing: the slope
# is JAX's own.
FLOAT32_STEP = 3e-2
FLOAT32_TOLERANCE = 3e-2


class GradientChecks(Checks):
    """Checks of slopes."""

    def is_gradient(
        self,
        title: str,
        part: Part,
        of: str,
        inputs: Sequence[Arguments],
        *,
        points: float = 1,
        hints: Hints = (),
        mistakes: Mistakes | None = None,
        show: bool = False,
    ) -> None:
        """The part is the gradient of the function named `of`, with respect to its first argument.

        That argument is any pytree of numbers, and the gradient has its form. It is compared with
        central differences, in float64, at every tuple of arguments: of the stub that has this
        name in the exercise, which the part sees in its place; and of your solution of this name,
        since a student may work out the slope of what is asked for by hand. One of the two has to
        fit at all inputs.

        The mistakes of any gradient come with the check: a sign, a mean for a sum, an entry that
        is missing, the value for the slope, and so on. One of your own takes the right slope, then
        the arguments of the part::

            mistakes={
                "It looks as if b is taken for 0.": lambda slope, t, x: dloss({**t, "b": 0.0}, x)
            }

        One that is listed under the sentence of the kit's, or gives the same answer, takes its
        place; `worth(0.5)` lets one of the kit's keep a share, None leaves it out.

        With `show` a failure tells the first wrong slope beside the right one, as in `returns`:
        for a visible check with numbers to work out in the head.
        """
        trial = Trial(title, part.name, inputs, mistakes or {}, stubs=self.stubs, steps=part.steps)
        self._run(
            trial,
            lambda: is_gradient(part, of, self._functions(of), inputs, trial),
            points,
            hints,
            show,
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
        hints: Hints = (),
    ) -> None:
        """JAX can differentiate the part with respect to its first argument, any pytree.

        What `jax.grad` makes of the part (of a weighted sum of its numbers, for an array) must
        come to the slopes that central differences of the part show. A part that is written with
        `np` instead of `jnp`, or turns numbers into floats, fails here and only here; one that has
        no slope at any of the inputs, such as a constant, fails as well::

            exercise.is_differentiable("JAX can take its slope", student.line, [(theta, x)])
        """
        trial = Trial(title, part.name)
        self._run(trial, lambda: is_differentiable(part, inputs), points, hints)


@dataclass(frozen=True)
class Measured:
    """The slope of a function at one input, and the value beside it."""

    slope: Any
    value: float

    @property
    def scale(self) -> float:
        """How small a slope still counts by its own size."""
        return max(SLOPE_SCALE, SLOPE_SCALE_OF_VALUE * abs(self.value))


def is_gradient(
    part: Part, of: str, functions: Iterable[Function], inputs: Sequence[Arguments], trial: Trial
) -> Trial:
    """Judge `Exercise.is_gradient`: a gradient is right if it is that of one of the functions.

    They are the instructor's: the stub that the part was given, and the solution, whose slope an
    answer may have worked out by hand. In a live notebook the student's own `Part` stands for the
    solution, and its fault counts only where there is no stub. Where neither fits, the one counts
    under which the answer is a known mistake, else the first.
    """
    answers: list[Any] = []
    tried: list[Trial] = []
    for function in functions:
        made = _measured_at(function, inputs)  # before the part is asked: an error here is ours
        answers = answers or part.answers(inputs)
        explained = _explained(trial, of, function, made.expected)
        if made.fault is None:
            made = _beside(answers, made.expected)
        tried.append(replace(explained, attempt=made))
        if made.passed:
            return tried[-1]
    return next((one for one in tried if one.known_mistake()), tried[0])


def _measured_at(function: Function, inputs: Sequence[Arguments]) -> Attempt:
    """What is measured at every input: an `Attempt` that expects it."""
    return attempt(lambda: Attempt("", expected=[measured(function, args) for args in inputs]))


def _beside(answers: Sequence[Any], right: Sequence[Measured]) -> Attempt:
    """Compare gradients with slopes, each on its own scale, at every input."""
    pairs = zip(answers, right, strict=True)
    wrong = first_of(first_difference(got, one.slope, scale=one.scale) for got, one in pairs)
    scale = max((one.scale for one in right), default=0.0)
    slopes = [one.slope for one in right]
    return Attempt(wrong.sentence, answers, slopes, scale, kind=wrong.kind)


def _explained(trial: Trial, of: str, function: Function, right: Sequence[Measured]) -> Trial:
    """A trial that knows the mistakes: those that its author lists, and those of any gradient.

    There are none beside a part of the student's: no yardstick may ask it.
    """
    if isinstance(function, Part):
        return replace(trial, mistakes={})
    return replace(
        trial,
        slope=lambda *args: measured(function, args).slope,
        slips=lambda: _slips(trial, of, function, right),
    )


def _slips(
    trial: Trial, of: str, function: Function, right: Sequence[Measured]
) -> dict[str, list[Any]]:
    """What the mistakes of any gradient give at the inputs of a trial, by their sentences."""
    pairs = zip(right, trial.inputs, strict=True)
    slopes = [
        slips.Slope(one.slope, one.value, of, number_of_points(args[1:])) for one, args in pairs
    ]
    return slips.slopes(slopes) | _of_another(trial, of, function)


def _of_another(trial: Trial, of: str, function: Function) -> dict[str, list[Any]]:
    """Slopes with a function of the exercise in the place of one that is passed as an argument.

    Whoever writes `loss(theta, my_model, x, y)`, where the answer is handed a model, gets them.
    """
    found: dict[str, list[Any]] = {}
    for name, stub in trial.stubs.items():
        for place in slips.functions_among(trial.inputs) if name != of else ():
            changed = [slips.with_argument(args, place, stub) for args in trial.inputs]
            with contextlib.suppress(Exception):  # it need not bear that one
                found[slips.another_function(name)] = [measured(function, a).slope for a in changed]
    return found


def measured(function: Function, args: Arguments) -> Measured:
    """The slope and the value of a function of the instructor's.

    Raises
    ------
    ValueError
        If it gives no finite number: nobody can be judged by that.
    StudentFault
        If it is the student's own function, as in a live notebook, and gives no finite number.
    """
    measure = function.call if isinstance(function, Part) else evaluated(function)
    try:
        return Measured(slope_of(measure, args), scalar(measure(*args)))
    except StudentFault as fault:
        if isinstance(function, Part):
            raise
        raise ValueError(f"the function whose slope is asked for: {fault}") from fault


def is_differentiable(part: Part, inputs: Sequence[Arguments]) -> Attempt:
    """Judge `Exercise.is_differentiable`: JAX's slopes, compared with central differences.

    The differences come first, so that a part which gives no number at all hears of that.
    """
    values = part.answers(inputs)
    if told := next(filter(None, map(few_digits, values)), ""):
        return Attempt(told)
    rough = tolerance(values) > RELATIVE_TOLERANCE["float64"]
    step, rtol = (FLOAT32_STEP, FLOAT32_TOLERANCE) if rough else (STEP, None)
    slopes = [slope_of(lambda *args: _total(part.call(*args)), args, step) for args in inputs]
    scales = [slope_scale(_total, [value]) for value in values]
    if all(_vanishes(s, scale, rtol) for s, scale in zip(slopes, scales, strict=True)):
        return Attempt("Its numbers do not change with the parameters.")
    by_jax = attempt(lambda: Attempt("", [part.differentiated().call(*args) for args in inputs]))
    if by_jax.fault is not None:
        fault = by_jax.fault
        said = f"JAX cannot differentiate it. {fault}"
        return Attempt(said, stop=fault.stop, kind=fault.kind, hint=fault.hint)
    compared = zip(by_jax.answers, slopes, scales, strict=True)
    if any(disagreement(a, s, rtol, scale=scale) for a, s, scale in compared):
        return Attempt("Its slope according to JAX is not the slope that its values show.")
    return Attempt("")


def _total(answer: Any) -> float:
    """A weighted sum of an answer's numbers, which has a slope where the answer is an array."""
    _refuse(answer, as_array(answer).shape)
    with np.errstate(over="ignore"):  # what comes of it is no finite number, and `slope_of` says so
        numbers = np.ravel(as_array(answer)).astype(np.float64)
        return float(np.sum(numbers * (1 + WEIGHT * np.arange(numbers.size) % 1)))


def _vanishes(slopes: Params, scale: float, rtol: float | None) -> bool:
    """Whether slopes are no more than the rounding of differences."""
    flat = trees.mapped(lambda slope: np.zeros(np.shape(slope)), slopes)
    return disagreement(slopes, flat, rtol, scale=scale) == ""


def slope_of(function: Function, args: Arguments, step: float = STEP) -> Params:
    """Central differences of a function with respect to its first argument, a dict.

    >>> slope_of(lambda theta, x: theta["w"] * x, ({"w": 1.0}, 3.0))["w"].round(6)
    np.float64(3.0)

    Raises
    ------
    StudentFault
        If the function, which may be a student's, gives anything but a finite number, or jumps
        from one end of what a float can hold to the other.
    """
    at, *rest = args
    slopes = central_differences(lambda params: scalar(function(params, *rest)), at, step)
    if finite(slopes):
        raise StudentFault("Its slope is too large to be measured.")
    return slopes


def slope_scale(function: Function, args: Arguments) -> float:
    """How small a slope of a function still counts by its own size, at these arguments.

    >>> slope_scale(lambda theta: 1e6 + theta["w"], ({"w": 0.0},))
    100.0
    """
    return max(SLOPE_SCALE, SLOPE_SCALE_OF_VALUE * abs(scalar(function(*args))))


def scalar(value: Any) -> float:
    """A student's number as a float, for arithmetic of our own.

    Raises
    ------
    StudentFault
        If it is no finite real number: an array of one number is none, nor is True.
    """
    _refuse(value, ())
    return float(as_array(value))


def _refuse(answer: Any, shape: tuple[int, ...]) -> None:
    """Raise a `StudentFault` unless an answer holds finite real numbers, in this shape."""
    if form := wrong_form(answer, shape):
        raise StudentFault(form, kind=Kind.SHAPE, hint=about_form([answer]))
    if problem := finite(answer):
        raise StudentFault(problem)
