"""What is compiled beforehand follows from public things alone, and is made beside the grading."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config, Configurable

from autograder.checks.student import given
from autograder.judge import compiling, execute, maker
from autograder.judge.compiling import as_released, compiled_code, wait_until_compiled
from autograder.judge.execute import Execute
from autograder.judge.maker import Recorder, calls_of_tests, given_in, kind_of, public_given
from autograder.remote import wire
from autograder.sandbox.grader.cache import failures, locked_workshop
from tests.support.running import until

HELPER = """
import jax

@jax.jit
def supplied_by_the_lesson(x):
    return x / 3
"""
LESSON = """
from pathlib import Path
import jax.numpy as jnp
from helper import supplied_by_the_lesson
Path("trace_of_the_lesson.txt").write_text("x")
ramp = jnp.linspace(0.1, 0.9, 6)
supplied_by_the_lesson(ramp)
"""
SOLUTION = """
from pathlib import Path
import jax
Path("trace_of_the_solution.txt").write_text("x")
### BEGIN SOLUTION
@jax.jit
def the_secret_formula(x):
    return jnp.sinh(x)

def secret(x, model=None):
    return jnp.arctan2(the_secret_formula(x), supplied_by_the_lesson(x))
### END SOLUTION
"""
TEST = """
from pathlib import Path
from autograder import Exercise, given, reference, student
import numpy as np
import jax.numpy as jnp
shown = given("jnp.cbrt")
exercise = Exercise("secret")
exercise.agrees("it is right", student.secret, reference.secret, [(np.linspace(0.1, 1, 4), shown)])
### BEGIN HIDDEN TESTS
Path("trace_of_the_test.txt").write_text("x")
jnp.cosh(jnp.ones(4))
stub = given("jnp.expm1")
exercise.agrees("hidden", student.secret, reference.secret, [(np.linspace(0.1, 1, 7), stub)])
### END HIDDEN TESTS
exercise.report()
"""
SECRET = ("the_secret_formula", "sinh", "arctan2", "cosh", "expm1")
"""Names of what only the solution, the hidden tests, and a function of theirs would compile."""
ATTACK = """
import os
from pathlib import Path
import jax
folder = Path(jax.config.jax_compilation_cache_dir)
print("mine:", *(path.name for path in folder.iterdir()))
def tried(path):
    try:
        return sorted(os.listdir(path))
    except OSError as error:
        return type(error).__name__
print("all:", tried(folder.parent), "others:", tried(folder.parent / ("0" * 32)))
print("making:", tried(folder.parents[1]), tried(folder.parents[1] / "making"))
"""


def labelled(source: str, name: str, **labels: Any) -> NotebookNode:
    wanted = {"grade": False, "solution": False, "locked": False, "schema_version": 3, **labels}
    return new_code_cell(source, metadata={"nbgrader": {**wanted, "grade_id": name}})


def instructors() -> NotebookNode:
    """A notebook that writes files wherever it runs, and whose secrets have names of their own."""
    return new_notebook(
        cells=[
            new_code_cell(LESSON),
            labelled(SOLUTION, "secret", solution=True),
            labelled(TEST, "test_secret", grade=True, locked=True, points=2),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "P", "language": "python"}},
    )


class Program(Configurable):
    """Stands for nbgrader's program: has the course."""

    coursedir: Any = None


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("course")
    folder = root / "source" / "a"
    folder.mkdir(parents=True)
    (folder / "helper.py").write_text(HELPER)
    nbformat.write(instructors(), folder / "a.ipynb")
    return root


@pytest.fixture(scope="module", autouse=True)
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where compiled code is kept while these tests run, and nothing else uses it."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder / "nbgrader-jax"


@pytest.fixture(scope="module")
def before(course: Path) -> dict[str, bytes]:
    return contents(course / "source")


@pytest.fixture(scope="module")
def made(course: Path, before: dict[str, bytes]) -> Path:
    notebook = course / "source/a/a.ipynb"
    assert compiled_code(notebook, Config()) is None
    wait_until_compiled()
    folder = compiled_code(notebook, Config())
    assert folder is not None
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def grade(course: Path, notebook: NotebookNode, at: Path) -> NotebookNode:
    """Grade a submission in a real kernel of the sandbox; its other files lie in `at`."""
    program = Program()
    program.coursedir = CourseDirectory(root=str(course), assignment_id="a")
    resources = {
        "metadata": {"path": str(at)},
        "nbgrader": {"assignment": "a", "notebook": "a", "student": "eve"},
    }
    return Execute(parent=program).preprocess(notebook, resources)[0]


