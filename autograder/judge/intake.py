"""Takes a submission as it comes and gives nbgrader a notebook that it can grade.

TRUSTED SIDE, before anything is executed. What a notebook file says about itself is a claim of
the student's: which cells are graded, locked or answers follows from the gradebook alone.
"""

from __future__ import annotations

import copy
import inspect
import json
import os
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook
from nbgrader.converters import BaseConverter, NbGraderException
from nbgrader.nbgraderformat import SCHEMA_VERSION
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.judge.cells import (
    DAMAGED,
    PUT_BACK,
    STOP,
    STOPS,
    TOUCHED,
    UNTOUCHED,
    claimed_id,
    is_graded,
    labels,
)
from autograder.judge.course import course_of, notebooks_in, source_folder, source_notebook
from autograder.judge.course_kernels import NotGradable, require_gradable
from autograder.judge.untouched import is_touched

Resources = dict[str, Any]


class SubmissionExporter(NotebookExporter):
    """Reads any file as a notebook: a damaged one as what can be saved of it.

    nbgrader's Autograde calls it twice for each notebook: with the file that was handed in, and
    with the file in autograded/ that came of the first call, which it then executes.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        refuse_in_vain(self)

    def from_filename(
        self, filename: str, resources: Any = None, **kwargs: Any
    ) -> tuple[NotebookNode, Resources]:
        path = Path(filename)
        resources = ResourcesDict() if resources is None else resources
        found = path if path.exists() else self._renamed(path, resources)
        if found is None:
            why = f"There is no notebook named {path.name} in this submission."
            notebook = blank(why)
        else:
            notebook, why = read_submission(found)
            if found != path:
                self.log.warning("Grading %s as %s", found, path.name)
        if why:
            notebook.metadata[DAMAGED] = why
            self.log.warning("%s: %s", filename, why)
        resources["metadata"] = ResourcesDict(name=path.stem, path=str(path.parent))
        resources[DAMAGED] = why
        return self.from_notebook_node(notebook, resources, **kwargs)

    def _renamed(self, path: Path, resources: Resources) -> Path | None:
        """The only other notebook in the folder that is not one of the assignment's own."""
        source = source_folder(course_of(self.parent), resources["nbgrader"]["assignment"])
        expected = {other.name for other in notebooks_in(source)}
        others = [other for other in notebooks_in(path.parent) if other.name not in expected]
        return others[0] if len(others) == 1 else None


def refuse_in_vain(exporter: Any) -> None:
    """Grade nothing where the assignment cannot be graded on this machine.

    nbgrader makes the exporter once, before the first submission.

    Raises
    ------
    NbGraderException
        For which nbgrader's programs end, with what is logged here.
    """
    course = course_of(exporter)
    if course is None:
        return
    try:
        folder = source_folder(course, course.assignment_id)
        require_gradable(folder, exporter.config, course.notebook_id)
    except NotGradable as error:
        exporter.log.error("%s", error)
        raise NbGraderException(str(error)) from error


def receive(assignment: str, student: str, notebooks: list[str]) -> None:
    """For `Autograde.pre_convert_hook`: what has to be done before nbgrader copies a submission.

    Links that lead out of it are not followed, and a notebook that was renamed or is gone is
    graded all the same. nbgrader calls this with the list of notebooks that it found, and grades
    what the list holds afterwards.
    """
    if not notebooks:
        return
    folder, course = Path(notebooks[0]).parent, calling_course()
    leave_links(folder)
    for source in notebooks_in(source_folder(course, assignment)):
        expected = os.path.join(folder, source.name)  # noqa: PTH118 - nbgrader matches the text
        is_asked = fnmatchcase(source.name, f"{course.notebook_id}.ipynb")  # by `--notebook`
        if is_asked and expected not in notebooks:
            notebooks.append(expected)


