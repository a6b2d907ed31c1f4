"""`make soak`: a thousand submissions one after another, of which nothing may be left.

    python -m tools.soak [NUMBER]

Each is one of a few kinds: honest, greedy, crashing, leaving daemons. Before and after, and now and
then between, it counts what a leak would make more of.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from dataclasses import astuple, dataclass
from pathlib import Path

import psutil
from nbclient.exceptions import DeadKernelError
from tqdm import tqdm

from tests.support.sandbox import Place, eventually, place
from tests.support.sandbox_driver import answer

KINDS = (
    "import jax.numpy as jnp; float(jnp.arange(4).sum())",
    "open('x', 'w').write('x' * 100_000)",
    "import os; os._exit(1)",
    "import os, time\nif os.fork() == 0:\n    os.setsid(); time.sleep(600)",
    "import subprocess; subprocess.run(['true'])",
    "x = bytearray(50 << 20)",
)
WARM_UP = 20  # submissions before the first count: pools and caches fill


@dataclass(frozen=True)
class Count:
    """What there is of each thing that could be left behind."""

    processes: int
    descriptors: int
    mounts: int
    temporary: int
    grader_kb: int
    server_kb: int

    @classmethod
    def now(cls) -> Count:
        gc.collect()
        me = psutil.Process()
        family = me.children(recursive=True)
        return cls(
            processes=len(family),
            descriptors=sum(process.num_fds() for process in (me, *family)),
            mounts=len(Path("/proc/self/mounts").read_text().splitlines()),
            temporary=sum(1 for _ in Path(tempfile.gettempdir()).rglob("*")),
            grader_kb=me.memory_full_info().uss >> 10,
            server_kb=sum(process.memory_full_info().uss for process in family) >> 10,
        )


def submit(number: int, where: Place) -> None:
    request = {
        "cells": [KINDS[number % len(KINDS)]],
        "folder": str(where.submission),
        "hidden": str(where.course),
        "seed": number,
    }
    try:
        answer(request)
    except DeadKernelError:
        return


def soak(number: int) -> tuple[Count, Count]:
    """Counts after the warm-up and at the end."""
    with place() as where:
        for n in range(WARM_UP):
            submit(n, where)
        before = settled()
        for n in tqdm(range(number), unit="submission", file=sys.stdout, mininterval=5):
            submit(n, where)
        return before, settled()


def settled() -> Count:
    """A count once the last kernel's processes have gone: launcher and zygote are left."""
    assert eventually(lambda: len(psutil.Process().children(recursive=True)) == 2)
    return Count.now()


def leaks(before: Count, after: Count) -> list[str]:
    """What has grown. Memory may by a tenth: allocators keep some."""
    names = list(Count.__dataclass_fields__)
    found = []
    for name, old, new in zip(names, astuple(before), astuple(after), strict=True):
        most = old * 1.1 + 2048 if name.endswith("_kb") else old
        if new > most:
            found.append(f"{name}: {old} before, {new} after")
    return found


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        os.environ["TMPDIR"] = tempfile.tempdir = folder  # where nobody else writes
        before, after = soak(number)
    print("before", before, "after ", after, sep="\n")
    if found := leaks(before, after):
        sys.exit("left behind: " + "; ".join(found))
    print(f"{number} submissions left nothing behind")


if __name__ == "__main__":
    main()
