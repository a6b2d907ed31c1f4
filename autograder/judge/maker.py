"""Makes a notebook's compiled code, from public things alone. TRUSTED SIDE, a process of its own.

What it compiles, in an ordinary kernel that keeps what JAX compiles:

1. the notebook as students get it, without solutions and hidden tests;
2. everyday operations (`sandbox.grader.everyday`) for the shapes that occur in it, and for those
   of the arguments with which test cells call the student's functions;
3. functions that the released notebook, or a module beside it, gives to the student's (`given`),
   for these arguments.

Only for the arguments the solutions and the hidden tests are run, in this process. Of each argument
its kind is kept (numbers, of which type and shape), which the student's function gets to see.

`compiling` starts it, in the folder where it works (`cache.locked_workshop`):

    python -m autograder.judge.maker NOTEBOOK NAME
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
import re
import shutil
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from autograder.checks.context import Context
from autograder.judge.cells import asked, grade_id, is_judged, points
from autograder.judge.solutions import Solutions, directory_importable, execute, names_of
from autograder.judge.testcell import run_cell
from autograder.remote import endpoint, trees, wire
from autograder.remote.wire import Limits
from autograder.sandbox.grader.cache import (
    finish,
    keep_own_code,
    note_failure,
    unfinished,
    writing_compiled_code,
)
from autograder.sandbox.grader.forkserver import BRING_PACKAGE
from autograder.sandbox.grader.manager import WakefulManager

NICE = 5
"""The first submissions go first, but not by so much that a class is over before this is."""
CELL_TIMEOUT = 60.0
"""Seconds for a cell of the lesson; what takes longer is left out."""
EVERYDAY = f"{BRING_PACKAGE}\nimport autograder.sandbox.grader.everyday as everyday\neveryday.{{}}"
STOPPED = 3  # exit status
COPIES = ("source", "release")
"""Folders with the course's files, as they are and as students get them; `compiling` makes them."""


def main() -> None:
    """Make the folder, and note why where it cannot be made."""
    notebook, name = sys.argv[1:]
    workshop = Path.cwd()
    threading.Thread(target=end_with_grader, args=[workshop], daemon=True).start()
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is for the command, which ends this
    if hasattr(os, "nice"):
        os.nice(NICE)
    try:
        make(notebook, name, workshop)
    except Exception:
        note_failure(name, workshop)
        raise


def end_with_grader(workshop: Path) -> None:
    """End this process and its kernel as soon as the process that started it closes the line.

    What is compiled stays, for another time; the copies of the course's files go.
    """
    while os.read(sys.stdin.fileno(), 1):
        pass
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            process.kill()
    for copy in COPIES:
        shutil.rmtree(workshop / copy, ignore_errors=True)
    os._exit(STOPPED)


def make(notebook: str, name: str, workshop: Path) -> None:
    """Make the folder of this name for the notebook whose copies lie in the workshop."""
    folder = unfinished(name, workshop)
    released = nbformat.read(workshop / "release" / notebook, as_version=4)
    noted = workshop / f"{name}.json"
    if not noted.exists():
        os.chdir(workshop / "source")
        calls = calls_of_tests(
            workshop / "source" / notebook, public_given(released, workshop / "release")
        )
        begun = noted.with_suffix(".begun")  # this process may be ended at any moment
        begun.write_text(json.dumps(calls), encoding="utf-8")
        begun.rename(noted)
    run_released(released, workshop / "release", noted, folder)
    finish(folder)


def run_released(notebook: NotebookNode, place: Path, calls: Path, folder: Path) -> None:
    """Run the released notebook in a kernel that keeps what it compiles, then what is everyday."""
    last = new_code_cell(EVERYDAY.format(f"compile_everyday_code({str(calls)!r})"))
    notebook.cells = [new_code_cell(EVERYDAY.format("watch()")), *notebook.cells, last]
    client = NotebookClient(
        notebook,
        kernel_manager_class=WakefulManager,
        shutdown_kernel="immediate",
        timeout_func=lambda cell: None if cell is last else CELL_TIMEOUT,
        interrupt_on_timeout=True,
        resources={"metadata": {"path": str(place)}},
    )
    with writing_compiled_code(folder), client.setup_kernel():
        for number, cell in enumerate(notebook.cells):
            client.allow_errors = cell is not last  # what is still to be written raises
            client.execute_cell(cell, number)


# What test cells ask for ---------------------------------------------------------------------


