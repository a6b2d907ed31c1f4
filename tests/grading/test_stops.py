"""`autograder grade` stopped in every way that happens, and run again."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from distributed import Status
from sqlalchemy import create_engine, text

from autograder.grading.files import publish, sweep
from tests.support.cluster import local_cluster
from tests.support.plain import PLAIN, SLOW, PlainCourse, gradebook
from tests.support.postgres import Server, server

QUICK_ONES = ("ada", "bob", "cyd")
PATIENCE = 120  # seconds; a safety net


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> PlainCourse:
    """Three quick submissions, and one that does not end within a test."""
    course = PlainCourse.create(tmp_path_factory.mktemp("stops") / "course")
    for student in QUICK_ONES:
        course.hand_in(student)
    course.hand_in("zoe", SLOW)
    return course


@pytest.fixture
def course(template: PlainCourse, tmp_path: Path) -> PlainCourse:
    shutil.copytree(template.root, tmp_path / "course")
    return PlainCourse(tmp_path / "course")


@pytest.fixture(scope="module")
def undisturbed(template: PlainCourse, tmp_path_factory: pytest.TempPathFactory) -> PlainCourse:
    """What the gradebook is when nothing goes wrong and zoe's code ends."""
    root = tmp_path_factory.mktemp("undisturbed") / "course"
    shutil.copytree(template.root, root)
    course = PlainCourse(root)
    course.hand_in("zoe")
    assert course.grade("--workers=2")[-3].startswith("4 graded, 0 already done, 0 failed")
    return course


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
            family = everyone(command)
            for process in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()


def children(process: psutil.Process, *, recursive: bool = False) -> list[psutil.Process]:
    """Nothing if it has ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.children(recursive=recursive)
    return []


def everyone(command: psutil.Process) -> list[psutil.Process]:
    return [command, *children(command, recursive=True)]


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


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


def finish(course: PlainCourse, undisturbed: PlainCourse, already: int, *args: str) -> None:
    """Run it again with zoe's code mended: the rest is graded, and all is as it should be."""
    course.hand_in("zoe")
    printed = course.grade(*args)
    assert printed[-3].startswith(f"{4 - already} graded, {already} already done, 0 failed")
    assert gradebook(course.url) == gradebook(undisturbed.url)
    assert course.done() == undisturbed.done()
    assert not list(course.root.glob("autograded/*/.*"))


def launchers(command: psutil.Process) -> list[psutil.Process]:
    """The outermost processes of the sandbox's fork servers."""
    return [
        child
        for process in (command, *workers(command))
        for child in children(process)
        if "autograder.sandbox.server.launcher" in arguments(child)
    ]


def kernels(command: psutil.Process) -> list[psutil.Process]:
    """The students' kernels: launcher, zygote, supervisor, kernel."""
    generation = launchers(command)
    for _ in range(3):
        generation = [child for process in generation for child in children(process)]
    return generation


def test_workers_share_a_fork_server_and_do_without_it_when_it_is_killed(
    course: PlainCourse, undisturbed: PlainCourse
) -> None:
    with under_way(course, results=3) as command:
        assert len(workers(command)) == 2
        (shared,) = launchers(command)
        shared.kill()
        until(lambda: bool(launchers(command)))  # the worker's own, for another attempt
        (own,) = launchers(command)
        own.kill()
        assert command.wait(PATIENCE) == 1
    assert course.done() == set(QUICK_ONES)
    finish(course, undisturbed, already=3)


def test_nbgrader_does_not_grade_what_lost_its_kernel(course: PlainCourse) -> None:
    with course.start("nbgrader", "autograde", PLAIN, "--student=zoe") as running:
        assert running.stdout is not None
        while "Isolation of student code: " not in running.stdout.readline():
            assert running.poll() is None
        # The fork server has started, and whatever it is asked for from here on is a kernel.
        command = psutil.Process(running.pid)
        until(lambda: bool(kernels(command)))
        launchers(command)[0].kill()
        printed, _ = running.communicate(timeout=PATIENCE)
    assert running.returncode == 1
    assert "The student's kernel was ended from outside. Grade the submission again." in printed
    assert not course.done()


def test_kill_9_of_the_command(course: PlainCourse, undisturbed: PlainCourse) -> None:
    with under_way(course, results=3) as command:
        family = everyone(command)
        command.kill()
        # Workers and kernels notice by themselves.
        _, alive = psutil.wait_procs(family, timeout=PATIENCE)
        assert not alive
    assert course.done() == set(QUICK_ONES)
    finish(course, undisturbed, already=3)


