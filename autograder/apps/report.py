"""The command `autograder report`."""

from __future__ import annotations

from pathlib import Path

from nbgrader.apps.baseapp import nbgrader_flags
from traitlets import Bool, Unicode

from autograder.apps.command import ALIASES, DB, AssignmentCommand
from autograder.record.shown import say
from autograder.reports.class_report import class_report, files
from autograder.reports.results import gather


class ReportApp(AssignmentCommand):
    """Writes the class report of an assignment."""

    name = "autograder-report"
    description = (
        "Write a report on the whole class as one HTML page, and the same as JSON and CSV."
    )
    examples = """
        autograder report logistic_regression
        autograder report logistic_regression --anonymous --to=for_the_lecture
    """
    to = Unicode("", help="Folder to write into. Default: reports/ASSIGNMENT.").tag(config=True)
    anonymous = Bool(False, help="Leave out names and times, and order students by score.").tag(
        config=True
    )
    statuses = "0, 1 when there is no such assignment or gradebook, 2 when not understood."
    aliases = {**ALIASES, **DB, "to": "ReportApp.to"}  # noqa: RUF012 - traitlets' own convention
    flags = {  # noqa: RUF012
        **nbgrader_flags,
        "anonymous": (
            {"ReportApp": {"anonymous": True}},
            "Leave out names and times, and order students by score.",
        ),
    }

    def start(self) -> None:
        super().start()
        assignment = self.coursedir.assignment_id
        with self.gradebook() as gradebook:
            results = gather(gradebook, self.coursedir, assignment)
        report = class_report(results, anonymous=self.anonymous)
        folder = Path(self.to or Path(self.coursedir.root, "reports", assignment))
        for name, text in files(report).items():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
        say(*report.sentences, f"\nThe report is {folder / 'report.html'}")
