"""What a live notebook knows of its cells: which run of a cell stopped, and what is left of it.

A student edits the cell of `f`, runs it, and it stops with an error: then the check below it still
finds the `f` of an earlier run. IPython keeps the text of each run, and tells us how it ended and
of which cell it was, as far as the front end says so. Never while grading: there each cell runs
once. Nothing in here may break a notebook, or slow it.
"""

from __future__ import annotations

import ast
import contextlib
import os
import re
import sys
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import Enum
from typing import Any

from autograder.remote.apart import UNREADABLE, Names, sources, statements_of, unjitted

STOPPED = (
    "The last run of the cell that defines `{name}` stopped with {error}, so what was judged is "
    "the `{name}` of an earlier run. Run the cell again until it has no error."
)
NEVER_RAN = (
    "The cell that defines `{name}` stopped with {error}. Run it again until it has no error."
)
LEFT_OVER = (
    "The cell that defined `{name}` was changed and run again, and does not define it any more. "
    "What was judged is the `{name}` of an earlier run; once the notebook starts afresh, only what "
    "its cells say now is there."
)
ALIKE = "There is a `{other}`; `{name}` is asked for."
LIKENESS = 0.85
"""From here on (`difflib`) two names are one, misspelt: `standardise` and `standardize` have 0.91,
`mean_x` and `mean_y` 0.8."""
MOST = 200  # characters of an error's own text
AT_ONCE = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign, ast.Import,
    ast.ImportFrom,
)  # fmt: skip
"""Statements that bind their names at their end, or not at all."""


@dataclass(frozen=True)
class Run:
    """How one run of a cell ended. `cell` is the front end's name for the cell, or "".

    `error` is "" where it came to its end; else `line` is where it stopped: 0 before anything ran,
    None where that is not known.
    """

    cell: str = ""
    error: str = ""
    line: int | None = 0


class Bound(Enum):
    """Whether a run of a cell gave a name its value."""

    YES, NO, STOPPED_BEFORE, UNCLEAR = range(4)


_runs: dict[int, Run] = {}
"""The runs of this kernel, by their numbers; those from before `watch` only if they stopped."""
_found: set[str] = set()
"""Names that test cells of this notebook have asked for, and found."""


def watch() -> None:
    """Note from here on how each cell ends; `import autograder` asks for it.

    Outside IPython nothing happens, nor in a kernel that nbgrader grades in.
    """
    with contextlib.suppress(Exception):
        shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
        if shell is not None and os.environ.get("NBGRADER_EXECUTION") != "autograde":
            _runs.update(_before(shell))
            shell.events.register("post_run_cell", note)


def note(result: Any) -> None:
    """Called by IPython after each cell."""
    with contextlib.suppress(Exception):
        info, error = result.info, result.error_before_exec or result.error_in_exec
        cell = str(getattr(info, "cell_id", None) or "")
        said = in_words(type(error).__name__, str(error)) if error is not None else ""
        line = 0 if result.error_before_exec or error is None else _line(error, info.raw_cell)
        _runs[result.execution_count] = Run(cell, said, line)


def _before(shell: Any) -> Iterator[tuple[int, Run]]:
    """The runs that stopped before we were there, which IPython keeps from its version 9 on."""
    for number, kept in getattr(shell.history_manager, "exceptions", {}).items():
        text = uncoloured(kept["traceback"])
        at = re.search(rf"Cell In\[{number}\], line (\d+)", text)
        line = int(at[1]) if at and "run_cell_magic" not in text else None
        before = kept["ename"] in ("SyntaxError", "IndentationError", "TabError")
        yield number, Run("", in_words(kept["ename"], kept["evalue"]), 0 if before else line)


def uncoloured(traceback: Iterable[str]) -> str:
    """The lines of a traceback without colours: `judge.written` asks as well."""
    return re.sub("\x1b[^m]*m", "", "\n".join(traceback))


def in_words(ename: str, evalue: str) -> str:
    """An error for a sentence, without the names of files: `judge.written` asks as well.

    >>> in_words("SyntaxError", "expected ':' (3141592.py, line 1)")
    "SyntaxError: expected ':' (line 1)"
    """
    said = re.sub(r"\(\S+, (line \d+)\)$", r"(\1)", evalue.strip().partition("\n")[0])
    said = said.removesuffix(" (<string>)")
    return f"{ename}: {said[:MOST].rstrip('.')}" if said else ename


def _line(error: BaseException, cell: str) -> int | None:
    """The line of a cell at which an error came up; of what `%%time` runs, where it says that."""
    lines = []
    trace = error.__traceback__
    main = sys.modules["__main__"].__dict__
    while trace is not None:
        frame = trace.tb_frame
        if frame.f_code.co_name == "<module>" and frame.f_globals is main:
            lines.append(trace.tb_lineno)
        trace = trace.tb_next
    return lines[-1 if cell.lstrip().startswith("%%") else 0] if lines else None


