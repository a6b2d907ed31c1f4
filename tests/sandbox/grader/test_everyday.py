"""What students write in place of the instructor's code is compiled already."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from autograder.remote import wire
from autograder.remote.given import ready_made
from autograder.sandbox.grader import everyday
from autograder.sandbox.grader.cache import writing_compiled_code
from autograder.sandbox.grader.everyday import Shapes, argument, compile_given, shapes_of, supplied


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

    def counts(self, cache: Path, *, with_formulas: bool) -> tuple[int, int]:
        """Hits and misses of an answer after a notebook with arrays of its shape."""
        module = "autograder.sandbox.grader.everyday"
        calls = cache.with_suffix(".json")
        calls.write_text("[]")
        before = f"import {module}; {module}.watch()\n"
        after = f"{module}.compile_everyday_code({str(calls)!r})\n"
        cache.mkdir()
        with writing_compiled_code(cache):
            self.run(before + self.SHAPE + after if with_formulas else self.SHAPE)
            hits, misses = self.run(self.ANSWER).split()
        return int(hits), int(misses)

    def run(self, code: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", code], check=True, text=True, stdout=subprocess.PIPE
        ).stdout

    @pytest.mark.slow
    def test_an_answer_finds_all_it_needs(self, tmp_path: Path) -> None:
        hits, misses = self.counts(tmp_path / "with", with_formulas=True)
        assert hits > 10
        assert misses == 0
        _, misses = self.counts(tmp_path / "without", with_formulas=False)
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


class TestCalls:
    """What is made of the arguments with which test cells call a student's functions."""

    def test_their_arrays_of_floats_are_shapes_wherever_they_are(self) -> None:
        theta = wire.encode({"w": np.ones((3, 2)), "n": 1, "names": [np.ones(4, "float32")]})
        labels = wire.encode(np.ones(4, dtype=int))
        calls = [{"arguments": [theta, labels, None]}, {"arguments": [wire.encode(np.ones(()))]}]
        assert shapes_of(calls) == {("float64", (3, 2)): 1, ("float32", (4,)): 1}

    def test_an_argument_of_the_students_own_is_none(self) -> None:
        assert argument(None) is None
        assert argument(["source", "lambda x: x + 1"])(1) == 2
        assert argument(wire.encode([1.5, "a"])) == [1.5, "a"]

    def test_a_given_function_is_called_with_the_first_arguments_that_fit(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        called = []

        def note(function: object, arguments: tuple[object, ...], _: object) -> object:
            called.append(arguments)
            return function(*arguments)  # type: ignore[operator]

        monkeypatch.setattr(everyday, "evaluate", note)
        model = ready_made("lambda theta, x: theta['w'] * x")
        theta, x = {"w": 2.0}, np.ones(3)
        loss = "lambda theta, model, x: jnp.sum(model(theta, x))"
        compile_given(loss, [theta, "text", model, x, 12])
        assert called[-1] == called[-2] == (theta, model, x)
        called.clear()
        compile_given("lambda a, b, c, d, e, f: 1", [theta, x])
        assert called == []

    def test_compiled_functions_of_the_lesson_are_taken(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        squash = jax.jit(lambda x: x / (1 + x))
        monkeypatch.setattr(sys.modules["__main__"], "squash", squash, raising=False)
        monkeypatch.setattr(sys.modules["__main__"], "plain", len, raising=False)
        assert supplied() == [squash]
