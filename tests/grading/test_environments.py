"""A class whose kernel is of another Python than the grader's: the same marks by every program."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import nbformat
import pytest
from traitlets.config import Config

from autograder.grading.worker import Setup, start_fork_servers
from autograder.sandbox.grader import interpreter
from autograder.sandbox.grader.forkserver import ForkServer, server_for
from autograder.sandbox.grader.interpreter import installed_kernel
from autograder.sandbox.settings import Sandbox
from tests.support.environment import (
    ANSWER,
    COMMAND,
    KERNEL,
    LESSON,
    MARKER,
    PACKAGES,
    LessonCourse,
    SecondPython,
    install_kernel,
    notebook,
)
from tests.support.plain import gradebook

pytestmark = pytest.mark.slow

ELSEWHERE = {"name": "conda-env-mine-py", "display_name": "Mine", "language": "python"}
BORROW = f"c.Sandbox.readable = [{PACKAGES!r}]"
WRONG = ANSWER.replace("* x", "+ x")
LOOKS = """
import os, sys
scaled = [sys.prefix, os.environ["CLASS_TERM"], os.environ["HOME"], os.environ["JAX_PLATFORMS"]]
raise RuntimeError(repr(scaled))
"""


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> SecondPython:
    return SecondPython.create(tmp_path_factory.mktemp("second") / "venv")


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory, second: SecondPython) -> LessonCourse:
    """Its kernel has a module that the grader lacks, and variables; some try to set others."""
    root = tmp_path_factory.mktemp("environments") / "course"
    variables = {"CLASS_TERM": "2", "HOME": "/srv", "JAX_PLATFORMS": "cuda"}
    install_kernel(root / "jupyter", [second.executable, *COMMAND], env=variables)
    made = LessonCourse.create(root, BORROW)
    made.hand_in("ada")
    made.hand_in("bob", WRONG, kernelspec=ELSEWHERE)
    made.hand_in("cyd", kernelspec={"name": "ir", "display_name": "R", "language": "R"})
    made.hand_in("dan", LOOKS)
    return made


def scores(course: LessonCourse) -> dict[str, list[str]]:
    lines = course.autograder("scores", LESSON).splitlines()
    rows = (words for line in lines if len(words := line.split()) == 4)
    return {student: marks for student, *marks in rows if student not in ("student", "(of)")}


def test_both_ways_of_grading_give_the_same_marks(course: LessonCourse, tmp_path: Path) -> None:
    theirs = LessonCourse(tmp_path / "theirs")
    shutil.copytree(course.root, theirs.root)
    printed = course.autograder("grade", LESSON, "--workers=2")
    assert "4 graded, 0 already done, 0 failed" in printed
    theirs.nbgrader("autograde", LESSON)
    assert scores(course) == {
        "ada": ["3", "2", "5"],
        "bob": ["0", "0", "0"],
        "cyd": ["3", "2", "5"],
        "dan": ["0", "0", "0"],
    }
    databases = [gradebook(f"sqlite:///{c.root / 'gradebook.db'}") for c in (course, theirs)]
    assert databases[0] == databases[1]


def test_a_kernel_is_of_that_python_and_the_sandbox_has_the_last_word(
    course: LessonCourse, second: SecondPython
) -> None:
    course.autograder("grade", LESSON, "--student=dan", "--force")
    path = course.root / "autograded" / "dan" / LESSON / f"{LESSON}.ipynb"
    (error,) = nbformat.read(path, as_version=4).cells[0].outputs
    home = error.evalue.split("'")[5]
    assert error.evalue == f"['{second.root}', '2', '{home}', 'cpu']"
    assert home != "/srv"


def test_without_the_sandbox_the_marks_are_the_same(course: LessonCourse, tmp_path: Path) -> None:
    """The kernel is then Jupyter's own, and its Python does not have the kit."""
    other = LessonCourse(tmp_path / "course")
    shutil.copytree(course.root, other.root)
    shutil.rmtree(other.root / "autograded", ignore_errors=True)
    open_to_all = ("--Sandbox.isolation=none", "--Sandbox.require_isolation=False")
    other.autograder("grade", LESSON, "--student=ada", *open_to_all)
    assert scores(other)["ada"] == ["3", "2", "5"]


