"""What grading has on this machine, what is missing, and the command that mends it.

TRUSTED SIDE. Everything is tried rather than looked up: isolation by starting the fork server that
grading would start, the gradebook by a change that changes nothing. The course stays as it is.
"""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_core.application import JupyterApp
from nbgrader.api import get_alembic_version
from nbgrader.coursedir import CourseDirectory
from packaging.requirements import Requirement
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from autograder.apps.capacity import cores, memory
from autograder.apps.checkup import Checkup, Verdict
from autograder.apps.command import ALIASES, DB, Command, missing_file
from autograder.apps.configuration import complaints
from autograder.apps.kernels import kernels, usable
from autograder.apps.shell import exported, generate, named, place_of
from autograder.judge.course import assignments_in
from autograder.record.shown import say
from autograder.sandbox.grader.cache import cache_directory, failures
from autograder.sandbox.grader.forkserver import ForkServerError, server_for
from autograder.sandbox.grader.interpreter import Interpreter, KernelUnavailable
from autograder.sandbox.policy import PolicyError, left_out, policy_for
from autograder.sandbox.settings import Isolation, IsolationUnavailable, Sandbox, size

PACKAGE = "nbgrader-jax"
SHOWN = ("jax", "jaxlib", "numpy", "nbgrader", "nbclient", "jupyter_client", "ipykernel")
EXAMPLE = "ASSIGNMENT"
"""Stands for the name of an assignment in a command, where the course has none yet."""
LEAST_FREE = 1 << 30
"""Bytes on a disk below which there is something to say."""


def packages() -> Iterator[Checkup]:
    """Versions, and what of the kit's requirements is not met."""
    yield Checkup("python", Verdict.OK, f"{platform.python_version()}, {sys.executable}")
    found = {name: version(name) for name in SHOWN if installed(name)}
    yield Checkup("packages", Verdict.OK, ", ".join(f"{n} {v}" for n, v in found.items()))
    for extra, verdict, purpose in (
        ("instructor", Verdict.MEND, "grading"),
        ("cluster", Verdict.NOTE, "autograder grade --cluster"),
        ("postgres", Verdict.NOTE, "a gradebook in PostgreSQL"),
    ):
        if missing := unmet(extra):
            wants = f"{', '.join(missing)} is missing or too old; {purpose} needs it."
            remedy = f"{pip()} install {shlex.quote(f'{PACKAGE}[{extra}]')}"
            yield Checkup(extra, verdict, wants, remedy)
        else:
            yield Checkup(extra, Verdict.OK, f"what {purpose} needs is installed")


def unmet(extra: str) -> list[str]:
    """Requirements of the kit, and of one of its extras, that are not installed."""
    wanted = map(Requirement, requires(PACKAGE) or [])
    return [
        f"{wish.name}{wish.specifier}"
        for wish in wanted
        if wish.name != PACKAGE
        and (wish.marker is None or wish.marker.evaluate({"extra": extra}))
        and not (installed(wish.name) and version(wish.name) in wish.specifier)
    ]


def installed(name: str) -> bool:
    """Whether a distribution is there."""
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def pip() -> str:
    """pip of the Python that this is."""
    return f"{shlex.quote(sys.executable)} -m pip"


def isolation(
    sandbox: Sandbox, course: Path, kernel: KernelSpec | None = None
) -> Iterator[Checkup]:
    """Which isolation grading gets here, why no better one, and how well kernels start in it.

    `kernel` names their Python; the grader's own if there is none.
    """
    try:
        server = server_for(sandbox, [course], kernel)
    except (IsolationUnavailable, PolicyError, ForkServerError, KernelUnavailable) as error:
        yield Checkup("isolation", Verdict.MEND, str(error))
        return
    if server is None:
        said = "none: student code can read and change whatever you can. Marks are decided apart."
        yield Checkup("isolation", Verdict.NOTE, said)
        return
    try:
        why = "; ".join(
            f"{mode} refused: {reason}" for mode, reason in server.ready.refused.items()
        )
        best = server.isolation is Isolation.NAMESPACES
        said = str(server.isolation) + (", the strongest" if best else "") + (why and f" ({why})")
        yield Checkup("isolation", Verdict.OK, said)
        said = f"ready after {server.ready.seconds:.1f} s"
        if without := server.ready.without:
            said += f". This jax has no {', '.join(without)}: a submission takes somewhat longer."
        yield Checkup("fork server", Verdict.NOTE if without else Verdict.OK, said)
    finally:
        server.close()


