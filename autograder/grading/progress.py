"""What is seen of a run: a bar on a terminal, lines in a pipe, JSON for programs."""

from __future__ import annotations

import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TextIO

from tqdm import tqdm

from autograder.grading.worker import Failed, Graded
from autograder.judge.budgets import ENDED
from autograder.record.shown import as_json, in_one_line, say, visible
from autograder.sandbox.settings import Stop

Retry = Callable[[str], str]
"""Gives the command that grades a student again, as a shell takes it."""

SLOWEST = 3
STOPPED = {
    "timeout": "cells over the time limit",
    "call_timeout": "calls over the time limit",
    "judge_timeout": "tests over the time limit",
    Stop.CPU: "submissions over the limit of processor time",
    Stop.WALL: "submissions over the time limit",
    Stop.MEMORY: "over the memory limit",
    Stop.PROCESSES: "over the limit of processes",
    Stop.DISK: "over the disk limit",
    Stop.FILES: "over the limit of files",
    Stop.OUTPUT: "over the output limit",
    ENDED: "kernels that crashed or exited",
    "max_replacements": "given up after too many kernels",
    Stop.FORKSERVER: "ended from outside",
}
"""What budgets are called here, by their names in a record."""


class Tally:
    """Adds up results; small whatever the size of the class.

    `notes` are sentences about the assignment, which the summary ends with.
    """

    def __init__(self, skipped: int = 0, notes: Sequence[str] = ()) -> None:
        self.skipped, self.notes = skipped, notes
        self.scores: list[float] = []
        self.max_score = 0.0
        self.failed: list[Failed] = []
        self.slowest: list[tuple[float, str]] = []
        self.stops: Counter[str] = Counter()
        self.started = time.monotonic()

    def add(self, result: Graded | Failed) -> None:
        """Count a result. Of a student who handed in again, what failed before is forgotten."""
        self.failed = [failed for failed in self.failed if failed.student != result.student]
        if isinstance(result, Failed):
            self.failed.append(result)
            return
        self.scores.append(result.score)
        self.max_score = max(self.max_score, result.max_score)
        self.slowest = sorted([*self.slowest, (result.seconds, result.student)])[-SLOWEST:]
        self.stops += result.stops

    @property
    def mean(self) -> float | None:
        """Mean score of what was graded in this run; None where nothing was."""
        return statistics.fmean(self.scores) if self.scores else None

    def to_json(self) -> dict[str, Any]:
        return {
            "graded": len(self.scores),
            "skipped": self.skipped,
            "failed": len(self.failed),
            "mean_score": self.mean,
            "max_score": self.max_score,
            "seconds": round(time.monotonic() - self.started, 3),
            "slowest": [
                {"student": student, "seconds": round(seconds, 3)}
                for seconds, student in reversed(self.slowest)
            ],
            "stopped": dict(self.stops),
            "notes": list(self.notes),
        }


class Lines:
    """One line for each submission, and a summary: for a pipe or a log."""

    def __init__(self, total: int | None, out: TextIO) -> None:
        self.total, self.out, self.done = total, out, 0

    def show(self, result: Graded | Failed, tally: Tally) -> None:
        self.done += 1
        of = "" if self.total is None else f"/{self.total}"
        self.write(f"[{self.done}{of}] {sentence(result)}")

    def write(self, line: str) -> None:
        say(line, out=self.out)

    def finish(self, tally: Tally, retry: Retry) -> None:
        for line in summary(tally, retry):
            self.write(line)


class Bar(Lines):
    """A bar with rate and time left, the mean score and the failures: for a terminal."""

    def __init__(self, total: int | None, out: TextIO) -> None:
        super().__init__(total, out)
        self._bar = tqdm(total=total, unit="submission", file=out, dynamic_ncols=True)

    def show(self, result: Graded | Failed, tally: Tally) -> None:
        if isinstance(result, Failed):
            self.write(sentence(result))
        if tally.mean is not None:
            self._bar.set_postfix_str(
                f"mean {tally.mean:.2f} of {tally.max_score:g}, {len(tally.failed)} failed"
            )
        self._bar.update()

    def write(self, line: str) -> None:
        self._bar.write(visible(line), file=self.out)

    def finish(self, tally: Tally, retry: Retry) -> None:
        self._bar.close()
        super().finish(tally, retry)


class JsonLines(Lines):
    """One JSON object a line; the last one is the summary."""

    def show(self, result: Graded | Failed, tally: Tally) -> None:
        self.write(as_json(event(result)))

    def finish(self, tally: Tally, retry: Retry) -> None:
        self.write(as_json({"event": "summary", **tally.to_json()}))


def reporter(total: int | None, *, as_json: bool) -> Lines:
    """What suits where the output goes; `total` is None where there is no end to come."""
    if as_json:
        return JsonLines(total, sys.stdout)
    bar = total is not None and sys.stdout.isatty()
    return (Bar if bar else Lines)(total, sys.stdout)


def sentence(result: Graded | Failed) -> str:
    """A result in one line."""
    if isinstance(result, Failed):
        return f"{in_one_line(result.student)}: not graded. {indented(result.reason)}"
    stopped = "".join(f"; {STOPPED[what]}: {n}" for what, n in sorted(result.stops.items()))
    return (
        f"{in_one_line(result.student)}: {result.score:g} of {result.max_score:g} "
        f"({result.seconds:.1f} s{stopped})"
    )


def indented(text: str) -> str:
    """A text of which no line but the first begins where ours do."""
    return text.replace("\n", "\n    ")


def event(result: Graded | Failed) -> dict[str, Any]:
    """A result for programs."""
    if isinstance(result, Failed):
        return {"event": "failed", "student": result.student, "reason": result.reason}
    return {
        "event": "graded",
        "student": result.student,
        "score": result.score,
        "max_score": result.max_score,
        "seconds": round(result.seconds, 3),
        "stopped": dict(result.stops),
    }


def summary(tally: Tally, retry: Retry) -> list[str]:
    """The lines at the end.

    Parameters
    ----------
    retry
        Gives the command that grades a student again.
    """
    seconds = time.monotonic() - tally.started
    lines = [
        f"{len(tally.scores)} graded, {tally.skipped} already done, {len(tally.failed)} failed "
        f"in {seconds:.1f} s."
    ]
    if tally.mean is not None:
        lines.append(f"Mean score: {tally.mean:.2f} of {tally.max_score:g}.")
        slowest = (
            f"{in_one_line(student)} {seconds:.1f} s"
            for seconds, student in reversed(tally.slowest)
        )
        lines.append(f"Slowest: {', '.join(slowest)}.")
    lines += [f"Stopped, {STOPPED[what]}: {n}." for what, n in sorted(tally.stops.items())]
    lines += tally.notes
    for failed in tally.failed:
        lines.append(f"Not graded: {in_one_line(failed.student)}. {indented(failed.reason)}")
        lines.append(f"  Try again: {retry(failed.student)}")
    return lines
