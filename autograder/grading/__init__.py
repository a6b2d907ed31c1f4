"""Grades a class: workers in parallel, one process that writes what they find.

coordinator.py   which submissions there are, one after another to the workers, results as they come
ledger.py        the only place that writes: the gradebook and the autograded tree
worker.py        one submission at a time in a course of its own, with nbgrader's own Autograde
private.py       the gradebook that it works with
pool.py          worker processes on this machine
cluster.py       the same work on a Dask cluster
rows.py          what travels of the gradebook
files.py         what travels of the course directory
progress.py      what a person or a program sees meanwhile
app.py           the command `autograder grade`
"""
