"""What became of one exercise: the record that every other part reads.

`checks.Exercise` makes a report; the autograded notebook keeps it as JSON; feedback, class report
and exports read that. Standard library only. Runs on both sides of the trust boundary, but a
record that counts is made on the trusted side alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from autograder.record.outcome import Kind, Outcome

SCHEMA_VERSION = 1
MOST_POINTS = 60  # of one line of a figure: enough for its shape, little to store


@dataclass(frozen=True)
class Line:
    """A curve of a figure: at most MOST_POINTS points; None where y is not finite.

    Raises
    ------
    ValueError
        If there are more, or not as many x as y.
    """

    label: str
    x: tuple[float, ...]
    y: tuple[float | None, ...]

    def __post_init__(self) -> None:
        if not len(self.x) == len(self.y) <= MOST_POINTS:
            raise ValueError(
                f"line {self.label!r}: {len(self.x)} and {len(self.y)} numbers, expected as many "
                f"x as y and at most {MOST_POINTS}"
            )

    @classmethod
    def through(cls, label: str, y: Sequence[float], first: int = 0) -> Line:
        """A line through y at x = first, first + 1, ...; thinned out evenly if it is long.

        >>> Line.through("your loop", [0.5, 0.25, float("inf")], first=1)
        Line(label='your loop', x=(1, 2, 3), y=(0.5, 0.25, None))
        """
        every = -(-len(y) // MOST_POINTS) or 1
        kept = [float(f"{value:.4g}") for value in y[::every]]
        return cls(
            label,
            tuple(first + every * n for n in range(len(kept))),
            tuple(value if math.isfinite(value) else None for value in kept),
        )


@dataclass(frozen=True)
class Figure:
    """A small picture for a student: curves over the same axis."""

    title: str
    x_label: str
    y_label: str
    lines: tuple[Line, ...]

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Figure:
        """Read what `asdict` wrote."""
        lines = tuple(
            Line(line["label"], tuple(line["x"]), tuple(line["y"])) for line in record["lines"]
        )
        return cls(record["title"], record["x_label"], record["y_label"], lines)


@dataclass(frozen=True)
class CheckResult:
    """One row of a report.

    `title` says what was asked, `points` what it is worth: nbgrader's points in a graded report
    (`Report.shared_out`), and before that a weight, relative to the other rows.
    `rationale` says what happened, `hints` what to think about next (most general first).
    `mistake` is the known mistake that the answer coincides with, or "". `share` is how much of the
    points a failed check keeps, from 0 to 1, because its author says so of that mistake.
    `staff_note` is for course staff and is never rendered for a student.
    `figure` is a picture for the student's feedback page; few checks have one.
    `stop` is the limit that stopped a call of the student's function, by the name of its setting
    ("call_timeout", "memory" …), "ended" where the call ended the kernel, or "".
    `kind` is the way in which it failed, which the hints fit; `Kind.NONE` where it did not fail.

    Raises
    ------
    ValueError
        If the points are negative or not finite, or the share is not from 0 to 1: the author's
        mistake, raised in the test cell.
    """

    title: str
    outcome: Outcome
    points: float = 1.0
    rationale: str = ""
    hints: tuple[str, ...] = ()
    mistake: str = ""
    staff_note: str = ""
    figure: Figure | None = None
    stop: str = ""
    share: float = 0.0
    kind: Kind = Kind.NONE

    def __post_init__(self) -> None:
        if not (math.isfinite(self.points) and self.points >= 0):
            raise ValueError(f"check {self.title!r}: points must be 0 or more, got {self.points}")
        if not 0 <= self.share <= 1:
            raise ValueError(f"check {self.title!r}: share must be 0 to 1, got {self.share}")

    @property
    def earned(self) -> float:
        """Points earned: all where it passed, the share that is kept where it failed, else none.

        >>> CheckResult("adds up", Outcome.FAILED, points=2, share=0.75).earned
        1.5
        """
        if self.outcome is Outcome.FAILED:
            return self.points * self.share
        return self.points if self.outcome is Outcome.PASSED else 0.0


@dataclass(frozen=True)
class Report:
    """All checks of one exercise.

    `max_points` is what the gradebook gives for the whole cell; None in a live notebook, where
    only the visible checks run and nothing is graded. `seed` reproduces the random inputs.
    `isolation` says how student code was kept apart: namespaces, landlock, none, or "" where it
    is not known.
    """

    exercise: str
    checks: tuple[CheckResult, ...]
    max_points: float | None = None
    seed: int = 0
    isolation: str = ""

    @property
    def graded(self) -> bool:
        return self.max_points is not None

    @property
    def available(self) -> float:
        """Points of all checks together."""
        return math.fsum(check.points for check in self.checks)

    @property
    def score(self) -> float:
        """Points earned, scaled so that all checks together are worth `max_points`.

        >>> right, wrong = CheckResult("a", Outcome.PASSED), CheckResult("b", Outcome.FAILED)
        >>> Report("line", (right, wrong), max_points=3).score
        1.5

        Always a finite number in [0, max_points]: nbgrader awards full marks for anything that
        it cannot read as such.
        """
        most = self.max_points if self.max_points is not None else self.available
        if self.available == 0:
            return 0.0
        share = math.fsum(check.earned for check in self.checks) / self.available
        return min(round(share * most, 6), most)

    @property
    def needs_review(self) -> bool:
        """True when a check broke, or when there was nothing to check: then a person has to look.

        `judge.saving` asks, and nbgrader marks the exercise for manual grading.
        """
        return not self.checks or any(c.outcome is Outcome.ERROR for c in self.checks)

    @property
    def not_attempted(self) -> bool:
        """True when no check found an answer to judge."""
        return bool(self.checks) and all(c.outcome is Outcome.NOT_ATTEMPTED for c in self.checks)

    def shared_out(self) -> Report:
        """The same report, in which the rows are worth `max_points` together.

        What an author gives a check is a weight: with 1, 1 and 2 in a cell worth 6, a row shows
        1.5, 1.5 and 3 points, and the points earned add up to the score. `judge.testcell` asks. A
        report that is not graded, or in which nothing has points, stays as it is.

        >>> right, wrong = CheckResult("a", Outcome.PASSED), CheckResult("b", Outcome.FAILED)
        >>> report = Report("line", (right, wrong), max_points=3)
        >>> [check.points for check in report.shared_out().checks]
        [1.5, 1.5]
        """
        if self.max_points is None or self.available == 0:
            return self
        most, available = self.max_points, self.available
        shared = tuple(replace(c, points=c.points * most / available) for c in self.checks)
        return replace(self, checks=shared)

    def to_json(self) -> dict[str, Any]:
        """The record as JSON types, with its schema version; `record.schema.json` describes it.

        The score is among them for other programs; `from_json` works it out anew.
        """
        return {"schema_version": SCHEMA_VERSION, "score": self.score, **asdict(self)}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Report:
        """Read what `to_json` wrote.

        Raises
        ------
        ValueError
            If the record is of another schema version or is not such a record.
        """
        version = record.get("schema_version")
        if version != SCHEMA_VERSION:
            raise ValueError(f"record of schema version {version!r}, expected {SCHEMA_VERSION}")
        try:
            checks = tuple(
                CheckResult(
                    **{
                        **check,
                        "outcome": Outcome(check["outcome"]),
                        "kind": Kind(check.get("kind", "")),
                        "hints": tuple(check["hints"]),
                        "figure": Figure.from_json(drawn)
                        if (drawn := check.get("figure"))
                        else None,
                    }
                )
                for check in record["checks"]
            )
            return cls(
                record["exercise"],
                checks,
                record["max_points"],
                record["seed"],
                record.get("isolation", ""),  # records made before it was kept
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a report: {error}") from error
