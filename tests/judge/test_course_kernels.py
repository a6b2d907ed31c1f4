"""Which kernel a notebook is graded with, and what keeps an assignment from being graded here."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from traitlets.config import Config

from autograder.judge.course_kernels import (
    NotGradable,
    imported_by,
    kernel_lacks,
    kernel_of,
    lacking,
    out_of_reach,
    require_gradable,
    variables_of,
    waiting,
)
from autograder.sandbox.grader.interpreter import own
from tests.support.environment import (
    COMMAND,
    KERNEL,
    LESSON,
    MARKER,
    PACKAGES,
    SecondPython,
    install_kernel,
    notebook,
)

BORROW = Config({"Sandbox": {"readable": [PACKAGES]}})


@pytest.fixture
def jupyter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which Jupyter looks for kernels."""
    folder = tmp_path / "jupyter"
    monkeypatch.setenv("JUPYTER_PATH", str(folder))
    return folder


def written(folder: Path, cells: list[str] | None = None, **metadata: Any) -> Path:
    """An instructor's notebook: cells, or the one of the class, with these metadata."""
    made = notebook("scaled = 1", None)
    if cells is not None:
        made = new_notebook(cells=list(map(new_code_cell, cells)))
    made.metadata.update(metadata)
    folder.mkdir(exist_ok=True)
    path = folder / f"{LESSON}.ipynb"
    nbformat.write(made, path)
    return path


def kernelspec(name: str, **more: str) -> dict[str, Any]:
    return {"kernelspec": {"name": name, "display_name": name, **more}}


# Which kernel


@pytest.mark.parametrize(
    ("metadata", "settings", "name", "language"),
    [
        (kernelspec("python3"), {}, "python3", "python"),
        ({}, {}, "python3", "python"),
        (kernelspec("conda-x", language="python"), {}, "conda-x", "python"),
        (kernelspec("conda-x"), {}, "conda-x", "python"),
        (kernelspec("ir", language="R"), {}, "ir", "R"),
        ({**kernelspec("ir"), "language_info": {"name": "R"}}, {}, "ir", "R"),
        (
            {**kernelspec("julia-1.11"), "language_info": {"name": "julia"}},
            {},
            "julia-1.11",
            "julia",
        ),
        (kernelspec("ir", language="R"), {"kernel_name": "python3"}, "python3", "python"),
        (kernelspec("ir", language="R"), {"kernel_name": "class"}, "class", "python"),
    ],
)
def test_the_instructors_notebook_says_it_or_the_configuration(
    tmp_path: Path, metadata: dict[str, Any], settings: dict[str, str], name: str, language: str
) -> None:
    kernel = kernel_of(written(tmp_path / "source", **metadata), Config({"Execute": settings}))
    assert (kernel.name, kernel.language) == (name, language)
    assert kernel.is_python == (language == "python")


def test_an_installed_kernel_knows_its_language_best(tmp_path: Path, jupyter: Path) -> None:
    install_kernel(jupyter, ["ir"], name="wrong", language="R")
    path = written(tmp_path / "source", **kernelspec("wrong", language="python"))
    assert kernel_of(path, Config()).language == "R"


def test_a_file_that_is_no_notebook_names_no_kernel(tmp_path: Path) -> None:
    for text in ("{", "[]", '{"metadata": 3}'):
        (tmp_path / "a.ipynb").write_text(text)
        assert kernel_of(tmp_path / "a.ipynb", Config()).name == "python3"


# Not graded


def not_gradable(folder: Path, config: Config = BORROW) -> str:
    require_gradable(folder, config, "another notebook")
    with pytest.raises(NotGradable) as caught:
        require_gradable(folder, config)
    return str(caught.value)


def test_a_python_that_lacks_what_a_kernel_needs(tmp_path: Path, jupyter: Path) -> None:
    bare = SecondPython.create(tmp_path / "bare", borrow=False)
    install_kernel(jupyter, [bare.executable, *COMMAND])
    written(tmp_path / "source", **kernelspec(KERNEL))
    said = not_gradable(tmp_path / "source")
    assert said.startswith(f"{LESSON}.ipynb cannot be graded here. No sandboxed kernel can be made")
    assert f"-m pip install ipykernel numpy. (The grader's own Python is {own()}.)" in said


@pytest.mark.slow
def test_a_python_whose_packages_break(tmp_path: Path, jupyter: Path) -> None:
    broken = SecondPython.create(tmp_path / "broken")
    (broken.packages / "jax.py").write_text("raise RuntimeError('for another machine')\n")
    install_kernel(jupyter, [broken.executable, *COMMAND])
    written(tmp_path / "source", **kernelspec(KERNEL))
    said = not_gradable(tmp_path / "source")
    assert f"No sandboxed kernel can be made of {broken.executable} (Python" in said
    assert "for another machine" in said


