"""A known mistake that keeps a share of the points. Trusted side during grading."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Worth:
    """A function that makes a known mistake, and the share of a check's points that it keeps.

    Called, it does what the function does; see `worth`.

    Raises
    ------
    ValueError
        If the share is no number from 0 to 1.
    """

    share: float
    function: Callable[..., Any]

    def __post_init__(self) -> None:
        number = isinstance(self.share, int | float) and not isinstance(self.share, bool)
        if not (number and math.isfinite(self.share) and 0 <= self.share <= 1):
            raise ValueError(f"worth({self.share!r}, …): expected a share from 0 to 1")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)


def worth(share: float, mistake: Callable[..., Any]) -> Worth:
    """A known mistake that keeps a share of the points of the check that lists it.

    The check fails all the same, and the student reads how much is kept::

        mistakes={
            "It looks as if the loss is averaged.": worth(0.75, lambda *a: reference.loss(*a) / n),
            "It looks as if the sign is turned round.": lambda *a: -reference.loss(*a),
        }

    A mistake without `worth` keeps nothing. With a share of 1 it is named and costs nothing, as
    where another check has charged for it already.
    """
    return Worth(share, mistake)


def share_of(mistake: Callable[..., Any] | None) -> float:
    """The share of the points that a known mistake keeps: 0 for a plain function, or for none.

    >>> share_of(worth(0.75, abs)), share_of(abs)
    (0.75, 0.0)
    """
    return float(mistake.share) if isinstance(mistake, Worth) else 0.0
