"""Takes a submission as it comes and gives nbgrader a notebook that it can grade.

TRUSTED SIDE, before anything is executed. What a notebook file says about itself is a claim of
the student's: which cells are graded, locked or answers follows from the gradebook alone.
"""

from __future__ import annotations

import copy
import inspect
import os
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.api import Gradebook
from nbgrader.converters import BaseConverter, NbGraderException
from nbgrader.nbgraderformat import SCHEMA_VERSION
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.judge.cells import (
    DAMAGED,
    PUT_BACK,
    TOUCHED,
    claimed_id,
    is_graded,
    labels,
)
from autograder.judge.course import (
    autograded_folder,
    course_of,
    notebooks_in,
    source_folder,
    source_notebook,
)
from autograder.judge.course_kernels import NotGradable, require_gradable
from autograder.judge.reading import MOST_BYTES, blank, decoded, distinct, read_notebook
from autograder.judge.untouched import is_touched

Resources = dict[str, Any]


class SubmissionExporter(NotebookExporter):
    """Reads any file as a notebook: a damaged one as what can be saved of it.

    nbgrader's Autograde calls it twice for each notebook: with the file that was handed in, and
    with the file in autograded/ that came of the first call, which it then executes. The second
    is ours and is read as it is.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        refuse_in_vain(self)

    def from_filename(
        self, filename: str, resources: Any = None, **kwargs: Any
    ) -> tuple[NotebookNode, Resources]:
        path = Path(filename)
        resources = ResourcesDict() if resources is None else resources
        identity = resources["nbgrader"]
        course = course_of(self.parent)
        if path.parent == autograded_folder(course, identity["student"], identity["assignment"]):
            return super().from_filename(filename, resources, **kwargs)
        found = path if path.is_file() else self._renamed(path, identity["assignment"])
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
        return self.from_notebook_node(notebook, resources, **kwargs)

    def _renamed(self, path: Path, assignment: str) -> Path | None:
        """The only other notebook in the folder that is not one of the assignment's own."""
        source = source_folder(course_of(self.parent), assignment)
        expected = {other.name for other in notebooks_in(source)}
        others = [other for other in notebooks_in(path.parent) if other.name not in expected]
        kept = [other for other in others if not other.stem.endswith("-checkpoint")] or others
        return kept[0] if len(kept) == 1 else None


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

    Links that lead out of it are not followed, its time can be read if it is one, and a notebook
    that was renamed or is gone is graded all the same. nbgrader calls this with the list
    of notebooks that it found, and grades what the list holds afterwards.
    """
    if not notebooks:
        return
    folder, course = Path(notebooks[0]).parent, calling_course()
    mend_timestamp(folder / "timestamp.txt")
    leave_links(folder)
    for source in notebooks_in(source_folder(course, assignment)):
        expected = os.path.join(folder, source.name)  # noqa: PTH118 - nbgrader matches the text
        is_asked = fnmatchcase(source.name, f"{course.notebook_id}.ipynb")  # by `--notebook`
        if is_asked and expected not in notebooks:
            notebooks.append(expected)


def mend_timestamp(path: Path) -> None:
    """Leave the time at which a submission came where nbgrader can read it.

    A text in another encoding is written anew; what is no file says nothing of the time and is set
    aside. A text that is no time stays: nbgrader grades nothing then, and somebody has to mend it.
    """
    if path.is_symlink() or (path.exists() and not path.is_file()):
        path.rename(path.with_name(f"{path.name}.unreadable"))
    elif path.exists():
        came = path.read_bytes()
        said = decoded(came)
        if said.encode() != came:
            put(path, said)


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
    """Put a note in the place of what nbgrader cannot copy, or must not.

    Must not: a link that leads out of the folder, which may be to the gradebook or to the work of
    somebody else. Cannot: a link that leads nowhere, a pipe, a socket.
    """
    inside = folder.resolve()
    for place, folders, files in os.walk(folder):
        for path in (Path(place, name) for name in [*folders, *files]):
            if path.is_symlink():
                real = Path(os.path.realpath(path))  # unlike `resolve`, bears links in a circle
                if not (real.is_relative_to(inside) and path.exists()):
                    put(path, f"Here was a link to {path.readlink()}. It was not followed.\n")
            elif not (path.is_file() or path.is_dir()):
                put(path, "Here was something that is neither a file nor a folder.\n")
            elif not os.access(path, os.R_OK):
                path.chmod(0o400 | path.stat().st_mode)


def put(path: Path, note: str) -> None:
    """Put a text in the place of what is there."""
    path.parent.chmod(0o700 | path.parent.stat().st_mode)
    path.unlink()
    path.write_text(note, encoding="utf-8", errors="replace")


def read_submission(path: Path) -> tuple[NotebookNode, str]:
    """A notebook in the current format, whatever the file holds. Never raises for its content.

    With it comes what could not be read of it, "" if nothing was lost.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        why = f"The submitted file cannot be opened ({type(error).__name__})."
        return blank(why), why
    return read_notebook(data)


class RestoreCells(NbGraderPreprocessor):  # type: ignore[misc]
    """Puts every cell of nbgrader's back to what the gradebook says it is.

    Called once for each notebook that was handed in, before it is run and before nbgrader's own
    sanitising steps. Of the kit's own words there are only what the exporter found out while
    reading it. Cells are known by their grade_id. Of several with the same one the last counts, as
    everywhere in nbgrader. A graded or locked cell that is missing goes back behind the one that it
    followed, or to the end if that one is gone as well: there, every answer has been run.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
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
                cell.id = ""
                nb.cells.insert(place_after(nb, previous), cell)
            previous = name
        nb.cells = distinct(nb.cells)


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
