"""What this process may use of the machine: its processors and memory, or a container's share.

A container, a Slurm job or a systemd unit limits what runs in it by control groups of Linux, in
version 2 (one tree) or 1 (a tree for each kind of thing). A group's limit holds for all groups in
it, so the least one from this process's own group up to the root counts.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import psutil

GROUPS = Path("/proc/self/cgroup")
"""Which groups this process is in: `0::/user.slice` (version 2) or `4:cpu,cpuacct:/user` (1)."""
TREES = Path("/sys/fs/cgroup")
"""Where the trees of groups are mounted."""


def cores() -> int:
    """Processors that this process may use; part of one counts as one."""
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    return max(1, min([count, *map(math.ceil, processor_limits())]))


def memory() -> tuple[int, int]:
    """Bytes free, and bytes in all."""
    machine = psutil.virtual_memory()
    free, total = machine.available, machine.total
    for most, used in memory_limits():
        free, total = min(free, most - used), min(total, most)
    return max(0, free), total


def processor_limits() -> Iterator[float]:
    """Processors that each group may use at a time, of those that have a limit."""
    for group in groups_of("cpu"):
        match words(group / "cpu.max"):
            case [quota, period] if quota != "max":
                yield int(quota) / int(period)
        quotas = [*words(group / "cpu.cfs_quota_us"), *words(group / "cpu.cfs_period_us")]
        if len(quotas) == 2 and int(quotas[0]) > 0:  # -1: no limit
            yield int(quotas[0]) / int(quotas[1])


def memory_limits() -> Iterator[tuple[int, int]]:
    """Bytes that each group may use, of those that have a limit, and bytes that it uses."""
    for group in groups_of("memory"):
        for limit, usage in (
            ("memory.max", "memory.current"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes"),
        ):
            match words(group / limit), words(group / usage):
                case [most], [used] if most != "max":
                    yield int(most), int(used)


def groups_of(kind: str) -> Iterator[Path]:
    """The groups of this process that may limit a kind of thing, with all that they lie in."""
    for line in lines(GROUPS):
        number, kinds, path = line.split(":", 2)
        if number == "0":
            trees = [TREES, TREES / "unified"]
        elif kind in kinds.split(","):
            trees = [TREES / kinds, TREES / kind]
        else:
            continue
        # A path may lead out of what a container sees. What it sees is then mounted as the root.
        inside = PurePosixPath(path.lstrip("/"))
        steps = [] if ".." in inside.parts else [inside, *inside.parents]
        tree = next((tree for tree in trees if tree.is_dir()), None)
        if tree is not None:
            yield from dict.fromkeys([*(tree / step for step in steps), tree])


def lines(path: Path) -> list[str]:
    """The lines of a file; none if it cannot be read, as on other systems."""
    try:
        return path.read_text().splitlines()
    except OSError:
        return []


def words(path: Path) -> list[str]:
    """The words of a file, none if it cannot be read."""
    return " ".join(lines(path)).split()
