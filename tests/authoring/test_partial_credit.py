"""The release gate and known mistakes that keep a share of the points."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from tests.authoring.test_verify import TEST, editing, examine, said


@pytest.mark.parametrize(
    ("mistake", "finding"),
    [
        ("worth(0.5, lambda x: x / np.std(x))", ""),
        ("worth(1, lambda x: x / np.std(x))", ""),
        (
            "worth(1, lambda x: (x - x.mean()) / x.std())",
            "test_standardise: an answer with the known mistake 'It looks as if the mean is not "
            "subtracted.' keeps every point. ",
        ),
        (
            "worth(0.5, lambda x: (x - x.mean()) / x.std())",
            "test_standardise: an answer with the known mistake 'It looks as if the mean is not "
            "subtracted.' keeps every point. ",
        ),
        (
            "worth(1.5, lambda x: x / np.std(x))",
            "ValueError: worth(1.5, …): expected a share from 0 to 1",
        ),
    ],
)
def test_a_known_mistake_that_keeps_a_share(tmp_path: Path, mistake: str, finding: str) -> None:
    """With a share of 1 it costs nothing, and still has to be named."""

    def change(notebook: nbformat.NotebookNode) -> None:
        editing(TEST, "reference, student", "reference, student, worth")(notebook)
        editing(TEST, "lambda x: x / np.std(x)", mistake)(notebook)
        # The visible check fails as well, where it keeps all points, too.
        listed = f'mistakes={{"It looks as if the mean is not subtracted.": {mistake}}},'
        editing(TEST, "    hints=", f"    {listed}\n    hints=")(notebook)

    sentences = said(examine(tmp_path, change))
    assert any(finding in s for s in sentences) if finding else sentences == [], sentences


def test_a_changed_solution_that_a_known_mistake_excuses_is_told_apart(tmp_path: Path) -> None:
    """It keeps all points, since the author says so, but it is not taken for a right one."""
    added = "worth(1, lambda x: (x + np.mean(x)) / np.std(x))"
    listed = f'mistakes={{"It looks as if the mean is added.": {added},'

    def change(notebook: nbformat.NotebookNode) -> None:
        editing(TEST, "reference, student", "reference, student, worth")(notebook)
        editing(TEST, "mistakes={", listed)(notebook)
        editing(TEST, "    hints=", f"    {listed}}},\n    hints=")(notebook)

    found = examine(tmp_path, change)
    assert said(found) == []
    (row,) = found.rows
    assert row.caught == row.changes
