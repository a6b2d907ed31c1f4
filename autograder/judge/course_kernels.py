"""Which kernel a notebook is graded with, and whether this machine has it. TRUSTED SIDE.

It is the one that the instructor's notebook names, or the course's configuration. What a submission
says of its own kernel, after a night on another machine, is a claim of the student's.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import json
import os
import shlex
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from importlib.metadata import requires
from pathlib import Path
from typing import Any
from unittest.mock import patch

import nbformat
from jupyter_client.kernelspec import KernelSpec
from nbformat import NotebookNode
from nbgrader.preprocessors import Execute as NbgraderExecute
from packaging.requirements import Requirement
from traitlets.config import Config

from autograder.judge.cells import asked, is_judged
from autograder.judge.course import notebooks_in
from autograder.judge.solutions import Solutions, directory_importable
from autograder.sandbox.grader.forkserver import ForkServerError, kernel_policy, server_for
from autograder.sandbox.grader.interpreter import (
    KernelUnavailable,
    installed_kernel,
    interpreter_of,
    own,
)
from autograder.sandbox.policy import PolicyError
from autograder.sandbox.settings import Isolation, IsolationUnavailable, Sandbox
from autograder.sandbox.whereabouts import COMPARED

DEFAULT = "python3"
"""The kernel of a notebook that names none, as everywhere in Jupyter."""
PYTHON = "python"


class NotGradable(Exception):
    """An assignment cannot be graded on this machine, whatever was handed in; the text says why."""


@dataclass(frozen=True)
class CourseKernel:
    """What an instructor's notebook says of its kernel."""

    notebook: str
    name: str
    language: str

    @property
    def is_python(self) -> bool:
        """Whether the sandbox can confine it."""
        return self.language.lower() == PYTHON

    def spec(self) -> KernelSpec:
        """The installed kernelspec; raises `KernelUnavailable`."""
        return installed_kernel(self.name)


def kernel_of(notebook: Path, config: Config) -> CourseKernel:
    """The kernel of an instructor's notebook: what `c.Execute.kernel_name` says, or the file."""
    return kernel_in(notebook.name, notebook.read_bytes(), config)


def kernel_in(notebook: str, content: bytes, config: Config) -> CourseKernel:
    """As `kernel_of`, of a notebook that is not on this disk."""
    metadata = _metadata(content)
    named = metadata.get("kernelspec", {})
    configured = NbgraderExecute(config=config).kernel_name
    name = str(configured or named.get("name") or DEFAULT)
    try:
        language = installed_kernel(name).language
    except KernelUnavailable:
        said = None if configured else named.get("language")
        language = said or metadata.get("language_info", {}).get("name") or PYTHON
    return CourseKernel(notebook, name, str(language))


def _metadata(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)["metadata"]
    except (ValueError, KeyError, TypeError):  # others say that it is no notebook
        return {}
    return found if isinstance(found, dict) else {}


def kernels_in(folder: Path, config: Config) -> list[CourseKernel]:
    """The kernels of the notebooks in an instructor's folder of an assignment."""
    return [kernel_of(path, config) for path in notebooks_in(folder)]


def require_gradable(folder: Path, config: Config, pattern: str = "*") -> None:
    """Refuse to grade an assignment before anything of a class is graded.

    Of the notebooks in the instructor's folder those are meant that a pattern of `--notebook` fits.

    Raises
    ------
    NotGradable
        With the notebook and the kernel, or the package, by name, and what to do.
    """
    for notebook in notebooks_in(folder):
        if not fnmatchcase(notebook.stem, pattern):
            continue
        kernel = kernel_of(notebook, config)
        try:
            _try(kernel, Sandbox(config=config))
        except KernelUnavailable as error:
            raise NotGradable(f"{kernel.notebook} cannot be graded here. {error}") from None
        if kernel.is_python and (why := without_packages(notebook, kernel)):
            raise NotGradable(why)


def _try(kernel: CourseKernel, sandbox: Sandbox) -> None:
    """See whether a kernel can be had. One of another Python is worth a start of its server."""
    if sandbox.isolation == Isolation.NONE:
        kernel.spec()
    elif kernel.is_python:
        python = interpreter_of(kernel.spec())
        if not python.is_own:
            kernel_policy(sandbox, [], python)
            try:
                server_for(sandbox, [], kernel.spec())
            except ForkServerError as error:
                said = f"No sandboxed kernel can be made of {python}: {error}"
                raise KernelUnavailable(f"{said} (The grader's own Python is {own()}.)") from None
            except (IsolationUnavailable, PolicyError):  # told when it is needed
                return


def without_packages(notebook: Path, kernel: CourseKernel) -> str:
    """What the grader's own Python lacks for a notebook, or else that of its kernel; or ""."""
    return lacking(notebook) or kernel_lacks(notebook, kernel)


