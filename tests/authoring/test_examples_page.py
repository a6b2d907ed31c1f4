"""docs/exercises-by-example.md: each part of the page is a notebook that the gate lets pass."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.preprocessors import ClearHiddenTests, ClearMarkScheme, ClearSolutions

from autograder.authoring.dry_run import DryRun
from autograder.authoring.verify import Thresholds, verify
from autograder.judge.cells import grade_id
from autograder.record.outcome import Outcome
from autograder.record.render import to_text
from tests.support.lesson import ROOT

PAGE = (ROOT / "docs" / "exercises-by-example.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
INTRODUCTION, *CHAPTERS = re.split(r"^## ", PAGE, flags=re.MULTILINE)
(FIRST,) = BLOCK.findall(INTRODUCTION)
PARTS = {
    title: BLOCK.findall(text)
    for title, _, text in (chapter.partition("\n") for chapter in CHAPTERS)
    if BLOCK.search(text)
}
EXERCISE = re.compile(r'^exercise = Exercise\("(\w+)"', re.MULTILINE)


def labels(name: str, points: int) -> dict[str, object]:
    graded = bool(points)
    marks = {"grade_id": name, "grade": graded, "solution": not graded, "locked": graded}
    return {**marks, "schema_version": 3, "task": False} | ({"points": points} if points else {})


ONE_SEED = Thresholds(seeds=(1,))
BY_HAND = {**labels("by_hand", 2), "solution": True, "locked": False}
"""Of a cell that a person marks."""


def notebook(blocks: list[str]) -> nbformat.NotebookNode:
    """The notebook of a part: what stands before a test cell is its answer, or given."""
    cells = [new_code_cell(FIRST.strip())]
    for source, after in zip(blocks, [*blocks[1:], ""], strict=True):
        made = new_code_cell(source.strip())
        if name := EXERCISE.search(source):
            made.source = f"{FIRST}\n{source}".strip()
            made.metadata.nbgrader = labels(f"test_{name[1]}", 4)
        elif "BEGIN SOLUTION" in source:
            followed = EXERCISE.search(after)
            made.metadata.nbgrader = labels(followed[1], 0) if followed else BY_HAND
        cells.append(made)
    return new_notebook(cells=cells)


def written(folder: Path, blocks: list[str]) -> tuple[Path, Path]:
    """A notebook as the author has it, and as students get it."""
    made, paths = notebook(blocks), [folder / kind / "part.ipynb" for kind in ("a", "b")]
    for path in paths:
        path.parent.mkdir()
        nbformat.write(made, path)
        for strip in (ClearSolutions(), ClearHiddenTests(), ClearMarkScheme()):
            strip.preprocess(made, {})
    return paths[0], paths[1]


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_the_gate_has_nothing_to_say(part: str, tmp_path: Path) -> None:
    found = verify(*written(tmp_path, PARTS[part]), ONE_SEED)
    assert not found.findings, str(found)


WRONG = {
    "shrunk": ("by * v", "by + v"),
    "shuffled": ("permutation(key, x)", "permutation(key, x)[::-1]"),
    "clipped": ("low), high)", "low), 1.0)"),
    "mean_of_squares": ('"count": 3', '"count": 3.0'),
    "init_weights": ("(k, pair)", "(k, pair[::-1])"),
    "square_root": ("raise ValueError", "raise TypeError"),
    "spread": ("jnp.var(x)", "jnp.std(x)"),
    "whitened": ("jnp.std", "jnp.var"),
    "loss": ("mean", "sum"),
    "slope": ("grad(loss)", "grad(lambda *args: 2 * loss(*args))"),
    "jacobian_of_polar": ("(polar)(p)", "(polar)(p).T"),
    "hessian": ("(bowl)(p)", "(bowl)(2 * p)"),
    "hvp": ("(p,), (v,)", "(v,), (p,)"),
    "tanh_backward": ("** 2", ""),
    "cube": ("* ct,", "* -ct,"),
    "distance": ("jnp.sum", "jnp.mean"),
    "energy": ("x * y", "y * y"),
    "Dense": ("+ self.b.size", "+ 1"),
    "scaler": ("jnp.std", "jnp.var"),
    "extremes": ("jnp.max", "jnp.min"),
    "huber": ("jnp.where(jnp.abs(r) < 1,", "(lambda inside, a, b: a if inside else b)(abs(r) < 1,"),
    "predict": ("@jax.jit\n", ""),
    "softmax": ("z - jnp.max(z)", "z"),
    "deviation": ("jnp.sqrt(", "("),
    "scores": ("axis=-1, keepdims=True", ""),
    "init_params": ("key, subkey = jax.random.split(key)", "subkey = key"),
    "momentum": ("- rate * g", "+ rate * g"),
    "train": ("append(value)", "append(1.0)"),
    "n_steps": ("500", "3"),
    "centres": ("range(2)", "[0, 0]"),
}  # fmt: skip
"""For each exercise, what becomes of a piece of its solution: one fault."""


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_a_wrong_answer_fails(part: str, tmp_path: Path) -> None:
    author, _ = written(tmp_path, PARTS[part])
    sources = {grade_id(cell): cell.source for cell in nbformat.read(author, as_version=4).cells}
    run = DryRun(author)
    for test in run.tests:
        name = test.grade_id.removeprefix("test_")
        right, wrong = WRONG[name]
        before, mark, solution = sources[name].partition("### BEGIN SOLUTION")
        assert right in solution, name
        answer = before + mark + solution.replace(right, wrong, 1)
        report = run.judge(test, run.hand_in([test], sources={name: answer}), seed=1).report
        outcomes = {check.outcome for check in report.checks}
        assert {Outcome.FAILED} <= outcomes <= {Outcome.FAILED, Outcome.PASSED}, to_text(report)
