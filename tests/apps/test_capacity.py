"""What a process may use where control groups limit it, in folders made as Linux has them."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from autograder.apps import capacity

MIB = 1 << 20


@pytest.fixture(autouse=True)
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Eight processors and plenty of memory, and no limit but what a test writes."""
    monkeypatch.setattr(capacity, "GROUPS", tmp_path / "own")
    monkeypatch.setattr(capacity, "TREES", tmp_path / "trees")
    monkeypatch.setattr(capacity.os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    return tmp_path / "trees"


def own(groups: Path, *said: str) -> None:
    (groups.parent / "own").write_text("".join(line + "\n" for line in said))


def write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content + "\n")


def test_without_control_groups_the_machine_counts() -> None:
    assert capacity.cores() == 8
    assert capacity.memory()[1] == psutil.virtual_memory().total


@pytest.mark.parametrize(
    ("said", "cores"),
    [
        ("max 100000", 8),
        ("200000 100000", 2),
        ("150000 100000", 2),
        ("50000 100000", 1),
        ("1000 100000", 1),
        ("1600000 100000", 8),
        ("", 8),
    ],
)
def test_the_quota_of_the_own_group(groups: Path, said: str, cores: int) -> None:
    own(groups, "0::/a/b")
    write(groups / "a/b/cpu.max", said)
    assert capacity.cores() == cores


@pytest.mark.parametrize("limited", ["a/b/c", "a/b", "a", "."])
def test_the_least_quota_on_the_way_up_counts(groups: Path, limited: str) -> None:
    own(groups, "0::/a/b/c")
    for group in ("a/b/c", "a/b", "a"):
        write(groups / group / "cpu.max", "600000 100000")
    write(groups / limited / "cpu.max", "300000 100000")
    write(groups / "a/sibling/cpu.max", "100000 100000")
    assert capacity.cores() == 3


@pytest.mark.parametrize("path", ["/", "/docker/0123", "/../../other"])
def test_a_container_that_sees_its_own_group_as_the_root(groups: Path, path: str) -> None:
    own(groups, f"0::{path}")
    write(groups / "cpu.max", "200000 100000")
    assert capacity.cores() == 2


@pytest.mark.parametrize("tree", ["cpu,cpuacct", "cpu"])
@pytest.mark.parametrize(("quota", "cores"), [("-1", 8), ("250000", 3), ("100", 1)])
def test_version_1(groups: Path, tree: str, quota: str, cores: int) -> None:
    own(groups, "12:memory:/m", "4:cpu,cpuacct:/a/b", "1:name=systemd:/s", "0::/a/b")
    write(groups / tree / "a/cpu.cfs_quota_us", quota)
    write(groups / tree / "a/cpu.cfs_period_us", "100000")
    write(groups / tree / "a/b/cpu.cfs_quota_us", "-1")
    write(groups / tree / "a/b/cpu.cfs_period_us", "100000")
    assert capacity.cores() == cores


def test_fewer_processors_than_the_quota(groups: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity.os, "sched_getaffinity", lambda _: {3}, raising=False)
    own(groups, "0::/")
    write(groups / "cpu.max", "400000 100000")
    assert capacity.cores() == 1


def test_the_memory_of_every_group_on_the_way_up(groups: Path) -> None:
    own(groups, "0::/a/b")
    write(groups / "a/b/memory.max", "max")
    write(groups / "a/b/memory.current", f"{1 * MIB}")
    write(groups / "a/memory.max", f"{64 * MIB}")
    write(groups / "a/memory.current", f"{16 * MIB}")
    write(groups / "memory.max", f"{128 * MIB}")
    write(groups / "memory.current", f"{100 * MIB}")
    assert capacity.memory() == (28 * MIB, 64 * MIB)


def test_memory_in_version_1(groups: Path) -> None:
    own(groups, "12:memory:/m", "4:cpu,cpuacct:/c")
    write(groups / "memory/m/memory.limit_in_bytes", f"{64 * MIB}")
    write(groups / "memory/m/memory.usage_in_bytes", f"{65 * MIB}")
    write(groups / "memory/memory.limit_in_bytes", "9223372036854771712")
    write(groups / "memory/memory.usage_in_bytes", "1")
    assert capacity.memory() == (0, 64 * MIB)
