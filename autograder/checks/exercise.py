"""`Exercise`: the words in which a test cell is written.

An instructor writes

    exercise = Exercise("logistic_model")
    exercise.returns("at w = b = 0 every p is 0.5", student.logistic_model, zeros, x, expected=half)
    exercise.report()

and reads it as a specification. What each check asks stands in the class that has it, and how it is
judged beside it: in the modules whose names stand below.

TRUSTED SIDE during grading; in a live notebook the same checks run beside the student's code and
count for nothing.
"""

from __future__ import annotations

from autograder.checks.accuracy import AccuracyChecks
from autograder.checks.answers import AnswerChecks
from autograder.checks.derivatives import DerivativeChecks
from autograder.checks.forms import FormChecks
from autograder.checks.gradients import GradientChecks
from autograder.checks.relations import RelationChecks
from autograder.checks.training import TrainingChecks
from autograder.checks.transformations import TransformationChecks
from autograder.checks.values import ValueChecks


class Exercise(
    AnswerChecks,
    DerivativeChecks,
    FormChecks,
    GradientChecks,
    TrainingChecks,
    TransformationChecks,
    ValueChecks,
    AccuracyChecks,
    RelationChecks,
):
    """The checks of one exercise, in order.

    A test cell makes one and ends with its report::

        exercise = Exercise("line")
        exercise.returns("passes through (3, 7)", student.line, line, 3.0, expected=7.0)
        exercise.agrees("other lines are right", student.line, reference.line, lines, points=2)
        exercise.report()

    A check runs at once and never raises, whatever the student's function does. It ends as passed,
    failed, not attempted (there is no answer yet), or error (the check itself broke: that is never
    the student's fault, and a person has to look).

    `stubs` are functions of yours that stand for the student's answers to other exercises, by
    name, so that a mistake there costs nothing here. The student's cells that a part needs are run
    again with them, in a copy of the notebook; whatever the part makes of the other names, it makes
    of the stubs. Give them the parameter names of the release, and not the solution: student code
    can read them::

        squared = given("lambda theta, x, y: jnp.sum((theta['w'] * x - y) ** 2)")
        exercise = Exercise("dloss", stubs={"loss": squared})
        exercise.is_gradient("it is the slope of `loss`", student.dloss, "loss", [(theta, x, y)])

    No answer of the student's is ever what another one is compared with, except where two calls of
    one part are (`relates`, `stacks`). A part is asked the same
    question twice, and has to give the same answer. Most checks take these arguments:

    title
        What is asked, in words that a student understands.
    part
        `student.NAME`, a function or a value of the student's, or what it leads to (see `Part`).
        It is called in float64; what goes in and what comes back is any pytree of arrays, numbers,
        texts, None and random keys.
    inputs
        A sequence of tuples of arguments. `rng`, a `numpy.random.Generator` seeded for each
        student, draws random ones.
    points
        Relative weight: nbgrader's points of the cell are shared out in proportion, and rows show
        their share of those. Checks of 1, 1 and 2 points in a cell worth 6 are worth 1.5, 1.5, 3.
    hints
        Sentences to open one at a time, most general first. They follow a short one of ours where
        the part raised an error, or its answer has another type or shape than was asked for: there
        a student first needs to know where to look, and not the formula. A dict has other ones
        for each kind of failure, and none for the kinds that it leaves out:
        `{"value": ["Is it a sum or a mean?"], "exception": ["theta is a dict."], "shape": []}`.
    mistakes
        A dict from the sentence about a known mistake to a function that makes it, which takes
        the arguments of the part; `worth(0.75, function)` lets it keep three quarters of the
        points. `is_gradient` and `descends` know the mistakes of their kind: of these only the
        sentence is listed, with `worth(0.75)` or, to leave one out, None.
    rtol
        Largest accepted difference, relative to the largest expected number of the same array;
        by default 1e-5, and 2e-5 for an answer that is kept in float32 or less.
    """
