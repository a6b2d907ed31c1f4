"""What `autograder doctor` says of the kernels that a course names, and of their Pythons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from traitlets.config import Config

from autograder.apps.checkup import Checkup, Verdict
from autograder.judge.course import assignments_in, notebooks_in, source_folder
from autograder.judge.course_kernels import (
    DEFAULT,
    PYTHON,
    CourseKernel,
    kernel_of,
    kernels_in,
    waiting,
    without_packages,
)
from autograder.sandbox.grader.interpreter import (
    Interpreter,
    KernelUnavailable,
    installed_kernel,
    interpreter_of,
    own,
)
from autograder.sandbox.settings import Isolation, Sandbox


def named(course: Any, config: Config) -> list[CourseKernel]:
    """The kernels of all notebooks of a course; Jupyter's own, where it has none yet."""
    folders = (source_folder(course, assignment) for assignment in assignments_in(course))
    found = [kernel for folder in folders for kernel in kernels_in(folder, config)]
    return found or [CourseKernel("", DEFAULT, PYTHON)]


def kernels(course: Any, config: Config) -> Iterator[Checkup]:
    """Of which Python each kernel is that the course names, and what the grader's own lacks."""
    found, confined = named(course, config), Sandbox(config=config).isolation != Isolation.NONE
    for name in dict.fromkeys(kernel.name for kernel in found if kernel.is_python or not confined):
        yield _of_python(name) if confined else _installed(name)
    for said in waiting(found, config):
        yield Checkup("kernel", Verdict.NOTE, said)
    for assignment in assignments_in(course):
        for notebook in notebooks_in(source_folder(course, assignment)):
            kernel = kernel_of(notebook, config)
            if why := without_packages(notebook, kernel):
                yield Checkup("imports", Verdict.MEND, why)


def _of_python(name: str) -> Checkup:
    try:
        python = interpreter_of(installed_kernel(name))
    except KernelUnavailable as error:
        return Checkup("kernel", Verdict.MEND, str(error))
    return Checkup("kernel", Verdict.OK, told(name, python))


def _installed(name: str) -> Checkup:
    """What can be said of a kernel that Jupyter starts, with whatever command."""
    try:
        installed_kernel(name)
    except KernelUnavailable as error:
        return Checkup("kernel", Verdict.MEND, str(error))
    return Checkup("kernel", Verdict.OK, f"{name} is installed")


def told(name: str, python: Interpreter) -> str:
    """Which Python a kernel is of, and which one grades, where that is another."""
    if python.is_own:
        return f"{name}, of the grader's own Python"
    variables = ", ".join(name for name, _ in python.variables)
    sets = variables and f", with {variables} set"
    return f"{name}, of {python}{sets}. The grader's own Python is {own()}"


def usable(course: Any, config: Config) -> list[tuple[KernelSpec, Interpreter]]:
    """The Pythons of which kernels can be made, each once with a kernelspec that names it."""
    found: dict[Interpreter, KernelSpec] = {}
    for kernel in named(course, config):
        if kernel.is_python:
            try:
                spec = kernel.spec()
                found.setdefault(interpreter_of(spec), spec)
            except KernelUnavailable:  # `kernels` says so
                continue
    return [(spec, python) for python, spec in found.items()]
