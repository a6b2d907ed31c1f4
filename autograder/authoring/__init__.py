"""Tries a lesson on its author's own answers before students get it. TRUSTED SIDE, for authors.

verify     all questions put to one notebook
findings   the questions, each with the findings that answer it
dry_run    test cells run in this very process, on answers of the instructor's only
mutants    small changes of a solution
leaks      lines in the release that students must not see
"""
