"""Finds a notebook's compiled code, and has it made beside the first submissions. TRUSTED SIDE.

Student code can read what its kernel can, so the code is compiled from public things alone; `maker`
says from which. Nobody waits for it: a submission that comes before it is ready is graded without.
"""

from __future__ import annotations

import atexit
import contextlib
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import InstantiateTests, SaveCells
from traitlets.config import Config
from traitlets.utils.importstring import import_item

from autograder.judge.course_kernels import kernel_of
from autograder.sandbox.grader.cache import (
    failure_of,
    fingerprint,
    finished,
    locked_workshop,
    note_failure,
)
from autograder.sandbox.grader.interpreter import interpreter_of

NOT_FOR_READING = (SaveCells, InstantiateTests)
"""What nbgrader does for a release besides making its text: write the gradebook, run a kernel."""
OURS = [Path(__file__), Path(__file__).with_name("maker.py")]
"""What decides on what is compiled: another version of it makes another folder."""
RETRY = 3600.0
"""Seconds after a failure before it is tried again; each try takes half a minute of one core."""
PATIENCE = 10.0
"""Seconds for a maker to end once nobody wants it; it takes some milliseconds."""

_makers: list[subprocess.Popen[bytes]] = []


def compiled_code(notebook: Path, config: Config) -> Path | None:
    """The folder with a notebook's compiled code; None while there is none, and it is being made.

    Called by `Execute` for each kernel. `config` is the course's: it says how
    nbgrader makes a release of the instructor's notebook.
    """
    for maker in [maker for maker in _makers if maker.poll() is not None]:
        _end(maker)
    kernel = kernel_of(notebook, config)
    name = fingerprint(notebook, *OURS, python=interpreter_of(kernel.spec()))
    if (folder := finished(name)) is None and not _failed_lately(name):
        _start(notebook, name, kernel.name, config)
    return folder


def wait_until_compiled() -> None:
    """Wait for what this process has begun to make, as tests do. Grading never waits.

    Raises
    ------
    RuntimeError
        If it could not be made.
    """
    while _makers:
        _makers[-1].wait()
        if _end(_makers[-1]):
            raise RuntimeError("The compiled code could not be made.")


def as_released(notebook: NotebookNode, config: Config) -> NotebookNode:
    """What students get of an instructor's notebook: nbgrader's own steps, in memory.

    Not the release folder, which may be missing, older than the source, or changed by hand.
    """
    listed = config.GenerateAssignment.get("preprocessors")
    steps = listed or GenerateAssignment.class_traits()["preprocessors"].default()
    resources: dict[str, Any] = {}
    for step in steps:
        made = import_item(step) if isinstance(step, str) else step
        if not issubclass(made, NOT_FOR_READING):
            notebook, resources = made(config=config)(notebook, resources)
    return notebook


def _failed_lately(name: str) -> bool:
    failure = failure_of(name)
    return failure is not None and time.time() - failure.stat().st_mtime < RETRY


def _start(notebook: Path, name: str, kernel: str, config: Config) -> None:
    """Start the process that makes a folder, unless one is at work on this machine already.

    It gets copies of the files: a worker's course goes with the submission, and nothing of ours
    runs or writes in source/. The lock goes over to it, and is free again when it has ended.
    """
    with locked_workshop() as (workshop, lock):
        if workshop is None:
            return
        try:
            _copy_course(notebook, workshop, kernel, config)
        except Exception:
            note_failure(name, workshop)
            raise
        _makers.append(
            subprocess.Popen(
                [sys.executable, "-P", "-m", "autograder.judge.maker", notebook.name, name],
                cwd=workshop,
                stdin=subprocess.PIPE,  # it ends when this is closed, however this process ends
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[lock],
            )
        )


def _copy_course(notebook: Path, workshop: Path, kernel: str, config: Config) -> None:
    """Lay the files beside a notebook into the workshop, as they are and as students get them.

    The code is for kernels of the Python that `kernel` names, and it is made by one of these.
    """
    released = as_released(nbformat.read(notebook, as_version=4), config)
    released.metadata.kernelspec = {"name": kernel, "display_name": kernel}
    source, release = workshop / "source", workshop / "release"
    for folder in (source, release):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(notebook.parent, folder, ignore_dangling_symlinks=True)
    for path in release.glob("*.ipynb"):
        path.unlink()
    nbformat.write(released, release / notebook.name)


def _end(maker: subprocess.Popen[bytes]) -> int | None:
    """Let a maker end, and wait for that; its exit status. It can go on another time."""
    _makers.remove(maker)
    assert maker.stdin is not None
    maker.stdin.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        maker.wait(PATIENCE)
    return maker.returncode


def _stop() -> None:
    """Called when this process ends: leave none behind."""
    while _makers:
        _end(_makers[-1])


atexit.register(_stop)
