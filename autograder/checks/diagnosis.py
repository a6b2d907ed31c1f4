"""Why an answer is wrong: the known mistake that it coincides with, or a simple relation.

A known mistake explains an answer only if the two agree as tightly as a right answer has to, and
no rival comes near. Where none fits, an answer that stands in a simple relation to the expected
one (the opposite sign, a constant factor …) earns an observation, which accuses nobody. Neither
ever tells an expected value. TRUSTED SIDE during grading.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np

from autograder.checks.arrays import as_array, varied
from autograder.checks.attempt import Arguments, Attempt, Function
from autograder.checks.compare import distance, matched, parts_of, wrong_container
from autograder.checks.context import current
from autograder.checks.hints import about_form
from autograder.checks.mistakes import makes, share_of
from autograder.checks.numerics import plain
from autograder.record.outcome import Kind, Outcome
from autograder.record.report import CheckResult
from autograder.remote import trees

Mistakes = Mapping[str, Function | None]
"""By its sentence, a function that makes a mistake; None keeps one of the kit's from being said."""

Candidates = Mapping[str, Sequence[Any]]
"""By its sentence, what a mistake gives: one answer per input."""

# Of more parts than these that are right, a sentence tells the number.
MOST_NAMED = 4

# A rival within this many tolerances could be what the answer really is: then nothing is named.
CLEAR = 10.0


@dataclass(frozen=True)
class Trial:
    """What a check put to a part of the student's, and what came of it.

    `Exercise` makes one for each check and keeps it, so that `autograder verify` can ask whether
    the check tells known mistakes and changed solutions from right answers.

    `part` is the name of the student's function, and `steps` lead on from it, as to a method of an
    object that it makes; see `Part`. `mistakes` are those that the author lists. They
    take its arguments, as in `inputs`, and may keep a share of the points (`worth`); `judged` picks
    from their answers what the check looks at, such as the losses of a training loop. `slips` gives
    what the mistakes of this kind of exercise give at the inputs. `solution` gives the right
    answers, where a function does, and `slope` those of a gradient, which its mistakes take before
    the arguments. `stubs` are those of the exercise, for mistakes that bend a solution.
    `chosen` names values that a student chose, where what they lead to is judged. `attempt` is
    empty until the check has been judged.
    """

    title: str
    part: str
    inputs: Sequence[Arguments] = ()
    mistakes: Mistakes = field(default_factory=dict)
    judged: Function = lambda answer: answer
    slips: Callable[[], Candidates] | None = None
    solution: Function | None = None
    slope: Function | None = None
    stubs: Mapping[str, Any] = field(default_factory=dict)
    chosen: tuple[str, ...] = ()
    steps: tuple[Any, ...] = ()
    attempt: Attempt = field(default_factory=lambda: Attempt(""))

    def result(self) -> CheckResult:
        """What came of it, as a row of a report without points and the author's hints."""
        made = self.attempt
        if not made.sentence:
            return CheckResult(self.title, Outcome.PASSED, stop=made.stop)
        mistake = self.known_mistake()
        why = [mistake] if mistake else [self.observation(), made.besides]
        said = " ".join(filter(None, [made.sentence, *why]))
        share = share_of(self.mistakes.get(mistake))
        return CheckResult(
            self.title,
            Outcome.FAILED,
            rationale=said,
            mistake=mistake,
            stop=made.stop,
            share=share,
            kind=made.kind,
            hints=tuple(filter(None, [made.hint or self._hint_at_form()])),
        )

    def _hint_at_form(self) -> str:
        return about_form(self.attempt.answers) if self.attempt.kind is Kind.SHAPE else ""

    @property
    def listed(self) -> list[str]:
        """The mistakes that the author makes with a function."""
        return [why for why, mistake in self.mistakes.items() if makes(mistake)]

    def function_of(self, mistake: str) -> Function:
        """A function of the arguments of the part that makes a listed mistake."""
        function, slope = self.mistakes[mistake], self.slope
        assert function is not None
        return function if slope is None else lambda *args: function(slope(*args), *args)

    def answers_of(self, mistake: str) -> list[Any]:
        """What a listed mistake gives, one answer per input. Raises whatever the mistake raises."""
        function, inputs = self.mistakes[mistake], self.inputs
        assert function is not None
        if self.slope is not None:  # it has been measured
            inputs = [(s, *args) for s, args in zip(self.attempt.expected, inputs, strict=True)]
        with current.get().with_stubs(self.stubs):
            return [self.judged(plain(function, args)) for args in inputs]

    def known_mistake(self) -> str:
        """The known mistake that explains a wrong answer, or "".

        It is "" as well where nobody asks, and where there are not as many answers as inputs, as
        when a part returned something that could not be judged.
        """
        if not current.get().diagnosing or len(self.attempt.answers) != len(self.inputs):
            return ""
        return recognise(self.attempt, self._candidates())

    def _candidates(self) -> dict[str, Sequence[Any]]:
        """What each known mistake gives on the inputs.

        In a live notebook there is no solution. If one of the listed mistakes bends it there, or
        fails beside names that are the student's, none is tried: a student hears what grading would
        say, or nothing.
        """
        context = current.get()
        if not context.live:
            return self._all()
        with context.without_solutions(), contextlib.suppress(Exception):
            return self._all()
        return {}

    def _all(self) -> dict[str, Sequence[Any]]:
        listed = {why: self.answers_of(why) for why in self.listed}
        return {**listed, **self.beside(listed)}

    def beside(self, listed: Candidates) -> dict[str, Sequence[Any]]:
        """What the mistakes of the kind give, but for those that the author has replaced.

        One is replaced by None, by a function under the same sentence, or by a listed mistake that
        gives the same answers: the author's word comes first.

        Raises
        ------
        ValueError
            If a share is said, or None, for a sentence that does not come with the check.
        """
        slips, scale = self.slips() if self.slips else {}, self.attempt.scale
        for why in set(self.mistakes) - set(self.listed) - set(slips):
            raise ValueError(f"{self.title!r}: no mistake that comes with this check reads {why!r}")
        return {
            why: answers
            for why, answers in slips.items()
            if self.mistakes.get(why, answers) is not None
            and all(apart(answers, others, scale) > CLEAR for others in listed.values())
        }

    def told_apart(self, listed: Candidates) -> dict[str, Sequence[Any]]:
        """What the mistakes of the kind give, where the inputs tell them from all others."""
        known = {**listed, **self.beside(listed)}
        return {
            why: answers
            for why, answers in known.items()
            if why not in listed and recognise(replace(self.attempt, answers=answers), known) == why
        }

    def observation(self) -> str:
        """A simple relation of a wrong answer to the expected one, as a sentence, or ""."""
        if not current.get().diagnosing:
            return ""
        return relation(self.attempt, self.inputs, self.solution) or right_parts(self.attempt)


