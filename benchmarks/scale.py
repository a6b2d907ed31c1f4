"""`make bench-scale`: many small submissions; time, memory and the gradebook as they go.

Each is the assignment of docs/writing-an-exercise.md: one function, judged by the kit. What grows
with the number of submissions shows in the table.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import nbformat
import psutil

from autograder.sandbox.grader.forkserver import ForkServer
from benchmarks.measure import Bare
from tests.authoring.test_verify import page_notebook
from tests.support.lesson import ROOT

ASSIGNMENT = "scaling"
FOLDER = ROOT / ".bench" / "scale"
LOOKS = 10
LAUNCHER = ForkServer.command[-1]
ANSWERS = (
    "    return (x - jnp.mean(x)) / jnp.std(x)",
    "    return (x - x.mean()) / jnp.sqrt(jnp.mean((x - x.mean()) ** 2))",
    "    return (x - jnp.mean(x)) / jnp.var(x)",
    "    return x / jnp.std(x)",
    "    raise NotImplementedError()",
)
MIB = 1 << 20


@dataclass(frozen=True)
class Look:
    """How things stand after a number of submissions: seconds, bytes.

    `cpu` is that of the command alone, which collects and writes; it bounds how many workers one
    command can keep busy.
    """

    done: int
    wall: float
    cpu: float
    command: int
    worker: int
    everything: int
    gradebook: int


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    print(f"Building {arguments.submissions} submissions ...", flush=True)
    course = build(arguments.submissions)
    print(
        " done",
        " wall, s",
        "a minute",
        "command, CPU s",
        "command, MiB",
        "a worker, MiB",
        "all, MiB",
        "gradebook, MiB",
        sep=" | ",
    )
    before = Look(0, 0, 0, 0, 0, 0, 0)
    for look in grade(course, arguments.submissions, arguments.workers):
        rate = 60 * (look.done - before.done) / (look.wall - before.wall)
        numbers = (
            f"{look.done:5}",
            f"{look.wall:8.1f}",
            f"{rate:8.0f}",
            f"{look.cpu:14.2f}",
            f"{look.command / MIB:12.1f}",
            f"{look.worker / MIB:13.1f}",
            f"{look.everything / MIB:8.0f}",
            f"{look.gradebook / MIB:14.2f}",
        )
        print(*numbers, sep=" | ", flush=True)
        before = look
    return 0


def build(size: int) -> Bare:
    """A course with the assignment and its submissions, drawn with a fixed seed."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    (FOLDER / "source" / ASSIGNMENT).mkdir(parents=True)
    shutil.copy(ROOT / "nbgrader_config.py", FOLDER)
    nbformat.write(page_notebook(), FOLDER / "source" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb")
    course = Bare(FOLDER)
    course.nbgrader("generate_assignment", ASSIGNMENT)
    released = FOLDER / "release" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    text = nbformat.read(released, as_version=4)
    draw = random.Random(20240229)
    for number in range(1, size + 1):
        for cell in text.cells:
            if cell.metadata.get("nbgrader", {}).get("grade_id") == "standardise":
                cell.source = f"def standardise(x):\n{draw.choice(ANSWERS)}"
        folder = FOLDER / "submitted" / f"student-{number:05}" / ASSIGNMENT
        folder.mkdir(parents=True)
        nbformat.write(text, folder / released.name)
    return course


def grade(course: Bare, size: int, workers: int) -> Iterator[Look]:
    """Grade them all; look a few times on the way."""
    started = time.monotonic()
    with course.start("autograder", "grade", ASSIGNMENT, f"--workers={workers}", "--json") as run:
        assert run.stdout is not None
        done = 0
        for line in run.stdout:
            event = json.loads(line)
            done += event["event"] == "graded"
            if event["event"] == "failed":
                print(line, end="", file=sys.stderr)
            if event["event"] == "graded" and done % max(1, size // LOOKS) == 0:
                yield look(run.pid, course.root, done, time.monotonic() - started)


def look(pid: int, root: Path, done: int, wall: float) -> Look:
    """Measure: the memory of its own of the command and of the mean worker, and all of it."""
    command = psutil.Process(pid)
    workers: set[psutil.Process] = set()
    everything = command.memory_full_info().pss
    for process in command.children(recursive=True):
        with suppress(psutil.Error):
            everything += process.memory_full_info().pss
            parent = process.parent()
            if LAUNCHER in process.cmdline() and parent and LAUNCHER not in parent.cmdline():
                workers.add(parent)
    own = [worker.memory_full_info().uss for worker in workers]
    times = command.cpu_times()
    return Look(
        done,
        wall,
        times.user + times.system,
        command.memory_full_info().uss,
        sum(own) // max(1, len(own)),
        everything,
        (root / "gradebook.db").stat().st_size,
    )


if __name__ == "__main__":
    sys.exit(main())
