"""Checks of what JAX can make of a function: `is_vmappable`, `is_jittable`, `does_not_retrace`.

Trusted side during grading; whether a function is traced again is counted where it lives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograder.checks.answers import constant
from autograder.checks.arrays import as_array
from autograder.checks.attempt import Arguments, Attempt, attempt
from autograder.checks.base import Checks
from autograder.checks.compare import first_difference, first_of
from autograder.checks.diagnosis import Trial
from autograder.checks.hints import Hints
from autograder.checks.relations import (
    HARDLY,
    Axes,
    change_with_inputs,
    examples,
    stacked,
    unstackable,
)
from autograder.checks.student import Part
from autograder.checks.wording import described
from autograder.remote import trees

TRACES = "__import__('autograder.remote.tracing', fromlist=['traces']).traces"
"""What `does_not_retrace` sends the student's function through; see `remote.tracing`."""


class TransformationChecks(Checks):
    """Checks of what JAX can make of a function."""

    def is_vmappable(
        self,
        title: str,
        part: Part,
        inputs: Sequence[Arguments],
        in_axes: Axes = 0,
        *,
        points: float = 1,
        hints: Hints = (),
    ) -> None:
        """`jax.vmap` of the part gives for a batch what the part gives one by one.

        `inputs` are batches, and `in_axes` says for each argument which axis counts the examples,
        as `jax.vmap` has it; None is for an argument that is the same for all of them. The part
        itself is what the answers are compared with; that they are right is for another check::

            exercise.is_vmappable(
                "it works for a batch of points",
                student.predict_one,
                [(params, points)],
                in_axes=(None, 0),
            )
        """
        self._run(
            Trial(title, part.name), lambda: is_vmappable(part, inputs, in_axes), points, hints
        )

    def is_jittable(
        self,
        title: str,
        part: Part,
        inputs: Sequence[Arguments],
        *,
        static_argnames: str | Sequence[str] = (),
        points: float = 1,
        hints: Hints = (),
    ) -> None:
        """`jax.jit` of the part gives what the part gives: it branches on no value, say.

        `static_argnames` are for `jax.jit`: names of arguments that are known when it compiles::

            exercise.is_jittable("JAX can compile it", student.loss, [(theta, x, y)])
        """
        self._run(
            Trial(title, part.name),
            lambda: is_jittable(part, inputs, static_argnames),
            points,
            hints,
        )

    def does_not_retrace(
        self,
        title: str,
        part: Part,
        inputs: Sequence[Arguments],
        *,
        points: float = 1,
        hints: Hints = (),
    ) -> None:
        """The part is compiled, and JAX traces it once, not at every call.

        A function that calls `jax.jit` whenever it is called fails, and one that is not compiled
        fails as well. `inputs` are two tuples of arguments or more, with the same shapes, dtypes
        and static arguments::

            inputs = [(params, x), (params, x + 1)]
            exercise.does_not_retrace("it is compiled once", student.fast_predict, inputs)

        Raises
        ------
        ValueError
            If there are fewer than two inputs.
        """
        if len(inputs) < 2:
            raise ValueError(f"does_not_retrace({title!r}): give two inputs or more")
        self._run(Trial(title, part.name), lambda: does_not_retrace(part, inputs), points, hints)


def is_vmappable(part: Part, inputs: Sequence[Arguments], in_axes: Axes) -> Attempt:
    """Judge `Exercise.is_vmappable`: one by one comes first, so that its own error is told."""
    one_by_one = [[part.call(*one) for one in examples(args, in_axes)] for args in inputs]
    for answers in one_by_one:
        if unfit := unstackable(answers):
            return unfit
        if not change_with_inputs(answers):
            return Attempt(HARDLY)
    return _alike(
        [stacked(answers) for answers in one_by_one],
        lambda: part.vmapped(in_axes).answers(inputs),
        "`jax.vmap` cannot map it over a batch.",
        "Mapped over a batch it gives other numbers than one by one.",
    )


def is_jittable(
    part: Part, inputs: Sequence[Arguments], static_argnames: str | Sequence[str]
) -> Attempt:
    """Judge `Exercise.is_jittable`: the plain answers come first, so that its own error is told."""
    options = {"static_argnames": static_argnames} if static_argnames else {}
    plain = part.answers(inputs)
    if huge := [leaf for leaf in trees.leaves(plain) if _is_huge(leaf)]:
        return Attempt(f"Got {described(huge[0])}, expected numbers that fit an array.")
    made = _alike(
        plain,
        lambda: part.jitted(**options).answers(inputs),
        "`jax.jit` cannot compile it.",
        "Compiled, it gives other numbers than as it is.",
    )
    if not made.passed:
        return made
    if len(plain) == 1:
        return Attempt(constant(plain, None))
    return Attempt("" if change_with_inputs(plain) else HARDLY)


def _is_huge(leaf: Any) -> bool:
    """Whether a leaf is a whole number that no array can hold, and JAX cannot compute with."""
    return isinstance(leaf, int) and as_array(leaf).dtype == object


def _alike(
    plain: Sequence[Any], transformed: Callable[[], Sequence[Any]], cannot: str, others: str
) -> Attempt:
    """Compare what a function answers as it is with what its transformed self answers."""
    made = attempt(lambda: Attempt("", transformed()))
    if made.fault is not None:
        fault = made.fault
        return Attempt(f"{cannot} {fault}", stop=fault.stop, kind=fault.kind, hint=fault.hint)
    wrong = first_of(map(first_difference, made.answers, plain))
    return Attempt(f"{others} {wrong.sentence}" if wrong.sentence else "", kind=wrong.kind)


def does_not_retrace(part: Part, inputs: Sequence[Arguments]) -> Attempt:
    """Judge `Exercise.does_not_retrace`."""
    (told,) = part.through(TRACES).answers([inputs])
    if not (isinstance(told, dict) and {*map(type, told.values())} <= {bool, int}):
        return Attempt("It cannot be seen how often JAX traces it.")  # something else answered
    if not told.get("compiled"):
        return Attempt("It is not compiled: its operations run one by one. `jax.jit` compiles it.")
    if told.get("again", True):
        return Attempt(
            "It is traced and compiled anew at every call. Call `jax.jit` once, outside of the "
            "function, and keep what it gives."
        )
    return Attempt("")