@pytest.fixture(scope="module")
def graded(
    course: Path, made: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NotebookNode]:
    """The instructor's answers with an attack as first cell, graded."""
    (made.parent / ("0" * 32)).mkdir()
    notebook = instructors()
    notebook.cells.insert(0, new_code_cell(ATTACK))
    submission = tmp_path_factory.mktemp("submission")
    shutil.copy(course / "source/a/helper.py", submission)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(course)
        patch.setattr(sys, "dont_write_bytecode", False)  # whatever the environment says
        yield grade(course, notebook, submission)


@pytest.mark.slow
class TestFolder:
    def test_holds_nothing_of_solutions_or_hidden_tests(self, made: Path) -> None:
        for path in made.iterdir():
            assert not [secret for secret in SECRET if secret in path.name], path.name

    def test_holds_what_the_release_and_the_kit_show(self, made: Path) -> None:
        names = " ".join(path.name for path in made.iterdir())
        for public in ("linspace", "supplied_by_the_lesson", "cbrt", "multiply", "sigmoid"):
            assert public in names, public

    def test_the_names_would_show_what_was_compiled(self, tmp_path: Path, course: Path) -> None:
        """The first test can fail: this is how the instructor's own notebook would look."""
        folder = tmp_path / "folder"
        folder.mkdir()
        shutil.copy(course / "source/a/helper.py", tmp_path)
        calls = tmp_path / "calls.json"
        calls.write_text("[]")
        answers = new_notebook(cells=[new_code_cell(LESSON), new_code_cell(SOLUTION)])
        answers.cells.append(new_code_cell("secret(ramp)"))
        maker.run_released(answers, tmp_path, calls, folder)
        names = " ".join(path.name for path in folder.iterdir())
        assert "the_secret_formula" in names
        assert "arctan2" in names


@pytest.mark.slow
class TestAttack:
    def test_a_submission_finds_nothing_that_it_may_not_know(self, graded: NotebookNode) -> None:
        said = graded.cells[0].outputs[0].text
        mine = re.search("mine: (.*)", said)
        assert mine is not None
        assert len(mine[1].split()) > 100
        assert not [secret for secret in SECRET if secret in mine[1]]

    def test_nor_other_notebooks_compiled_code(self, graded: NotebookNode, made: Path) -> None:
        said = graded.cells[0].outputs[0].text
        own = f"['{made.name}'] others: FileNotFoundError"
        assert f"all: {own}" in said or "all: PermissionError others: PermissionError" in said
        assert "making: ['compiled'] FileNotFoundError" in said or (
            "making: PermissionError PermissionError" in said
        )

    def test_honest_answers_keep_their_marks(self, graded: NotebookNode) -> None:
        shown = graded.cells[-1].outputs[0]["data"]["text/plain"]
        assert "2.0" in shown


@pytest.mark.slow
def test_grading_writes_nothing_to_source(
    course: Path, before: dict[str, bytes], graded: NotebookNode
) -> None:
    """Its lesson, its solution and its test cell each write a file where they run."""
    assert contents(course / "source") == before


