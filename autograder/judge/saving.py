"""nbgrader's SaveAutoGrades, which also asks for a person where one has to look. TRUSTED SIDE."""

from __future__ import annotations

from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Comment, Grade, Gradebook
from nbgrader.preprocessors import SaveAutoGrades as NbgraderSaveAutoGrades
from nbgrader.utils import is_task

from autograder.judge.cells import (
    DAMAGED,
    NO_RESPONSE,
    NOT_RUN,
    PUT_BACK,
    UNTOUCHED,
    grade_id,
    is_marked_by_hand,
    report_in,
)
from autograder.judge.course import course_of, source_notebook
from autograder.judge.untouched import is_unanswered, is_untouched

Resources = dict[str, Any]


class SaveAutoGrades(NbgraderSaveAutoGrades):  # type: ignore[misc]
    """Saves scores as nbgrader does, and asks for a person where one has to look.

    That is where a check of ours broke, in a notebook that was damaged or not run, and where a
    written answer was counted as missing because the file had another name. Where nothing was
    written for a person to mark, nobody has to look: the cell gets 0 points, as *not attempted*.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        self._damaged = DAMAGED in nb.metadata
        self._cells = nb.cells
        self._instructors = self._instructors_cells(resources)
        return super().preprocess(nb, resources)

    def preprocess_cell(
        self, cell: NotebookNode, resources: Resources, cell_index: int
    ) -> tuple[NotebookNode, Resources]:
        cell.metadata.pop(UNTOUCHED, None)
        if is_marked_by_hand(cell):
            self._had_nothing = self._comment_on(cell).auto_comment == NO_RESPONSE
            if not self._damaged and self._has_nothing(cell):
                cell.metadata[UNTOUCHED] = True
        cell, resources = super().preprocess_cell(cell, resources, cell_index)
        if is_task(cell):
            self._add_score_of_task(cell)
        return cell, resources

    def _instructors_cells(self, resources: Resources) -> list[NotebookNode]:
        path = source_notebook(course_of(self.parent), resources["nbgrader"])
        return list(nbformat.read(path, as_version=4).cells) if path.exists() else []

    def _has_nothing(self, cell: NotebookNode) -> bool:
        """Whether there is nothing in a cell, or below a task, for a person to mark.

        Where the cell itself is gone, the answer may stand in another one.
        """
        if PUT_BACK in cell.metadata:
            return False
        if is_task(cell):
            return is_unanswered(grade_id(cell), self._cells, self._instructors)
        gradebook: Gradebook = self.gradebook
        released = gradebook.find_source_cell(grade_id(cell), self.notebook_id, self.assignment_id)
        return is_untouched(cell.source, released.source or "")

    def _grade_of(self, cell: NotebookNode) -> Grade:
        return self.gradebook.find_grade(*self._place_of(cell))

    def _comment_on(self, cell: NotebookNode) -> Comment:
        return self.gradebook.find_comment(*self._place_of(cell))

    def _place_of(self, cell: NotebookNode) -> tuple[str, str, str, str]:
        return grade_id(cell), self.notebook_id, self.assignment_id, self.student_id

    def _add_score_of_task(self, cell: NotebookNode) -> None:
        """Take back the 0 that nbgrader gives to each cell of a notebook it does not find.

        It looks for the name alone, and sets nothing back for a task cell when the notebook comes.
        """
        grade = self._grade_of(cell)
        if UNTOUCHED in cell.metadata:
            self._add_nothing(grade)
        elif grade.auto_score is not None:
            grade.auto_score = None
            grade.needs_manual_grade = grade.manual_score is None or self._had_nothing
        self.gradebook.db.commit()

    def _add_nothing(self, grade: Grade) -> None:
        """0 points for what was not attempted; what a person gives for it all the same holds.

        A person is asked again only where the marks are for something that is not there any more.
        """
        grade.auto_score = 0
        if grade.manual_score is None or self._had_nothing:
            grade.needs_manual_grade = False

    def _add_score(self, cell: NotebookNode, resources: Resources) -> None:
        super()._add_score(cell, resources)
        grade, report = self._grade_of(cell), report_in(cell)
        if UNTOUCHED in cell.metadata:
            self._add_nothing(grade)
        elif is_marked_by_hand(cell):  # nbgrader gives 0 to one that was put back
            grade.auto_score, grade.needs_manual_grade = None, True
        nobody_ran_it = NOT_RUN in resources and not is_marked_by_hand(cell)
        if nobody_ran_it or self._damaged or (report is not None and report.needs_review):
            grade.needs_manual_grade = True
        self.gradebook.db.commit()

    def _add_comment(self, cell: NotebookNode, resources: Resources) -> None:
        super()._add_comment(cell, resources)
        if is_marked_by_hand(cell):
            nothing = UNTOUCHED in cell.metadata
            self._comment_on(cell).auto_comment = NO_RESPONSE if nothing else None
            self.gradebook.db.commit()
