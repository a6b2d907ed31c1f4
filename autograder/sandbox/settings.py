"""What student code may use up, and whether it may run at all.

Each limit is enforced twice: the supervisor measures and ends the kernel at the limit, with a
sentence that names it; a hard limit of Linux's, a little higher, holds between two looks.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path

from traitlets import Bool, CaselessStrEnum, Float, Integer, List, Unicode
from traitlets.config import LoggingConfigurable

MIB = 1 << 20


class Isolation(StrEnum):
    """How student code is kept apart, best first."""

    NAMESPACES = "namespaces"
    LANDLOCK = "landlock"
    NONE = "none"


class Stop(StrEnum):
    """Which limit ended a kernel: the name of a setting of `Sandbox`, mostly.

    The supervisor says it (the grader for what it measures itself, such as output), and records,
    cells and `autograder grade` tell it on.
    """

    MEMORY = "memory"
    PROCESSES = "processes"
    DISK = "disk"
    FILES = "files"
    CPU = "cpu"
    WALL = "wall"
    OUTPUT = "output"
    FORKSERVER = "fork server"
    """Not a limit: the fork server ended, or was ended from outside."""


@dataclass(frozen=True)
class Spent:
    """What earlier kernels of a submission have used of its time, in seconds.

    The judge adds it up, so that a submission does not win time by ending its kernel.
    """

    cpu: float = 0.0
    wall: float = 0.0


@dataclass(frozen=True)
class Used:
    """What one kernel has used until a moment, in seconds; neither ever goes down.

    `cpu` is the processor time of all its processes together, ended ones included. `busy` is the
    time during which at least one of them ran, or could have run if a processor had been free: on
    a machine with much to do a kernel gets little processor time, yet it is busy. What passes
    beyond that is spent asleep, or in waiting for something else.
    """

    cpu: float = 0.0
    busy: float = 0.0


@dataclass(frozen=True)
class ResourceLimits:
    """The limits of one submission. Sizes in bytes, times in seconds."""

    memory: int
    processes: int
    disk: int
    files: int
    cpu: float
    wall: float
    output: int

    def sentence(self, stop: str) -> str:
        """What a student is told when a limit has ended the kernel, to follow "it" or a name.

        `limits.sentence("memory")` is "used more than 2 GiB of memory", for example.
        """
        match stop:
            case Stop.MEMORY:
                return f"used more than {size(self.memory)} of memory"
            case Stop.PROCESSES:
                return f"had more than {self.processes} processes and threads"
            case Stop.DISK:
                return f"wrote more than {size(self.disk)} of files"
            case Stop.FILES:
                return f"made more than {self.files} files"
            case Stop.CPU:
                return f"computed for more than {self.cpu:g} s of processor time in all"
            case Stop.WALL:
                return f"ran for more than {self.wall:g} s in all"
            case Stop.OUTPUT:
                return f"printed or displayed more than {size(self.output)}"
            case _:
                return "was ended from outside; grading it again may help"

    def less(self, spent: Spent) -> ResourceLimits:
        """What is left for the next kernel of a submission, which the provisioner starts.

        Sizes hold for each kernel anew, times for all of them together: with `cpu` at 600 s and
        `Spent(cpu=450.0)`, the next one has 150 s.
        """
        return replace(
            self, cpu=max(0.0, self.cpu - spent.cpu), wall=max(0.0, self.wall - spent.wall)
        )

    def as_dict(self) -> dict[str, float]:
        """As the request to a supervisor carries them; it makes `ResourceLimits` of it again."""
        return asdict(self)


def size(count: int) -> str:
    """A number of bytes for people.

    >>> size(2 << 30), size(300 << 20)
    ('2 GiB', '300 MiB')
    """
    return f"{count / (1 << 30):g} GiB" if count >= 1 << 30 else f"{count / MIB:g} MiB"


class IsolationUnavailable(RuntimeError):
    """Student code would run unprotected, and `require_isolation` forbids that.

    Raised before a kernel is started: nothing of the submission's has run, and nothing will.
    """


class Sandbox(LoggingConfigurable):
    """Settings of the sandbox in which student code runs: `c.Sandbox.memory = 4 << 30`.

    The kernel manager makes one from the course's configuration, and so does `doctor`.
    """

    isolation = CaselessStrEnum(
        ["auto", *Isolation],
        default_value="auto",
        help="""How student code is kept away from everything else. "namespaces": it sees a file
        system of its own, without the course in it. "landlock": it sees the names of files, but
        may open none. "none": it runs as the grader itself. "auto": the best that works here.""",
    ).tag(config=True)
    require_isolation = Bool(
        sys.platform == "linux",
        help="""Refuse to grade where student code cannot be isolated. Off by default except on
        Linux, since other systems offer nothing.""",
    ).tag(config=True)
    memory = Integer(2 << 30, help="Bytes of memory of all processes of a submission.").tag(
        config=True
    )
    processes = Integer(256, help="Processes and threads of a submission at once.").tag(config=True)
    disk = Integer(256 * MIB, help="Bytes of files that a submission may have at once.").tag(
        config=True
    )
    files = Integer(20_000, help="Files that a submission may have at once.").tag(config=True)
    cpu = Float(
        600.0,
        help="Seconds of processor time of all processes of a submission, over all its kernels.",
    ).tag(config=True)
    wall = Float(
        3600.0,
        help="""Seconds that a submission may run in all, over all its kernels, whatever else the
        machine does meanwhile: several times `cpu`, so that only what waits for ever meets it.""",
    ).tag(config=True)
    output = Integer(
        32 * MIB, help="Bytes that one kernel may print, display and answer in all."
    ).tag(config=True)
    readable = List(
        Unicode(),
        help="""Folders outside Python's own that student code may read and import from, such as a
        library of the course's: `c.Sandbox.readable = ["/srv/library"]`. Being on `sys.path` is
        not enough; `autograder doctor` says what of it is left out.""",
    ).tag(config=True)
    hidden = List(
        Unicode(),
        help="""Directories that must not exist for student code, besides the course and your
        home. Nothing outside Python's own folders exists for it anyhow: this is checked, and
        grading refused, if one of these lies inside a folder that has to be readable.""",
    ).tag(config=True)

    def limits(self) -> ResourceLimits:
        """The limits as they are set now, for one submission."""
        return ResourceLimits(
            memory=self.memory,
            processes=self.processes,
            disk=self.disk,
            files=self.files,
            cpu=self.cpu,
            wall=self.wall,
            output=self.output,
        )

    def readable_directories(self) -> list[Path]:
        """What student code may read besides Python and its packages: `readable`."""
        return [Path(path).expanduser() for path in self.readable]

    def hidden_directories(self) -> list[Path]:
        """What student code must not reach besides the course: the grader's home, and `hidden`."""
        return [Path.home(), *(Path(path).expanduser() for path in self.hidden)]
