"""nbgrader's own tests of `nbgrader autograde` and of its validator pass with the kit's classes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.lesson import ROOT

pytestmark = pytest.mark.slow

PARTS = 6  # about half a minute each
MODULES = ["nbgrader.tests.apps.test_nbgrader_autograde", "nbgrader.tests.test_validator"]


@pytest.mark.parametrize("part", range(1, PARTS + 1))
def test_they_pass(part: int, tmp_path: Path) -> None:
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    own = {"PATH": programs, "PYTHONPATH": str(ROOT), "PART": f"{part}/{PARTS}"}
    plugins = ["-p", "tests.support.in_nbgrader", "-p", "no:cacheprovider"]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rf", *plugins, "--pyargs", *MODULES],
        cwd=tmp_path,
        env={**os.environ, **own},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    assert "passed" in ran.stdout