def calling_course() -> Any:
    """The course of the converter that runs a hook.

    nbgrader does not tell a hook which course it works in, and the course may keep its source
    under any name. The converter that called it knows: directly, or by way of a hook of the
    course's own that calls ours.

    Raises
    ------
    LookupError
        If no converter of nbgrader's is at work.
    """
    frame = inspect.currentframe()
    while frame is not None:
        converter = frame.f_locals.get("self")
        if isinstance(converter, BaseConverter):
            return converter.coursedir
        frame = frame.f_back
    raise LookupError("`receive` is a hook for nbgrader's Autograde, which did not call it.")


def leave_links(folder: Path) -> None:
    """Put a note in the place of each link that leads out of a folder.

    nbgrader copies what it leads to, which may be the gradebook or the work of somebody else.
    """
    inside = folder.resolve()
    for place, folders, files in os.walk(folder):
        for path in (Path(place, name) for name in [*folders, *files]):
            if path.is_symlink() and not path.resolve().is_relative_to(inside):
                note = f"Here was a link to {path.readlink()}. It was not followed.\n"
                path.parent.chmod(0o700 | path.parent.stat().st_mode)
                path.unlink()
                path.write_text(note, encoding="utf-8")


def read_submission(path: Path) -> tuple[NotebookNode, str]:
    """A notebook in the current format, whatever the file holds. Never raises for its content.

    With it comes why the file could not be read as it was, "" if it could.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        why = f"The submitted file is not a notebook that can be read ({type(error).__name__})."
        return blank(why), why
    try:
        notebook = nbformat.reads(json.dumps(raw), as_version=4)
        nbformat.validate(notebook)
        return notebook, ""
    except Exception as error:  # nbformat meets malformed files with errors of every kind
        why = next(iter(str(error).splitlines()), type(error).__name__)
        return salvage(raw), f"The submitted notebook breaks the notebook format: {why}"


def salvage(raw: Any) -> NotebookNode:
    """Keep the sources of a notebook, as parsed JSON, that breaks the format elsewhere."""
    cells = []
    listed = raw.get("cells") if isinstance(raw, dict) else None
    for cell in listed if isinstance(listed, list) else []:
        source = cell.get("source", "") if isinstance(cell, dict) else ""
        if isinstance(source, list):
            source = "".join(map(str, source))
        if not isinstance(source, str) or not isinstance(cell, dict):
            continue
        make = new_code_cell if cell.get("cell_type") == "code" else new_markdown_cell
        marks = cell.get("metadata")
        nbgrader = marks.get("nbgrader") if isinstance(marks, dict) else None
        cells.append(make(source, metadata={"nbgrader": nbgrader} if nbgrader else {}))
    return new_notebook(cells=cells)


def blank(why: str) -> NotebookNode:
    """A notebook that says what is wrong; the graded cells are put back later."""
    return new_notebook(cells=[new_markdown_cell(f"**{why}** There was nothing to grade.")])


def drop_claims(notebook: NotebookNode) -> None:
    """Take out what only the kit may say, and a submission said all the same."""
    for key in (DAMAGED, STOPS):
        notebook.metadata.pop(key, None)
    for cell in notebook.cells:
        for key in (STOP, UNTOUCHED, TOUCHED, PUT_BACK):
            cell.metadata.pop(key, None)


class RestoreCells(NbGraderPreprocessor):  # type: ignore[misc]
    """Puts every cell of nbgrader's back to what the gradebook says it is.

    Called once for each notebook that was handed in, before it is run and before nbgrader's own
    sanitising steps, which fail on malformed metadata. What the notebook says about itself in the
    kit's own keys goes; only what the exporter found out while reading it stays. Cells are known
    by their grade_id. Of several with the same one the last counts, as everywhere in nbgrader.
    A graded or locked cell that is missing goes back behind the one that it followed, or to the
    end if that one is gone as well: there, every answer has been run.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        drop_claims(nb)
        if why := resources.get(DAMAGED):  # from the exporter above, which read the file
            nb.metadata[DAMAGED] = why
        identity = resources["nbgrader"]
        with Gradebook(identity["db_url"]) as gradebook:
            record = gradebook.find_notebook(identity["notebook"], identity["assignment"])
            originals = original_cells(record)
        written = self._written(resources)
        order = [name for cell in written if (name := claimed_id(cell)) in originals]
        keep_tags(originals, written)
        self._relabel(nb, originals)
        self._put_back(nb, originals, order if written else [*originals])
        return nb, resources

    def _written(self, resources: Resources) -> list[NotebookNode]:
        """The cells of the instructor's notebook, none where it is not there any more."""
        path = source_notebook(course_of(self.parent), resources["nbgrader"])
        return nbformat.read(path, as_version=4).cells if path.exists() else []

    def _relabel(self, nb: NotebookNode, originals: dict[str, NotebookNode]) -> None:
        seen: set[str] = set()
        for cell in reversed(nb.cells):
            name = claimed_id(cell)
            cell.metadata.pop("nbgrader", None)
            if name not in originals:
                if name is not None:
                    self.log.warning("Cell %r is not one of this notebook's", name)
                continue
            if name in seen:
                self.log.warning("Cell %r exists several times; the last one counts", name)
                continue
            seen.add(name)
            restore(cell, originals[name])

    def _put_back(
        self, nb: NotebookNode, originals: dict[str, NotebookNode], order: list[str]
    ) -> None:
        previous = None
        for name in order:
            missing = not any(claimed_id(cell) == name for cell in nb.cells)
            if missing and (is_graded(originals[name]) or labels(originals[name])["locked"]):
                self.log.warning("Cell %r is missing; it is put back", name)
                cell = copy.deepcopy(originals[name])
                cell.metadata[PUT_BACK] = True
                nb.cells.insert(place_after(nb, previous), cell)
            previous = name