@pytest.mark.slow
def test_it_ends_with_the_grader_and_leaves_no_process(course: Path, kept: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from traitlets.config import Config\n"
        "from autograder.judge import compiling\n"
        "assert compiling.compiled_code(Path(sys.argv[1]), Config()) is None\n"
        "print(compiling._makers[0].pid, flush=True); input()"
    )
    (course / "source/a/other.ipynb").write_text((course / "source/a/a.ipynb").read_text())
    try:
        with subprocess.Popen(
            [sys.executable, "-c", program, str(course / "source/a/other.ipynb")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as grader:
            assert grader.stdout is not None
            made = psutil.Process(int(grader.stdout.readline()))
            until(lambda: bool(made.children()))  # its kernel
            below = made.children(recursive=True)
            grader.kill()
        assert not psutil.wait_procs([made, *below], timeout=60)[1]
        with locked_workshop() as (workshop, _):
            assert workshop is not None
            assert not (workshop / "source").exists()
            assert not (workshop / "release").exists()
    finally:
        (course / "source/a/other.ipynb").unlink()


@pytest.mark.slow
def test_a_failure_is_noted_and_not_tried_again_at_once(
    course: Path, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = shutil.copytree(course / "source/a", tmp_path / "a")
    notebook = nbformat.read(source / "a.ipynb", as_version=4)
    notebook.cells.insert(0, new_code_cell("import os\nos._exit(1)  # jax"))
    nbformat.write(notebook, source / "a.ipynb")
    assert compiled_code(source / "a.ipynb", Config()) is None
    with pytest.raises(RuntimeError, match="could not be made"):
        wait_until_compiled()
    (why,) = (kept / "making").glob("*.failed")
    assert "DeadKernelError" in why.read_text()
    assert compiled_code(source / "a.ipynb", Config()) is None
    assert not compiling._makers
    monkeypatch.setattr(compiling, "RETRY", 0.0)
    monkeypatch.setattr(compiling, "_start", lambda *_: compiling._makers.append("again"))
    compiled_code(source / "a.ipynb", Config())
    assert compiling._makers.pop() == "again"


def test_so_is_one_that_comes_before_there_is_a_maker(
    course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    source = shutil.copytree(course / "source/a", tmp_path / "a")
    broken = Config({"GenerateAssignment": {"preprocessors": ["nothing.of.that.Name"]}})
    with pytest.raises(ImportError):
        compiled_code(source / "a.ipynb", broken)
    assert compiled_code(source / "a.ipynb", broken) is None
    assert "ModuleNotFoundError: No module named 'nothing'" in failures()
    assert not compiling._makers


@pytest.mark.slow
@pytest.mark.parametrize(("isolation", "times"), [("none", 0), ("auto", 1)])
def test_it_is_made_where_a_kernel_reads_it(
    course: Path, monkeypatch: pytest.MonkeyPatch, isolation: str, times: int
) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(execute, "compiled_code", lambda notebook, _: asked.append(notebook))
    settings = {"isolation": isolation, "require_isolation": False}
    program = Program(config=Config({"Sandbox": settings}))
    program.coursedir = CourseDirectory(root=str(course), assignment_id="a")
    made = Execute(parent=program, kernel_name="python3")
    made.begin_submission({"assignment": "a", "notebook": "a", "student": "eve"})
    made.create_kernel_manager()
    assert asked == [course / "source/a/a.ipynb"] * times


class TestRelease:
    def test_is_what_nbgrader_makes(self) -> None:
        released = as_released(instructors(), Config())
        text = "\n".join(cell.source for cell in released.cells)
        assert "NotImplementedError" in text
        assert "supplied_by_the_lesson" in text
        assert not [name for name in SECRET if name in text]

    def test_steps_of_the_courses_own_are_taken(self) -> None:
        steps = ["nbgrader.preprocessors.ClearHiddenTests", "nbgrader.preprocessors.SaveCells"]
        released = as_released(
            instructors(), Config({"GenerateAssignment": {"preprocessors": steps}})
        )
        text = "\n".join(cell.source for cell in released.cells)
        assert "sinh" in text
        assert "expm1" not in text

    def test_given_functions_are_found_where_they_are_literal(self) -> None:
        cells = ["f = given('lambda x: x')", "given(text)", "not Python", "take(given('abs'))"]
        assert given_in(cells) == {"lambda x: x", "abs"}

    def test_given_functions_of_a_module_beside_the_notebook_are_public_as_well(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "questions.py").write_text("wave = given('jnp.sin')", encoding="utf-8")
        (tmp_path / "notes.txt").write_text("given('jnp.cos')", encoding="utf-8")
        notebook = new_notebook(
            cells=[new_code_cell("given('abs')"), new_markdown_cell("given('x')")]
        )
        assert public_given(notebook, tmp_path) == {"abs", "jnp.sin"}


class TestCalls:
    def test_arguments_are_noted_without_their_values(
        self, course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)  # where the notebook writes
        calls = calls_of_tests(course / "source/a/a.ipynb", {"jnp.cbrt"})
        ones = [wire.decode(call["arguments"][0]) for call in calls]
        assert [one.tolist() for one in ones] == [[1.0] * 4, [1.0] * 7]
        assert [call["given"] for call in calls] == [["jnp.cbrt"], []]
        assert calls[1]["arguments"][1] is None  # a function that the release does not show

    @pytest.mark.parametrize(
        ("value", "kind"),
        [
            ({"w": 2.5, "n": 7}, {"w": 1.0, "n": 1}),
            (("text", None, True), ("", None, True)),
        ],
    )
    def test_kinds(self, value: Any, kind: Any) -> None:
        assert wire.decode(kind_of(wire.encode(value))) == kind

    def test_a_function_of_the_students_own_has_none(self) -> None:
        assert kind_of(["ref", "loss"]) is None

    def test_a_gradient_is_public_if_its_function_is(self) -> None:
        recorder = Recorder({}, {"lambda x: x"})
        tree = [["source", given(f"lambda x: {body}").gradient().source] for body in ("x", "2 * x")]
        assert list(recorder._given(tree)) == ["lambda x: jax.grad(lambda x: x)(x)"]
