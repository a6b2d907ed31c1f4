"""What students write in place of the instructor's code is compiled already."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.sandbox.grader.cache import writing_compiled_code
from autograder.sandbox.grader.everyday import Shapes


class TestEverydayCode:
    SHAPE = "import jax, jax.numpy as jnp\nx = jnp.linspace(0.1, 0.9, 7)\nx + x; x * 2; x - x\n"
    ANSWER = SHAPE + (
        "events = []\n"
        "jax.monitoring.register_event_listener(lambda name, **_: events.append(name))\n"
        "def loss(p):\n"
        "    return -jnp.sum(x * jnp.log(p) + (1 - x) * jnp.log(1 - p))\n"
        "loss(1 / (1 + jnp.exp(-x))), jax.grad(loss)(x)\n"
        "print(*(sum(e.endswith('cache_' + what) for e in events) for what in ('hits', 'misses')))"
    )

    def counts(self, cache: Path, *, everyday: bool) -> tuple[int, int]:
        """Hits and misses of an answer after a notebook with arrays of its shape."""
        module = "autograder.sandbox.grader.everyday"
        before, after = f"import {module}; {module}.watch()\n", f"{module}.compile_everyday_code()"
        cache.mkdir()
        with writing_compiled_code(cache):
            self.run(before + self.SHAPE + after if everyday else self.SHAPE)
            hits, misses = self.run(self.ANSWER).split()
        return int(hits), int(misses)

    def run(self, code: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", code], check=True, text=True, stdout=subprocess.PIPE
        ).stdout

    @pytest.mark.slow
    def test_an_answer_finds_all_it_needs(self, tmp_path: Path) -> None:
        hits, misses = self.counts(tmp_path / "with", everyday=True)
        assert hits > 10
        assert misses == 0
        _, misses = self.counts(tmp_path / "without", everyday=False)
        assert misses > 5

    def test_the_commonest_shapes_are_taken(self) -> None:
        shapes = Shapes()
        for said in (
            "Compiling jit(add) with (ShapedArray(float32[100]), ShapedArray(float32[100])).",
            "Compiling jit(mul) with (ShapedArray(float32[100]), ShapedArray(float32[])).",
            "Compiling jit(dot) with (ShapedArray(float64[3,2], weak_type=True),).",
            "Compiling jit(dot) with (ShapedArray(int32[3,2]),).",
            "Finished tracing ShapedArray(float32[5])",
        ):
            shapes.handle(logging.makeLogRecord({"msg": said}))
        assert shapes.found == {("float32", (100,)): 2, ("float64", (3, 2)): 1}
