"""Marks for other systems, as plugins of `nbgrader export`. TRUSTED SIDE.

    nbgrader export --exporter=autograder.reports.Gradescope --assignment=logistic_regression
    nbgrader export --exporter=autograder.reports.Canvas --to=canvas.csv
    nbgrader export --exporter=autograder.reports.Moodle --to=moodle.csv

nbgrader's own exporter is the default of that command, and goes on working.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from nbgrader.plugins import ExportPlugin

from autograder.record.outcome import Outcome
from autograder.record.render import explanation, hints_of
from autograder.reports.results import GradedCell, Results, Submission, gather
from autograder.reports.tables import to_csv


class _Export(ExportPlugin):  # type: ignore[misc]
    """What the exporters share: which assignments and students, and files to write."""

    def results(self, gradebook: Any) -> list[Results]:
        """The assignments that were asked for; all of them if none was named."""
        wanted = list(map(str, self.assignment))
        names = [entry.name for entry in gradebook.assignments]
        if unknown := sorted(set(wanted) - set(names)):
            raise SystemExit(f"The gradebook has no assignment named {', '.join(unknown)}.")
        course = self.parent.coursedir
        found = [gather(gradebook, course, name) for name in names if name in (wanted or names)]
        for results in found:
            if waiting := sum(
                bool(s.waiting) for s in results.submissions if self.wants(s.student)
            ):
                self.log.warning(
                    "%s: parts of %d submissions wait for a person.", results.assignment, waiting
                )
        return found

    def wants(self, student: str) -> bool:
        """Whether a student was asked for; everybody is if nobody was named."""
        return not self.student or student in map(str, self.student)

    def write(self, path: Path, text: str) -> None:
        """Write a file, its folder included."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        self.log.info("Wrote %s", path)


class Gradescope(_Export):
    """A `results.json` for each submission, in TO/assignment/student/ (default: gradescope/).

    Format: https://gradescope-autograders.readthedocs.io/en/latest/specs/#output-format
    A container of Gradescope's that runs this kit copies the file to /autograder/results/.
    """

    def export(self, gradebook: Any) -> None:
        for results in self.results(gradebook):
            for submission in results.submissions:
                if self.wants(submission.student):
                    path = Path(self.to or "gradescope", results.assignment, submission.student)
                    text = json.dumps(gradescope(submission), indent=1, ensure_ascii=False)
                    self.write(path / "results.json", text + "\n")


def gradescope(submission: Submission) -> dict[str, Any]:
    """Gradescope's record of a submission: one test for each check, and one for each other part.

    Its `score` is the gradebook's, which has precedence over the sum of the tests: a marker may
    have changed it, and a penalty for lateness is taken off.
    """
    tests = [
        {"number": f"{position}.{number}", **test}
        for position, part in enumerate(submission.parts, 1)
        for number, test in enumerate(gradescope_tests(part), 1)
    ]
    said = [submission.damaged] if submission.damaged else []
    if submission.late_penalty:
        said.append(f"Taken off because it came in late: {submission.late_penalty:g}.")
    if submission.waiting:
        names = ", ".join(part.exercise for part in submission.waiting)
        said.append(f"A person has yet to look at: {names}.")
    return {
        "score": round(submission.score, 6),
        "output": "\n".join(said),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
    }


def gradescope_tests(part: GradedCell) -> Iterator[dict[str, Any]]:
    """The tests of one part, worth its points together."""
    report = part.report
    if report is None or not report.available:
        yield {
            "name": part.exercise,
            "score": part.score,
            "max_score": part.points,
            "output": "Not attempted." if part.not_attempted else "",
            "output_format": "text",
            "visibility": "visible",
        }
        return
    scale = part.points / report.available
    for check in report.checks:
        hints = [f"Hint {number}: {hint}" for number, hint in enumerate(hints_of(check), 1)]
        yield {
            "name": f"{part.exercise}: {check.title}",
            "score": round(check.earned * scale, 6),
            "max_score": round(check.points * scale, 6),
            "status": "passed" if check.outcome is Outcome.PASSED else "failed",
            "output": "\n".join(filter(None, [explanation(check), *hints])),
            "output_format": "text",
            "visibility": "visible",
        }


class Canvas(_Export):
    """A CSV file that Canvas imports under Grades, Import (default: canvas.csv).

    Format: https://community.canvaslms.com/docs/DOC-12585 and Canvas's own reader,
    lib/gradebook_importer.rb. Students are found by ID (nbgrader's lms_user_id) or else by SIS
    Login ID (nbgrader's student id). Whoever handed in nothing keeps an empty cell, which changes
    nothing in Canvas.
    """

    def export(self, gradebook: Any) -> None:
        found = self.results(gradebook)
        header = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
        best = [
            "Points Possible",
            "",
            "",
            "",
            "",
            *(f"{results.max_score:.2f}" for results in found),
        ]
        rows = [
            [sortable_name(s), s.lms_user_id or "", "", s.id, "", *scores]
            for s, scores in score_rows(self, gradebook, found, "")
        ]
        table = [[*header, *(results.assignment for results in found)], best, *rows]
        self.write(Path(self.to or "canvas.csv"), to_csv(table, ids=range(1, 4)))


class Moodle(_Export):
    """A CSV file that Moodle imports under Grades, Import, CSV file (default: moodle.csv).

    Format: https://docs.moodle.org/en/Grade_import. In the form, map from Username to Username,
    or from Email address to Email address, and each assignment to its grade item. A hyphen means
    no grade.
    """

    def export(self, gradebook: Any) -> None:
        found = self.results(gradebook)
        header = ["First name", "Last name", "Username", "ID number", "Email address"]
        rows = [
            [
                s.first_name or "",
                s.last_name or "",
                s.id,
                s.lms_user_id or "",
                s.email or "",
                *scores,
            ]
            for s, scores in score_rows(self, gradebook, found, "-")
        ]
        table = [[*header, *(results.assignment for results in found)], *rows]
        self.write(Path(self.to or "moodle.csv"), to_csv(table, ids=range(2, 5)))


def score_rows(
    export: _Export, gradebook: Any, found: Sequence[Results], nothing: str
) -> Iterator[tuple[Any, list[str]]]:
    """Each student with a score for each assignment; `nothing` where nothing was handed in."""
    scores = [{s.student: f"{s.score:.2f}" for s in results.submissions} for results in found]
    for student in sorted(gradebook.students, key=lambda student: student.id):
        if export.wants(student.id):
            yield student, [by_student.get(student.id, nothing) for by_student in scores]


def sortable_name(student: Any) -> str:
    """Last name, first name; the id where the gradebook has no name."""
    names = [student.last_name, student.first_name]
    return ", ".join(filter(None, names)) or str(student.id)
