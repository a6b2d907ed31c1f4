"""What a submission's cells and calls may take, and how what stops them is named. TRUSTED SIDE."""

from __future__ import annotations

from dataclasses import dataclass

from autograder.judge.stopwatch import WALL_FACTOR
from autograder.sandbox.settings import Stop

CELL = "timeout"
CALL = "call_timeout"
TEST = "judge_timeout"
REPLACEMENTS = "max_replacements"
"""What stops something, besides the limits of the sandbox's: by the names of the settings."""
OF_ALL = (Stop.CPU, Stop.WALL)
"""Limits of all kernels together: after them there is no other."""
ENDED = "ended"
"""Stands for a limit where a kernel ended by itself."""
PATIENCE, MOST_PATIENCE = 10.0, 60.0
"""Seconds to wait for what a cell or a call has left running, and for all of them together: most
timers end sooner, and a thread that is meant to go on costs a class little."""
SEARCH = 30.0
"""The same for each cell when it is looked for which of them ended the kernel after its end."""
IDLE = 2.0
"""Seconds after which a kernel that does nothing is not about to end by what no reply tells of."""


@dataclass(frozen=True)
class Budgets:
    """Seconds of processor time for one cell, for one call, and for all calls of a test cell.

    A cell of None takes as long as it likes. `replacements` are the kernels in all, and
    `wall_factor` is how many times as long code may wait as it may compute.
    """

    cell: float | None
    call: float
    test: float
    replacements: int
    wall_factor: float = WALL_FACTOR