def test_ctrl_c(course: PlainCourse, undisturbed: PlainCourse) -> None:
    with under_way(course, results=2) as command:
        family = everyone(command)
        for process in family:  # a terminal sends it to all
            with contextlib.suppress(psutil.NoSuchProcess):
                if os.getsid(process.pid) == os.getsid(command.pid):
                    process.send_signal(signal.SIGINT)
        gone, alive = psutil.wait_procs(family, timeout=PATIENCE)
        assert not alive
        assert command in gone
    finish(course, undisturbed, already=len(course.done()))


def test_ctrl_c_says_how_to_go_on(course: PlainCourse) -> None:
    with course.start("autograder", "grade", PLAIN, "--workers=2") as running:
        assert running.stdout is not None
        assert running.stdout.readline().startswith("[1/4]")
        running.send_signal(signal.SIGINT)
        printed, _ = running.communicate(timeout=PATIENCE)
    assert running.returncode == 130
    assert "Stopped. What is graded is kept: run this again to go on." in printed
    assert "already done" in printed


def test_kill_9_of_workers(course: PlainCourse, undisturbed: PlainCourse) -> None:
    """The submission is tried once more; then it is listed, and the others are unharmed."""
    with course.start("autograder", "grade", PLAIN, "--workers=2", "--json") as running:
        assert running.stdout is not None
        assert [json.loads(running.stdout.readline())["student"] for _ in QUICK_ONES]
        command = psutil.Process(running.pid)

        def strike() -> bool:
            """Kill whoever grades; true when the command has given up."""
            with contextlib.suppress(psutil.NoSuchProcess):
                for worker in workers(command):
                    worker.kill()
            return running.poll() is not None

        try:
            until(strike)
        finally:
            running.kill()
        printed, _ = running.communicate(timeout=PATIENCE)
    assert running.returncode == 1
    failed, summary = (json.loads(line) for line in printed.splitlines()[-2:])
    assert failed == {
        "event": "failed",
        "student": "zoe",
        "reason": "Its worker process was killed, 2 times.",
    }
    assert (summary["graded"], summary["failed"]) == (3, 1)
    finish(course, undisturbed, already=3)


def test_a_submission_that_cannot_be_graded(course: PlainCourse, undisturbed: PlainCourse) -> None:
    course.hand_in("zoe", when="the day before")
    printed = course.grade("--workers=2", status=1)
    assert "3 graded, 0 already done, 1 failed" in printed[-5]
    assert printed[-2:] == [
        "Not graded: zoe. timestamp.txt does not hold a time that can be read: 'the day before'",
        "  Try again: autograder grade plain --workers=2 --student=zoe",
    ]
    assert course.done() == set(QUICK_ONES)
    finish(course, undisturbed, already=3)


def test_what_nbgrader_refuses_is_listed_with_its_reason(course: PlainCourse) -> None:
    printed = course.grade("--Autograde.create_student=False", "--student=ada", status=1)
    assert "[1/1] ada: not graded. NbGraderException: No student with ID 'ada'" in printed[0]
    assert course.done() == set()


def test_only_one_run_at_a_time(course: PlainCourse) -> None:
    with under_way(course, results=1):
        (said,) = course.grade(status=1)
        assert "Another `autograder grade` is at work in this course." in said


def test_an_unknown_assignment(course: PlainCourse) -> None:
    shutil.copytree(course.root / "submitted/ada" / PLAIN, course.root / "submitted/ada/other")
    printed = course.autograder("grade", "other", status=1)
    assert "The gradebook has no assignment named 'other'. Make it first" in printed


@pytest.mark.skipif(os.getuid() != 0, reason="only root can mount a small disk")
def test_full_disk(course: PlainCourse, undisturbed: PlainCourse) -> None:
    course.hand_in("zoe")
    tree = course.root / "autograded"
    tree.mkdir()
    for student in (*QUICK_ONES, "zoe"):
        (course.root / "submitted" / student / PLAIN / "notes.txt").write_bytes(bytes(150_000))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", tree], check=True)
    try:
        printed = "\n".join(course.grade("--workers=1", status=1))
        assert "cannot be written: No space left on device. Stopped." in printed
        done = course.done()
        assert 0 < len(done) < 4
        assert not list(tree.glob("*/.*"))
        subprocess.run(["mount", "-o", "remount,size=9m", tree], check=True)
        finish(course, undisturbed, already=len(done))
    finally:
        subprocess.run(["umount", tree], check=True)


