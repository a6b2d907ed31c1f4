"""The limits in words."""

from __future__ import annotations

from autograder.sandbox.settings import ResourceLimits, Stop, size

MIB = 1 << 20


def test_every_limit_has_a_sentence() -> None:
    limits = ResourceLimits(2 << 30, 256, 256 * MIB, 20_000, 600.0, 1200.0, 32 * MIB)
    assert {stop: limits.sentence(stop) for stop in Stop} == {
        Stop.MEMORY: "used more than 2 GiB of memory",
        Stop.PROCESSES: "had more than 256 processes and threads",
        Stop.DISK: "wrote more than 256 MiB of files",
        Stop.FILES: "made more than 20000 files",
        Stop.CPU: "computed for more than 600 s of processor time in all",
        Stop.WALL: "ran for more than 1200 s in all",
        Stop.OUTPUT: "printed or displayed more than 32 MiB",
        Stop.FORKSERVER: "was ended from outside; grading it again may help",
    }


def test_size() -> None:
    assert [size(n << 20) for n in (1, 300, 1024, 1536)] == ["1 MiB", "300 MiB", "1 GiB", "1.5 GiB"]