def lacking(notebook: Path) -> str:
    """What the solutions and tests of an instructor's notebook import in vain here, or "".

    They run in the grader's own Python, whichever one the kernels are of. Looked at is what will
    run: the judge's test cells, and the solutions that these compare with.
    """
    missing = _missing(notebook.read_bytes(), notebook, ("reference",))
    if not missing:
        return ""
    return (
        f"{notebook.name}: its tests, or the solutions that they compare with, import "
        f"{' and '.join(missing)}, which the grader's own Python lacks ({own()}). They run there, "
        f"not in the kernel. Install it: {_pip(missing)}"
    )


def kernel_lacks(notebook: Path, kernel: CourseKernel) -> str:
    """What the Python of a kernel lacks for test cells that use the kit, or ""."""
    try:
        python = interpreter_of(kernel.spec())
    except KernelUnavailable:
        return ""
    if python.is_own or not _tests(notebook.read_bytes()):
        return ""
    versions, wanted = dict(python.packages), map(Requirement, requires("nbgrader-jax") or [])
    unmet = [
        f"{wish.name}{wish.specifier}"
        for wish in wanted
        if wish.name in COMPARED
        and wish.marker is None
        and versions.get(wish.name, "0") not in wish.specifier
    ]
    if not unmet:
        return ""
    pip = shlex.join([python.executable, "-m", "pip", "install", *unmet])
    return (
        f"{notebook.name}: its test cells need {' and '.join(unmet)} in the Python of the kernel, "
        f"which is {python}. Install it: {pip} (The grader's own Python is {own()}.)"
    )


@lru_cache(maxsize=8)  # as below
def _tests(content: bytes) -> tuple[NotebookNode, ...]:
    """The test cells of a notebook that use the kit; none in a file that is no notebook."""
    try:
        cells = nbformat.reads(content.decode(), 4).cells
    except Exception:  # others say so
        return ()
    return tuple(cell for cell in cells if cell.cell_type == "code" and is_judged(cell))


def out_of_reach(notebook: Path) -> str:
    """Why an author's answers cannot be tried in the grader's own Python, or "".

    Grading may do without: it runs a student's answers in the kernel.
    """
    missing = _missing(notebook.read_bytes(), notebook, ("reference", "student"))
    if not missing:
        return ""
    return (
        f"{notebook.name} needs {' and '.join(missing)}, which the grader's own Python lacks "
        f"({own()}): only your own answers were tried, in the kernel, and neither changed ones nor "
        f"known mistakes. For those, install it: {_pip(missing)}"
    )


def _pip(packages: Sequence[str]) -> str:
    return shlex.join([sys.executable, "-m", "pip", "install", *packages])


@lru_cache(maxsize=8)  # a class asks the same again
def _missing(content: bytes, notebook: Path, of: tuple[str, ...]) -> tuple[str, ...]:
    """What the test cells import in vain, and what they need of `student` or `reference`."""
    try:
        tests = _tests(content)
        wanted = {name for cell in tests for side in of for name in asked(cell.source, side)}
        needed = Solutions(notebook).needed_cells(*sorted(wanted))
    except Exception:  # no notebook, or no Python: others say so
        return ()
    sources = [cell.source for cell in tests] + [cell.source for cell in needed]
    imported = {name for source in sources for name in imported_by(source)}
    with directory_importable(notebook.parent):
        return tuple(sorted(name for name in imported if not can_import(name)))


def imported_by(source: str) -> set[str]:
    """The packages that a cell imports whatever happens: not in a `try`, an `if` or a function."""
    found: set[str] = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def can_import(package: str) -> bool:
    """Whether this Python has a package, or module, of that name."""
    return package in sys.modules or importlib.util.find_spec(package) is not None


@contextlib.contextmanager
def variables_of(kernel: CourseKernel) -> Iterator[None]:
    """Let the instructor's solutions find the variables that the kernelspec sets in this block.

    Only those that this process lacks: its own programs and packages stay what they are.
    """
    variables: dict[str, str] = {}
    if kernel.is_python:
        with contextlib.suppress(KernelUnavailable):  # without the sandbox any command may do
            variables.update(interpreter_of(kernel.spec()).variables)
    with patch.dict(os.environ, {**variables, **os.environ}):
        yield


def not_confined(kernel: CourseKernel) -> str:
    """The sentence about a notebook in another language than Python, for students and staff."""
    return (
        f"{kernel.notebook} is in {kernel.language}, and only Python can be kept in the sandbox: "
        "nothing of it is run, and a person marks its autograded cells."
    )


def waiting(kernels: Iterable[CourseKernel], config: Config) -> list[str]:
    """What to say of notebooks that are not run, for as long as there is a sandbox."""
    if Sandbox(config=config).isolation == Isolation.NONE:
        return []
    return [not_confined(kernel) for kernel in kernels if not kernel.is_python]
