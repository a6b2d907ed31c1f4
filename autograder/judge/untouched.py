"""Whether an answer that a person marks was written at all. TRUSTED SIDE, while marks are saved.

nbgrader marks a written answer or a plot by hand in one of two kinds of cells: a *manually graded
answer*, in which students write, and a *manually graded task*, which is locked and has the
question and the marking scheme, so that students write in the cells below it.

In doubt an answer counts as written: then a person looks, and nobody loses a mark unseen.
"""

from __future__ import annotations

from collections.abc import Sequence

from nbformat import NotebookNode

from autograder.judge.cells import grade_id


def is_untouched(source: str, released: str) -> bool:
    """Whether a manually graded answer holds what the release had there, or nothing.

    Spaces and line ends do not count: `is_untouched("YOUR ANSWER HERE\\r\\n", "YOUR ANSWER HERE")`.
    """
    return words(source) in ((), words(released))


def is_touched(source: str, released: str) -> bool:
    """Whether code was written in an answer: comments count only where they hold all that is there.

    >>> is_touched("# my notes\\nraise NotImplementedError()", "raise NotImplementedError()")
    False
    """
    return bool(words(source)) and code(source) != code(released)


def code(source: str) -> tuple[str, ...]:
    """The words of a source that are in no line of comment."""
    kept = [line for line in source.splitlines() if not line.lstrip().startswith("#")]
    return words("\n".join(kept))


def is_unanswered(
    task: str, cells: Sequence[NotebookNode], instructors: Sequence[NotebookNode]
) -> bool:
    """Whether nothing was written below a manually graded task, or as a text above it.

    As far as the next cell of nbgrader's on either side every cell has to be as it was released,
    or empty. One that is gone may have been moved: then a person looks.

    Parameters
    ----------
    task
        The grade_id of the task cell.
    cells
        What was handed in.
    instructors
        The author's notebook: its cells without a grade_id are those of the release.
    """
    try:
        (above, below), (_, released) = around(task, cells), around(task, instructors)
    except StopIteration:  # the author's notebook has changed since
        return False
    known = {(), *(words(cell.source) for cell in instructors if not grade_id(cell))}
    texts = [cell for cell in above if cell.cell_type != "code"]
    same = all(words(cell.source) in known for cell in [*texts, *below])
    return same and len(below) >= len(released)


def words(source: str) -> tuple[str, ...]:
    """What has to be equal for two sources to say the same."""
    return tuple(source.split())


def around(
    name: str, cells: Sequence[NotebookNode]
) -> tuple[list[NotebookNode], list[NotebookNode]]:
    """The cells before and behind the one of this name, each as far as the next with a name.

    Raises
    ------
    StopIteration
        If there is no cell of this name.
    """
    at = next(n for n, cell in enumerate(cells) if grade_id(cell) == name)
    return until_named(cells[:at][::-1]), until_named(cells[at + 1 :])


def until_named(cells: Sequence[NotebookNode]) -> list[NotebookNode]:
    """The cells before the first that has a name of nbgrader's."""
    end = next((n for n, cell in enumerate(cells) if grade_id(cell)), len(cells))
    return list(cells[:end])