class Recorder:
    """Answers test cells with the solutions, and notes what kinds of arguments they send.

    A `Connection`. `public` are the sources of given functions that the release shows. Others are
    left out, for one may hold the answer to an exercise: as the stub for a later one.
    """

    limits = Limits()
    seconds = 0.0

    def __init__(self, namespace: dict[str, Any], public: set[str]) -> None:
        self.namespace, self.public = namespace, public
        self.calls: list[dict[str, Any]] = []

    def ask(self, part: str, request: str) -> object:
        """Called by `student` for each call."""
        message = wire.loads(request)
        if "args" in message:
            arguments = [*message["args"], *message["kwargs"].values()]
            given = list(self._given([arguments, message.get("stubs", {})]))
            call = {"arguments": [self._kind_of(tree) for tree in arguments], "given": given}
            if call not in self.calls:
                self.calls.append(call)
        return endpoint.answer(request, self.namespace)

    def _kind_of(self, tree: Any) -> Any:
        match tree:
            case ["source", str(text)]:
                return tree if own_source(text) in self.public else None
            case _:
                return kind_of(tree)

    def _given(self, tree: Any) -> Iterator[str]:
        """The sources of public functions in arguments and stubs, wherever they are."""
        match tree:
            case ["source", str(text)] if own_source(text) in self.public:
                yield text
            case list():
                for item in tree:
                    yield from self._given(item)
            case dict():
                yield from self._given(list(tree.values()))


def own_source(text: str) -> str:
    """A given function's own source, where it is the gradient of one (`Given.gradient`).

    >>> own_source("lambda theta, x: jax.grad(lambda theta, x: theta * x)(theta, x)")
    'lambda theta, x: theta * x'
    """
    gradient = re.fullmatch(r"lambda (.*?): jax\.grad\((.*)\)\(\1\)", text, re.DOTALL)
    return gradient[2] if gradient else text


def kind_of(tree: Any) -> Any:
    """An argument with nothing left of it but its kind, encoded as it was; None for the student's.

    Numbers become 1, and what is text becomes empty: a shape is no secret, a value may be one.
    """
    import jax
    import numpy as np

    def blank(leaf: Any) -> Any:
        if leaf is None or isinstance(leaf, str):
            return leaf and ""
        if wire.is_key(leaf):
            return jax.random.wrap_key_data(0 * jax.random.key_data(leaf))
        return np.ones_like(leaf) if isinstance(leaf, np.ndarray) else type(leaf)(1)

    try:
        return wire.encode(trees.mapped(blank, wire.decode(tree)))
    except (wire.WireError, TypeError):  # an object of the student's own
        return None


def calls_of_tests(notebook: Path, public: set[str]) -> list[dict[str, Any]]:
    """The calls that a notebook's test cells make, found by running them on the solutions.

    The random inputs of a test cell have the same shapes for each seed, as a rule.
    """
    keep_own_code()
    solutions = Solutions(notebook)
    tests = [*filter(is_judged, nbformat.read(notebook, as_version=4).cells)]
    names = {name for cell in tests for name in asked(cell.source)}
    recorder = Recorder(answers(solutions, names), public)
    for cell in tests:
        context = Context(recorder, solutions, 0, points(cell))
        run_cell(cell.source, grade_id(cell), context, notebook.parent)
    return recorder.calls


def answers(solutions: Solutions, names: set[str]) -> dict[str, Any]:
    """What the instructor's cells define of these names, as a student's notebook would."""
    with directory_importable(solutions.notebook.parent), names_of("__student__") as namespace:
        for cell in solutions.needed_cells(*sorted(names)):
            with contextlib.suppress(Exception):
                execute(cell, namespace)
    return namespace


def public_given(released: NotebookNode, beside: Path) -> set[str]:
    """The sources of given functions that students can read, in their notebook or beside it."""
    cells = [cell.source for cell in released.cells if cell.cell_type == "code"]
    return given_in([*cells, *(path.read_text("utf-8", "replace") for path in beside.glob("*.py"))])


def given_in(sources: Iterable[str]) -> set[str]:
    """The sources of functions that are made with `given`, where they are literal."""
    found = set()
    for source in sources:
        with contextlib.suppress(SyntaxError):
            for node in ast.walk(ast.parse(source)):
                match node:
                    case ast.Call(func=ast.Name("given"), args=[ast.Constant(str(text))]):
                        found.add(text)
    return found


if __name__ == "__main__":
    main()
