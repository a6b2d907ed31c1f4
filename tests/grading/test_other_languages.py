"""A course with a notebook beside the Python ones that is in another language."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from tests.support.environment import install_kernel
from tests.support.lesson import ROOT
from tests.support.plain import PLAIN, PlainCourse

pytestmark = pytest.mark.slow

ECHO = {"name": "echo", "display_name": "Echo", "language": "octave"}
SAID = (
    "second.ipynb is in octave, and only Python can be kept in the sandbox: nothing of it is run, "
    "and a person marks its autograded cells."
)


class EchoCourse(PlainCourse):
    """The plain course, but its second notebook is in another language: echo_kernel.py's."""

    @property
    def environment(self) -> dict[str, str]:  # type: ignore[override]
        return {
            **PlainCourse.environment,
            "JUPYTER_PATH": str(self.root / "jupyter"),
            "ECHO_LOG": str(self.log),
        }

    @property
    def log(self) -> Path:
        return self.root / "log.txt"

    def review(self, student: str) -> dict[str, tuple[float | None, bool]]:
        """The automatic points of each cell, and whether a person has to look."""
        with Gradebook(self.url) as gradebook:
            notebooks = gradebook.find_submission(PLAIN, student).notebooks
            return {
                f"{n.name}/{g.name}": (g.auto_score, g.needs_manual_grade)
                for n in notebooks
                for g in n.grades
            }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> EchoCourse:
    course = EchoCourse(tmp_path_factory.mktemp("languages") / "course")
    PlainCourse.create(course.root)
    argv = [sys.executable, str(ROOT / "tests/support/echo_kernel.py"), "-f", "{connection_file}"]
    install_kernel(course.root / "jupyter", argv, name="echo", language="octave")
    for path in course.root.glob(f"*/{PLAIN}/second.ipynb"):
        in_echo(path)
    (course.root / "gradebook.db").unlink()
    course.nbgrader("generate_assignment", PLAIN, "--force")
    course.hand_in("ada")
    course.hand_in("bob", "a = 3", second="stop")
    for student in ("ada", "bob"):
        in_echo(course.root / "submitted" / student / PLAIN / "second.ipynb")
    return course


@pytest.fixture
def course(made: EchoCourse, tmp_path: Path) -> EchoCourse:
    copy = EchoCourse(tmp_path / "course")
    shutil.copytree(made.root, copy.root)
    return copy


def in_echo(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata.kernelspec = ECHO
    path.chmod(0o644)
    nbformat.write(notebook, path)


GRADED = {"first/test_a": (3.0, False), "first/test_b": (1.5, False)}
WAITS = {"second/test_a": (0.0, True), "second/test_b": (0.0, True)}


@pytest.mark.parametrize("program", ["autograder", "nbgrader"])
def test_python_is_graded_and_the_other_waits_for_a_person(
    course: EchoCourse, program: str
) -> None:
    command = {"autograder": ["grade", PLAIN], "nbgrader": ["autograde", PLAIN]}[program]
    printed = course.run(program, *command)
    if program == "autograder":
        assert printed.splitlines().count(SAID) == 1
    assert course.review("ada") == {**GRADED, **WAITS}
    assert course.review("bob") == {
        **dict.fromkeys(GRADED, (0.0, False)),
        **WAITS,
    }
    assert not course.log.exists()
    cells = nbformat.read(course.folder("ada") / "second.ipynb", as_version=4).cells
    assert [[output.evalue for output in cell.outputs] for cell in cells] == [[], [SAID], [SAID]]


def test_without_the_sandbox_it_runs_as_nbgrader_would(course: EchoCourse) -> None:
    course.configure("c.Sandbox.isolation = 'none'", "c.Sandbox.require_isolation = False")
    lines = course.grade()
    assert SAID not in lines
    ran = {"second/test_a": (3.0, False), "second/test_b": (2.0, False)}
    assert course.review("ada") == {**GRADED, **ran}
    assert "stop" in course.log.read_text().splitlines()


def test_it_is_said_before_the_class(course: EchoCourse) -> None:
    assert f"note kernel {SAID}" in " ".join(course.autograder("doctor").split())
    printed = course.autograder("verify", PLAIN, "--VerifyApp.progress=False", status=1)
    assert printed.splitlines().count(SAID) == 1
    findings = [line for line in printed.splitlines() if line.startswith("- ")]
    assert findings == ["- test_b: your own answers do not get every point: it awards 1.5 of 2."]
    assert not course.log.exists()
