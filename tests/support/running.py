"""`autograder grade` while it runs: its processes, by what they do, and ways to wait for them."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil

from tests.support.plain import PLAIN, SLOW, PlainCourse, gradebook

QUICK_ONES = ("ada", "bob", "cyd")
PATIENCE = 120  # seconds; a safety net


def hand_in_class(course: PlainCourse) -> None:
    """Three quick submissions, and one that does not end within a test."""
    for student in QUICK_ONES:
        course.hand_in(student)
    course.hand_in("zoe", SLOW)


@contextlib.contextmanager
def under_way(course: PlainCourse, *args: str, results: int) -> Iterator[psutil.Process]:
    """The command at work on zoe, with so many other results written."""
    with course.start("autograder", "grade", PLAIN, "--workers=2", *args) as running:
        assert running.stdout is not None
        seen = []
        while sum(line.startswith("[") for line in seen) < results:
            line = running.stdout.readline()
            assert line, f"it ended: {seen}"
            seen.append(line)
        command = psutil.Process(running.pid)
        try:
            yield command
        finally:
            for process in everyone(command):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()


def struck(running: subprocess.Popen[str], strike: Callable[[], None]) -> list[dict[str, Any]]:
    """Strike again and again, once the quick ones are graded, until the command has given up.

    It runs with `--json`. What comes back are its last two lines: what failed, and the summary.
    """
    assert running.stdout is not None
    assert [json.loads(running.stdout.readline())["student"] for _ in QUICK_ONES]

    def over() -> bool:
        strike()
        return running.poll() is not None

    until(over)
    printed, _ = running.communicate(timeout=PATIENCE)
    assert running.returncode == 1
    return [json.loads(line) for line in printed.splitlines()[-2:]]


def finish(course: PlainCourse, undisturbed: PlainCourse, already: int, *args: str) -> None:
    """Run it again with zoe's code mended: the rest is graded, and all is as it should be."""
    course.hand_in("zoe")
    printed = course.grade(*args)
    assert printed[-3].startswith(f"{4 - already} graded, {already} already done, 0 failed")
    assert gradebook(course.url) == gradebook(undisturbed.url)
    assert course.done() == undisturbed.done()
    assert not list(course.root.glob("autograded/*/.*"))


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def children(process: psutil.Process, *, recursive: bool = False) -> list[psutil.Process]:
    """Nothing if it has ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.children(recursive=recursive)
    return []


def everyone(command: psutil.Process) -> list[psutil.Process]:
    return [command, *children(command, recursive=True)]


def arguments(process: psutil.Process) -> list[str]:
    """What a process was started with; nothing if it has ended."""
    with contextlib.suppress(psutil.Error):
        return process.cmdline()
    return []


def workers(command: psutil.Process) -> list[psutil.Process]:
    """The processes that grade: children of the fork server."""
    return [
        worker
        for child in children(command)
        if any("multiprocessing.forkserver" in word for word in arguments(child))
        for worker in children(child)
    ]


def launchers(command: psutil.Process) -> list[psutil.Process]:
    """The outermost processes of the sandbox's fork servers."""
    return [
        child
        for process in (command, *workers(command))
        for child in children(process)
        if any(word.endswith("sandbox/server/start.py") for word in arguments(child))
    ]


def kernels(command: psutil.Process) -> list[psutil.Process]:
    """The students' kernels: launcher, zygote, supervisor, kernel."""
    generation = launchers(command)
    for _ in range(3):
        generation = [child for process in generation for child in children(process)]
    return generation
