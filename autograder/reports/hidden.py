"""Takes hidden tests out of what a plain test cell of nbgrader's shows. TRUSTED SIDE.

Such a cell runs in the student's kernel, and where an assert fails, IPython's traceback shows that
line and those around it. `HideTests` asks, for the page that a student reads; staff see all of it
in formgrader. Cells that use the kit show a report instead, which has no such lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from nbformat import NotebookNode
from nbgrader.preprocessors import ClearHiddenTests

FAILED = "A hidden test failed."
STOPPED = "A hidden test stopped with an error."
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
NUMBERED = re.compile(r"^\s*(?:-+>)?\s*\d*:?\s?")
"""What IPython puts before a line of source: "----> 3 ", or "      4 "."""
PLACE = re.compile(r"\bIn\s?\[(\d+)\][^\n]*?\bline:? (\d+)")
"""How IPython names a line of a cell: "Cell In[5], line 3"."""


def hidden_lines(source: str, marks: ClearHiddenTests) -> dict[int, str]:
    """The lines of the hidden regions of a cell, those that mark them among them, by number."""
    found: dict[int, str] = {}
    inside = False
    for number, line in enumerate(source.splitlines(), 1):
        inside = inside or marks.begin_test_delimeter in line
        if inside:
            found[number] = line.strip()
        if marks.end_test_delimeter in line:
            inside = False
    return found


def hide(cell: NotebookNode, hidden: dict[int, str]) -> None:
    """Leave nothing of these lines in the outputs of a cell, and say where one of them failed."""
    if not hidden:
        return
    seen = {line.strip() for n, line in enumerate(cell.source.splitlines(), 1) if n not in hidden}
    secret = {*hidden.values()} - seen - {""}
    for output in cell.outputs:
        if output.output_type == "error":
            said = without(f"{output.ename}: {output.evalue}", secret)
            traceback = [str(part) for part in output.traceback]
            if failed_in(traceback, cell.execution_count, hidden):
                output.traceback = told(str(output.ename), str(output.evalue), said)
            else:
                output.traceback = [without(part, secret) for part in traceback]
            output.evalue = without(str(output.evalue), secret)
        elif output.output_type == "stream":
            output.text = without(str(output.text), secret)
        else:
            output.data = NotebookNode(
                {
                    kind: without(text, secret) if isinstance(text, str) else text
                    for kind, text in output.data.items()
                }
            )


def told(ename: str, evalue: str, said: str) -> list[str]:
    """What a student reads of a hidden test: that it failed, and the message if it has one."""
    if ename == "AssertionError":
        return [FAILED, said] if evalue.strip() else [FAILED]
    return [STOPPED, said]


def failed_in(traceback: Iterable[str], count: int | None, hidden: Iterable[int]) -> bool:
    """Whether an error came through hidden lines of the cell that was executed as number `count`.

    It is taken to have where the traceback does not say: a student can choose another form of it.
    """
    text = ANSI.sub("", "\n".join(traceback))
    lines = {int(line) for number, line in PLACE.findall(text) if int(number) == count}
    return not lines or bool(lines & set(hidden))


def without(text: str, secret: set[str]) -> str:
    """A text without the lines that stand among hidden ones, numbered or not."""
    kept = [
        line
        for line in text.split("\n")
        if NUMBERED.sub("", ANSI.sub("", line)).strip() not in secret
        and ANSI.sub("", line).strip() not in secret
    ]
    return "\n".join(kept)
