"""The course that this directory is. Copy it with source/ to start a course elsewhere."""

import os
import sys
from pathlib import Path

c = get_config()  # noqa: F821 - nbgrader provides it

# nbgrader calls the alembic program by its bare name; find it without an activated environment.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])

c.CourseDirectory.course_id = "jax_exercises"
c.CourseDirectory.ignore = [
    ".ipynb_checkpoints",
    "*.pyc",
    "__pycache__",
    ".DS_Store",
    ".ruff_cache",
    "draw_figures.py",
]

# Students get test cells and the set-up cell folded; c.FoldCells.enabled = False leaves them open.
c.GenerateAssignment.preprocessors = [
    "nbgrader.preprocessors.IncludeHeaderFooter",
    "nbgrader.preprocessors.InstantiateTests",
    "nbgrader.preprocessors.LockCells",
    "nbgrader.preprocessors.ClearSolutions",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.CheckCellMetadata",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.SaveCells",
    "nbgrader.preprocessors.ClearHiddenTests",
    "nbgrader.preprocessors.ClearMarkScheme",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.CheckCellMetadata",
    "autograder.authoring.FoldCells",
]

# Test cells that use the kit are run by a judge outside the student's kernel.
c.Autograde.exporter_class = "autograder.judge.SubmissionExporter"
c.Autograde.pre_convert_hook = "autograder.judge.receive"
c.Autograde.sanitize_preprocessors = [
    "autograder.judge.RestoreCells",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.DeduplicateIds",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "autograder.judge.Execute",
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "autograder.judge.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
    "autograder.judge.Sanitise",
]

# What students read must not hold the hidden tests or the marking scheme.
c.GenerateFeedback.exporter_class = "autograder.reports.Feedback"
c.GenerateFeedback.preprocessors = [
    "nbgrader.preprocessors.GetGrades",
    "autograder.reports.HideTests",
    "autograder.judge.Sanitise",
    "autograder.reports.Summarise",
]

# From the exchange, only what a student handed in and nothing that it links to; and what is wrong
# with one submission keeps no other from being collected, or its feedback from being released.
c.ExchangeFactory.collect = "autograder.grading.Collect"
c.ExchangeFactory.release_feedback = "autograder.grading.ReleaseFeedback"

# What a terminal would obey, in names of files and students, is written out in messages.
c.Application.logging_config = {"formatters": {"console": {"class": "autograder.apps.Formatter"}}}

# Seconds of processor time that one cell of a student's may take. The lesson states it.
c.Execute.timeout = 60

# Student code runs in a sandbox; docs/budgets.md lists its limits. For example:
# c.Sandbox.memory = 4 << 30
