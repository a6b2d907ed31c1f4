"""The questions about plain test cells of nbgrader's: code with asserts, without the kit.

The author's own answers pass them all, and a graded one fails before a student has written
anything. They run in this process, as a dry run does, each after the cells that it needs.

    for finding in PlainCells(DryRun(notebook)).findings(released):
        print(finding)
"""

from __future__ import annotations

import ast
import contextlib
import io
import traceback
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import CodeType
from typing import Any

import nbformat

from autograder.authoring.dry_run import DryRun, Namespace
from autograder.authoring.findings import Finding
from autograder.judge.cells import grade_id, is_test_cell, points, uses_kit
from autograder.judge.solutions import directory_importable, execute, names_of
from autograder.remote.names import Cell, needed, read_cell

SKIPPED = "skip-execution"
"""The tag of a cell that does not run in grading."""


@dataclass(frozen=True)
class Ended:
    """How a test cell ended: with an error, or with the points that it awards.

    nbgrader awards all of them, unless the last line of the cell is a number. `warned` is what it
    wrote to stderr.
    """

    points: float
    error: BaseException | None = None
    line: str = ""
    warned: str = ""

    def __str__(self) -> str:
        if self.error is None:
            return f"it awards {self.points:g}"
        said = traceback.format_exception_only(self.error)[-1].strip()
        return f"{said}\n{self.line}" if self.line else said


@dataclass(frozen=True)
class PlainCell:
    """A plain test cell, and the cells that run before it in grading."""

    grade_id: str
    source: str
    points: float
    before: tuple[Cell, ...]

    def needed(self) -> Sequence[Cell]:
        """Those that define names which it needs, directly or not."""
        try:
            return needed(self.before, *read_cell(self.source).needs)
        except SyntaxError:  # running it will say so
            return []


class PlainCells:
    """The plain test cells of the author's notebook.

    Cells of the kit's own run elsewhere in grading, so that what they import and define is not
    there for a plain one. Nor is what a cell defines that is tagged `skip-execution`.
    """

    def __init__(self, dry_run: DryRun) -> None:
        self._dry_run = dry_run

    @cached_property
    def cells(self) -> list[PlainCell]:
        """All of them, in order."""
        return plain_cells(self._dry_run.notebook)

    def findings(self, released: Path) -> Iterator[Finding]:
        """What is to be mended in them, cell by cell."""
        blank = {cell.grade_id: cell.before for cell in plain_cells(released)}
        for cell in self.cells:
            ended = self.ended(cell)
            if ended.error is not None:
                yield Finding(
                    cell.grade_id, f"your own answers do not pass it. It stops with {ended}"
                )
            elif ended.warned:
                yield Finding(
                    cell.grade_id,
                    "nbgrader gives no points, whatever the answer: for that it is enough that "
                    f"something is written to stderr, such as a warning.\n{ended.warned}",
                )
            elif ended.points < cell.points:
                yield Finding(
                    cell.grade_id,
                    f"your own answers do not get every point: {ended} of {cell.points:g}.",
                )
            elif cell.points:
                yield from self._passes_blank(replace(cell, before=blank.get(cell.grade_id, ())))

    def _passes_blank(self, cell: PlainCell) -> Iterator[Finding]:
        """The finding about a cell that awards points before a student has written anything."""
        ended = self._run(cell, cell.needed())
        if ended.error is None and ended.points:
            yield Finding(
                cell.grade_id,
                f"before a student has written anything, it awards {ended.points:g} of "
                f"{cell.points:g} points. Assert something that only an answer can make true.",
            )

    def ended(self, cell: PlainCell) -> Ended:
        """How a cell ends after the cells that it needs; or after all, if it stops after those.

        What it needs is followed by name. A cell may have an effect that is no name's, such as a
        setting of JAX's.
        """
        ended = self._run(cell, cell.needed())
        return ended if ended.error is None else self._run(cell, cell.before)

    def _run(self, cell: PlainCell, before: Sequence[Cell]) -> Ended:
        beside = directory_importable(self._dry_run.notebook.parent)
        with self._dry_run.references(), beside, names_of("__student__") as namespace:
            for other in before:
                with contextlib.suppress(Exception, SystemExit):
                    execute(other, namespace)
            with noticed() as written:
                try:
                    points_given = awarded(shown_by(cell.source, namespace), cell.points)
                except (Exception, SystemExit) as error:
                    return Ended(0.0, error, line_of(error, cell))
            return Ended(points_given, warned=written.getvalue().strip())


@contextlib.contextmanager
def noticed() -> Iterator[io.StringIO]:
    """Keep what is written to stderr in this block, warnings as well, as a kernel shows them."""

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: Any = None,
        line: str | None = None,
    ) -> None:
        written.write(warnings.formatwarning(message, category, filename, lineno, line))

    with contextlib.redirect_stderr(io.StringIO()) as written, warnings.catch_warnings():
        warnings.showwarning = show
        warnings.simplefilter("default")
        for kind in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
            warnings.simplefilter("ignore", kind)
        yield written


def plain_cells(notebook: Path) -> list[PlainCell]:
    """The plain test cells of a notebook, each with the cells before it that run in grading."""
    found: list[PlainCell] = []
    before: list[Cell] = []
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type != "code" or SKIPPED in cell.metadata.get("tags", ()):
            continue
        if is_test_cell(cell):
            if uses_kit(cell.source):
                continue
            found.append(PlainCell(grade_id(cell), cell.source, points(cell), tuple(before)))
        with contextlib.suppress(SyntaxError):
            before.append(read_cell(cell.source))
    return found


def shown_by(source: str, namespace: Namespace) -> Any:
    """Run a cell, and return what its last line is worth, if that is an expression."""
    try:
        tree = ast.parse(source)
    except SyntaxError:  # magics
        tree = ast.parse(read_cell(source).source)
    *first, last = tree.body or [ast.Pass()]
    if not isinstance(last, ast.Expr):
        exec(compiled(tree), namespace)  # noqa: S102
        return None
    exec(compiled(ast.Module(first, [])), namespace)  # noqa: S102
    return eval(compiled(ast.Expression(last.value), "eval"), namespace)  # noqa: S307


CELL = "<test cell>"


def compiled(source: ast.Module | ast.Expression, mode: str = "exec") -> CodeType:
    """The test cell's code, without this module's `from __future__`, which no cell asked for."""
    return compile(source, CELL, mode, dont_inherit=True)


def awarded(shown: Any, most: float) -> float:
    """The points that nbgrader awards for what a cell shows: it reads a number, and no more."""
    try:
        return min(float(repr(shown)), most)
    except ValueError:
        return most


def line_of(error: BaseException, cell: PlainCell) -> str:
    """The line of a test cell that an error came through, with its number, or ""."""
    frames = traceback.extract_tb(error.__traceback__)
    numbers = [frame.lineno for frame in frames if frame.filename == CELL]
    lines = cell.source.splitlines()
    if not numbers or numbers[-1] is None or numbers[-1] > len(lines):
        return ""
    return f"line {numbers[-1]}: {lines[numbers[-1] - 1].strip()}"
