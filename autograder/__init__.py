"""Auto-graded exercises for JAX on nbgrader: what a notebook may import."""

from autograder import properties
from autograder.checks import Exercise
from autograder.numerics import descend
from autograder.reference import reference
from autograder.student import given, student

__all__ = ["Exercise", "descend", "given", "properties", "reference", "student"]
