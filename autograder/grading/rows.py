"""A part of a gradebook as plain data, so that it can travel.

TRUSTED SIDE, in the coordinator and in the workers. Ids are kept: a row that a worker adds to its
private gradebook is the row that the real one gets.
"""

from __future__ import annotations

from typing import Any

from nbgrader import api
from sqlalchemy import (
    Connection,
    Engine,
    MetaData,
    Table,
    bindparam,
    insert,
    select,
    update,
)
from sqlalchemy.exc import NoResultFound

Rows = dict[str, list[dict[str, Any]]]
"""Rows by table, in an order in which they can be inserted; each by column."""

METADATA: MetaData = api.Base.metadata
OF_ASSIGNMENT = (
    "course",
    "assignment",
    "notebook",
    "base_cell",
    "grade_cells",
    "solution_cells",
    "task_cells",
    "source_cell",
)
GRADED = {
    "submitted_assignment": ("timestamp",),
    "submitted_notebook": ("late_submission_penalty",),
    "grade": ("auto_score", "needs_manual_grade"),
    "comment": ("auto_comment",),
}
"""What autograding may change in a row that exists. Marks and comments of people are not here."""
OF_SUBMISSION = ("student", *GRADED)


class UnknownAssignmentError(LookupError):
    """The gradebook has no such assignment."""


def table(name: str) -> Table:
    """A table of nbgrader's gradebook."""
    return METADATA.tables[name]


def assignment_rows(connection: Connection, assignment: str) -> Rows:
    """All that the gradebook knows of an assignment itself, without submissions.

    Raises
    ------
    UnknownAssignmentError
        If the gradebook has no assignment of that name.
    """
    try:
        found = connection.execute(
            select(table("assignment")).where(table("assignment").c.name == assignment)
        ).one()
    except NoResultFound:
        raise UnknownAssignmentError(assignment) from None
    notebooks = select(table("notebook").c.id).where(table("notebook").c.assignment_id == found.id)
    cells = select(table("base_cell").c.id).where(table("base_cell").c.notebook_id.in_(notebooks))
    chosen = {
        "course": table("course").c.id == found.course_id,
        "assignment": table("assignment").c.id == found.id,
        "notebook": table("notebook").c.id.in_(notebooks),
        "base_cell": table("base_cell").c.id.in_(cells),
        "grade_cells": table("grade_cells").c.id.in_(cells),
        "solution_cells": table("solution_cells").c.id.in_(cells),
        "task_cells": table("task_cells").c.id.in_(cells),
        "source_cell": table("source_cell").c.notebook_id.in_(notebooks),
    }
    return {name: _rows(connection, name, chosen[name]) for name in OF_ASSIGNMENT}


def submission_rows(connection: Connection, assignment: str, student: str) -> Rows:
    """A student and what the gradebook holds of their submission; empty where it has none."""
    submitted, notebook = table("submitted_assignment"), table("submitted_notebook")
    submissions = (
        select(submitted.c.id)
        .join(table("assignment"), table("assignment").c.id == submitted.c.assignment_id)
        .where(table("assignment").c.name == assignment, submitted.c.student_id == student)
    )
    notebooks = select(notebook.c.id).where(notebook.c.assignment_id.in_(submissions))
    chosen = {
        "student": table("student").c.id == student,
        "submitted_assignment": submitted.c.id.in_(submissions),
        "submitted_notebook": notebook.c.id.in_(notebooks),
        "grade": table("grade").c.notebook_id.in_(notebooks),
        "comment": table("comment").c.notebook_id.in_(notebooks),
    }
    return {name: _rows(connection, name, chosen[name]) for name in OF_SUBMISSION}


def _rows(connection: Connection, name: str, which: Any) -> list[dict[str, Any]]:
    source = table(name)
    key = [*source.primary_key.columns]
    found = connection.execute(select(source).where(which).order_by(*key))
    return [dict(row) for row in found.mappings()]


def difference(before: Rows, after: Rows) -> tuple[Rows, Rows]:
    """The rows that grading added, and (id and graded columns of) those that it changed."""
    added: Rows = {}
    changed: Rows = {}
    for name in OF_SUBMISSION:
        old = {row["id"]: row for row in before[name]}
        graded = ("id", *GRADED.get(name, ()))
        added[name] = [row for row in after[name] if row["id"] not in old]
        now = [{c: row[c] for c in graded} for row in after[name] if row["id"] in old]
        changed[name] = [row for row in now if any(old[row["id"]][c] != row[c] for c in graded)]
    return added, changed


def insert_rows(connection: Connection, rows: Rows) -> None:
    """Add rows. Part of the caller's transaction."""
    for name, some in rows.items():
        if some:
            connection.execute(insert(table(name)), some)


def update_rows(connection: Connection, rows: Rows) -> None:
    """Set the graded columns of rows, and no others. Part of the caller's transaction."""
    for name, some in rows.items():
        if some:
            which = table(name).c.id == bindparam("of_row")
            columns: Any = {column: bindparam(f"new_{column}") for column in GRADED[name]}
            connection.execute(
                update(table(name)).where(which).values(columns),
                [
                    {"of_row": row["id"], **{f"new_{c}": row[c] for c in GRADED[name]}}
                    for row in some
                ],
            )


def create_tables(engine: Engine) -> None:
    """Make nbgrader's tables in an empty database that only this process sees."""
    METADATA.create_all(engine)
