"""Checks of what a function answers, `returns`, `agrees` and `satisfies`, with their judgement.

Trusted side during grading.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.checks.arrays import as_array, finite, varied, wrong_form
from autograder.checks.attempt import Arguments, Attempt, Function
from autograder.checks.base import Checks
from autograder.checks.compare import first_difference, first_of, wrong_structure
from autograder.checks.context import current
from autograder.checks.diagnosis import Mistakes, Trial, apart
from autograder.checks.forms import zeros
from autograder.checks.hints import Hints
from autograder.checks.leaves import leaves
from autograder.checks.numerics import plain
from autograder.checks.properties import Property, violated
from autograder.checks.student import Part
from autograder.record.outcome import Kind
from autograder.remote import trees
from autograder.remote.wire import is_key

Shape = Any
"""The shape of an array, such as (5, 2), or a tree with a shape for each array; see `forms`."""
VALUE: tuple[Arguments, ...] = ((),)
"""The inputs of a part that is a value: nothing to call it with, once."""


class AnswerChecks(Checks):
    """Checks of what a function answers, or of what a value is."""

    def returns(
        self,
        title: str,
        part: Part,
        *args: Any,
        expected: Any,
        points: float = 1,
        hints: Hints = (),
        mistakes: Mistakes | None = None,
        rtol: float | None = None,
        show: bool = True,
    ) -> None:
        """The part, called with `args`, gives `expected`: same structure, shape, kind of number.

        A failure shows up to four numbers next to the expected ones, which suits a visible check.
        Among hidden tests, say `show=False`::

            exercise.returns("2 x + 4 at 3", student.line, {"w": 2.0, "b": 4.0}, 3.0, expected=10.0)
        """
        trial = Trial(title, part.name, [args], mistakes or {}, steps=part.steps)
        self._run(trial, lambda: returns(part, args, expected, rtol), points, hints, show)

    def agrees(
        self,
        title: str,
        part: Part,
        solution: Function | list[Function] | Any,
        inputs: Sequence[Arguments] = VALUE,
        *,
        points: float = 1,
        hints: Hints = (),
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

        Where several answers are right, as the variance of a sample or of a population may be, give
        a list of solutions. All answers have to agree with the same one::

            right = [reference.variance, lambda x: jnp.var(x, ddof=1)]
            exercise.agrees("it is the variance", student.variance, right, inputs)
        """
        several = isinstance(solution, list) and all(map(callable, solution))
        solutions: Any = solution if several else [solution]
        trial = Trial(title, part.name, inputs, mistakes or {}, stubs=self.stubs, steps=part.steps)
        self._run(trial, lambda: agrees(part, solutions, rtol, trial), points, hints)

    def satisfies(
        self,
        title: str,
        part: Part,
        inputs: Sequence[Arguments] | Property,
        *properties: Property,
        shape: Shape | None = None,
        points: float = 1,
        hints: Hints = (),
        mistakes: Mistakes | None = None,
    ) -> None:
        """The answers to `inputs` have properties, such as those of `autograder.properties`.

        A property takes the list of answers, one for each tuple of arguments, and returns True or
        False, or "" or a sentence for the student. Before it is asked, every answer has to be made
        of finite numbers, in an array of `shape` if that is given, or in a tree of arrays for a
        tree of shapes, as in `[{"W": (5, 2)}]`. Where none is given, a property that cannot
        compute with an answer counts against the answer. The numbers of all answers together have
        to differ, or a constant would do: give inputs whose right answers differ::

            exercise.satisfies("p is a probability", student.p, inputs, properties.between(0, 1))

        Of a value, leave the inputs out; it is what it is, and need not differ from anything::

            exercise.satisfies("a step size", student.step_size, properties.between(1e-3, 1))
        """
        asked: Sequence[Arguments] = VALUE if callable(inputs) else inputs
        properties = (inputs, *properties) if callable(inputs) else properties
        self._run(
            Trial(title, part.name, asked, mistakes or {}, steps=part.steps),
            lambda: satisfies(part, asked, properties, shape),
            points,
            hints,
        )


