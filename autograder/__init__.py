"""Auto-graded exercises for JAX on nbgrader: what a notebook may import."""

from autograder.checks import live, properties
from autograder.checks.exercise import Exercise
from autograder.checks.mistakes import worth
from autograder.checks.numerics import descend
from autograder.checks.reference import reference
from autograder.checks.student import given, student

__all__ = ["Exercise", "descend", "given", "properties", "reference", "student", "worth"]

live.watch()