@np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore")
def recognise(made: Attempt, candidates: Candidates) -> str:
    """The name of the one known mistake that all answers coincide with, or "".

    `candidates` maps a name to what the mistake gives on the same inputs. When a second one, or
    the right answer, is nearly as close, the inputs cannot tell them apart, and none is named:
    better silent than wrong.

    >>> wrong = Attempt("The number is off by about 50%.", answers=[1.0], expected=[2.0])
    >>> recognise(wrong, {"halved": [1.0], "doubled": [4.0]})
    'halved'
    >>> recognise(wrong, {"halved": [1.0], "one instead of two": [1.0]})
    ''
    """
    far = {
        name: apart(made.answers, answers, made.scale, enough=CLEAR)
        for name, answers in candidates.items()
    }
    if len(made.expected) == len(made.answers):
        far[""] = apart(made.answers, made.expected, made.scale, enough=CLEAR)
    near = [name for name, how_far in far.items() if how_far <= CLEAR]
    return near[0] if len(near) == 1 and far[near[0]] <= 1 else ""


def apart(
    answers: Sequence[Any],
    others: Sequence[Any],
    scale: float = 0.0,
    rtol: float | None = None,
    enough: float = float("inf"),
) -> float:
    """The largest distance of answers to the same inputs, in units of the tolerance.

    Both have one answer per input; other numbers of them are a ValueError. Without any the
    distance is infinite: nothing coincides. Who does not ask how far beyond `enough` it is gets
    the first distance that is.
    """
    far = [float("inf")] if not answers else []
    for one, other in zip(answers, others, strict=True):
        far.append(distance(one, other, rtol, scale))
        if far[-1] > enough:
            break
    return max(far)


