"""The wheel and the sdist: they build, install, work, and hold no answer and no test."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution, requires
from pathlib import Path, PurePosixPath

import nbformat
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.authoring.test_verify import ANSWER, page_notebook
from tests.support.inprocess import ROOT
from tests.support.leaks import REGIONS, SHORTEST, squashed

pytestmark = pytest.mark.slow

OURS = "nbgrader-jax"
SAYS_NOTHING = re.compile(r"from[\w.]+import\w+|[\w.]+[,(]|return\w+|\w+=[{(\[]|(\w+)=\1,")
"""An import, a name, the beginning of a call, a name passed on: they may stand anywhere."""
SECRET_FOLDERS = {"source", "release", "tests", "benchmarks", "submitted", "autograded"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel built from what is in the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def contents(built: Path, wheel: Path) -> dict[str, str]:
    """The files of both archives, by a path inside the project; what is not text is left out."""
    (sdist,) = built.glob("*.tar.gz")
    found = {}
    with tarfile.open(sdist) as archive:
        for member in filter(tarfile.TarInfo.isfile, archive):
            reader = archive.extractfile(member)
            assert reader is not None
            name = str(PurePosixPath(*PurePosixPath(member.name).parts[1:]))
            found[name] = reader.read().decode(errors="replace")
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            found[f"wheel:{name}"] = archive.read(name).decode(errors="replace")
    return found


# What they hold


def secrets(notebook: Path) -> Iterator[str]:
    """Lines of the solutions, hidden tests and marking schemes, squashed."""
    for cell in nbformat.read(notebook, as_version=4).cells:
        for region in REGIONS.values():
            for secret in re.findall(region, cell.source, re.DOTALL):
                lines = map(squashed, secret.splitlines())
                yield from (
                    line
                    for line in lines
                    if len(line) >= SHORTEST and not SAYS_NOTHING.fullmatch(line)
                )


def given_away(texts: dict[str, str]) -> list[str]:
    """Which files of an archive hold a secret line."""
    flat = {name: squashed(text) for name, text in texts.items()}
    lines = {line for path in (ROOT / "source").glob("*/*.ipynb") for line in secrets(path)}
    assert len(lines) > 100
    return [f"{name}: {line}" for name, text in flat.items() for line in lines if line in text]


def test_no_archive_holds_an_answer_or_a_test(contents: dict[str, str]) -> None:
    assert given_away(contents) == []
    for name in contents:
        path = PurePosixPath(name.removeprefix("wheel:"))
        assert path.parts[0] not in SECRET_FOLDERS, name
        assert path.suffix != ".ipynb", name
        assert not path.name.startswith("test_"), name


def test_that_test_can_fail() -> None:
    notebook = (ROOT / "source/logistic_regression/logistic_regression.ipynb").read_text()
    assert given_away({"a.py": "import numpy", "b.py": notebook.replace("\\n", "\n")})


def test_both_hold_the_whole_package(contents: dict[str, str]) -> None:
    wanted = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "autograder").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert "autograder/record/record.schema.json" in wanted
    assert wanted <= contents.keys()
    assert {f"wheel:{name}" for name in wanted} <= contents.keys()


# Whether they work


def closure(extra: str) -> dict[str, Distribution]:
    """The distributions that the kit needs, by name, and those that they need."""
    found: dict[str, Distribution] = {}
    waiting = [(OURS, extra)]
    seen = set()
    while waiting:
        name, of = waiting.pop()
        for wish in map(Requirement, requires(name) or []):
            if wish.marker is not None and not wish.marker.evaluate({"extra": of}):
                continue
            wanted = canonicalize_name(wish.name)
            for part in ("", *wish.extras):
                if (wanted, part) not in seen:
                    seen.add((wanted, part))
                    waiting.append((wanted, part))
            if wanted != OURS:
                found[wanted] = distribution(wanted)
    return found


def link(made: Distribution, folder: Path) -> None:
    """Make a distribution that is installed here importable there as well."""
    for file in made.files or []:
        name = file.parts[0]
        if name not in ("..", "__pycache__") and not (folder / name).exists():
            (folder / name).symlink_to(Path(str(made.locate_file(name))))


def empty_environment(folder: Path, wheel: Path) -> Path:
    """A virtual environment with nothing in it but the wheel; its Python."""
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "-q", "--no-deps", "--no-index", wheel], check=True)
    return python


def site_packages(folder: Path) -> Path:
    base = {"base": str(folder), "platbase": str(folder)}
    return Path(sysconfig.get_path("purelib", "venv", vars=base))


STUDENT = """
import importlib.util, sys
assert importlib.util.find_spec("nbgrader") is None
import autograder
assert autograder.__file__.startswith(sys.prefix), autograder.__file__
from autograder import Exercise, student
double = lambda x: 2 * x
exercise = Exercise("double")
exercise.returns("doubles", student.double, 2.0, expected=4.0)
assert exercise.report().checks[0].outcome == "passed"
"""


def test_a_student_installs_it_without_nbgrader(wheel: Path, tmp_path: Path) -> None:
    python = empty_environment(tmp_path / "env", wheel)
    for made in closure("").values():
        link(made, site_packages(tmp_path / "env"))
    pip = [sys.executable, "-m", "pip", "--python", python, "check"]
    assert "No broken requirements" in subprocess.run(pip, capture_output=True, text=True).stdout
    subprocess.run([python, "-I", "-W", "error", "-c", STUDENT], check=True)
    command = subprocess.run([python.parent / "autograder"], capture_output=True, text=True)
    assert command.returncode == 1
    assert "The command is for instructors: pip install 'nbgrader-jax[instru" in command.stderr


def test_an_instructor_grades_with_it(wheel: Path, tmp_path: Path) -> None:
    python = empty_environment(tmp_path / "env", wheel)
    # Everything else from here. A path file in a path file does not count: not our own sources.
    here = sysconfig.get_path("purelib")
    (site_packages(tmp_path / "env") / "others.pth").write_text(here)
    course = tmp_path / "course"
    (course / "source" / "scaling").mkdir(parents=True)
    settings = (ROOT / "nbgrader_config.py").read_text(encoding="utf-8")
    readable = f"c.Sandbox.readable = [{here!r}]\n"  # being on the path is not enough
    (course / "nbgrader_config.py").write_text(f"{settings}\n{readable}", encoding="utf-8")
    notebook = page_notebook()
    nbformat.write(notebook, course / "source" / "scaling" / "scaling.ipynb")

    def run(*command: str) -> str:
        done = subprocess.run(
            [python, "-I", *command], cwd=course, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    where = run("-c", "import autograder; print(autograder.__file__)")
    assert where.startswith(str(tmp_path))
    for program in ("alembic", "nbgrader"):
        (python.parent / program).symlink_to(Path(sys.executable).parent / program)
    run("-m", "nbgrader", "generate_assignment", "scaling")
    shutil.copytree(course / "release" / "scaling", course / "submitted" / "amber" / "scaling")
    answered = nbformat.read(course / "release" / "scaling" / "scaling.ipynb", as_version=4)
    answered.cells[ANSWER].source = notebook.cells[ANSWER].source
    nbformat.write(answered, course / "submitted" / "amber" / "scaling" / "scaling.ipynb")
    run("-m", "autograder", "grade", "scaling")
    assert re.search(r"amber +3 +3", run("-m", "autograder", "scores", "scaling"))
