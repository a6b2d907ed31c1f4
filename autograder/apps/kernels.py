"""What `autograder doctor` says of the kernels that a course names, and of their Pythons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from traitlets.config import Config

from autograder.apps.checkup import Checkup, Verdict
from autograder.judge.course import assignments_in, notebooks_in, source_folder
from autograder.judge.course_kernels import DEFAULT, CourseKernel, kernels_in, lacking, waiting
from autograder.sandbox.grader.interpreter import (
    Interpreter,
    KernelUnavailable,
    installed_kernel,
    interpreter_of,
    own,
)


def named(course: Any, config: Config) -> dict[str, CourseKernel]:
    """The kernels that the notebooks of a course name, each once, or Jupyter's own."""
    found: dict[str, CourseKernel] = {}
    for assignment in assignments_in(course):
        for kernel in kernels_in(source_folder(course, assignment), config):
            found.setdefault(kernel.name, kernel)
    return found or {DEFAULT: CourseKernel("", DEFAULT, "python")}


def kernels(course: Any, config: Config) -> Iterator[Checkup]:
    """Of which Python each kernel is that the course names, and what the grader's own lacks."""
    for name, kernel in named(course, config).items():
        if said := waiting([kernel], config):
            yield Checkup("kernel", Verdict.NOTE, said[0])
        elif kernel.is_python:
            yield _of_python(name)
    for assignment in assignments_in(course):
        for notebook in notebooks_in(source_folder(course, assignment)):
            if why := lacking(notebook):
                yield Checkup("imports", Verdict.MEND, why)


def _of_python(name: str) -> Checkup:
    try:
        python = interpreter_of(installed_kernel(name))
    except KernelUnavailable as error:
        return Checkup("kernel", Verdict.MEND, str(error))
    return Checkup("kernel", Verdict.OK, told(name, python))


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
    for name, kernel in named(course, config).items():
        if kernel.is_python:
            try:
                spec = installed_kernel(name)
                found.setdefault(interpreter_of(spec), spec)
            except KernelUnavailable:  # `kernels` says so
                continue
    return [(spec, python) for python, spec in found.items()]
