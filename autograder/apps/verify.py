"""The command `autograder verify`."""

from __future__ import annotations

import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

from nbgrader.converters import GenerateAssignment, NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import find_all_files
from traitlets import Bool, Float, Integer, default

from autograder.apps.capacity import cores
from autograder.apps.command import AssignmentCommand
from autograder.apps.configuration import stands_for
from autograder.apps.ending import INTERRUPTED
from autograder.apps.kernels import told
from autograder.apps.shell import generate, place_of
from autograder.authoring.findings import Finding
from autograder.authoring.readable import unreadable
from autograder.authoring.rehearsal import rehearse
from autograder.authoring.telling import Aloud
from autograder.authoring.verify import Thresholds, verify
from autograder.judge.course import assignments_in, notebooks_in, source_folder
from autograder.judge.course_kernels import (
    kernel_of,
    out_of_reach,
    variables_of,
    waiting,
    without_packages,
)
from autograder.record.shown import say
from autograder.sandbox.grader.cache import keep_own_code
from autograder.sandbox.grader.interpreter import KernelUnavailable, interpreter_of

SAVE_CELLS = "nbgrader.preprocessors.SaveCells"
"""The step of nbgrader's that enters an assignment's cells into the gradebook."""


class VerifyApp(AssignmentCommand):
    """The command `autograder verify`."""

    name = "autograder-verify"
    description = "Find what is wrong with an assignment before students do. Nothing is changed."
    examples = """
        autograder verify logistic_regression
        autograder verify logistic_regression --VerifyApp.seeds=10
    """
    seeds = Integer(3, min=1, help="How many students to draw random inputs for.").tag(config=True)
    cell_seconds = Float(30.0, help="Seconds of processor time that a test cell may take.").tag(
        config=True
    )
    mutant_seconds = Float(
        30.0, help="Seconds of processor time after which a changed solution counts as caught."
    ).tag(config=True)
    least_margin = Float(
        10.0,
        help="How many tolerances a known mistake has to be off; a right answer, the inverse.",
    ).tag(config=True)
    workers = Integer(
        min=1,
        help="How many processes may try changed solutions at a time; few changes need only one. "
        "Default: one a core.",
    ).tag(config=True)
    progress = Bool(True, help="Show a progress bar on a terminal.").tag(config=True)

    statuses = (
        "0 when it is ready to release, 1 when there is something to mend, 2 when not understood, "
        "130 after Ctrl-C."
    )

    @default("workers")
    def _workers_default(self) -> int:
        return cores()

    def start(self) -> None:
        super().start()
        course, assignment = self.coursedir, self.coursedir.assignment_id
        source = source_folder(course, assignment)
        notebooks = notebooks_in(source)
        if not notebooks:
            there = assignments_in(course)
            said = f"The course has: {', '.join(there)}." if there else "Is it the course?"
            self.fail("There is no notebook in %s. %s", source, said)
        keep_own_code()
        began = time.perf_counter()
        try:
            with interrupts() as came, closing(self._telling(came)) as telling:
                found = self._examine(notebooks, telling)
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
        except NbGraderException:  # nbgrader has said more
            self.fail("nbgrader can make no release of %s, so it was not looked at.", assignment)
        took = f"({time.perf_counter() - began:.0f} s)"
        if found:
            say(f"{assignment}: {found} to mend, see above {took}.")
            self.exit(1)
        say(f"{assignment} is ready to release {took}.")

    def _telling(self, came: Sequence[int]) -> Aloud:
        return Aloud(sys.stdout, bar=self.progress, stopped=lambda: bool(came))

    def _examine(self, notebooks: Sequence[Path], telling: Aloud) -> int:
        """Look at the release and at each notebook, and say what is found; how much that is."""
        thresholds = Thresholds(
            range(1, self.seeds + 1), self.cell_seconds, self.mutant_seconds, self.least_margin
        )
        notebooks = [path for path in notebooks if self._is_python(path, telling)]
        if problems := [problem for path in notebooks for problem in unreadable(path)]:
            for problem in problems:
                telling.finding(problem)
            telling.left_out("Nothing else was looked at. Mend that first.")
            return len(problems)
        left, done = list(notebooks), []
        try:
            with tempfile.TemporaryDirectory() as folder:
                released = self._strip(Path(folder))
                stale = list(self._stale(released, self.coursedir.assignment_id))
                stale += [f for path in notebooks for f in self._in_its_kernel(path, telling)]
                for finding in stale:
                    telling.finding(finding)
                while left:
                    one = left.pop(0)
                    if why := self._out_of_reach(one):
                        telling.left_out(why)
                        continue
                    paths = one, released / one.name
                    with variables_of(kernel_of(one, self.config)):
                        done.append(
                            verify(*paths, thresholds, telling=telling, processes=self.workers)
                        )
        except KeyboardInterrupt:
            if left:
                telling.left_out("Stopped.", [path.name for path in left])
            raise
        for table in filter(None, (verification.table() for verification in done)):
            telling.write(f"\n{table}\n")
        return len(stale) + sum(len(verification.findings) for verification in done)

    def _is_python(self, notebook: Path, telling: Aloud) -> bool:
        """Whether a notebook is in Python; says so where it is not, and what grading will do."""
        kernel = kernel_of(notebook, self.config)
        if not kernel.is_python:
            telling.left_out(f"{notebook.name} is in {kernel.language}, and was not looked at.")
        for sentence in waiting([kernel], self.config):
            telling.left_out(sentence)
        return kernel.is_python

    def _in_its_kernel(self, notebook: Path, telling: Aloud) -> Iterator[Finding]:
        """What is wrong with the kernel of a notebook, and with the author's answers in it.

        Where it is of the grader's own Python, all other questions are answered for it as well.
        """
        kernel = kernel_of(notebook, self.config)
        try:
            python = interpreter_of(kernel.spec())
        except KernelUnavailable as error:
            yield Finding(notebook.name, str(error))
            return
        if not python.is_own:
            telling.left_out(f"{notebook.name}: its kernel is {told(kernel.name, python)}.")
            if why := without_packages(notebook, kernel):
                yield Finding(notebook.name, why.removeprefix(f"{notebook.name}: "))
            yield from rehearse(notebook, self, kernel.name)

    def _out_of_reach(self, notebook: Path) -> str:
        """Why only the rehearsal can try a notebook's answers, or ""."""
        with suppress(KernelUnavailable):
            if not interpreter_of(kernel_of(notebook, self.config).spec()).is_own:
                return out_of_reach(notebook)
        return ""

    def _strip(self, folder: Path) -> Path:
        """Release the assignment into a folder of our own, without touching the gradebook."""
        assignment, root = self.coursedir.assignment_id, self.coursedir.root
        course = CourseDirectory(parent=self, root=root, assignment_id=assignment)
        strip = Strip(folder / assignment, coursedir=course, parent=self, no_database=True)
        # Even with no_database, SaveCells would write into the gradebook of the course.
        strip.preprocessors = [s for s in strip.preprocessors if not stands_for(s, SAVE_CELLS)]
        strip.start()
        return folder / assignment

    def _stale(self, fresh: Path, assignment: str) -> Iterator[Finding]:
        """Files that a release made earlier has and a fresh one has not, or in another state."""
        course = self.coursedir
        made = Path(course.format_path(course.release_directory, ".", assignment))
        if not made.is_dir():
            return
        names = {name for folder in (fresh, made) for name in self._handed_out(folder)}
        differ = sorted(n for n in names if contents(fresh / n) != contents(made / n))
        mend = generate(assignment, place_of(course))
        for name in differ:
            yield Finding(str(made / name), f"it is not what the source gives now. Run: {mend}")

    def _handed_out(self, folder: Path) -> Iterator[Path]:
        """The files of a release that students get: not what the course ignores.

        Nor the `._name` that macOS puts beside each file on other systems' disks.
        """
        for file in map(Path, find_all_files(str(folder), self.coursedir.ignore)):
            if not file.name.startswith("._"):
                yield file.relative_to(folder)


@contextmanager
def interrupts() -> Iterator[list[int]]:
    """Let Ctrl-C and SIGTERM raise KeyboardInterrupt in this block, and keep what came.

    A changed solution may catch whatever is raised while it runs: who goes on asks the list.
    """
    came: list[int] = []

    def stop(number: int, _: object) -> NoReturn:
        came.append(number)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Strip(GenerateAssignment):  # type: ignore[misc]
    """nbgrader's own way from the source to a release, into a folder outside the course.

    Naming another release directory would not do: a course's `directory_structure` may put the
    assignment before it, and the release would be made inside the course after all.
    """

    def __init__(self, folder: Path, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._folder = folder

    def _format_dest(self, assignment_id: str, student_id: str, escape: bool = False) -> str:
        return str(self._folder)

    def set_permissions(self, assignment_id: str, student_id: str) -> None:
        """Called by nbgrader at the end. Nobody else reads this folder."""


def contents(path: Path) -> bytes | None:
    """The bytes of a file, None where there is none."""
    return path.read_bytes() if path.is_file() else None
