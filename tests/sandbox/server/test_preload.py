"""What the zygote prepares, some of it by private names of jax."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from autograder.sandbox.server import preload as warm
from tests.support.lesson import ROOT


class TestWhatIsNotPromised:
    """Private names of jax: these tests say which one a new release lacks."""

    @pytest.mark.parametrize("name", warm.PRIVATE_NAMES)
    def test_private_names_of_jax_are_there(self, name: str) -> None:
        assert warm.private(name) is not None, f"jax has no {name}: {warm.PRIVATE_NAMES[name]}"

    @pytest.mark.slow
    def test_it_works_without_them(self) -> None:
        code = """
        import os, tempfile
        os.environ["TMPDIR"] = tempfile.gettempdir()
        from autograder.sandbox.server import preload as warm
        warm.private = lambda name: None
        assert warm.preload() == list(warm.PRIVATE_NAMES)
        """
        subprocess.run(
            [sys.executable, "-c", re.sub(r"^ +", "", code, flags=re.M)], check=True, cwd=ROOT
        )
