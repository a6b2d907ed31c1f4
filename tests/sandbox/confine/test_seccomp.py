"""The numbers by which the filter knows system calls."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from autograder.sandbox.confine.seccomp import CALLS


@pytest.mark.parametrize(
    ("header", "column"),
    [("x86_64-linux-gnu/asm/unistd_64.h", 0), ("asm-generic/unistd.h", 1)],
)
def test_numbers_of_system_calls(header: str, column: int) -> None:
    path = Path("/usr/include") / header
    if not path.exists():
        pytest.skip(f"{path} is not installed (linux-libc-dev)")
    found = dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", path.read_text()))
    for name, numbers in CALLS.items():
        if name in found:
            assert numbers[column] == int(found[name]), name
        elif column == 0:
            assert name in {"fchmodat2", "memfd_secret"}, f"{name} is in no header"
