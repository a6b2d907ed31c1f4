"""Changed solutions: which are caught, in one process or in several."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from autograder.authoring import changes
from autograder.authoring.changes import Change, Fate, fate, fates, worthwhile
from autograder.authoring.dry_run import DryRun, OutOfTime
from autograder.authoring.findings import Gate
from autograder.authoring.verify import Thresholds, verify
from tests.authoring.test_verify import ANSWER, IMPORTS, TEST, editing, examine, said

LOOP = "n = 0\n    while n < 2:\n        n = n + 1\n    return n / 2 *"


def with_a_loop(notebook: nbformat.NotebookNode) -> None:
    editing(ANSWER, "return", LOOP)(notebook)


def written(folder: Path) -> Gate:
    """The gate on the page's notebook."""
    examine(folder)
    return Gate(folder / "source" / "scaling.ipynb", [1])


def change_to(gate: Gate, source: str, seconds: float = 60.0) -> Change:
    return Change(gate.tests[0], "standardise", source, 1, seconds)


SOURCES = {
    "def standardise(x):\n    return (x - x.mean()) / x.std()": Fate(caught=False),
    "def standardise(x):\n    return x": Fate(caught=True),
    "def standardise(x):\n    while True:\n        pass": Fate(caught=True, late=True),
    "def standardise(x):\n    import os\n    os._exit(3)": Fate(caught=True, late=True),
}


def test_a_change_that_never_ends_is_stopped_and_caught(tmp_path: Path) -> None:
    found = examine(tmp_path, with_a_loop, Thresholds((1,), mutant_seconds=1))
    (row,) = found.rows
    assert "n = n + 1 → nothing" not in "\n".join(said(found))
    assert row.changes > row.caught >= 8  # n + 2 for n + 1 is as right as before


def test_a_change_out_of_time_between_two_checks_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = written(tmp_path)

    def too_slow(*_: object, **__: object) -> None:
        raise OutOfTime

    monkeypatch.setattr(gate.dry_run, "first_loss", too_slow)
    assert fate(gate.dry_run, change_to(gate, "pass")) == Fate(caught=True, late=True)


def test_a_change_that_took_too_long_may_be_declared_equivalent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "fate", lambda *_: Fate(caught=True, late=True))
    line = "# equivalent: jnp.std(x) → x\n### END HIDDEN TESTS"
    declared = editing(TEST, "### END HIDDEN TESTS", line)
    assert said(examine(tmp_path, declared)) == []


def test_checks_after_the_one_that_fails_are_not_judged(tmp_path: Path) -> None:
    gate = written(tmp_path)
    test, asked = gate.tests[0], []

    def standardise(x):
        asked.append(x)
        return x

    lost = gate.dry_run.first_loss(test, {"standardise": standardise}, 1)
    assert lost is not None
    assert lost.title == "the numbers 1 and 5 become -1 and 1"
    assert {len(x) for x in asked} == {2}


def test_processes_come_to_the_same_and_survive_what_ends_one(tmp_path: Path) -> None:
    gate = written(tmp_path)
    tried = [change_to(gate, source, 5.0) for source in SOURCES]
    assert list(fates(gate.dry_run, tried, processes=2)) == list(SOURCES.values())


def test_what_is_found_does_not_depend_on_the_number_of_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = Thresholds((1,), mutant_seconds=2)
    alone = examine(tmp_path, with_a_loop, limits)
    monkeypatch.setattr(changes, "WORTH_A_PROCESS", 1e-9)
    started: list[int] = []
    real = changes.fates

    def counted(dry_run, tried, processes):
        started.append(processes)
        return real(dry_run, tried, processes)

    monkeypatch.setattr("autograder.authoring.verify.fates", counted)
    paths = (tmp_path / kind / "scaling.ipynb" for kind in ("source", "release"))
    together = verify(*paths, limits, processes=2)
    assert started == [2]
    assert said(alone) == said(together)
    counts = [(row.changes, row.caught, row.harmless) for row in alone.rows]
    assert counts == [(row.changes, row.caught, row.harmless) for row in together.rows]
    assert counts[0][0] > counts[0][1] > 0


def test_processes_that_cannot_start_are_no_reason_to_call_a_change_caught(
    tmp_path: Path,
) -> None:
    gate = written(tmp_path)
    tried = [change_to(gate, "pass")]
    gate.dry_run.notebook.unlink()
    with pytest.raises(RuntimeError, match="a process that was to try changed solutions ended"):
        list(fates(gate.dry_run, tried, processes=2))


@pytest.mark.parametrize(("seconds", "count"), [(0.0, 1), (20.0, 1), (24.0, 2), (1000.0, 3)])
def test_a_process_is_started_where_it_has_enough_to_do(seconds: float, count: int) -> None:
    assert worthwhile(seconds, most=3) == count


def uses_a_helper(notebook: nbformat.NotebookNode) -> None:
    notebook.cells[IMPORTS].source += "\nimport helper_of_the_page"


def test_a_module_beside_the_notebook_is_as_it_was_for_each_change(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "helper_of_the_page.py").write_text("FACTOR = 1.0\n")
    examine(tmp_path, uses_a_helper)
    dry_run = DryRun(tmp_path / "source" / "scaling.ipynb")
    spoilt = "helper_of_the_page.FACTOR = 2.0\ndef standardise(x):\n    return x"
    with dry_run.modules_kept():
        changed = dry_run.hand_in(dry_run.tests, sources={"standardise": spoilt})
        module = changed["helper_of_the_page"]
        assert module.FACTOR == 2.0
        right = dry_run.hand_in(dry_run.tests)
        assert right["helper_of_the_page"] is module
        assert module.FACTOR == 1.0
