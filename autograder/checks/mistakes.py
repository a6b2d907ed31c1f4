"""A known mistake that keeps a share of the points. Trusted side during grading."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Worth:
    """A function that makes a known mistake, and the share of a check's points that it keeps.

    Called, it does what the function does; see `worth`. `function` is None for a mistake that comes
    with the check.

    Raises
    ------
    ValueError
        If the share is no number from 0 to 1.
    """

    share: float
    function: Callable[..., Any] | None = None

    def __post_init__(self) -> None:
        number = isinstance(self.share, int | float) and not isinstance(self.share, bool)
        if not (number and math.isfinite(self.share) and 0 <= self.share <= 1):
            raise ValueError(f"worth({self.share!r}, …): expected a share from 0 to 1")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.function is None:
            raise TypeError(
                "worth(…) without a function is for a mistake that comes with the check"
            )
        return self.function(*args, **kwargs)


def worth(share: float, mistake: Callable[..., Any] | None = None) -> Worth:
    """A known mistake that keeps a share of the points of the check that lists it.

    The check fails all the same, and the student reads how much is kept::

        mistakes={
            "It looks as if the loss is averaged.": worth(0.75, lambda *a: reference.loss(*a) / n),
            "It looks as if the sign is turned round.": lambda *a: -reference.loss(*a),
        }

    One that comes with the check is listed by its sentence, and needs no function::

        mistakes={"It looks as if the gradient is doubled.": worth(0.5)}

    A mistake without `worth` keeps nothing. With a share of 1 it is named and costs nothing, as
    where another check has charged for it already.
    """
    return Worth(share, mistake)


def makes(mistake: Callable[..., Any] | None) -> bool:
    """Whether a listed mistake is a function of the author's.

    Otherwise it is None, or a share, and says something of a mistake that comes with the check.
    """
    return mistake is not None and not (isinstance(mistake, Worth) and mistake.function is None)


def share_of(mistake: Callable[..., Any] | None) -> float:
    """The share of the points that a known mistake keeps: 0 for a plain function, or for none.

    >>> share_of(worth(0.75, abs)), share_of(abs)
    (0.75, 0.0)
    """
    return float(mistake.share) if isinstance(mistake, Worth) else 0.0
