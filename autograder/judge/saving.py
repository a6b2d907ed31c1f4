"""nbgrader's SaveAutoGrades, which also asks for a person where one has to look. TRUSTED SIDE."""

from __future__ import annotations

from typing import Any

from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.preprocessors import SaveAutoGrades as NbgraderSaveAutoGrades

from autograder.judge.cells import DAMAGED, grade_id, report_in

Resources = dict[str, Any]


class SaveAutoGrades(NbgraderSaveAutoGrades):  # type: ignore[misc]
    """Saves scores as nbgrader does, and asks for a person where one has to look.

    That is where a check of ours broke, and in a notebook that was damaged.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        self._damaged = DAMAGED in nb.metadata
        return super().preprocess(nb, resources)

    def _add_score(self, cell: NotebookNode, resources: Resources) -> None:
        super()._add_score(cell, resources)
        report = report_in(cell)
        if self._damaged or (report is not None and report.needs_review):
            gradebook: Gradebook = self.gradebook
            grade = gradebook.find_grade(
                grade_id(cell), self.notebook_id, self.assignment_id, self.student_id
            )
            grade.needs_manual_grade = True
            gradebook.db.commit()
