"""Checks of what a function answers, `returns`, `agrees` and `satisfies`, with their judgement.

Trusted side during grading.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograder.checks.arrays import as_array, finite, varied, wrong_form
from autograder.checks.attempt import Arguments, Attempt, Function
from autograder.checks.base import Checks
from autograder.checks.compare import disagreement, side_by_side
from autograder.checks.context import current
from autograder.checks.diagnosis import Mistakes, Trial
from autograder.checks.numerics import plain
from autograder.checks.properties import Property, violated
from autograder.checks.student import Part


class AnswerChecks(Checks):
    """Checks of what a function"""

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
        self._run(trial, lambda: returns(part, args, expected, rtol, show), points, hints)

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
        self._run(trial, lambda: agrees(part, solution, inputs, rtol), points, hints)

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
            lambda: satisfies(part, inputs, properties, shape),
            points,
            hints,
        )


def returns(part: Part, args: Arguments, expected: Any, rtol: float | None, show: bool) -> Attempt:
    """Judge `Exercise.returns`: one call, compared with what the author wrote down."""
    answer = part.answers([args])[0]
    sentence = disagreement(answer, expected, rtol)
    shown = side_by_side(answer, expected) if sentence and show else ""
    return Attempt(sentence + shown, [answer], [expected], rtol=rtol)


def agrees(
    part: Part, solution: Function, inputs: Sequence[Arguments], rtol: float | None
) -> Attempt:
    """Judge `Exercise.agrees`: the first input on which the two differ makes the sentence.

    The solution comes first: where it raises, that is our error, whatever the student's part does.
    An answer that goes round the stubs, with methods of one class or a formula of its own, never
    saw them: it is right where it agrees with the solution without them.
    """
    expected = [plain(solution, args) for args in inputs]
    answers = part.answers(inputs)
    made = _beside(answers, expected, rtol)
    if made.sentence and current.get().stubs:
        with current.get().with_stubs({}), contextlib.suppress(Exception):  # it need not bear them
            alone = _beside(answers, [plain(solution, args) for args in inputs], rtol)
            return alone if alone.passed else made
    return made


def _beside(answers: Sequence[Any], expected: Sequence[Any], rtol: float | None) -> Attempt:
    """Compare answers with the expected ones, input by input."""
    pairs = zip(answers, expected, strict=True)
    sentence = next((s for a, e in pairs if (s := disagreement(a, e, rtol))), "")
    return Attempt(sentence, answers, expected, rtol=rtol)


def satisfies(
    part: Part,
    inputs: Sequence[Arguments],
    properties: Sequence[Property],
    shape: tuple[int, ...] | None,
) -> Attempt:
    """Judge `Exercise.satisfies`: properties are asked of finite numbers of the right form only.

    Answers that are the same whatever is asked have most properties, and earn nothing.
    """
    answers = part.answers(inputs)
    for answer in answers:
        form = wrong_form(answer, as_array(answer).shape if shape is None else shape)
        if problem := form or finite(answer):
            return Attempt(problem)
    sentence = next((s for holds in properties if (s := violated(holds, answers))), "")
    return Attempt(sentence or _constant(answers, shape))


def _constant(answers: Sequence[Any], shape: tuple[int, ...] | None) -> str:
    """Say that the numbers of all answers together hardly differ, or "".

    Raises
    ------
    ValueError
        If one number in all is asked for, which cannot differ: the author's mistake. Where no
        shape is asked for, it may be the student's.
    """
    numbers = np.concatenate([np.ravel(as_array(a)).astype(np.float64) for a in answers])
    if numbers.size == 1 and shape is not None:
        raise ValueError(
            "one number is too few to tell an answer from a constant: "
            "give inputs whose right answers differ"
        )
    return "" if varied(numbers) else "The answers hardly change with the inputs."
