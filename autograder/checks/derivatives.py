"""Checks of derivatives beyond the gradient: `is_jacobian`, `is_jvp` and `is_vjp`.

All are judged by central differences of a function of the instructor's, in float64, every entry;
see `numerics`. Trusted side during grading.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from autograder.checks.arrays import as_array, is_real, largest
from autograder.checks.attempt import Arguments, Attempt, Function
from autograder.checks.base import Checks
from autograder.checks.compare import first_difference, first_of
from autograder.checks.diagnosis import Mistakes, Trial
from autograder.checks.gradients import SLOPE_SCALE, SLOPE_SCALE_OF_VALUE
from autograder.checks.hints import Hints
from autograder.checks.numerics import STEP, central_differences, evaluated
from autograder.checks.student import Given, Part
from autograder.remote import trees

Measure = Callable[..., Any]
"""Takes a function of the instructor's and the arguments of a part; gives the right derivative."""


class DerivativeChecks(Checks):
    """Checks of derivatives beyond the gradient."""

    def is_jacobian(
        self,
        title: str,
        part: Part,
        of: Function,
        inputs: Sequence[Arguments],
        *,
        points: float = 1,
        hints: Hints = (),
        mistakes: Mistakes | None = None,
    ) -> None:
        """The part is the Jacobian of a function of yours, with respect to its first argument.

        That argument is an array, and so is what `of` gives; the Jacobian has the shape of the
        latter followed by that of the former, as `jax.jacobian` gives it. A Hessian is the Jacobian
        of a gradient::

            bowl = given("lambda p: p[0] ** 2 + 3 * p[0] * p[1]")
            exercise.is_jacobian("it is the Hessian", student.hessian, bowl.gradient(), [(p,)])

        A known mistake takes the right Jacobian, then the arguments of the part::

            mistakes={"Rows and columns have changed places.": lambda right, p: right.T}
        """
        self._derivative(title, part, of, jacobian, inputs, points, hints, mistakes)

    def is_jvp(
        self,
        title: str,
        part: Part,
        of: Function,
        inputs: Sequence[Arguments],
        *,
        points: float = 1,
        hints: Hints = (),
        mistakes: Mistakes | None = None,
    ) -> None:
        """`part(x, v, …)` is how a function of yours, of (x, …), changes in the direction v.

        That is the Jacobian times v. x and v are trees of the same form, and the answer has the
        form of what `of` gives. A Hessian-vector product is that of a gradient::

            exercise.is_jvp(
                "it is the Hessian times v", student.hvp, loss.gradient(), [(theta, v, x, y)]
            )

        Where the part takes its arguments in another order, say how it is called::

            hvp = student.hvp.through("lambda hvp: lambda p, v: hvp(v, p)")

        Known mistakes are as in `is_jacobian`.
        """
        self._derivative(title, part, of, jvp, inputs, points, hints, mistakes)

    def is_vjp(
        self,
        title: str,
        part: Part,
        of: Function,
        inputs: Sequence[Arguments],
        *,
        points: float = 1,
        hints: Hints = (),
        mistakes: Mistakes | None = None,
    ) -> None:
        """`part(x, ct, …)` pulls ct back through a function of yours, of (x, …): a backward pass.

        It is ct times the Jacobian: the gradient, with respect to x, of the sum of ct times what
        `of` gives. ct has the form of the latter, the answer has the form of x, which may be any
        tree of numbers::

            relu = given("lambda x: jnp.maximum(x, 0.0)")
            exercise.is_vjp("the backward pass of relu", student.relu_backward, relu, [(x, ct)])

        Give inputs at which the function has no kinks. Known mistakes are as in `is_jacobian`. A
        rule that `jax.custom_vjp` holds is judged by `is_differentiable`.
        """
        self._derivative(title, part, of, vjp, inputs, points, hints, mistakes)

    def _derivative(
        self,
        title: str,
        part: Part,
        of: Function,
        measure: Measure,
        inputs: Sequence[Arguments],
        points: float,
        hints: Hints,
        mistakes: Mistakes | None,
    ) -> None:
        function = evaluated(of.compiled if isinstance(of, Given) else of)
        right = partial(measure, function)
        trial = Trial(title, part.name, inputs, mistakes or {}, slope=right, steps=part.steps)
        self._run(
            trial,
            lambda: replace(trial, attempt=judged(part, measure, function, inputs)),
            points,
            hints,
        )


def judged(
    part: Part, measure: Measure, function: Function, inputs: Sequence[Arguments]
) -> Attempt:
    """Judge a derivative at every input. The differences come first: an error there is ours."""
    expected = [measure(function, *args) for args in inputs]
    scales = [_scale(function, *args, measure=measure) for args in inputs]
    answers = part.answers(inputs)
    compared = zip(answers, expected, scales, strict=True)
    wrong = first_of(first_difference(got, right, scale=scale) for got, right, scale in compared)
    return Attempt(wrong.sentence, answers, expected, max(scales, default=0.0), kind=wrong.kind)


def jacobian(function: Function, x: Any, *rest: Any) -> Any:
    """The Jacobian by central differences: the shape of `function(x)`, then that of x.

    >>> jacobian(lambda x: x**2, np.array([1.0, 3.0])).round(6)
    array([[2., 0.],
           [0., 6.]])
    """
    value = np.asarray(function(x, *rest))
    columns = [
        np.ravel(jvp(function, x, direction, *rest)) for direction in _directions(np.shape(x))
    ]
    return np.stack(columns, axis=-1).reshape(value.shape + np.shape(x))


def _directions(shape: tuple[int, ...]) -> list[Any]:
    """For each number of an array of this shape, an array that has 1 there, and 0 elsewhere."""
    size = int(np.prod(shape))
    return [row.reshape(shape) for row in np.eye(size)]


def jvp(function: Function, x: Any, v: Any, *rest: Any) -> Any:
    """How a function of x changes in the direction v, by central differences.

    >>> jvp(lambda x: x**2, np.array([1.0, 3.0]), np.array([1.0, 1.0])).round(6)
    array([2., 6.])
    """
    step = STEP * max(1.0, _largest(x)) / (_largest(v) or 1.0)
    ends = [function(_moved(x, v, sign * step), *rest) for sign in (1, -1)]
    return trees.together(lambda a, b: (np.asarray(a) - np.asarray(b)) / (2 * step), *ends)


def _moved(x: Any, v: Any, step: float) -> Any:
    return trees.together(lambda a, b: a + step * b if is_real(a) else a, x, v)


def vjp(function: Function, x: Any, ct: Any, *rest: Any) -> Any:
    """The gradient of the sum of ct times a function of x, by central differences.

    >>> vjp(lambda x: x**2, np.array([1.0, 3.0]), np.array([1.0, 0.5])).round(6)
    array([2., 3.])
    """

    def paired(at: Any) -> float:
        products = trees.together(
            lambda a, b: float(np.sum(np.asarray(a) * np.asarray(b))), function(at, *rest), ct
        )
        return float(sum(trees.leaves(products)))

    return central_differences(paired, x)


def _scale(function: Function, x: Any, *rest: Any, measure: Measure) -> float:
    """How small a derivative still counts by its own size; see `gradients.slope_scale`."""
    value = function(x, *(rest if measure is jacobian else rest[1:]))
    return max(SLOPE_SCALE, SLOPE_SCALE_OF_VALUE * _largest(value))


def _largest(tree: Any) -> float:
    return max(map(largest, map(as_array, trees.leaves(tree))), default=0.0)
