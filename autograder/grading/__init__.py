"""Grades a class: workers in parallel, one process that writes what they find. TRUSTED SIDE.

coordinator   which submissions there are, to the workers one by one, results as they come
writer        the only place that writes: the gradebook and the autograded tree
worker        one submission at a time in a course of its own, with nbgrader's own Autograde
memory        the gradebook that it works with, in its own memory
pool          worker processes on this machine
forking       the process from which they are forked
cluster       the same work on a Dask cluster
rows, files   what travels of the gradebook and of the course directory
progress      what a person or a program sees meanwhile
watch         submissions as they arrive, and an answer for each
exchange      collecting from nbgrader's exchange, and releasing feedback
taking        copying what somebody else can change meanwhile
timestamps    when a submission was handed in
quick         makes imports quick where a start must be
"""

from typing import Any


def __getattr__(name: str) -> Any:
    """What nbgrader_config.py names, imported when nbgrader asks for it: workers start without."""
    if name in ("Collect", "ReleaseFeedback"):
        from autograder.grading import exchange

        return getattr(exchange, name)
    raise AttributeError(name)
