"""The command `autograder verify`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import find_all_files
from traitlets import Bool, Float, Integer

from autograder.apps.command import AssignmentCommand
from autograder.apps.configuration import stands_for
from autograder.apps.shell import generate, place_of
from autograder.authoring.verify import Thresholds, Verification, verify
from autograder.judge.course import assignments_in, notebooks_in, source_folder

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
    progress = Bool(True, help="Show a progress bar.").tag(config=True)

    statuses = (
        "0 when it is ready to release, 1 when there is something to mend, 2 when not understood."
    )

    def start(self) -> None:
        super().start()
        course, assignment = self.coursedir, self.coursedir.assignment_id
        source = source_folder(course, assignment)
        notebooks = notebooks_in(source)
        if not notebooks:
            there = assignments_in(course)
            said = f"The course has: {', '.join(there)}." if there else "Is it the course?"
            self.fail("There is no notebook in %s. %s", source, said)
        with tempfile.TemporaryDirectory() as folder:
            released = self._strip(Path(folder))
            done = [self._verify(n, released / n.name) for n in notebooks]
            stale = self._stale(released, assignment)
        print("\n\n".join(map(str, done)))
        for line in stale:
            print(line)
        self.exit(1 if stale or any(verification.findings for verification in done) else 0)

    def _verify(self, notebook: Path, released: Path) -> Verification:
        thresholds = Thresholds(
            range(1, self.seeds + 1), self.cell_seconds, self.mutant_seconds, self.least_margin
        )
        return verify(notebook, released, thresholds, progress=self.progress)

    def _strip(self, folder: Path) -> Path:
        """Release the assignment into a folder of our own, without touching the gradebook."""
        assignment, root = self.coursedir.assignment_id, self.coursedir.root
        course = CourseDirectory(parent=self, root=root, assignment_id=assignment)
        strip = Strip(folder / assignment, coursedir=course, parent=self, no_database=True)
        # Even with no_database, SaveCells would write into the gradebook of the course.
        strip.preprocessors = [s for s in strip.preprocessors if not stands_for(s, SAVE_CELLS)]
        strip.start()
        return folder / assignment

    def _stale(self, fresh: Path, assignment: str) -> list[str]:
        """Files that a release made earlier has and a fresh one has not, or in another state."""
        course = self.coursedir
        made = Path(course.format_path(course.release_directory, ".", assignment))
        if not made.is_dir():
            return []
        names = {name for folder in (fresh, made) for name in self._handed_out(folder)}
        differ = sorted(n for n in names if contents(fresh / n) != contents(made / n))
        mend = generate(assignment, place_of(course))
        return [f"- {made / n} is not what the source gives now. Run: {mend}" for n in differ]

    def _handed_out(self, folder: Path) -> Iterator[Path]:
        """The files of a release that students get: not what the course ignores.

        Nor the `._name` that macOS puts beside each file on other systems' disks.
        """
        for file in map(Path, find_all_files(str(folder), self.coursedir.ignore)):
            if not file.name.startswith("._"):
                yield file.relative_to(folder)


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