def said_of(name: str, objects: Names) -> str:
    """What a student should hear of the cell of a part, or ""; `LiveNotebook` asks.

    `objects` are the notebook's names, with the cells that were run. Nothing is said where it
    cannot be told which run gave the name its value.
    """
    stopped = Run()
    since: dict[str, tuple[Run, int, str]] = {}
    for number, text in reversed(sources(objects)):
        run = _runs.get(number, Run())
        bound = _bound(name, number, text, run)
        if bound is Bound.UNCLEAR:
            return ""
        if bound is Bound.YES:
            return _of_error(name, stopped, objects) or _of_cell(name, since.get(run.cell), objects)
        latest = run.cell not in since  # of its cell
        if bound is Bound.STOPPED_BEFORE and latest and not stopped.error:
            stopped = run
        if run.cell:
            since.setdefault(run.cell, (run, number, text))
    return _of_error(name, stopped, objects)


def _bound(name: str, number: int, text: str, run: Run) -> Bound:
    """Whether a run of a cell gave a name its value."""
    if run.error and run.line == 0:
        begins = rf"^({name}\b[^=\n(]*=[^=]|[ \t]*((async )?def|class)[ \t]+{name}\b)"
        return Bound.STOPPED_BEFORE if re.search(begins, text, re.MULTILINE) else Bound.NO
    read = statements_of(number, text) if name in text else ()
    binding = [statement.node for statement in read if name in statement.binds]
    if not binding or not run.error:
        return Bound.YES if binding else Bound.NO
    if run.line is None:
        return Bound.UNCLEAR
    if any(_lines(node).stop <= run.line for node in binding):
        return Bound.YES
    here = [statement.node for statement in read if run.line in _lines(statement.node)]
    whole = len(here) == 1 and isinstance(here[0], AT_ONCE)
    return Bound.UNCLEAR if not whole and set(here) & set(binding) else Bound.STOPPED_BEFORE


def _lines(node: ast.stmt) -> range:
    """The lines of a statement, decorators included."""
    decorators = getattr(node, "decorator_list", ())
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    return range(first, (node.end_lineno or node.lineno) + 1)


def _of_error(name: str, run: Run, objects: Names) -> str:
    """The sentence about a run that stopped before it came to a name."""
    if not run.error or run.error.startswith("NotImplementedError"):
        return ""
    return (STOPPED if name in objects else NEVER_RAN).format(name=name, error=run.error)


def _of_cell(name: str, latest: tuple[Run, int, str] | None, objects: Names) -> str:
    """The sentence about the latest run of a cell that defined a name and does not any more."""
    run, number, text = latest or (Run(), 0, "")
    read = statements_of(number, text)
    unseen = any(s.binds_unknown or s.needs & {*UNREADABLE, "get_ipython"} for s in read)
    if latest is None or run.error or unseen or name not in objects:
        return _of_error(name, run, objects)
    near = [other for statement in read for other in statement.binds if alike(name, other)]
    told = [LEFT_OVER, ALIKE] if near else [LEFT_OVER]
    return " ".join(told).format(name=name, other=near[0] if near else "")


def notebook() -> Names:
    """The names of the notebook that this kernel is of."""
    return sys.modules["__main__"].__dict__


def came_to_its_end(number: int) -> bool:
    """Whether the run of a cell of this number ended without an error, as far as is known."""
    return not _runs.get(number, Run()).error


def found(name: str) -> None:
    """A test cell has asked for this name and found it: no other one is it, misspelt."""
    _found.add(name)


def misspelt(name: str, objects: Names, apart_from: Collection[str], called: bool) -> str:
    """The sentence about a name of the notebook that is nearly the one asked for, or "".

    It is of a function where the part is called, of another value where it is not. Names that test
    cells ask for, or that stand for other parts, are not meant; nor are functions that are still to
    be written.
    """
    others = [
        other
        for other, value in objects.items()
        if other not in _found.union(apart_from)
        and not other.startswith("_")
        and alike(name, other)
        and (_written_here(value, objects) if called else not callable(value))
    ]
    return ALIKE.format(other=others[0], name=name) if len(others) == 1 else ""


def _written_here(value: Any, objects: Names) -> bool:
    """Whether it is a function that a cell of the notebook defines, and not an empty one."""
    function = unjitted(value)
    code = getattr(function, "__code__", None)
    own = getattr(function, "__module__", "") == objects.get("__name__")
    return own and code is not None and "NotImplementedError" not in code.co_names


def alike(name: str, other: str) -> bool:
    """Whether one may be the other, misspelt.

    >>> alike("standardise", "standardize"), alike("log_loss", "LogLoss")
    (True, True)
    >>> alike("dloss", "loss"), alike("layer_1", "layer_2"), alike("mean_x", "mean_y")
    (False, False, False)
    """
    one, two = (text.lower().replace("_", "") for text in (name, other))
    if one == two:
        return True
    if one.endswith(two) or two.endswith(one):  # `dloss` is not `loss`
        return False
    numbered = re.sub(r"\d", "", one) == re.sub(r"\d", "", two)
    return not numbered and SequenceMatcher(None, one, two).ratio() >= LIKENESS