@np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore")
def relation(
    made: Attempt, inputs: Sequence[Arguments] = (), solution: Function | None = None
) -> str:
    """How wrong answers relate to the expected ones, if one simple relation fits, or "".

    Parameters
    ----------
    made
        The answers and what was expected, one per input: numbers, arrays, or dicts of these.
    inputs
        The arguments that led to them. The length of their arrays, where it is the same for all,
        is the number of points.
    solution
        Gives the expected answers; tried with two of its arguments exchanged.

    Examples
    --------
    >>> expected = np.array([1.0, 2.0, 4.0])
    >>> relation(Attempt("3 of 3 numbers are off.", [1.5 * expected], [expected]))
    'Every number is 3/2 times the expected one.'
    """
    if not made.expected or len(made.answers) != len(made.expected):
        return ""
    try:
        expected = [_as_floats(value) for value in made.expected]
        pairs = zip(made.answers, made.expected, strict=True)
        answers = [_in_the_form_of(e, a) for a, e in pairs]
    except (TypeError, ValueError):  # the two are not the same trees of arrays
        return ""
    if not varied(_flat(expected)) or not varied(_flat(answers)):
        return ""
    if apart(answers, expected, made.scale) <= 1:
        return "The numbers themselves are right." if made.sentence else ""
    floats = Attempt(made.sentence, answers, expected, made.scale)
    fixed = _fixed_relations(expected, inputs) | _exchanged(inputs, solution)
    return recognise(floats, fixed) or recognise(floats, _fitted_relations(floats))


def right_parts(made: Attempt) -> str:
    """Say which of several values, or entries of a tree, are right where others are wrong, or "".

    >>> right_parts(Attempt("It is off.", [{"w": 1.0, "b": 2.0}], [{"w": 1.0, "b": 3.0}]))
    "The entry 'w' is right."
    """
    if not made.expected or len(made.answers) != len(made.expected):
        return ""
    pairs = zip(made.answers, made.expected, strict=True)
    found = [[*matched(a, e, rtol=made.rtol, scale=made.scale)] for a, e in pairs]
    names = [leaf.of for leaf in found[0]]
    if not all(names) or any([leaf.of for leaf in one] != names for one in found):
        return ""
    right = [n for n in range(len(names)) if all(one[n].off <= 1 for one in found)]
    return _are_right([names[n] for n in right]) if 0 < len(right) < len(names) else ""


def _are_right(places: Sequence[str]) -> str:
    """`places` are those of `wording.place`: " for the entry 'w'", " at answer[0]['W']"."""
    *others, last = [re.sub("^ (for|at) ", "", place) for place in places]
    if len(others) >= MOST_NAMED:
        return f"{len(places)} of its parts are right."
    said = f"{', '.join(others)} and {last} are right." if others else f"{last} is right."
    return said[0].upper() + said[1:] if said.startswith("the ") else said


def _fixed_relations(
    expected: Sequence[Any], inputs: Sequence[Arguments]
) -> dict[str, Sequence[Any]]:
    """What the answers would be under relations that have no free number."""
    found: dict[str, Sequence[Any]] = {
        "Every number has the sign opposite to the expected one.": [
            _each(np.negative, e) for e in expected
        ],
        "Every number is 1 minus the expected one.": [_each(lambda v: 1 - v, e) for e in expected],
        "Every number is the expected one, rounded to a whole number.": [
            _each(np.round, e) for e in expected
        ],
    }
    if all(isinstance(e, np.ndarray) and e.ndim == 1 for e in expected):
        found["The numbers come in the reverse order."] = [e[::-1] for e in expected]
    if all(isinstance(e, np.ndarray) and e.ndim == 2 for e in expected):
        found["Rows and columns have changed places."] = [e.T for e in expected]
    if all(isinstance(e, dict) and len(e) == 2 for e in expected):
        found["The two entries have changed places."] = [
            dict(zip(e, reversed(e.values()), strict=True)) for e in expected
        ]
    counts = [number_of_points(args) for args in inputs]
    if counts and all(counts):
        pairs = list(zip(expected, counts, strict=True))
        found["Every number is the expected one divided by the number of points. Is it a mean?"] = [
            _each(lambda v, n=n: v / n, e) for e, n in pairs
        ]
        found["Every number is the expected one times the number of points. Is it a sum?"] = [
            _each(lambda v, n=n: v * n, e) for e, n in pairs
        ]
    return found


