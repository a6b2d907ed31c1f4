"""A command that is stopped from outside ends quietly: its reader went, or somebody hit Ctrl-C."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.grading import forking
from tests.support.plain import PLAIN, PlainCourse

PROGRAM = Path(sys.executable).parent / "autograder"


def unread(*command: str | Path, cwd: Path | None = None) -> tuple[int, str]:
    """Run a program whose output nobody reads: its status, and what it complains of."""
    reading, writing = os.pipe()
    os.close(reading)
    with subprocess.Popen(
        command, stdout=writing, stderr=subprocess.PIPE, text=True, cwd=cwd
    ) as run:
        os.close(writing)
        _, said = run.communicate(timeout=120)
    return run.returncode, said


def script(body: str) -> tuple[str, str, str]:
    """A program that ends as the commands do."""
    start = "import os, sys\nfrom autograder.apps.ending import quietly\nwith quietly():\n"
    return sys.executable, "-c", start + "".join(f"    {line}\n" for line in body.splitlines())


@pytest.mark.parametrize(
    "body",
    [
        "print('one line', flush=True)",
        "print('one line')",
        "print('one line')\nsys.exit(1)",
        "print('many lines\\n' * 100_000)",
        "try:\n    print('one', flush=True)\nfinally:\n    print('two', flush=True)",
    ],
    ids=["written", "left for the end", "with a status", "many lines", "in a finally"],
)
def test_output_that_nobody_reads(body: str) -> None:
    assert unread(*script(body)) == (128 + signal.SIGPIPE, "")


def test_nothing_to_say_is_no_trouble() -> None:
    assert unread(*script("sys.exit(3)")) == (3, "")


def test_another_pipe_is_another_matter() -> None:
    body = "reading, writing = os.pipe()\nos.close(reading)\nos.write(writing, b'x')"
    done = subprocess.run(script(body), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.endswith("BrokenPipeError: [Errno 32] Broken pipe\n")


@pytest.mark.parametrize(
    "body", ["os.kill(os.getpid(), 2)\nsys.stdin.read()", "raise KeyboardInterrupt"]
)
def test_ctrl_c(body: str) -> None:
    done = subprocess.run(
        script(body), capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    assert (done.returncode, done.stderr) == (128 + signal.SIGINT, "")


@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-", "<&- >&- 2>&-", "2>&-", "<&-"])
def test_without_an_output(closed: str, tmp_path: Path) -> None:
    """`autograder scores one >&-`, as some services start programs."""
    body = (
        f"file = open({str(tmp_path / 'file')!r}, 'w')\n"
        "os.system('echo from a program')\nprint('one')\nprint('two', file=sys.stderr)\n"
        "sys.stdin.read()\nsys.exit(4)"
    )
    command = shlex.join(script(body))
    done = subprocess.run(["sh", "-c", f"{command} {closed}"], check=False, input=b"")
    assert done.returncode == 4
    assert (tmp_path / "file").read_text() == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="There is no /dev/full here.")
@pytest.mark.parametrize(
    "body",
    ["print('one', flush=True)", "print('one')", "print('one')\nsys.exit(3)", "print('x' * 99999)",
     "try:\n    print('one', flush=True)\nfinally:\n    print('two', flush=True)"],
)  # fmt: skip
def test_a_disk_that_is_full(body: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(script(body), stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert done.stderr == b"The output cannot be written: No space left on device.\n"


def test_another_file_on_a_full_disk_is_another_matter() -> None:
    body = "print('one')\nopen('/dev/full', 'w', buffering=1).write('x\\n')"
    done = subprocess.run(script(body), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.endswith("OSError: [Errno 28] No space left on device\n")


def test_the_process_of_the_workers_ignores_ctrl_c_from_its_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = []
    monkeypatch.setattr(
        forking.forkserver, "ensure_running", lambda: seen.append(signal.getsignal(signal.SIGINT))
    )
    before = signal.getsignal(signal.SIGINT)
    forking.start_server()
    assert seen == [signal.SIG_IGN]
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.slow
def test_commands_without_a_reader_or_an_output(tmp_path: Path) -> None:
    course = PlainCourse.create(tmp_path / "course")
    course.hand_in("ada")
    for command in (
        ("grade", "--help"),
        ("grade", PLAIN, "--workers=1"),
        ("scores", PLAIN),
        ("report", PLAIN),
        ("verify", PLAIN, "--VerifyApp.progress=False"),
    ):
        status, said = unread(PROGRAM, *command, cwd=course.root)
        assert (command, status, said) == (command, 128 + signal.SIGPIPE, "")
    assert course.done() == {"ada"}
    grade = shlex.join([str(PROGRAM), "grade", PLAIN, "--workers=1", "--force"])
    full = "The output cannot be written: No space left on device.\n"
    for line, status, said in (
        (f"{grade} > /dev/full", 1, full),
        (f"{grade} >&-", 0, ""),
        (f"{grade} >&- 2>&- <&-", 0, ""),
    ):
        done = subprocess.run(
            ["sh", "-c", line], cwd=course.root, stderr=subprocess.PIPE, text=True, check=False
        )
        assert (line, done.returncode, done.stderr) == (line, status, said)
