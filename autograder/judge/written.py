"""What was written where a name is missing: not attempted means untouched. TRUSTED SIDE.

An answer whose cell stopped with an error, whose name is misspelt, or which stands where nothing
outside finds it, was attempted. Its cells are read as text, line by line: they may be no Python.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from nbformat import NotebookNode

from autograder.checks.faults import StudentFault
from autograder.checks.hints import about_error
from autograder.checks.live import ALIKE, alike, in_words, uncoloured
from autograder.checks.tracers import in_plain_words
from autograder.judge.cells import STOP, TOUCHED, grade_id, is_answer
from autograder.judge.solutions import Solutions
from autograder.judge.untouched import words
from autograder.record.outcome import Kind

PLACEHOLDER = "NotImplementedError"
LONGEST = 20_000  # characters of a cell that are read
STOPPED = "`{name}` is not there: its cell stopped with {error}."
LEFT = (
    "`{name}` was written, and still has the line `raise NotImplementedError()`, which stops it "
    "there. Take that line out."
)
LEFT_IN_CELL = (
    "The cell of `{name}` still has the line `raise NotImplementedError()`, which stops it before "
    "`{name}` is there. Take that line out."
)
INSIDE = (
    "`{name}` is defined inside `{outer}`, where nothing outside finds it. Begin its line at the "
    "left margin."
)
UNDER = (
    "`{name}` is defined under `{outer}`, which did not hold. Take that line out, and begin the "
    "definition at the left margin."
)
DELETED = "`{name}` was deleted again, by `del {name}`."
COMMENTED = "`{name}` stands in a comment or in a text only, which Python does not run."
IN_TEXT = "`{name}` is written in a text cell, which does not run. Make a code cell of it."
ELSEWISE = (
    "The cell for `{name}` was changed, and does not define it. Is the name spelt as it is asked "
    "for?"
)
NOT_THERE = "Unknown backend: gpu or another"
"""What jax (0.10) says by an assertion without a message."""
DRIVE = "Grading does not run in Colab: leave out the lines that import from it or mount a drive."


@dataclass(frozen=True)
class Line:
    """A line of a cell that gives a name a value. `outer` is the line that it stands under."""

    name: str
    outer: str = ""


class Written:
    """The cells of a submission up to a test cell, to be asked for what stands in them.

    Parameters
    ----------
    cells
        They have been run.
    solutions
        Knows what the instructor wrote: that is nobody's attempt.
    """

    def __init__(self, cells: Sequence[NotebookNode], solutions: Solutions) -> None:
        self._cells, self._solutions = cells, solutions
        given = {words(source) for source in solutions.sources}
        self._own = [cell for cell in cells if is_own(cell, given)]

    def instead(self, name: str, empty: bool) -> StudentFault | None:
        """Why a name is missing though something was written for it; None if nothing was.

        `empty` says that the name is there, and raises NotImplementedError.
        """
        place = self._solutions.cell_of(name)
        answer = [cell for cell in self._cells if place and grade_id(cell) == place]
        touched = any(cell.metadata.get(TOUCHED) for cell in answer)
        if empty:
            return StudentFault(LEFT.format(name=name), kind=Kind.EXCEPTION) if touched else None
        code = [cell for cell in self._cells if cell.cell_type == "code"]
        meant = [cell for cell in code if cell in answer or name in defined(cell)]
        for cell in reversed(meant):
            if fault := _of_error(name, cell, cell in self._own):
                return fault
        said = self._of_place(name) or self._of_name(name) or self._of_text(name)
        if not said and touched:
            said = ELSEWISE.format(name=name)
        return StudentFault(said, kind=Kind.EXCEPTION) if said else None

    @property
    def _own_code(self) -> list[NotebookNode]:
        return [cell for cell in self._own if cell.cell_type == "code"]

    def _of_place(self, name: str) -> str:
        """The sentence about a definition that nothing outside finds, or that was undone."""
        for cell in reversed(self._own_code):
            if re.search(rf"^\s*del\b[^#\n]*\b{name}\b", cell.source, re.MULTILINE):
                return DELETED.format(name=name)
            for line in lines(cell.source):
                if line.name == name and line.outer:
                    said = UNDER if line.outer.startswith("if") else INSIDE
                    return said.format(name=name, outer=line.outer)
        return ""

    def _of_name(self, name: str) -> str:
        """The sentence about a name that is nearly the one asked for."""
        near = {other for cell in self._own_code for other in defined(cell) if alike(name, other)}
        near -= self._solutions.names
        return ALIKE.format(other=near.pop(), name=name) if len(near) == 1 else ""

    def _of_text(self, name: str) -> str:
        """The sentence about a definition that is no code."""
        for cell in reversed(self._own):
            if re.search(rf"^[ \t#>]*(def|class)[ \t]+{name}\b", cell.source, re.MULTILINE):
                return (COMMENTED if cell.cell_type == "code" else IN_TEXT).format(name=name)
        return ""


def is_own(cell: NotebookNode, given: Collection[tuple[str, ...]]) -> bool:
    """Whether a student wrote a cell, or in it; `given` are the words of the instructor's cells."""
    if not grade_id(cell):
        return words(cell.source) not in given
    return bool(cell.metadata.get(TOUCHED)) or (is_answer(cell) and cell.cell_type != "code")


