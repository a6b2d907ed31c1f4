"""The numbers inside an answer: what an author's `of` picks, and where each array lies.

TRUSTED SIDE during grading. `properties` and `draws` look at answers through it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from autograder.checks.arrays import as_array
from autograder.checks.faults import StudentFault
from autograder.checks.wording import described
from autograder.remote import trees

Picked = Callable[[Any], Any]
MISFITS = (LookupError, TypeError, AttributeError, ValueError)
"""What a function raises that does not find its way in an answer, or cannot compute with it."""

Floats = npt.NDArray[np.float64]


def everything(answer: Any) -> Any:
    """What a property looks at where no `of` says anything else: the answer as it is."""
    return answer


def picked(of: Picked, answer: Any) -> Any:
    """What `of`, a function of the author's, picks from an answer.

    Raises
    ------
    StudentFault
        If the answer has no such place. The gate tries the author's own answer, so a mistake in
        `of` shows there.

    Examples
    --------
    >>> picked(lambda params: params[0]["W"], [{"W": 1.5}])
    1.5
    """
    try:
        return of(answer)
    except MISFITS as error:
        raise misfit(answer, error) from error


def misfit(answer: Any, error: Exception) -> StudentFault:
    """The fault of an answer in which a function of the author's does not find what it looks for.

    >>> str(misfit([1.0], KeyError("w")))[-52:]
    "asked for (KeyError: 'w'). It is a list of length 1."
    """
    reason = f"{type(error).__name__}: {error}".partition("\n")[0][:200]
    return StudentFault(
        f"The answer does not have the structure that is asked for ({reason}). "
        f"It is {described(answer)}."
    )


def leaves(answer: Any, place: str = "") -> Iterator[tuple[str, Floats]]:
    """The arrays of numbers inside an answer, in their order, each with where it lies.

    What is no real number is left out.

    >>> [(place, array.shape) for place, array in leaves([{"W": np.ones((2, 3))}, [0.5, 1.5]])]
    [("[0]['W']", (2, 3)), ('[1]', (2,))]
    """
    for key, item in _inside(answer):
        yield from leaves(item, place + trees.step(answer, key)[:40])
    if trees.items(arrays(answer)) is None and (array := as_array(answer)).dtype.kind in "biuf":
        yield place, array.astype(np.float64)


def arrays(answer: Any) -> Any:
    """An answer with an array for each list of numbers: functions of the author's compute with it.

    >>> arrays({"w": [1.0, 2.0], "b": 3.0})
    {'w': array([1., 2.]), 'b': 3.0}
    """
    if inside := _inside(answer):
        return trees.rebuilt(answer, [arrays(item) for _, item in inside])
    return as_array(answer) if isinstance(answer, list) else answer


def _inside(answer: Any) -> list[tuple[Any, Any]]:
    """What a container holds, with its keys; nothing, for a list that is a row of numbers."""
    row = isinstance(answer, list) and as_array(answer).dtype.kind in "biuf"
    if row and not any(np.ndim(item) for item in answer):
        return []
    return trees.items(answer) or []