def returns(part: Part, args: Arguments, expected: Any, rtol: float | None) -> Attempt:
    """Judge `Exercise.returns`: one call, compared with what the author wrote down."""
    answer = part.answers([args])[0]
    wrong = first_difference(answer, expected, rtol)
    return Attempt(wrong.sentence, [answer], [expected], rtol=rtol, kind=wrong.kind)


def agrees(part: Part, solutions: Sequence[Function], rtol: float | None, trial: Trial) -> Trial:
    """Judge `Exercise.agrees`: the first input on which the two differ makes the sentence.

    The solutions come first: where one raises, that is our error, whatever the student's part does.
    Of several, a wrong answer is told how it differs from the nearest.
    """
    expected = [[plain(solution, args) for args in trial.inputs] for solution in solutions]
    answers = part.answers(trial.inputs)
    tried = [
        replace(trial, solution=solution, attempt=_beside(answers, wanted, rtol))
        for solution, wanted in zip(solutions, expected, strict=True)
    ]
    nearest = min(tried, key=_how_wrong)
    if nearest.attempt.passed or not current.get().stubs:
        return nearest
    alone = (_without_stubs(nearest, solution, rtol) for solution in solutions)
    return next(filter(None, alone), nearest)


def _how_wrong(trial: Trial) -> tuple[bool, float]:
    made = trial.attempt
    return not made.passed, apart(made.answers, made.expected, made.scale, made.rtol)


def _without_stubs(trial: Trial, solution: Function, rtol: float | None) -> Trial | None:
    """The same answers beside a solution that sees no stubs, if they are right so.

    An answer that goes round the stubs, with methods of one class or a formula of its own, never
    saw them.
    """
    with current.get().with_stubs({}), contextlib.suppress(Exception):  # it need not bear them
        expected = [plain(solution, args) for args in trial.inputs]
        alone = _beside(trial.attempt.answers, expected, rtol)
        return replace(trial, solution=solution, attempt=alone) if alone.passed else None
    return None


def _beside(answers: Sequence[Any], expected: Sequence[Any], rtol: float | None) -> Attempt:
    """Compare answers with the expected ones, input by input."""
    pairs = zip(answers, expected, strict=True)
    wrong = first_of(first_difference(answer, right, rtol) for answer, right in pairs)
    return Attempt(wrong.sentence, answers, expected, rtol=rtol, kind=wrong.kind)


def satisfies(
    part: Part,
    inputs: Sequence[Arguments],
    properties: Sequence[Property],
    shape: Shape | None,
) -> Attempt:
    """Judge `Exercise.satisfies`: properties are asked of finite numbers of the right form only.

    Answers that are the same whatever is asked have most properties, and earn nothing.
    """
    answers = part.answers(inputs)
    for answer in answers:
        form = _wrong_shape(answer, shape)
        if problem := form or finite(answer):
            return Attempt(problem, answers, kind=Kind.SHAPE if form else Kind.VALUE)
    told = shape is not None
    sentence = next((s for holds in properties if (s := violated(holds, answers, told))), "")
    return Attempt(sentence or ("" if inputs == VALUE else constant(answers, shape)), answers)


def _wrong_shape(answer: Any, shape: Shape | None) -> str:
    """Say that an answer is not made of numbers, or not in arrays of these shapes, or ""."""
    if shape is not None:
        return wrong_structure(answer, zeros(shape))
    for leaf in trees.leaves(answer):
        if is_key(leaf) or as_array(leaf).dtype.kind in "biufc":
            continue
        return wrong_form(leaf, as_array(leaf).shape)
    return ""


def constant(answers: Sequence[Any], shape: Shape | None) -> str:
    """Say that the numbers of all answers together hardly differ, or "".

    Raises
    ------
    ValueError
        If one number in all is asked for, which cannot differ: the author's mistake. Where no
        shape is asked for, it may be the student's.
    """
    arrays = [np.ravel(array) for answer in answers for _, array in leaves(answer)]
    numbers = np.concatenate([np.zeros(0), *arrays])
    if numbers.size == 1 and shape is not None:
        raise ValueError(
            "one number is too few to tell an answer from a constant: "
            "give inputs whose right answers differ"
        )
    return "" if varied(numbers) else "The answers hardly change with the inputs."