def imports(sandbox: Sandbox, python: Interpreter | None = None) -> Iterator[Checkup]:
    """What lies on the path of the kernels' Python from which student code cannot import."""
    chosen, path = (None, sys.path) if python is None else (python.folders, python.path)
    policy = policy_for([], sandbox.readable_directories(), python=chosen)
    if folders := left_out(policy, path):
        said = (
            f"student code cannot import from {', '.join(folders)}, which is on sys.path here: "
            "only Python's own folders and this package are let through. If lessons need it, say "
            f"so in nbgrader_config.py: c.Sandbox.readable = {folders}"
        )
        yield Checkup("imports", Verdict.NOTE, said)
    else:
        yield Checkup("imports", Verdict.OK, "student code can import what is installed")


def machine(
    sandbox: Sandbox, course: Path, assignment: str = EXAMPLE, place: Sequence[str] = ()
) -> Iterator[Checkup]:
    """Cores, memory and disk, against what grading may take.

    `course` is its directory, `place` the options that name it, and `assignment` one that it has.
    """
    free, total = memory()
    said = (
        f"{platform.system()} {platform.release()}, {platform.machine()}; {cores()} cores; "
        f"{free / (1 << 30):.1f} of {total / (1 << 30):.1f} GiB of memory free"
    )
    fits = free // sandbox.memory
    if fits < cores():
        said += f", enough for {fits} kernels that take all of their {size(sandbox.memory)}"
        workers = f"--workers={max(fits, 1)}"
        remedy = shlex.join(["autograder", "grade", named(assignment), workers, *place])
        yield Checkup("machine", Verdict.NOTE, said, remedy)
    else:
        yield Checkup("machine", Verdict.OK, said)
    if course.is_dir() and (room := shutil.disk_usage(course).free) < LEAST_FREE:
        yield Checkup("disk", Verdict.NOTE, f"only {room >> 20} MiB are free at {course}")
    cache = cache_directory()
    if cache is None:
        said = "none can be written: each kernel compiles the lesson again, which takes seconds"
        yield Checkup("compiled code", Verdict.NOTE, said)
    elif failed := failures():
        said = f"{cache}. For a notebook it could not be made: {failed[-1]}"
        yield Checkup("compiled code", Verdict.NOTE, said)
    else:
        yield Checkup("compiled code", Verdict.OK, str(cache))


def programs() -> Iterator[Checkup]:
    """What is started by name: nbgrader's alembic."""
    if shutil.which("alembic") is None:
        folder = Path(sys.executable).parent
        yield Checkup(
            "alembic",
            Verdict.MEND,
            "nbgrader starts this program by its name, and it is not on PATH.",
            exported(folder),
        )


def course_directory(course: CourseDirectory, config: Mapping[str, Any]) -> Iterator[Checkup]:
    """The course, its configuration, and its assignments."""
    root = Path(course.root).absolute()
    if not (root / "nbgrader_config.py").is_file():
        yield Checkup(
            "course",
            Verdict.MEND,
            f"There is no nbgrader_config.py in {root}. Copy the kit's there, or name the course.",
            "autograder doctor --course-dir=COURSE",
        )
        return
    if wrong := list(complaints(config)):
        said = f"{root / 'nbgrader_config.py'} leaves parts of the kit out: {'; '.join(wrong)}."
        mend = "Until then, do not trust the marks. Copy these settings from the kit's own."
        yield Checkup("course", Verdict.MEND, f"{said} {mend}")
        return
    names, source = assignments_in(course), course.source_directory
    if not os.access(root, os.W_OK):
        remedy = f"ls -ld {shlex.quote(str(root))}"
        yield Checkup("course", Verdict.MEND, f"{root} cannot be written.", remedy)
    elif not names:
        yield Checkup("course", Verdict.NOTE, f"{root}, with no notebook in {source}/ yet")
    else:
        yield Checkup("course", Verdict.OK, f"{root}, assignments: {', '.join(names)}")


