"""Which hints a failed check shows: one of ours that fits the failure, then the author's.

An author writes hints for a wrong value. Where the answer raised an error, or has another type or
shape than was asked for, a student first needs to know where to look. TRUSTED SIDE during grading.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from autograder.checks.tracers import DEVICE, NO_DEVICE, TRACERS
from autograder.record.outcome import Kind
from autograder.record.report import CheckResult

Hints = Sequence[str] | Mapping[str, Sequence[str]]
"""The author's: for every failure, or for each kind of failure its own."""
KINDS = tuple(kind.value for kind in Kind if kind)

SHAPE = (
    "In a cell of its own, call your function and keep what comes back as `answer`. Then "
    "`print(type(answer), jnp.shape(answer))`. What does each axis count?"
)
OF_A_VALUE = (
    "In a cell of its own, print it, its `type(…)` and, where it is an array, its `.shape`. Is "
    "that what is asked for?"
)
NOTHING = (
    "A function gives back what stands after `return`, and None where there is none. `print` "
    "shows a number and gives nothing back. Does every way through your function end in a `return`?"
)
ANY_ERROR = (
    "Call your function in a cell of its own, with numbers that you can follow, and print what "
    "goes into the line that raised the error."
)
SPELLING = (
    "Is the name spelt as where it is defined, and has that cell been run? A name that is bound "
    "inside a function is known only there."
)
ARGUMENTS = (
    "Compare your line `def …` with the one that you were given: how many arguments, in which "
    "order, under which names? Then look at how your own lines call each other."
)
FITTING = (
    "Two arrays in this line do not fit together. Print the `.shape` of each just before it. What "
    "does each axis count?"
)
TYPES = "Print the `type(…)` of each thing in this line. Which one is not what you took it for?"
IMPORTED = "Is the name spelt as in its documentation, and is the package installed?"
ERRORS: Sequence[tuple[str, str, str]] = [
    ("NameError|UnboundLocalError", "", SPELLING),
    ("TypeError", "positional argument|keyword argument", ARGUMENTS),
    (
        "TypeError",
        "not callable",
        "Round brackets after a name call it. Is a `*` missing there, or has the name of a "
        "function been given to a number?",
    ),
    (
        "ValueError|TypeError",
        "unpack",
        "The number of names on the left of `=` is not the number of values on the right. Print "
        "what stands on the right.",
    ),
    ("TypeError|AttributeError", "'?NoneType", "Something in this line is None. " + NOTHING),
    (
        "TypeError",
        "immutable",
        "A JAX array is never changed in place: `x.at[i].set(value)` gives a new one.",
    ),
    (
        "TypeError",
        "scalar-output",
        "`grad` takes the slope of one number. What does the function give that it is handed?",
    ),
    (
        "TypeError",
        "real- or complex-valued inputs|np.inexact",
        "`grad` takes slopes with respect to numbers with a decimal point: 2.0, and not 2.",
    ),
    ("TypeError|ValueError", "broadcast|shape|dimension", FITTING),
    ("TypeError", "", TYPES),
    (
        "KeyError",
        "",
        "A dict was asked for a key that it does not have. Print its `.keys()`: the key has to be "
        "spelt exactly so, within quotation marks.",
    ),
    ("IndexError", "[Tt]oo many indices", FITTING),
    (
        "IndexError",
        "",
        "Places are counted from 0, so the last of n is n - 1. Print how many there are, and the "
        "index.",
    ),
    (
        "AttributeError",
        "",
        "What stands before the dot has nothing of the name behind it. Print its type. Is the "
        "name spelt as in the documentation?",
    ),
    ("ImportError|ModuleNotFoundError", "", IMPORTED),
    (
        "RecursionError",
        "",
        "The function calls itself, or another one that calls it, and never comes to an end.",
    ),
]
"""Name of the error, what its text says, our hint. The first that fits counts."""


def about_error(ename: str, evalue: str) -> str:
    """What to look at next where a student's code raised an error; `student` asks.

    Both arguments come from the student's side, and may be anything. The hint is a text of ours.

    >>> about_error("KeyError", "'W'").partition(". ")[0]
    'A dict was asked for a key that it does not have'
    """
    if DEVICE.search(evalue):
        return NO_DEVICE.hint
    if ename in TRACERS:
        return TRACERS[ename].hint
    fits = (
        hint
        for names, said, hint in ERRORS
        if re.fullmatch(names, ename) and re.search(said, evalue)
    )
    return next(fits, ANY_ERROR)


def about_form(answers: Sequence[Any]) -> str:
    """What to look at next where an answer has the wrong type or shape; `diagnosis` asks."""
    return NOTHING if any(answer is None for answer in answers) else SHAPE


def fitting(hints: Hints, result: CheckResult) -> tuple[str, ...]:
    """Our own hint, which the result has already, and those of the author for its kind.

    A sequence holds for every failure: also after an error, what the author has to say of the
    right way may help. `Checks` asks for each row of a report.

    Raises
    ------
    TypeError
        If `hints` is a single text: a sequence of its letters, it would be shown letter by letter.
    ValueError
        If it has something else for a key than a kind of failure.
    """
    if isinstance(hints, str):
        raise TypeError(f"hints={hints!r}: expected a list of sentences")
    if not isinstance(hints, Mapping):
        return (*result.hints, *hints)
    if unknown := [key for key in hints if key not in KINDS]:
        raise ValueError(f"hints for {unknown[0]!r}: expected keys from {', '.join(KINDS)}")
    return (*result.hints, *hints.get(result.kind, ()))