class TestPublish:
    """A directory is whole, or not there."""

    def test_replaces_and_keeps(self, tmp_path: Path) -> None:
        target = tmp_path / "a"
        publish(target, {"x/y": b"1"}, {}, lambda: None)
        publish(target, {"z": b"2"}, {"x/y": b"1", "z": b"old"}, lambda: None)
        assert (target / "x/y").read_bytes() + (target / "z").read_bytes() == b"12"
        assert [path.name for path in tmp_path.iterdir()] == ["a"]

    def test_gone_when_the_commit_fails(self, tmp_path: Path) -> None:
        def fail() -> None:
            raise RuntimeError("no")

        publish(tmp_path / "a", {"x": b"1"}, {}, lambda: None)
        with pytest.raises(RuntimeError, match="no"):
            publish(tmp_path / "a", {"x": b"2"}, {}, fail)
        assert list(tmp_path.iterdir()) == []

    def test_untouched_when_the_new_one_cannot_be_written(self, tmp_path: Path) -> None:
        publish(tmp_path / "a", {"x": b"1"}, {}, lambda: None)
        with pytest.raises(ValueError, match=r"'\.\./x' does not lie in"):
            publish(tmp_path / "a", {"../x": b"2"}, {}, lambda: None)
        assert (tmp_path / "a/x").read_bytes() == b"1"

    def test_killed_in_the_middle(self, tmp_path: Path) -> None:
        code = (
            "import os, pathlib; from autograder.grading.files import publish\n"
            "target = pathlib.Path('a')\n"
            "publish(target, {'x': b'1'}, {}, lambda: None)\n"
            "publish(target, {'x': b'2'}, {}, lambda: os.kill(os.getpid(), 9))"
        )
        done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False)
        assert done.returncode == -signal.SIGKILL
        assert {path.name for path in tmp_path.iterdir()} == {".a.new", ".a.old"}
        sweep(tmp_path / "a")
        assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def database() -> Iterator[Server]:
    with server() as running:
        yield running


@pytest.fixture
def on_server(database: Server, tmp_path: Path) -> PlainCourse:
    """The class of the other tests, with its gradebook in an empty database."""
    engine = create_engine(database.url)
    with engine.begin() as connection:
        connection.execute(text("drop schema public cascade"))
        connection.execute(text("create schema public"))
    engine.dispose()
    course = PlainCourse.create(tmp_path / "course", database.url)
    for student in (*QUICK_ONES, "zoe"):
        course.hand_in(student)
    return course


class TestPostgreSQL:
    def test_the_same_gradebook(self, on_server: PlainCourse, undisturbed: PlainCourse) -> None:
        finish(on_server, undisturbed, 0, "--workers=2")

    def test_a_lost_connection(
        self, on_server: PlainCourse, undisturbed: PlainCourse, database: Server
    ) -> None:
        """A short loss is waited for; a long one stops the run, and the next goes on."""
        with on_server.start("autograder", "grade", PLAIN, "--workers=1") as running:
            assert running.stdout is not None
            assert running.stdout.readline().startswith("[1/4] ada: 9 of 10")
            database.stop()
            database.start()
            assert running.stdout.readline().startswith("[2/4] bob: 9 of 10")
            database.stop()
            printed, _ = running.communicate(timeout=PATIENCE)
        database.start()
        assert running.returncode == 1
        assert "The gradebook does not answer: " in printed
        assert "What is graded is kept: mend it, then run this again." in printed
        assert on_server.done() == {"ada", "bob"}
        finish(on_server, undisturbed, 2)


