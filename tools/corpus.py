"""Writes down what nbgrader, as it comes, gives for the corpus: `python -m tools.corpus`.

To be run again after another version of nbgrader is installed, or a submission was added. It takes
some minutes. tests/grading/test_plain_courses.py compares the kit with it.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from pathlib import Path

from tests.support.corpus import ODD, SCORES, write_source, write_submissions
from tests.support.course import Course
from tests.support.odd_answers import SUBMISSIONS
from tests.support.ways import configure, graded

ALL = "all"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_source(root)
        configure(root, "stock")
        Course(root).nbgrader("generate_assignment", ODD)
        write_submissions(root, SUBMISSIONS)
        scores = graded(Course(root), ODD, "stock")
    cells = next(iter(scores.values()))
    usual = {
        cell: json.loads(Counter(json.dumps(s[cell]) for s in scores.values()).most_common(1)[0][0])
        for cell in sorted(cells)
    }
    written = {ALL: usual} | {
        student: {cell: got for cell, got in sorted(found.items()) if got != usual[cell]}
        for student, found in sorted(scores.items())
    }
    SCORES.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    print(f"{len(scores)} submissions, {sum(map(len, scores.values()))} scores: {SCORES.name}")


if __name__ == "__main__":
    main()