def test_without_the_sandbox_a_kernel_has_to_be_installed_and_no_more(
    tmp_path: Path, jupyter: Path
) -> None:
    config = Config({"Sandbox": {"isolation": "none", "require_isolation": False}})
    written(tmp_path / "source", **kernelspec("ir", language="R"))
    assert "There is no kernel named 'ir'" in not_gradable(tmp_path / "source", config)
    install_kernel(jupyter, ["anything"], name="ir", language="R")
    require_gradable(tmp_path / "source", config)
    assert waiting([kernel_of(tmp_path / "source" / f"{LESSON}.ipynb", config)], config) == []


def test_what_is_not_python_waits_whether_its_kernel_is_installed_or_not(tmp_path: Path) -> None:
    path = written(tmp_path / "source", **kernelspec("ir", language="R"))
    require_gradable(tmp_path / "source", Config())
    assert waiting([kernel_of(path, Config())], Config()) == [
        f"{LESSON}.ipynb is in R, and only Python can be kept in the sandbox: nothing of it is "
        "run, and a person marks its autograded cells."
    ]


# What the grader's own Python lacks


TEST = "from autograder import Exercise, reference, student\n{}"


def asking(folder: Path, answer: str, test: str) -> Path:
    made = notebook(answer, None)
    made.cells = made.cells[:2]
    made.cells[1].source = TEST.format(test)
    nbformat.write(made, folder / "a.ipynb")
    return folder / "a.ipynb"


@pytest.mark.parametrize(
    ("answer", "test", "lacks", "beyond"),
    [
        (f"import {MARKER}\nf = {MARKER}.f", "reference.f", True, True),
        (f"from {MARKER}.a import f", "reference.f", True, True),
        (f"import {MARKER}\nf = {MARKER}.f", "student.f", False, True),
        (f"import {MARKER}\nf = 1", "reference.f", True, True),
        ("f = 1", f"import {MARKER}", True, True),
        (f"try:\n    import {MARKER}\nexcept ImportError:\n    pass\nf = 1", "reference.f", 0, 0),
        (f"def f():\n    import {MARKER}", "reference.f", False, False),
        ("import beside\nf = beside.f", "reference.f", False, False),
        ("import numpy, jax.numpy as jnp\nf = jnp.sum", "reference.f", False, False),
        ("f = (", "reference.f", False, False),
    ],
)
def test_packages_that_solutions_and_tests_need(
    tmp_path: Path, answer: str, test: str, lacks: bool, beyond: bool
) -> None:
    (tmp_path / "beside.py").write_text("f = 1")
    path = asking(tmp_path, answer, test)
    pip = f"Install it: {sys.executable} -m pip install {MARKER}"
    assert bool(said := lacking(path)) == lacks
    assert said.endswith(pip if lacks else "")
    assert bool(said := out_of_reach(path)) == beyond
    assert said.endswith(f"install it: {sys.executable} -m pip install {MARKER}" if beyond else "")
    if lacks:
        assert not_gradable(tmp_path) == lacking(path)


def test_only_what_is_imported_in_any_case() -> None:
    assert imported_by(
        "import a.b, c as d\nfrom e.f import g\nfrom . import h\nif x: import i"
    ) == {
        "a",
        "c",
        "e",
    }


# What the kernel's Python lacks


@pytest.mark.parametrize(
    ("jax", "said"),
    [("", "jax>=0.8"), ("0.4.30", "jax>=0.8"), ("0.99", "")],
)
def test_the_kits_test_cells_need_jax_in_the_kernel(
    tmp_path: Path, jupyter: Path, jax: str, said: str
) -> None:
    """Or all that a class has written would fail for a package that nobody installed."""
    python = SecondPython.create(tmp_path / "venv", borrow=False)
    for package, version in {"ipykernel": "7.0", "numpy": "2.1", "jax": jax, "jaxlib": jax}.items():
        if version:
            (python.packages / f"{package}.py").touch()
            info = python.packages / f"{package}-{version}.dist-info"
            info.mkdir()
            (info / "METADATA").write_text(f"Name: {package}\nVersion: {version}\n")
    install_kernel(jupyter, [python.executable, *COMMAND])
    path = written(tmp_path / "source", **kernelspec(KERNEL))
    found = kernel_lacks(path, kernel_of(path, Config()))
    assert bool(found) == bool(said)
    if said:
        assert f"its test cells need {said} and jaxlib>=0.8 in the Python of the kernel" in found
        assert f"{python.executable} -m pip install 'jax>=0.8' 'jaxlib>=0.8' (The grad" in found
    plain = written(tmp_path / "plain", ["assert 1"], **kernelspec(KERNEL))
    assert kernel_lacks(plain, kernel_of(plain, Config())) == ""


# Variables


def test_solutions_see_the_variables_of_the_kernel(
    tmp_path: Path, jupyter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_kernel(jupyter, ["python", *COMMAND], env={"COURSE_DATA": "/srv", "LANG": "xx"})
    monkeypatch.setenv("LANG", "C.UTF-8")
    kernel = kernel_of(written(tmp_path / "source", **kernelspec(KERNEL)), Config())
    with variables_of(kernel):
        assert (os.environ["COURSE_DATA"], os.environ["LANG"]) == ("/srv", "C.UTF-8")
    assert "COURSE_DATA" not in os.environ