def _exchanged(inputs: Sequence[Arguments], solution: Function | None) -> dict[str, Sequence[Any]]:
    """What the solution answers when two arrays among its arguments change places."""
    found: dict[str, Sequence[Any]] = {}
    places = range(len(inputs[0])) if inputs and solution is not None else ()
    for i, j in combinations(places, 2):
        if not all(np.shape(args[i]) and np.shape(args[i]) == np.shape(args[j]) for args in inputs):
            continue
        exchanged = [[*args] for args in inputs]
        for args in exchanged:
            args[i], args[j] = args[j], args[i]
        try:
            answers = [_as_floats(plain(solution, args)) for args in exchanged]  # type: ignore[arg-type]
        except Exception:  # the solution need not bear it
            continue
        found[f"It is as if arguments {i + 1} and {j + 1} had changed places."] = answers
    return found


def _fitted_relations(made: Attempt) -> dict[str, Sequence[Any]]:
    """What the answers would be under the best constant factor and the best constant offset."""
    got, wanted = _flat(made.answers), _flat(made.expected)
    if got.size < 3:  # one number of the fit's own leaves too little to confirm it
        return {}
    factor = float(got @ wanted / (wanted @ wanted))
    offset = float(np.mean(got - wanted))
    if not (math.isfinite(factor) and math.isfinite(offset)):  # numbers near 1e308, or all 0
        return {}
    more = "larger" if offset > 0 else "smaller"
    return {
        f"Every number is {_written(factor)} times the expected one.": [
            _each(lambda v: factor * v, e) for e in made.expected
        ],
        f"Every number is {more} than the expected one by {abs(offset):.4g}.": [
            _each(lambda v: v + offset, e) for e in made.expected
        ],
    }


def _written(factor: float) -> str:
    """A factor as a simple fraction where it is one: "3/2", but "0.434294"."""
    simple = Fraction(factor).limit_denominator(12)
    return str(simple) if abs(factor - simple) < 1e-5 * abs(factor) else f"{factor:.6g}"


def number_of_points(args: Arguments) -> int | None:
    """The common length of the arrays among arguments, None if there is no such thing."""
    lengths = {np.shape(arg)[0] for arg in args if np.shape(arg)}
    return lengths.pop() if len(lengths) == 1 else None


def _each(change: Function, value: Any, *others: Any) -> Any:
    """`change` of every array in a tree; with several, of those in the same places.

    Raises
    ------
    ValueError
        If another one has not the structure of the first.
    """
    inside = parts_of(value)
    if inside is None:
        return change(value, *others)
    if any(wrong_container(other, value, "") for other in others):
        raise ValueError("not trees of one structure")
    made = [
        _each(change, item, *(trees.part(other, number, key) for other in others))
        for number, (key, item) in enumerate(inside)
    ]
    return trees.rebuilt(value, made)


def _as_floats(value: Any) -> Any:
    """Numbers and arrays of any kind as float64 arrays, in a tree as well."""
    return _each(lambda v: np.asarray(v, dtype=np.float64), value)


def _in_the_form_of(expected: Any, answer: Any) -> Any:
    """The numbers of an answer in the shape of the expected one.

    Raises
    ------
    ValueError
        If they do not fill it.
    """
    return _each(_reshaped, expected, answer)


def _reshaped(expected: Any, answer: Any) -> Any:
    array = as_array(answer)
    if array.dtype.kind not in "iufb" or array.size != np.size(expected):
        raise ValueError("not the numbers of an array of this size")
    if array.ndim == 2 and array.shape == np.shape(expected)[::-1] != np.shape(expected):
        array = array.T
    precision = array.dtype if array.dtype.kind == "f" else np.float64
    return array.reshape(np.shape(expected)).astype(precision)


def _flat(values: Sequence[Any]) -> Any:
    """All numbers in a row, in the order of the leaves."""
    leaves = [leaf for value in values for leaf in trees.leaves(value)]
    return np.concatenate([np.ravel(leaf).astype(np.float64) for leaf in leaves])
