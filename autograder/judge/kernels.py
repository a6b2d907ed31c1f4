"""Which kernel a notebook is graded with, and whether this machine has it. TRUSTED SIDE.

It is the one that the instructor's notebook names, or the course's configuration. What a submission
says of its own kernel, after a night on another machine, is a claim of the student's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from nbgrader.preprocessors import Execute as NbgraderExecute
from traitlets.config import Config

from autograder.judge.course import notebooks_in
from autograder.sandbox.grader.forkserver import kernel_policy
from autograder.sandbox.grader.interpreter import (
    KernelUnavailable,
    installed_kernel,
    interpreter_of,
)
from autograder.sandbox.settings import Isolation, Sandbox

DEFAULT = "python3"
"""The kernel of a notebook that names none, as everywhere in Jupyter."""
PYTHON = "python"


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


def require_kernels(kernels: Iterable[CourseKernel], config: Config) -> None:
    """Refuse to grade where a kernel cannot be had, before anything of a class is graded.

    Raises
    ------
    KernelUnavailable
        With the notebook and the kernel by name, and what to do.
    """
    for kernel in kernels:
        try:
            check(kernel, Sandbox(config=config))
        except KernelUnavailable as error:
            raise KernelUnavailable(f"{kernel.notebook} cannot be graded here. {error}") from None


def check(kernel: CourseKernel, sandbox: Sandbox) -> None:
    """See whether a kernel can be had, without starting one; raises `KernelUnavailable`."""
    confined = sandbox.isolation != Isolation.NONE
    if confined and kernel.is_python:
        kernel_policy(sandbox, [], interpreter_of(kernel.spec()))
    elif not confined:
        kernel.spec()


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
