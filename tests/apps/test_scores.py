"""The table that `autograder scores` prints."""

from __future__ import annotations

import pytest
from nbgrader.api import Gradebook

from autograder.apps.scores import scores_table
from autograder.grading.memory import memory_gradebook


@pytest.mark.filterwarnings("ignore:Selection of the SingletonThreadPool")
def test_cells_of_the_same_name_in_two_notebooks_are_told_apart() -> None:
    with (
        memory_gradebook() as engine,
        Gradebook(engine.url.render_as_string(hide_password=False), "course") as gradebook,
    ):
        gradebook.add_assignment("one")
        for notebook in ("first", "second"):
            gradebook.add_notebook(notebook, "one")
            gradebook.add_grade_cell("test_f", notebook, "one", max_score=5, cell_type="code")
        gradebook.add_student("ada")
        submission = gradebook.add_submission("one", "ada")
        for notebook in submission.notebooks:
            notebook.grades[0].auto_score = {"first": 1, "second": 4}[notebook.name]
        gradebook.db.commit()
        table = scores_table(gradebook, "one").splitlines()
    assert [row.split() for row in (table[0], table[3])] == [
        ["student", "f", "f", "total"],
        ["ada", "1*", "4*", "5"],
    ]
