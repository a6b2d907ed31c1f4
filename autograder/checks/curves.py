"""What a check gives a feedback page to draw. Trusted side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograder.checks.arrays import as_array
from autograder.checks.compare import disagreement
from autograder.record.report import Figure, Line


def loss_curves(losses: Any, recorded: Sequence[Any], asked: str) -> Figure:
    """The losses that a training loop recorded, beside those of the training that is asked for.

    Called by `training` for every answer, right or wrong; the feedback page draws it. `recorded`
    holds the losses before each step, after each step and, unless the data change, both together;
    `asked` is what the training is called. The student's line begins at step 1 where they were
    recorded after each step, at 0 otherwise, and is empty where they are no numbers.
    """
    recorded_by_loop = np.ravel(as_array(losses))
    numbers: Any = recorded_by_loop if recorded_by_loop.dtype.kind in "iuf" else ()
    before, after, *_ = recorded
    late = len(numbers) == len(after) and not disagreement(losses, after)
    return Figure(
        "The loss during training",
        "step",
        "loss",
        (
            Line.through(asked, [*before, *after[-1:]]),
            Line.through("your loop", numbers, first=int(late)),
        ),
    )
