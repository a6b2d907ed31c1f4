"""Runs a test cell on the trusted side and returns its report.

TRUSTED SIDE, in nbgrader's own process. The cell's source is the instructor's, restored by
nbgrader. The student's functions are asked through a `Connection`; a reply is data.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from autograder.checks.context import Connection, Context, Solution, current
from autograder.checks.faults import StudentFault
from autograder.judge.solutions import directory_importable
from autograder.record.outcome import Outcome
from autograder.record.report import CheckResult, Report


def seed_for(assignment: str, student: str) -> int:
    """The seed of a submission's random inputs, so that a dispute can be replayed exactly."""
    digest = hashlib.sha256(f"{assignment}\0{student}".encode()).digest()
    return int.from_bytes(digest[:4], "big")


def grade_cell(
    source: str,
    grade_id: str,
    max_points: float,
    *,
    connection: Connection,
    solution: Solution,
    directory: Path,
    seed: int,
    isolation: str = "",
    written: Callable[[str, bool], StudentFault | None] | None = None,
) -> Report:
    """Run a test cell and return its report; never raises for what the cell or the student does.

    Parameters
    ----------
    source
        The test cell, hidden tests included.
    grade_id
        nbgrader's name of the cell; names the report when the cell makes no `Exercise`.
    max_points
        nbgrader's points of the cell, shared out over its checks.
    connection, solution
        Answer for `student` and `reference`.
    directory
        The assignment's folder in the source tree; its modules can be imported by the cell.
    seed
        Seeds the random inputs.
    isolation
        How the student's code is kept apart, for the record.
    written
        Says what was written where a name is missing; see `Context`.
    """
    context = Context(connection, solution, seed, max_points)
    context.written = written or context.written
    return replace(run_cell(source, grade_id, context, directory), isolation=isolation)


def run_cell(source: str, grade_id: str, context: Context, directory: Path) -> Report:
    """As `grade_cell`, for a caller that wants to look at the exercises of the context after."""
    token = current.set(context)
    extra: list[CheckResult] = []
    try:
        with directory_importable(directory), contextlib.redirect_stdout(io.StringIO()):
            code = compile(source, f"<{grade_id}>", "exec", dont_inherit=True)
            exec(code, {"__name__": grade_id})  # noqa: S102 - the instructor's own test cell
    except StudentFault as fault:  # the cell called the student's function outside a check
        extra.append(
            CheckResult(
                "the test ran to its end", fault.outcome, rationale=str(fault), stop=fault.stop
            )
        )
    except (Exception, SystemExit):
        extra.append(broken(traceback.format_exc()))
    finally:
        current.reset(token)
    checks = [check for exercise in context.exercises for check in exercise.results]
    name = context.exercises[0].name if context.exercises else grade_id
    return Report(name, (*checks, *extra), context.max_points, context.seed).shared_out()


def broken(note: str) -> CheckResult:
    """A check that could not be run, for a reason that staff can read in `note`."""
    return CheckResult("the test cell runs", Outcome.ERROR, staff_note=note)


def not_run(grade_id: str, max_points: float, why: str) -> Report:
    """The report of a test cell that was not run: no points, and a person has to look."""
    return Report(grade_id, (broken(why),), max_points).shared_out()


def skipped(grade_id: str, max_points: float, why: str, isolation: str) -> Report:
    """The report of a test cell that is not run because there is no kernel left to ask."""
    check = CheckResult("the test is run", Outcome.FAILED, rationale=why)
    return Report(grade_id, (check,), max_points, isolation=isolation).shared_out()