class TestWatch:
    def test_answers_what_arrives_in_the_exchange(self, course: PlainCourse) -> None:
        """A student submits with nbgrader's own program and fetches feedback with it."""
        exchange = course.root.parent / "exchange"
        student = PlainCourse(course.root.parent / "home")
        exchange.mkdir()
        exchange.chmod(0o777)
        shutil.rmtree(course.root / "submitted")
        settings = f"\nc.Exchange.root = '{exchange}'\nc.CourseDirectory.course_id = 'course'\n"
        with (course.root / "nbgrader_config.py").open("a") as config:
            config.write(settings)
        course.nbgrader("release_assignment", PLAIN)
        shutil.copytree(course.root / "release" / PLAIN, student.root / PLAIN)
        (student.root / "nbgrader_config.py").write_text("c = get_config()" + settings)
        with course.start("autograder", "grade", PLAIN, "--watch", "--exchange") as running:
            assert running.stdout is not None
            student.nbgrader("submit", PLAIN)
            assert ": 0 of 10 (" in running.stdout.readline()
            until(lambda: len(list(exchange.glob("course/feedback/*[!p].html"))) == 2)
            for name in ("first", "second"):
                shutil.copy(course.root / "source" / PLAIN / f"{name}.ipynb", student.root / PLAIN)
            student.nbgrader("submit", PLAIN)
            assert ": 9 of 10 (" in running.stdout.readline()
            running.send_signal(signal.SIGINT)
            printed, _ = running.communicate(timeout=PATIENCE)
        assert running.returncode == 0, printed
        assert "2 graded, 0 already done, 0 failed" in printed
        student.nbgrader("fetch_feedback", PLAIN)
        pages = list(student.root.glob("plain/feedback/*/*.html"))
        assert sorted(page.name for page in pages).count("first.html") >= 1

    def test_an_exchange_that_is_not_there(self, course: PlainCourse) -> None:
        with (course.root / "nbgrader_config.py").open("a") as config:
            config.write(f"\nc.Exchange.root = {str(course.root / 'nowhere')!r}\n")
        printed = course.grade("--watch", "--exchange", status=1)
        assert "The exchange cannot be used: " in "\n".join(printed)


def test_a_dask_worker_killed_again_and_again(
    course: PlainCourse, undisturbed: PlainCourse
) -> None:
    """Dask runs the work elsewhere, gives it up in the end, and the others are unharmed."""
    with local_cluster() as cluster:
        address, scheduler = f"--cluster={cluster.scheduler_address}", cluster.scheduler
        with course.start("autograder", "grade", PLAIN, address, "--json") as running:
            assert running.stdout is not None
            assert [json.loads(running.stdout.readline())["student"] for _ in QUICK_ONES]

            def strike() -> bool:
                """Kill the workers that have work. One that is only starting, Dask gives up."""
                for nanny in cluster.workers.values():
                    known, worker = scheduler.workers.get(nanny.worker_address), nanny.process
                    busy = known and known.processing
                    if busy and worker and worker.pid and worker.status == Status.running:
                        with contextlib.suppress(ProcessLookupError):  # it was struck just now
                            os.kill(worker.pid, signal.SIGKILL)
                return running.poll() is not None

            try:
                until(strike)
            finally:
                running.kill()
            printed, _ = running.communicate(timeout=PATIENCE)
        assert running.returncode == 1
        failed, summary = (json.loads(line) for line in printed.splitlines()[-2:])
        assert failed["student"] == "zoe"
        assert failed["reason"].startswith("KilledWorker: ")
        assert (summary["graded"], summary["failed"]) == (3, 1)
        finish(course, undisturbed, 3, address)


def test_a_cluster_that_has_no_worker_yet(course: PlainCourse, undisturbed: PlainCourse) -> None:
    course.hand_in("zoe")
    with local_cluster(workers=0) as cluster:
        address = f"--cluster={cluster.scheduler_address}"
        with course.start("autograder", "grade", PLAIN, address) as running:
            assert running.stdout is not None
            assert "The cluster has no worker. Waiting" in running.stdout.readline()
            cluster.scale(1)
            printed, _ = running.communicate(timeout=PATIENCE)
    assert "4 graded, 0 already done, 0 failed" in printed
    assert gradebook(course.url) == gradebook(undisturbed.url)


def test_a_cluster_that_loses_all_its_workers(course: PlainCourse) -> None:
    with local_cluster() as cluster:
        address = f"--cluster={cluster.scheduler_address}"
        with course.start("autograder", "grade", PLAIN, address) as running:
            assert running.stdout is not None
            assert all(running.stdout.readline().startswith("[") for _ in QUICK_ONES)
            cluster.scale(0)
            assert "The cluster has no worker. Waiting" in running.stdout.readline()
            running.send_signal(signal.SIGINT)
            running.communicate(timeout=PATIENCE)
    assert running.returncode == 130
    assert course.done() == set(QUICK_ONES)


def test_no_scheduler_at_the_address(course: PlainCourse) -> None:
    printed = course.grade("--cluster=tcp://127.0.0.1:1", status=1)
    assert "There is no Dask scheduler at tcp://127.0.0.1:1" in "\n".join(printed)
