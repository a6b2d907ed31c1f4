"""The numbers inside an answer: what an author's `of` picks, and where each array lies.

TRUSTED SIDE during grading. `properties` and `draws` look at answers through it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from autograder.checks.compare import as_array, described
from autograder.checks.faults import StudentFault

Picked = Callable[[Any], Any]
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
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"[:100]
        raise StudentFault(
            f"The answer does not have the structure that is asked for ({reason}). "
            f"It is {described(answer)}."
        ) from error


def leaves(answer: Any) -> Iterator[tuple[str, Floats]]:
    """The arrays of numbers inside an answer, in their order, each with where it lies.

    What is no number is left out.

    >>> [(place, array.shape) for place, array in leaves([{"W": np.ones((2, 3))}, [0.5, 1.5]])]
    [("[0]['W']", (2, 3)), ('[1]', (2,))]
    """
    for place, leaf in _inside(answer, ""):
        if (array := as_array(leaf)).dtype.kind in "biuf":
            yield place, array.astype(np.float64)


def _inside(answer: Any, place: str) -> Iterator[tuple[str, Any]]:
    """What lies in dicts, tuples and lists, whatever it is; a list of plain numbers is an array."""
    if isinstance(answer, Mapping):
        for key, item in answer.items():
            yield from _inside(item, f"{place}[{str(key)[:40]!r}]")
    elif isinstance(answer, tuple | list) and not _plain(answer):
        for number, item in enumerate(answer):
            yield from _inside(item, f"{place}[{number}]")
    else:
        yield place, answer


def arrays(answer: Any) -> Any:
    """An answer with an array for each list of numbers: functions of the author's compute with it.

    >>> arrays({"b": 3.0, "w": [1.0, 2.0]})
    {'b': 3.0, 'w': array([1., 2.])}
    """
    import jax

    return jax.tree.map(
        lambda leaf: np.asarray(leaf) if isinstance(leaf, list) else leaf,
        answer,
        is_leaf=lambda item: isinstance(item, list) and _plain(item),
    )


def _plain(items: tuple[Any, ...] | list[Any]) -> bool:
    return bool(items) and all(isinstance(item, bool | int | float) for item in items)
