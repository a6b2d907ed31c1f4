"""`make demo`: release the lesson, grade a small class, and show what comes out.

Works in .demo/, a course of its own, so that nothing of yours is touched.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from tqdm import tqdm

from tests.support.course import Course, read_notebook_of
from tests.support.lesson import ASSIGNMENT, ROOT
from tests.support.submissions import CLASS, STOPPING

DEMO = ROOT / ".demo"
STUDENTS = {
    "amber": "right",
    "blue": "blank",
    "coral": "without_bias",
    "grey": "averages_the_loss",
    "indigo": "exits_in_a_call",
    "lilac": "tags_on_tests",
    "olive": "truncated",
}
"""Whom to grade, and which kind of submission it is (see tests/support/submissions.py)."""
KINDS = CLASS | STOPPING


def main() -> None:
    shutil.rmtree(DEMO, ignore_errors=True)
    print(
        "1. Stripping the instructor's notebook into the release (nbgrader generate_assignment) ..."
    )
    course = Course.create(DEMO)
    for student, kind in STUDENTS.items():
        course.submit(student, KINDS[kind](course))
    print(f"2. Grading {len(STUDENTS)} submissions (nbgrader autograde) ...")
    run_with_progress(course, "autograde")
    print("3. Writing the feedback (nbgrader generate_feedback) ...")
    run_with_progress(course, "generate_feedback")
    print("\n4. Scores (autograder scores):\n")
    print(course.autograder("scores", ASSIGNMENT))
    print("5. The class report (autograder report):\n")
    print(course.autograder("report", ASSIGNMENT).partition("\nThe report is")[0])
    print(
        "\nWho handed in what:",
        *(f"  {student:8}{read_notebook_of(KINDS[kind])}" for student, kind in STUDENTS.items()),
        "\nFiles to open:",
        f"  {relative(course.root / 'release' / ASSIGNMENT)}/  what a student receives",
        f"  {relative(course.feedback_page('coral'))}  feedback on one mistake",
        f"  {relative(course.feedback_page('indigo'))}  a kernel that died",
        f"  {relative(course.root / 'reports' / ASSIGNMENT / 'report.html')}  the whole class",
        f"  {relative(course.root / 'gradebook.db')}  nbgrader's gradebook",
        sep="\n",
    )


def run_with_progress(course: Course, step: str) -> None:
    """Run an nbgrader program on the class, one tick for each student that is done."""
    log = DEMO / f"{step}.log"
    with (
        tqdm(total=len(STUDENTS), unit="student", file=sys.stdout) as bar,
        log.open("w") as written,
    ):
        program = course.start("nbgrader", step, ASSIGNMENT)
        assert program.stdout is not None
        for line in program.stdout:
            written.write(line)
            if "Setting destination file permissions" in line:
                bar.update()
        if program.wait() != 0:
            sys.exit(f"nbgrader {step} failed; see {relative(log)}")


def relative(path: Path) -> str:
    return os.path.relpath(path)


if __name__ == "__main__":
    main()
