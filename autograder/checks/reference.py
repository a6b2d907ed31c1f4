"""`reference`: the instructor's own solutions, under the same names as the student's.

TRUSTED SIDE during grading: the solutions follow from the instructor's notebook (see
`judge.solutions`). In the instructor's own live notebook they are its own functions. In an exercise
with stubs a solution sees these, as the student's function does.
"""

from __future__ import annotations

from typing import Any

from autograder.checks.context import current
from autograder.remote.given import evaluate


class Reference:
    """Attribute access gives the instructor's object; functions run in float64.

    `reference.loss(theta, x)` takes numpy arrays and numbers, and answers with what the solution
    returns, as a rule jax arrays. A name that the instructor's notebook does not define is an
    AttributeError.
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        context = current.get()
        asked = (context.solution, context.stubs)
        found = context.solution(name, context.stubs)
        if not callable(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            now = current.get()  # `agrees` asks without stubs as well, `diagnosis` for no solution
            same = (now.solution, now.stubs) == asked
            function = found if same else now.solution(name, now.stubs)
            return evaluate(function, args, kwargs)

        call.__name__ = name
        return call


reference = Reference()
