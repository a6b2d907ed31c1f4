"""nbgrader's SaveAutoGrades, which also asks for a person where one has to look. TRUSTED SIDE."""

from __future__ import annotations

from typing import Any

from nbformat import NotebookNode
from nbgrader.api import Grade, Gradebook
from nbgrader.preprocessors import SaveAutoGrades as NbgraderSaveAutoGrades
from nbgrader.utils import is_task

from autograder.judge.cells import DAMAGED, grade_id, report_in

Resources = dict[str, Any]


class SaveAutoGrades(NbgraderSaveAutoGrades):  # type: ignore[misc]
    """Saves scores as nbgrader does, and asks for a person where one has to look.

    That is where a check of ours broke, in a notebook that was damaged, and where a written answer
    was counted as missing because the file had another name.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        self._damaged = DAMAGED in nb.metadata
        return super().preprocess(nb, resources)

    def preprocess_cell(
        self, cell: NotebookNode, resources: Resources, cell_index: int
    ) -> tuple[NotebookNode, Resources]:
        cell, resources = super().preprocess_cell(cell, resources, cell_index)
        if is_task(cell):
            self._await_a_person(cell)
        return cell, resources

    def _await_a_person(self, cell: NotebookNode) -> None:
        """Take back the 0 that nbgrader gives to each cell of a notebook it does not find.

        It looks for the name alone, and sets nothing back for a task cell when the notebook comes.
        """
        grade = self._grade_of(cell)
        if grade.auto_score is not None:
            grade.auto_score = None
            grade.needs_manual_grade = grade.manual_score is None
            self.gradebook.db.commit()

    def _grade_of(self, cell: NotebookNode) -> Grade:
        gradebook: Gradebook = self.gradebook
        return gradebook.find_grade(
            grade_id(cell), self.notebook_id, self.assignment_id, self.student_id
        )

    def _add_score(self, cell: NotebookNode, resources: Resources) -> None:
        super()._add_score(cell, resources)
        report = report_in(cell)
        if self._damaged or (report is not None and report.needs_review):
            self._grade_of(cell).needs_manual_grade = True
            self.gradebook.db.commit()