def place_after(nb: NotebookNode, name: str | None) -> int:
    """Where a cell goes that follows the one of this name: at the end if that one is gone."""
    if name is None:
        return 0
    after = (n + 1 for n, cell in enumerate(nb.cells) if claimed_id(cell) == name)
    return next(after, len(nb.cells))


def keep_tags(originals: dict[str, NotebookNode], written: list[NotebookNode]) -> None:
    """Give nbgrader's cells the tags of the instructor's notebook: a gradebook keeps none.

    Otherwise a locked cell that is tagged `skip-execution` would run.
    """
    for cell in written:
        name, tags = claimed_id(cell), cell.metadata.get("tags")
        if tags and name in originals:
            originals[name].metadata["tags"] = list(tags)


def restore(cell: NotebookNode, original: NotebookNode) -> None:
    """Give a submitted cell the labels of the original, and its source where that is locked."""
    if cell.cell_type != original.cell_type:
        cell.cell_type = original.cell_type
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        else:
            cell.pop("outputs", None)
            cell.pop("execution_count", None)
    if original.metadata.nbgrader.locked:
        cell.source = original.source
        cell.metadata = original.metadata.copy()
    else:
        cell.metadata["nbgrader"] = original.metadata.nbgrader.copy()
        if cell.cell_type == "code" and is_touched(cell.source, original.source):
            cell.metadata[TOUCHED] = True


def original_cells(record: Any) -> dict[str, NotebookNode]:
    """nbgrader's cells of a notebook by name, made from its entry in the gradebook."""
    grade = {cell.name: cell for cell in record.grade_cells}
    solution = {cell.name for cell in record.solution_cells}
    task = {cell.name: cell for cell in record.task_cells}
    originals = {}
    for source in record.source_cells:
        name = source.name
        marks = {
            "grade_id": name,
            "grade": name in grade,
            "solution": name in solution,
            "task": name in task,
            "locked": bool(source.locked),
            "checksum": source.checksum,
            "cell_type": source.cell_type,
            "schema_version": SCHEMA_VERSION,
        }
        worth = grade.get(name) or task.get(name)
        if worth is not None:
            marks["points"] = float(worth.max_score)
        make = new_code_cell if source.cell_type == "code" else new_markdown_cell
        originals[name] = make(source.source or "", metadata={"nbgrader": marks})
    return originals
