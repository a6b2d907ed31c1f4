"""What a check gives a feedback page to draw. Trusted side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograder.checks.arrays import as_array
from autograder.checks.compare import disagreement
from autograder.record.report import Figure, Line


def loss_curves(losses: Any, along: Sequence[float]) -> Figure:
    """The losses that a training loop recorded, beside those of plain gradient descent.

    Called by `training` for every answer, right or wrong; the feedback page draws it. `along`
    holds the n_steps + 1 losses of gradient descent. The student's line begins at step 1 where
    they were recorded after each update, at 0 otherwise, and is empty where they are no numbers.
    """
    recorded = np.ravel(as_array(losses))
    numbers: Any = recorded if recorded.dtype.kind in "iuf" else ()
    after = len(numbers) == len(along) - 1 and not disagreement(losses, np.asarray(along[1:]))
    return Figure(
        "The loss during training",
        "step",
        "loss",
        (
            Line.through("plain gradient descent", along),
            Line.through("your loop", numbers, first=int(after)),
        ),
    )
