"""The command `autograder verify`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from traitlets import Bool, Float, Integer

from autograder.apps.command import AssignmentCommand
from autograder.authoring.verify import Thresholds, Verification, verify
from autograder.judge.course import assignments_in, notebooks_in, source_folder


class VerifyApp(AssignmentCommand):
    """The command `autograder verify`."""

    name = "autograder-verify"
    description = "Find what is wrong with an assignment before students do. Nothing is changed."
    examples = """
        autograder verify logistic_regression
        autograder verify logistic_regression --VerifyApp.seeds=10
    """
    seeds = Integer(3, min=1, help="How many students to draw random inputs for.").tag(config=True)
    cell_seconds = Float(30.0, help="Seconds that a test cell may take.").tag(config=True)
    mutant_seconds = Float(
        30.0, help="Seconds after which a changed solution counts as caught."
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
            released = self._strip(Path(folder), assignment)
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

    def _strip(self, folder: Path, assignment: str) -> Path:
        """Release the assignment into a folder of our own, without touching the gradebook."""
        course = CourseDirectory(
            parent=self,
            root=self.coursedir.root,
            assignment_id=assignment,
            release_directory=str(folder),
        )
        strip = GenerateAssignment(coursedir=course, parent=self, no_database=True)
        # Even with no_database it would save the cells, in the gradebook of the course.
        strip.preprocessors = [step for step in strip.preprocessors if "SaveCells" not in str(step)]
        strip.start()
        return Path(course.format_path(course.release_directory, ".", assignment))

    def _stale(self, fresh: Path, assignment: str) -> list[str]:
        """Files that a release made earlier has and a fresh one has not, or in another state."""
        course = self.coursedir
        made = Path(course.format_path(course.release_directory, ".", assignment))
        if not made.is_dir():
            return []
        names = {p.relative_to(d) for d in (fresh, made) for p in d.rglob("*") if p.is_file()}
        differ = sorted(n for n in names if contents(fresh / n) != contents(made / n))
        mend = f"nbgrader generate_assignment {assignment} --force"
        return [f"- {made / n} is not what the source gives now. Run: {mend}" for n in differ]


def contents(path: Path) -> bytes | None:
    """The bytes of a file, None where there is none."""
    return path.read_bytes() if path.is_file() else None
