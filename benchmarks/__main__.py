"""`make bench`: stock nbgrader and the kit's ways on the same class, side by side."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt

from benchmarks.classroom import Classroom, build
from benchmarks.measure import Bare, Usage, measured
from benchmarks.profile import Row, shares
from tests.support.cluster import local_cluster
from tests.support.course import Course
from tests.support.lesson import ASSIGNMENT, ROOT

FOLDER = ROOT / ".bench"
STOCK, LONG, KIT, ONE, TWO, DASK = (
    "stock nbgrader",
    "stock, long cells too",
    "nbgrader with the kit",
    "autograder grade, 1 worker",
    "autograder grade, 2 workers",
    "Dask, 2 workers",
)


@dataclass(frozen=True)
class Run:
    """One way on the whole class."""

    way: str
    usage: Usage
    scores: dict[str, dict[str, float | None]]


def main() -> int:
    arguments = parsed()
    print(f"Building a class of {arguments.submissions} ...", flush=True)
    room = build(FOLDER, arguments.submissions)
    courses = {STOCK: room.stock, LONG: room.stock_long}
    runs = []
    for way, action in ways(arguments.ways).items():
        course = courses.get(way, room.kit)
        runs.append(one(way, course, action, list(room.what)))
        print(f"{way}: {runs[-1].usage.wall:.1f} s", flush=True)
    wrong = disagreements(room, runs)
    honest = next(student for student, kind in room.what.items() if kind == "right")
    text = report(arguments, runs, shares(room.kit, honest), wrong)
    (FOLDER / "results.md").write_text(text)
    draw(runs, FOLDER / "results.svg")
    print(f"\n{text}\nWritten to {FOLDER.name}/results.md and {FOLDER.name}/results.svg")
    return bool(wrong)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=40, help="how many, at most 40")
    parser.add_argument("--long", action="store_true", help=f"also: {LONG}; takes as long again")
    parser.add_argument("--ways", nargs="*", default=[STOCK, KIT, ONE, TWO, DASK])
    arguments = parser.parse_args()
    if arguments.long:
        arguments.ways.insert(1, LONG)
    return arguments


def ways(chosen: list[str]) -> dict[str, Callable[[Course], object]]:
    """How each way grades a course."""

    def dask(course: Course) -> None:
        with local_cluster() as cluster:
            course.autograder("grade", ASSIGNMENT, f"--cluster={cluster.scheduler_address}")

    def stock(course: Course) -> None:
        # It gives up on the student whose code ends the kernel, and says so by its exit status.
        with course.start("nbgrader", "autograde", ASSIGNMENT) as running:
            running.communicate()

    every: dict[str, Callable[[Course], object]] = {
        STOCK: stock,
        LONG: stock,
        KIT: lambda course: course.nbgrader("autograde", ASSIGNMENT),
        ONE: lambda course: course.autograder("grade", ASSIGNMENT, "--workers=1"),
        TWO: lambda course: course.autograder("grade", ASSIGNMENT, "--workers=2"),
        DASK: dask,
    }
    return {way: every[way] for way in chosen}


def one(way: str, course: Course, action: Callable[[Course], object], students: list[str]) -> Run:
    """Grade a copy of the course."""
    root = FOLDER / "runs" / way.replace(" ", "-").replace(",", "")
    shutil.copytree(course.root, root)
    copy = Bare(root)
    with measured() as usage:
        action(copy)
    return Run(way, usage, {student: copy.automatic(student) for student in students})


def disagreements(room: Classroom, runs: list[Run]) -> list[str]:
    """Where the kit's ways differ, or stock differs on right and blank answers."""
    kit = [run for run in runs if run.way not in (STOCK, LONG)]
    found = []
    for run in runs:
        for student, kind in room.what.items():
            must = run in kit or kind == "blank" or kind.startswith("right")
            if kit and must and run.scores[student] != kit[0].scores[student]:
                found.append(f"{run.way}: {student} ({kind}) has {run.scores[student]}")
    return found


def report(
    arguments: argparse.Namespace, runs: list[Run], where: dict[str, Row], wrong: list[str]
) -> str:
    bases = [run for run in runs if run.way in (STOCK, LONG)] or runs[:1]
    lines = [
        f"{arguments.submissions} submissions; {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, {platform.machine()}.",
        "",
        "| way | wall, s | CPU, s | peak memory, MB | submissions a minute | "
        + " | ".join(f"against {base.way}" for base in bases)
        + " |",
        "|---|---|---|---|---|" + "---|" * len(bases),
    ]
    for run in runs:
        rate = 60 * arguments.submissions / run.usage.wall
        lines.append(
            f"| {run.way} | {run.usage.wall:.1f} | {run.usage.cpu:.1f} | "
            f"{run.usage.peak / 2**20:.0f} | {rate:.1f} | "
            + " | ".join(f"{base.usage.wall / run.usage.wall:.1f} x" for base in bases)
            + " |"
        )
    own, *others = where.items()
    besides = ("all besides", (sum(w for _, (w, _) in others), sum(c for _, (_, c) in others)))
    lines += ["", "One honest submission in a warm worker:", ""]
    lines += ["| spent on | passed, s | CPU, s |", "|---|---|---|"]
    lines += [f"| {name} | {w:.2f} | {c:.2f} |" for name, (w, c) in (own, *others, besides)]
    lines += ["", "Scores agree." if not wrong else "SCORES DIFFER:", *wrong]
    return "\n".join(lines) + "\n"


def draw(runs: list[Run], path: Path) -> None:
    matplotlib.use("svg")
    plt.rcParams["svg.hashsalt"] = "the same each time"
    figure, axes = plt.subplots(figsize=(7, 0.5 * len(runs) + 1), layout="constrained")
    bars = axes.barh([run.way for run in runs], [run.usage.wall for run in runs], color="#4c72b0")
    axes.bar_label(bars, fmt="%.0f s", padding=3)
    axes.invert_yaxis()
    axes.set_xlabel("seconds for the class; shorter is better")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})
    path.with_suffix(".json").write_text(
        json.dumps({run.way: {"wall": run.usage.wall, "cpu": run.usage.cpu} for run in runs})
    )


if __name__ == "__main__":
    sys.exit(main())
