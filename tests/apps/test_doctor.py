"""`autograder doctor`: what it finds on a sound machine, and on machines that lack something."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from sqlalchemy import create_engine, text
from traitlets.config import Config

from autograder.apps import doctor
from autograder.apps.configuration import KIT
from autograder.apps.doctor import Verdict
from autograder.sandbox.grader.cache import locked_workshop
from autograder.sandbox.grader.forkserver import ForkServer
from autograder.sandbox.settings import Isolation, Sandbox
from tests.support import postgres
from tests.support.course import Course
from tests.support.inprocess import ROOT


@pytest.fixture
def gradebook(tmp_path: Path) -> str:
    """The URL of a new gradebook."""
    url = f"sqlite:///{tmp_path / 'gradebook.db'}"
    Gradebook(url).close()
    return url


# The command


@pytest.fixture
def course(tmp_path: Path) -> Course:
    shutil.copytree(ROOT / "source", tmp_path / "source")
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    return Course(tmp_path)


@pytest.mark.slow
def test_a_sound_course(course: Course) -> None:
    before = sorted(course.root.rglob("*"))
    printed = course.autograder("doctor")
    assert printed.endswith("\nReady to grade.\n")
    for said in ("jax 0.", "nbgrader 0.", " cores; ", "isolation  ", "logistic_regression"):
        assert said in printed
    assert "mend  " not in printed
    assert sorted(course.root.rglob("*")) == before


@pytest.mark.slow
def test_what_is_missing_comes_with_a_command(course: Course) -> None:
    (course.root / "nbgrader_config.py").unlink()
    printed = course.autograder("doctor", "--Sandbox.isolation=none", status=1)
    flat = " ".join(printed.split())
    assert f"There is no nbgrader_config.py in {course.root}." in flat
    assert "this program by its name, and it is not on PATH." in flat  # the kit's config sees to it
    assert "$ autograder doctor --course-dir=COURSE" in printed
    assert "it was switched off" in flat
    assert printed.endswith("\n3 things to mend, above.\n")


def test_long_findings_are_wrapped_and_commands_are_not() -> None:
    finding = doctor.Checkup("thing", Verdict.MEND, "word " * 40, "command " * 20)
    first, *middle, last = str(finding).splitlines()
    assert first.startswith("mend  thing         word word")
    assert all(line.startswith(" " * 20 + "word") and len(line) <= 100 for line in middle)
    assert last == " " * 20 + "$ " + "command " * 20


# Packages and programs


def test_requirements_that_are_not_met(monkeypatch: pytest.MonkeyPatch) -> None:
    wishes = [
        "jax>=0.8",
        "numpy>=999",
        'nowhere-to-be-found>=1; extra == "instructor"',
        'not-asked-for; extra == "dev"',
        'nbgrader-jax[instructor]; extra == "cluster"',
    ]
    monkeypatch.setattr(doctor, "requires", lambda _: wishes)
    assert doctor.unmet("instructor") == ["numpy>=999", "nowhere-to-be-found>=1"]
    found = {finding.subject: finding for finding in doctor.packages()}
    assert found["instructor"].verdict is Verdict.MEND
    assert "numpy>=999, nowhere-to-be-found>=1 is missing or too old" in found["instructor"].said
    assert found["instructor"].remedy.endswith("-m pip install 'nbgrader-jax[instructor]'")
    assert found["cluster"].verdict is Verdict.NOTE


def test_programs_that_are_not_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (alembic,) = doctor.programs()
    assert alembic.remedy == f'export PATH="{Path(sys.executable).parent}:$PATH"'
    assert alembic.verdict is Verdict.MEND


# The machine and the isolation


@pytest.mark.slow
def test_isolation_that_works(tmp_path: Path) -> None:
    found, forks = doctor.isolation(Sandbox(), tmp_path)
    assert found.verdict is forks.verdict is Verdict.OK
    assert re.fullmatch(r"ready after \d+\.\d s", forks.said)
    assert found.said.split(",")[0].split(" ")[0] in {Isolation.NAMESPACES, Isolation.LANDLOCK}
    assert not any(server.is_alive() for server in ForkServer._running.values())


@pytest.mark.slow
def test_why_a_better_isolation_was_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = {"namespaces": "PermissionError: unshare"}
    ready = SimpleNamespace(refused=refused, without=["jax.gone", "jax.moved"], seconds=1.26)
    server = SimpleNamespace(isolation=Isolation.LANDLOCK, ready=ready, close=lambda: None)
    monkeypatch.setattr(doctor, "server_for", lambda *_: server)
    said = "landlock (namespaces refused: PermissionError: unshare)"
    found, forks = doctor.isolation(Sandbox(), tmp_path)
    assert found.said == said
    slower = "This jax has no jax.gone, jax.moved: a submission takes somewhat longer."
    assert (forks.verdict, forks.said) == (Verdict.NOTE, f"ready after 1.3 s. {slower}")


def test_a_course_that_cannot_be_hidden() -> None:
    (found,) = doctor.isolation(Sandbox(), Path(sys.prefix) / "course")
    assert found.verdict is Verdict.MEND
    assert "Move the course, or the Python environment, somewhere else." in found.said


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_no_isolation(tmp_path: Path) -> None:
    (required,) = doctor.isolation(Sandbox(isolation="none", require_isolation=True), tmp_path)
    assert required.verdict is Verdict.MEND
    assert "c.Sandbox.require_isolation = False" in required.said
    (allowed,) = doctor.isolation(Sandbox(isolation="none", require_isolation=False), tmp_path)
    assert (allowed.verdict, allowed.said[:5]) == (Verdict.NOTE, "none:")


def test_what_student_code_cannot_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = [path for path in sys.path if path.startswith(sys.prefix)]
    monkeypatch.setattr(sys, "path", installed)
    (found,) = doctor.imports(Sandbox())
    assert (found.verdict, found.said) == (Verdict.OK, "student code can import what is installed")
    monkeypatch.setattr(sys, "path", [*installed, str(tmp_path)])
    (found,) = doctor.imports(Sandbox())
    assert found.verdict is Verdict.NOTE
    assert f"cannot import from {tmp_path}, which is on sys.path here" in found.said
    assert f"c.Sandbox.readable = ['{tmp_path}']" in found.said
    (found,) = doctor.imports(Sandbox(readable=[str(tmp_path)]))
    assert found.verdict is Verdict.OK


def test_too_little_memory_for_every_core(tmp_path: Path) -> None:
    machine, *_ = doctor.machine(Sandbox(memory=1 << 50), tmp_path)
    assert machine.verdict is Verdict.NOTE
    assert "enough for 0 kernels that take all of their 1.04858e+06 GiB" in machine.said
    assert machine.remedy == "autograder grade ASSIGNMENT --workers=1"


def test_little_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: SimpleNamespace(free=3 << 20))
    monkeypatch.setattr(doctor, "cache_directory", lambda: None)
    _, disk, cache = doctor.machine(Sandbox(), tmp_path)
    assert disk.said == f"only 3 MiB are free at {tmp_path}"
    assert "none can be written" in cache.said


def test_compiled_code_that_could_not_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    *_, cache = doctor.machine(Sandbox(), tmp_path)
    assert (cache.verdict, cache.said) == (Verdict.OK, str(tmp_path / "nbgrader-jax/compiled"))
    with locked_workshop() as (workshop, _):
        assert workshop is not None
        (workshop / "f.failed").write_text("Traceback\n  in a line\nDeadKernelError: died\n")
    *_, cache = doctor.machine(Sandbox(), tmp_path)
    assert cache.verdict is Verdict.NOTE
    assert cache.said.endswith("For a notebook it could not be made: DeadKernelError: died")


# The course


def test_a_configuration_without_the_kit(tmp_path: Path) -> None:
    (tmp_path / "nbgrader_config.py").touch()
    config = Config({"Autograde": {"autograde_preprocessors": ["nbgrader.preprocessors.Execute"]}})
    (found,) = doctor.course_directory(CourseDirectory(root=str(tmp_path)), config)
    assert found.verdict is Verdict.MEND
    lacks = "c.Autograde.autograde_preprocessors lacks autograder.judge.Execute"
    assert lacks in found.said


def kit_config() -> Config:
    config = Config()
    for name, paths in KIT.items():
        section, setting = name.split(".")
        config[section][setting] = list(paths)
    return config


def test_a_course_without_assignments(tmp_path: Path) -> None:
    (tmp_path / "nbgrader_config.py").touch()
    (found,) = doctor.course_directory(CourseDirectory(root=str(tmp_path)), kit_config())
    assert (found.verdict, found.said) == (
        Verdict.NOTE,
        f"{tmp_path}, with no notebook in source/ yet",
    )


def test_a_course_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nbgrader_config.py").touch()
    monkeypatch.setattr(doctor.os, "access", lambda *_: False)  # root may write anywhere
    (found,) = doctor.course_directory(CourseDirectory(root=str(tmp_path)), kit_config())
    assert (found.verdict, found.remedy) == (Verdict.MEND, f"ls -ld {tmp_path}")


# The gradebook


@pytest.mark.slow
def test_a_gradebook_that_can_be_written(gradebook: str) -> None:
    found = doctor.database(gradebook)
    assert (found.verdict, found.said) == (Verdict.OK, f"{gradebook}, answers and can be written")


@pytest.mark.slow
def test_assignments_that_the_gradebook_lacks(gradebook: str) -> None:
    with Gradebook(gradebook) as opened:
        opened.add_assignment("one")
    assert doctor.database(gradebook, ["one"]).verdict is Verdict.OK
    found = doctor.database(gradebook, ["one", "two"])
    assert (found.verdict, found.said[-13:]) == (Verdict.NOTE, "; without two")
    assert found.remedy == "nbgrader generate_assignment two --force"


@pytest.mark.slow
def test_a_gradebook_that_can_only_be_read(gradebook: str, tmp_path: Path) -> None:
    found = doctor.database(f"sqlite:///file:{tmp_path / 'gradebook.db'}?mode=ro&uri=true")
    assert found.verdict is Verdict.MEND
    assert "cannot be written: attempt to write a readonly database" in found.said


@pytest.mark.slow
def test_a_gradebook_of_another_nbgrader(gradebook: str) -> None:
    engine = create_engine(gradebook)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'old'"))
    engine.dispose()
    found = doctor.database(gradebook)
    assert (found.verdict, found.remedy) == (Verdict.MEND, "nbgrader db upgrade")


def test_no_gradebook_yet(tmp_path: Path) -> None:
    found = doctor.database(f"sqlite:///{tmp_path / 'gradebook.db'}")
    assert found.verdict is Verdict.NOTE
    assert "not made yet" in found.said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("url", "said", "remedy"),
    [
        ("gradebook.db", "'gradebook.db' is no database URL.", ""),
        ("mysql+pymysql://me@host/course", "pymysql is not installed.", "-m pip install pymysql"),
        ("postgresql+psycopg://me:secret@127.0.0.1:1/x", "me:***@127.0.0.1:1/x does not ans", ""),
    ],
)
def test_a_gradebook_that_does_not_answer(url: str, said: str, remedy: str) -> None:
    found = doctor.database(url)
    assert found.verdict is Verdict.MEND
    assert said in found.said
    assert found.remedy.endswith(remedy)
    assert "secret" not in str(found)


def test_the_driver_of_postgresql_is_an_extra() -> None:
    assert doctor.driver_missing("psycopg")[1].endswith("pip install 'nbgrader-jax[postgres]'")
    assert "Begin the URL with postgresql+psycopg://" in doctor.driver_missing("psycopg2")[0]


@pytest.mark.slow
def test_a_gradebook_in_postgresql() -> None:
    with postgres.server() as server:
        url = server.url("postgres")
        assert doctor.database(url).said.endswith(", empty: nbgrader fills it")
        Gradebook(url).close()
        assert doctor.database(url).verdict is Verdict.OK
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("CREATE ROLE marker LOGIN"))
            connection.execute(text("GRANT SELECT ON ALL TABLES IN SCHEMA public TO marker"))
        engine.dispose()
        found = doctor.database(url.replace("postgres@", "marker@"))
        assert "cannot be written: permission denied for table course" in found.said
