"""Checks of an answer's form, or of there being none: `shapes` and `raises`.

Trusted side during grading.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograder.checks.attempt import Arguments, Attempt, attempt
from autograder.checks.base import Checks
from autograder.checks.compare import wrong_structure
from autograder.checks.diagnosis import Trial
from autograder.checks.faults import StudentFault
from autograder.checks.hints import Hints
from autograder.checks.student import Part
from autograder.record.outcome import Kind
from autograder.remote import trees


class FormChecks(Checks):
    """Checks of the form of an answer, or of there being none."""

    def shapes(
        self,
        title: str,
        part: Part,
        *args: Any,
        expected: Any,
        points: float = 1,
        hints: Hints = (),
    ) -> None:
        """The part, called with `args`, gives arrays of these shapes, whatever numbers they hold.

        `expected` is a shape, or a tree of shapes where a tree is asked for. A shape stands for an
        array of floating-point numbers, a `jax.ShapeDtypeStruct` for one of another kind as well.
        Without arguments the part may be a value::

            exercise.shapes("a row for each point", student.forward, params, x, expected=(8, 3))
            layers = [{"W": (2, 5), "b": (5,)}, {"W": (5, 3), "b": (3,)}]
            exercise.shapes("two layers", student.params, expected=layers)
        """
        self._run(Trial(title, part.name), lambda: shapes(part, args, expected), points, hints)

    def raises(
        self,
        title: str,
        part: Part,
        *args: Any,
        error: type[Exception],
        accepts: Sequence[Arguments] = (),
        points: float = 1,
        hints: Hints = (),
    ) -> None:
        """The part, called with `args`, raises an error of this class, or of one that inherits it.

        A function that raises whatever it is given would do; so say with `accepts`, a sequence of
        tuples of arguments, for which ones it has to give an answer::

            exercise.raises(
                "a negative step size is refused",
                student.train,
                theta,
                -0.1,
                error=ValueError,
                accepts=[(theta, 0.1)],
            )
        """
        self._run(
            Trial(title, part.name),
            lambda: raises(part, args, error.__name__, accepts),
            points,
            hints,
        )


def shapes(part: Part, args: Arguments, expected: Any) -> Attempt:
    """Judge `Exercise.shapes`."""
    (answer,) = part.answers([args])
    return Attempt(wrong_structure(answer, zeros(expected)), [answer], kind=Kind.SHAPE)


def zeros(shape: Any) -> Any:
    """A tree of arrays of zeros for a tree of shapes.

    >>> zeros([{"W": (1, 2)}, ()])
    [{'W': array([[0., 0.]])}, array(0.)]
    """
    if isinstance(shape, tuple) and all(isinstance(length, int) for length in shape):
        return np.zeros(shape)
    if hasattr(shape, "shape") and hasattr(shape, "dtype"):
        return np.zeros(shape.shape, shape.dtype)
    inside = trees.items(shape)
    if inside is None:
        raise TypeError(f"{shape!r} is neither a shape nor a tree of shapes")
    return trees.rebuilt(shape, [zeros(item) for _, item in inside])


def raises(part: Part, args: Arguments, error: str, accepts: Sequence[Arguments]) -> Attempt:
    """Judge `Exercise.raises`: what is not written yet, or did not come back, is no such error."""
    made = attempt(lambda: Attempt("", part.answers([args])))
    fault = made.fault
    if fault is None:
        return Attempt(f"It gave an answer, and should raise {error}.")
    if not fault.error:
        raise fault
    if error not in fault.error:
        return Attempt(f"It should raise {error}. {fault}", kind=fault.kind, hint=fault.hint)
    try:
        part.answers(accepts)
    except StudentFault as refused:
        said = f"It should raise {error} only where that is asked for. {refused}"
        return Attempt(said, kind=refused.kind, hint=refused.hint)
    return Attempt("")
