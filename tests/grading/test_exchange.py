"""nbgrader's exchange between people who are different users of one machine."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from tests.support.course import Course, Running
from tests.support.jupyter import COURSE_ID, exchange
from tests.support.plain import PLAIN, PlainCourse
from tests.support.quick import MODULES

SECRETS = {"ann": "written-by-Ann", "bob": "written-by-Bob"}
TAKE_OVER = """
import os, sys
try:
    os.rename(sys.argv[1], sys.argv[1] + "-mine")
    print("taken")
except PermissionError:
    print("refused")
"""
READ_EVERYTHING = """
import json, os, sys
read = {}
for top in sys.argv[1:]:
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            try:
                read[path] = open(path, errors="replace").read()
            except OSError:
                pass
json.dump(read, sys.stdout)
"""


@dataclass(frozen=True)
class Person(Course):
    """A user of the machine. `root` is the folder in which they work."""

    name: str
    etc: Path

    def start(self, program: str, *args: str) -> Running:
        return self.python("-m", program, *args)

    def python(self, *args: str) -> Running:
        return Running(
            [sys.executable, "-m", "tests.support.as_user", self.name, *args],
            cwd=self.root,
            env={
                "PATH": "/usr/bin:/bin",
                "HOME": pwd.getpwnam(self.name).pw_dir,
                "PYTHONPATH": MODULES,
                "JUPYTER_CONFIG_PATH": str(self.etc),
            },
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def read_everything(self, *places: Path) -> dict[str, str]:
        """Every file below these places that this user can find and read."""
        return dict(json.loads(self.does(READ_EVERYTHING, *places)))

    def does(self, script: str, *args: Path) -> str:
        """Run a script as this user; what it prints."""
        with self.python("-c", script, *map(str, args)) as running:
            printed, _ = running.communicate(timeout=60)
        assert running.returncode == 0, printed
        return printed

    def answer(self, source: str) -> None:
        """Write an answer into the first of the fetched notebooks."""
        path = self.root / PLAIN / "first.ipynb"
        notebook = nbformat.read(path, as_version=4)
        notebook.cells[0].source = source
        nbformat.write(notebook, path)


@dataclass(frozen=True)
class Machine:
    """A place that everybody can enter, with an instructor, two students and an exchange."""

    root: Path
    instructor: Person
    students: dict[str, Person]

    @property
    def exchange(self) -> Path:
        return self.root / "exchange" / COURSE_ID


@pytest.fixture
def machine() -> Iterator[Machine]:
    if os.geteuid() != 0 or not shutil.which("useradd"):
        pytest.skip("Only root can make the users that this test is about.")
    with (
        tempfile.TemporaryDirectory(prefix="exchange-test-") as folder,
        contextlib.ExitStack() as gone,
    ):
        root = Path(folder)
        root.chmod(0o755)
        course = PlainCourse.create(root / "course")
        etc, _ = exchange(course)
        names = {role: f"nbx{os.getpid()}{role}" for role in ("teacher", *SECRETS)}
        for name in names.values():
            subprocess.run(
                ["useradd", "--create-home", "--base-dir", root, "-K", "HOME_MODE=0700", name],
                check=True,
            )
            gone.callback(subprocess.run, ["userdel", name], check=True)
        # What docs/exchange.md asks of an instructor.
        shutil.chown(root / "exchange", names["teacher"])
        (root / "exchange").chmod(0o1777)
        for path in [course.root, *course.root.rglob("*")]:
            shutil.chown(path, names["teacher"])
        course.root.chmod(0o700)
        students = {role: Person(root / names[role], names[role], etc) for role in SECRETS}
        yield Machine(root, Person(course.root, names["teacher"], etc), students)


@pytest.mark.slow
def test_from_release_to_feedback_and_nobody_gets_at_what_is_not_theirs(machine: Machine) -> None:
    machine.instructor.nbgrader("release_assignment", PLAIN)
    for role, student in machine.students.items():
        student.nbgrader("fetch_assignment", PLAIN)
        student.answer(f"a = 2  # {SECRETS[role]}")
        student.nbgrader("submit", PLAIN)
    ann, bob = machine.students.values()
    # Ann hands in something in Bob's name, and puts a link to the solutions beside her own.
    ann.nbgrader("submit", PLAIN, f"--student={bob.name}")
    (own,) = machine.exchange.glob(f"inbound/{ann.name}+*")
    solutions = machine.instructor.root / "source" / PLAIN / "first.ipynb"
    link = "import os, sys; os.symlink(*sys.argv[1:])"
    ann.does(link, solutions, own / "solutions.ipynb")
    with machine.instructor.start("autograder", "grade", PLAIN, "--watch", "--exchange") as watch:
        assert watch.stdout is not None
        said = ""
        while said.count(" of 10") < len(SECRETS) and (line := watch.stdout.readline()):
            said += line
        watch.send_signal(signal.SIGTERM)  # the last one is answered all the same
        printed, _ = watch.communicate(timeout=120)
    assert watch.returncode == 0, printed
    assert len(list(machine.exchange.glob("feedback/*[!p].html"))) == 4
    for student in machine.students.values():
        assert f"{student.name}: 4.5 of 10" in said
    for role, student in machine.students.items():
        student.nbgrader("fetch_feedback", PLAIN)
        (page,) = student.root.glob(f"{PLAIN}/feedback/*/first.html")
        assert SECRETS[role] in page.read_text()

    assert ann.does(TAKE_OVER, machine.exchange) == "refused\n"
    collected = machine.instructor.root / "submitted"
    assert SECRETS["bob"] in (collected / bob.name / PLAIN / "first.ipynb").read_text()
    assert not (collected / ann.name / PLAIN / "solutions.ipynb").exists()
    assert SECRETS["ann"] in seen_by(ann, machine)
    assert SECRETS["bob"] not in seen_by(ann, machine)
    # It is these modes that keep Bob's work from her: without any one of them she reads it.
    for closed in (
        machine.instructor.root,
        bob.root,
        machine.exchange / "inbound",
        machine.exchange / "feedback",
    ):
        mode = closed.stat().st_mode
        closed.chmod(0o755)
        assert SECRETS["bob"] in seen_by(ann, machine), closed
        closed.chmod(mode)
    machine.exchange.parent.chmod(0o777)
    assert ann.does(TAKE_OVER, machine.exchange) == "taken\n"


def seen_by(person: Person, machine: Machine) -> str:
    """All the text that somebody can find below the machine's root."""
    return "".join(person.read_everything(machine.root).values())
