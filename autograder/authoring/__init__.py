"""Tries a lesson on its author's own answers before students get it. TRUSTED SIDE, for authors.

verify        puts all questions to one notebook, and shows what came of it
telling       says what is found as soon as it is
findings      the questions, each with the findings that answer it
known         the questions about known mistakes
readable      what keeps a notebook from being looked at at all
rehearsal     runs the author's own answers in the kernel of the class, by the judge
dry_run       runs test cells in this very process, on answers of the author's only
mutants       small changes of a solution, which the test cells have to notice
changes       tries these, in one process or in several
equivalence   whether such a change is as right as before: both are asked the same, many times
variations    the many inputs that are tried, like those of the checks
replies       what comes back: whether two say the same, and how the author reads them
plain_cells   the same for test cells of nbgrader's own, without the kit
leaks         lines in the release that students must not see
fold          folds the test cells and the set-up cell of the release

No student's code runs here: a dry run has no sandbox around it. The command `autograder verify`
(`apps/verify`) calls `verify`; an author's own tests can call it as well.
"""

from autograder.authoring.fold import FoldCells

__all__ = ["FoldCells"]