def _of_error(name: str, cell: NotebookNode, written: bool) -> StudentFault | None:
    """The fault that an error of a cell is, which kept a name from being there."""
    errors = [output for output in cell.outputs if output.output_type == "error"]
    if not errors:
        return None
    ename, evalue = errors[-1].ename, errors[-1].evalue
    if stop := cell.metadata.get(STOP):
        said = evalue.replace("This cell", "Its cell")
        return StudentFault(f"`{name}` is not there. {said}", stop=stop)
    if ename == PLACEHOLDER:
        said = LEFT_IN_CELL.format(name=name)
        return StudentFault(said, kind=Kind.EXCEPTION) if written else None
    if not evalue and "xla_bridge" in "".join(map(str, errors[-1].traceback)):
        evalue = NOT_THERE
    plain = in_plain_words(ename, evalue)
    error = f"{ename}: {plain}" if plain else in_words(ename, evalue)
    said = STOPPED.format(name=name, error=error.rstrip(".")) + line_of(cell, errors[-1])
    hint = DRIVE if "google.colab" in said else about_error(ename, evalue)
    return StudentFault(said, error=[ename], kind=Kind.EXCEPTION, hint=hint)


def line_of(cell: NotebookNode, error: NotebookNode) -> str:
    """The line of a cell at which it stopped, where that can be told."""
    shown = uncoloured(map(str, error.traceback))
    found = re.search(r"Cell In\[\d+\], line (\d+)", shown) or re.search(
        r"line (\d+)\)", str(error.evalue)
    )
    read = cell.source.splitlines()
    if found is None or not 0 < int(found[1]) <= len(read):
        return ""
    return f"\nAt: {read[int(found[1]) - 1].strip()[:200]}"


def defined(cell: NotebookNode) -> list[str]:
    """The names that a cell gives a value at its left margin, as far as can be seen."""
    return [line.name for line in lines(cell.source) if not line.outer]


def lines(source: str) -> Iterator[Line]:
    """The lines of a cell that give a name a value.

    >>> list(lines("class A:\\n    def f(self): ...\\ng = 2"))
    [Line(name='A', outer=''), Line(name='f', outer='class A'), Line(name='g', outer='')]
    """
    over: list[tuple[int, str]] = []
    for text in source[:LONGEST].expandtabs().splitlines():
        code = text.strip()
        if not code or code.startswith("#"):
            continue
        margin = len(text) - len(text.lstrip())
        over = [each for each in over if each[0] < margin]
        found = re.match(r"(?:async )?(?:def|class) +(\w+)|(\w+)\s*(?::[^=]*)?=[^=]", code)
        if found:
            outer = next((o for _, o in reversed(over) if o.startswith(("def", "class"))), "")
            outer = outer or (over[-1][1] if over and over[-1][1].startswith("if") else "")
            yield Line(found[1] or found[2], outer)
        if code.endswith(":") or found:
            over.append((margin, re.split(r"[(:]", code.removeprefix("async "))[0].strip()))