def test_what_looks_before_names_both_pythons(course: LessonCourse, second: SecondPython) -> None:
    said = " ".join(course.autograder("doctor").split())
    assert f"class, of {second.executable} (Python" in said
    assert "with CLASS_TERM, HOME, JAX_PLATFORMS set. The grader's own Python is" in said
    printed = course.autograder("verify", LESSON)
    assert f"{LESSON}.ipynb: its kernel is class, of {second.executable} (Python" in printed
    assert f"{LESSON}.ipynb needs {MARKER}, which the grader's own Python lacks" in printed
    assert f"{LESSON} is ready to release" in printed


def test_a_package_that_the_class_lacks_is_found_before_the_class(
    second: SecondPython, tmp_path: Path
) -> None:
    variables = {"CLASS_TERM": "2"}
    install_kernel(tmp_path / "jupyter", [second.executable, *COMMAND], env=variables)
    course = LessonCourse.create(tmp_path, BORROW)
    notebook = tmp_path / "source" / LESSON / f"{LESSON}.ipynb"
    notebook.write_text(notebook.read_text().replace(MARKER, "installed_nowhere"))
    printed = course.autograder("verify", LESSON, status=1)
    kernel = "with your own answers, in the kernel class"
    assert f"- scaled: {kernel}: ModuleNotFoundError: No module named 'installed_now" in printed
    assert f"- test_plain: {kernel}: NameError" in printed


# Refused


def refuses(course: LessonCourse) -> str:
    """What both programs say, who grade nothing."""
    said = course.autograder("grade", LESSON, status=1)
    theirs = course.run("nbgrader", "autograde", LESSON, status=1)
    (sentence,) = [line.partition("] ")[2] for line in said.splitlines()]
    assert sentence in theirs
    assert "Traceback" not in said + theirs
    assert not list(course.root.glob("autograded/*/*"))
    return sentence


def test_a_kernel_that_is_not_installed_is_refused_once(tmp_path: Path) -> None:
    course = LessonCourse.create(tmp_path)
    for student in ("ada", "bob"):
        course.hand_in(student)
    sentence = refuses(course)
    assert sentence.startswith(f"{LESSON}.ipynb cannot be graded here. There is no kernel named 'c")
    assert "There is no kernel named 'class'" in course.autograder("verify", LESSON, status=1)
    assert "There is no kernel named 'class'" in course.autograder("doctor", status=1)


# Workers


def test_workers_share_one_server_for_each_python(
    second: SecondPython, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    install_kernel(tmp_path, [second.executable, *COMMAND])
    config = Config({"Sandbox": {"readable": [PACKAGES]}})
    names = {"a": "python3", "b": KERNEL, "c": KERNEL, "d": "ir", "e": "python3"}
    source = {
        f"{name}.ipynb": nbformat.writes(notebook("", {**ELSEWHERE, "name": kernel})).encode()
        for name, kernel in names.items()
        if kernel != "ir"
    }
    other = {"name": "ir", "display_name": "R", "language": "R"}
    source["d.ipynb"] = nbformat.writes(notebook("", other)).encode()
    monkeypatch.setattr(ForkServer, "_running", {})
    servers = start_fork_servers(Setup("lesson", config, source, {}).packed())
    try:
        pythons = [server.plan.python.executable for server in servers]
        assert pythons == [sys.executable, second.executable]
        monkeypatch.setattr(ForkServer, "_running", {})  # as in a worker
        monkeypatch.setattr(interpreter, "_known", {})
        for server in servers:
            ForkServer.borrow(server.lend())
        spec = installed_kernel(KERNEL)
        found = server_for(Sandbox(config=config), [tmp_path / "course"], spec)
        assert found is not None
        assert found._process is None  # not started here
        assert found.directory == servers[1].directory
    finally:
        for server in servers:
            server.close()