def database(address: str, wanted: Sequence[str] = (), place: Sequence[str] = ()) -> Checkup:
    """The gradebook: of which kind, whether it answers, can be written, and is up to date.

    `wanted` are the assignments that it should know, `place` the options that name its course.
    """
    make_it = generate(next(iter(wanted), EXAMPLE), place)
    try:
        url = make_url(address)
        engine = create_engine(url)
    except ArgumentError:
        said = f"{address!r} is no database URL. It looks like sqlite:////path/to/gradebook.db"
        return Checkup("database", Verdict.MEND, said)
    except ModuleNotFoundError as missing:
        return Checkup("database", Verdict.MEND, *driver_missing(missing.name or ""))
    shown = url.render_as_string(hide_password=True)
    if missing_file(url) is not None:
        said = f"{shown}, not made yet: nbgrader makes it"
        return Checkup("database", Verdict.NOTE, said, make_it)
    try:
        if not inspect(engine).has_table("alembic_version"):
            said = f"{shown}, empty: nbgrader fills it"
            return Checkup("database", Verdict.NOTE, said, make_it)
        return _state(engine, url, wanted, place)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).splitlines()[0]
        return Checkup("database", Verdict.MEND, f"{shown} does not answer: {reason}")
    finally:
        engine.dispose()


def driver_missing(name: str) -> tuple[str, str]:
    """What to say where the Python package that speaks to a database is not installed."""
    if name == "psycopg2":  # what SQLAlchemy 2.0 takes for a plain postgresql://
        return "Begin the URL with postgresql+psycopg:// (psycopg 3).", ""
    wanted = shlex.quote(f"{PACKAGE}[postgres]") if name == "psycopg" else shlex.quote(name)
    return f"{name} is not installed.", f"{pip()} install {wanted}"


def _state(engine: Engine, url: URL, wanted: Sequence[str], place: Sequence[str]) -> Checkup:
    shown = url.render_as_string(hide_password=True)
    with engine.connect() as connection:
        schema = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if shutil.which("alembic") and schema != get_alembic_version():
            said = f"{shown} was made by another version of nbgrader."
            if "%" in str(url):
                said += " Its URL must hold no % while it is upgraded (nbgrader's alembic)."
            upgrade = shlex.join(["nbgrader", "db", "upgrade", *place])
            return Checkup("database", Verdict.MEND, said, upgrade)
        try:
            connection.execute(text("UPDATE course SET id = id WHERE 1 = 0"))
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", error)).splitlines()[0]
            file = str(url.database).removeprefix("file:")
            remedy = shlex.join(["ls", "-l", file]) if url.get_backend_name() == "sqlite" else ""
            return Checkup("database", Verdict.MEND, f"{shown} cannot be written: {reason}", remedy)
        finally:
            connection.rollback()
        known = set(connection.execute(text("SELECT name FROM assignment")).scalars())
    said = f"{shown}, answers and can be written"
    if missing := [name for name in wanted if name not in known]:
        remedy = generate(missing[0], place)
        return Checkup("database", Verdict.NOTE, f"{said}; without {', '.join(missing)}", remedy)
    return Checkup("database", Verdict.OK, said)


class DoctorApp(Command):
    """The command `autograder doctor`."""

    name = "autograder-doctor"
    description = """
        Say what grading has here: versions, the isolation of student code, cores and memory, the
        course, the gradebook; what is missing, and the command that mends it. Nothing is changed.
    """
    examples = """
        autograder doctor
        autograder doctor --course-dir=../my_course
    """
    statuses = "0 when a class can be graded, 1 when there is something to mend."
    aliases = {**ALIASES, **DB}  # noqa: RUF012 - traitlets' own convention

    def start(self) -> None:
        # Not nbgrader's start, which makes what the configuration names and fails where that is
        # not there: here, it is a finding.
        JupyterApp.start(self)
        findings = list(self.findings())
        say(f"{PACKAGE} {self.version}\n")
        say(*map(str, findings))
        wrong = sum(finding.verdict is Verdict.MEND for finding in findings)
        say(f"\n{verdict_on(wrong)}")
        self.exit(1 if wrong else 0)

    def findings(self) -> Iterable[Checkup]:
        """Everything that is looked at, in the order in which it is said."""
        root = Path(self.coursedir.root).absolute()
        names, place = assignments_in(self.coursedir), place_of(self.coursedir)
        sandbox = Sandbox(parent=self)
        yield from packages()
        yield from machine(sandbox, root, next(iter(names), EXAMPLE), place)
        yield from kernels(self.coursedir, self.config)
        pythons: list[Any] = usable(self.coursedir, self.config) or [(None, None)]
        for spec, python in pythons:
            yield from isolation(sandbox, root, spec)
            yield from imports(sandbox, python)
        yield from programs()
        yield from course_directory(self.coursedir, self.config)
        yield database(self.coursedir.db_url, names, place)


def verdict_on(wrong: int) -> str:
    """The last line."""
    if wrong == 0:
        return "Ready to grade."
    return f"{wrong} {'thing' if wrong == 1 else 'things'} to mend, above."
