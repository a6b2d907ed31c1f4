"""How the tests are spread over the processes of `pytest -n`.

A module stays in one process, and so do modules that share something dear: the sandbox's graders,
the class that nbgrader has graded, the Dask cluster. What takes long comes first, so that at the
end no process waits for another. (The marks of pytest-xdist's own `--dist loadgroup` would say the
same, but with pytest 9.2 it does not see them.)
"""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER = {
    "graders": (
        "tests/sandbox/test_exploits.py",
        "tests/sandbox/test_limits.py",
        "tests/sandbox/kernel/",
        "tests/sandbox/server/test_launcher.py",
        "tests/sandbox/server/test_supervisor.py",
    ),
    "class": (
        "tests/judge/test_execute.py",
        "tests/judge/test_graded_submissions.py",
        "tests/judge/test_release.py",
        "tests/judge/test_secrets.py",
    ),
    "lessons": ("tests/lessons/test_every_lesson.py", "tests/lessons/test_lesson.py"),
    "cluster": ("tests/grading/test_cluster.py", "tests/grading/test_ways.py"),
}
LONGEST = (
    "tests/lessons/test_variants.py",
    "graders",
    "cluster",
    "class",
    "tests/lessons/test_gate.py",
    "tests/test_in_nbgrader.py",
    "tests/grading/test_plain_courses.py",
    "tests/grading/test_environments.py",
    "tests/grading/test_other_languages.py",
    "tests/lessons/test_paths.py",
    "lessons",
    "tests/authoring/test_examples_page.py",
    "tests/grading/test_writer.py",
    "tests/journeys/test_student.py",
    "tests/journeys/test_instructor.py",
    "tests/judge/test_load.py",
    "tests/judge/test_budgets.py",
    "tests/judge/test_student_kernel.py",
    "tests/judge/test_sanitise.py",
    "tests/judge/test_bounded.py",
    "tests/grading/test_odd_files.py",
    "tests/apps/test_doctor.py",
    "tests/grading/test_exchange.py",
    "tests/grading/test_odd_submissions.py",
    "tests/grading/test_watch.py",
    "tests/apps/test_ending.py",
    "tests/grading/test_stops.py",
    "tests/grading/test_pool.py",
)
"""The longest first; after them the other slow tests, and the quick ones at the end."""


def group(nodeid: str) -> str:
    """What has to stay in one process with this test."""
    for name, places in TOGETHER.items():
        if nodeid.startswith(places):
            return name
    return nodeid.partition("::")[0]


def turn(item: pytest.Item) -> int:
    """When a test has its turn."""
    name = group(item.nodeid)
    if name in LONGEST:
        return LONGEST.index(name)
    return len(LONGEST) + (item.get_closest_marker("slow") is None)


class Groups(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out groups, in the order in which they were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)
