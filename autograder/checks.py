"""The vocabulary of a test cell.

An instructor writes

    exercise = Exercise("logistic_model")
    exercise.returns("at w = b = 0 every p is 0.5", student.logistic_model, zeros, x, expected=half)
    exercise.report()

and reads it as a specification. A check runs at once and never raises: it ends as passed, failed,
not attempted, or error (the check itself broke; a person has to look). TRUSTED SIDE during
grading; in a live notebook the same checks run beside the student's code and count for nothing.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograder.compare import as_array, disagreement, finite, recognise, wrong_form
from autograder.context import current, validating
from autograder.curves import loss_curves
from autograder.endpoint import evaluate
from autograder.numerics import Params, central_differences, gradient_descent
from autograder.properties import Property
from autograder.result import CheckResult, Figure, Outcome, Report
from autograder.student import Given, Part, StudentFault

# Differences are good to about 1e-10 of the loss: below a tolerance of 1e-5 times this, a slope
# counts as zero.
SLOPE_SCALE = 1e-3

Arguments = Sequence[Any]
Function = Callable[..., Any]
Mistakes = Mapping[str, Function]


class ChecksNotPassed(AssertionError):
    """Raised by `report` under nbgrader's Validate, which shows only errors."""


class Verdict(NamedTuple):
    """What a check found: "" or a sentence, and the known mistake that explains it."""

    sentence: str
    misconception: str = ""


class Exercise:
    """The checks of one exercise, in order.

    Every check takes a title that a student understands, `points` (relative weights: nbgrader's
    points of the cell are shared out in proportion) and `hints`, most general first.
    """

    def __init__(self, name: str) -> None:
        context = current.get()
        self.name = name
        self.results: list[CheckResult] = []
        self._max_points = context.max_points
        self._seed = context.seed
        self.rng = np.random.default_rng([context.seed, *name.encode()])
        context.exercises.append(self)

    def returns(
        self,
        title: str,
        part: Part,
        *args: Any,
        expected: Any,
        points: float = 1,
        hints: Sequence[str] = (),
        rtol: float | None = None,
        show: bool = True,
    ) -> None:
        """The part, called with `args`, gives `expected`: same structure, shape, kind of number.

        A failure shows a few numbers next to the expected ones, which suits a visible check.
        Among hidden tests, say `show=False`.
        """

        def check() -> Verdict:
            answer = part(*args)
            sentence = disagreement(answer, expected, rtol)
            shown = side_by_side(answer, expected) if sentence and show else ""
            return Verdict(sentence + shown)

        self._run(title, check, points, hints)

    def agrees(
        self,
        title: str,
        part: Part,
        solution: Function,
        inputs: Sequence[Arguments],
        *,
        points: float = 1,
        hints: Sequence[str] = (),
        misconceptions: Mistakes | None = None,
        rtol: float | None = None,
    ) -> None:
        """The part gives what `solution` gives for every tuple of arguments in `inputs`.

        `misconceptions` maps the explanation of a known mistake to a function that makes it.
        """

        def check() -> Verdict:
            expected = [plain(solution, args) for args in inputs]
            answers = [part(*args) for args in inputs]
            pairs = zip(answers, expected, strict=True)
            sentence = next((s for a, e in pairs if (s := disagreement(a, e, rtol))), "")
            return explained(sentence, answers, misconceptions, inputs)

        self._run(title, check, points, hints)

    def satisfies(
        self,
        title: str,
        part: Part,
        inputs: Sequence[Arguments],
        *properties: Property,
        shape: tuple[int, ...] | None = None,
        points: float = 1,
        hints: Sequence[str] = (),
    ) -> None:
        """The answers to `inputs`, each of this shape, have properties (see `properties`)."""

        def check() -> Verdict:
            answers = [part(*args) for args in inputs]
            for answer in answers:
                form = wrong_form(answer, as_array(answer).shape if shape is None else shape)
                if problem := form or finite(answer):
                    return Verdict(problem)
            return Verdict(next((s for holds in properties if (s := holds(answers))), ""))

        self._run(title, check, points, hints)

    def is_gradient(
        self,
        title: str,
        part: Part,
        of: Part,
        inputs: Sequence[Arguments],
        *,
        stand_ins: Mapping[str, Given] | None = None,
        points: float = 1,
        hints: Sequence[str] = (),
        misconceptions: Mistakes | None = None,
    ) -> None:
        """The part is the gradient of `of`, with respect to its first argument, a dict.

        Judged against central differences of the student's own function, in float64. When that
        disagrees or cannot be computed, the part is called once more with the `stand_ins` in
        place of the student's functions of those names, so that a mistake in an earlier exercise
        does not cost again here.
        """
        ins = dict(stand_ins or {})

        def judge(gradient: Part, function: Function) -> tuple[str, list[Any]]:
            answers = [gradient(*args) for args in inputs]
            for args, answer in zip(inputs, answers, strict=True):
                at, *rest = args
                slope = central_differences(lambda p: scalar(function(p, *rest)), at)  # noqa: B023
                if sentence := disagreement(answer, slope, scale=SLOPE_SCALE):
                    return sentence, answers
            return "", answers

        def check() -> Verdict:
            own = attempt(lambda: judge(part, of))
            if own.passed or not ins:
                return own.verdict(misconceptions, inputs)
            replaced = attempt(lambda: judge(part.using(**ins), evaluated(ins[of.name])))
            return (
                Verdict("")
                if replaced.passed
                else replaced.worst(own).verdict(misconceptions, inputs)
            )

        self._run(title, check, points, hints)

    def descends(
        self,
        title: str,
        loop: Part,
        start: Params,
        model: Any,
        loss: Part | Given,
        x: Any,
        y: Any,
        *,
        n_steps: int,
        step_size: float,
        of: str = "parameters",
        stand_ins: Mapping[str, Given] | None = None,
        points: float = 1,
        hints: Sequence[str] = (),
        misconceptions: Mistakes | None = None,
    ) -> None:
        """`loop(start, model, loss, x, y, n_steps, step_size)` is plain gradient descent.

        It returns `(losses, parameters)`. `of` says what is judged: "parameters" (where the last
        step ends), or "losses" (one per step, recorded before or after the update; the start may
        be listed as well). A loss of the student's own is replaced by its stand-in first; where
        that disagrees, the trajectory is judged under finite differences of the student's own.
        """
        if of not in ("parameters", "losses"):
            raise ValueError(f"of={of!r}: expected 'parameters' or 'losses'")
        steps = {"n_steps": n_steps, "step_size": step_size}
        ins = dict(stand_ins or {})
        # A mistake is known by what is judged: how the losses are recorded must not hide it.
        judged = ("losses", "parameters").index(of)
        mistakes = {why: item_of(f, judged) for why, f in (misconceptions or {}).items()}
        figures: list[Figure] = []

        def judge(
            run: Part, function: Any, measure: Function, gradient: Function
        ) -> tuple[str, list[Any]]:
            answer = run(dict(start), model, function, x, y, **steps)
            problem = wrong_training_form(answer, start)
            if problem:
                return problem, [answer]
            path = gradient_descent(gradient, start, n_steps, step_size)
            losses, parameters = answer
            if of == "parameters":
                return disagreement(parameters, path[-1]), [parameters]
            along = [measure(point) for point in path]
            figures.append(loss_curves(losses, along))
            return wrong_losses(losses, along, n_steps), [losses]

        def with_given(run: Part, function: Given) -> tuple[str, list[Any]]:
            measure = evaluated(function)
            slope = evaluated(function.gradient())
            return judge(
                run, function, lambda p: measure(p, model, x, y), lambda p: slope(p, model, x, y)
            )

        def with_own(function: Part) -> tuple[str, list[Any]]:
            def measure(params: Params) -> float:
                return scalar(function(params, model, x, y))

            return judge(loop, function, measure, lambda p: central_differences(measure, p))

        def inputs(function: Given) -> list[Arguments]:
            return [(dict(start), model, function, x, y, n_steps, step_size)]

        def check() -> Verdict:
            if isinstance(loss, Given):
                return attempt(lambda: with_given(loop, loss)).verdict(mistakes, inputs(loss))
            stand_in = ins.get(loss.name)
            if stand_in is None:
                return attempt(lambda: with_own(loss)).verdict(None, [])
            known = attempt(lambda: with_given(loop.using(**ins), stand_in))
            if known.passed or attempt(lambda: with_own(loss)).passed:
                return Verdict("")
            return known.verdict(mistakes, inputs(stand_in))

        self._run(title, check, points, hints, figures)

    def reaches(
        self,
        title: str,
        part: Part,
        target: Params,
        within: float,
        *,
        instead: Callable[[], Params] | None = None,
        points: float = 1,
        hints: Sequence[str] = (),
    ) -> None:
        """The value of the part, a dict of numbers, lies within an absolute distance of `target`.

        `instead` computes the parameters in another way, for a student whose earlier parts do not
        work: if those pass, the check passes.
        """

        def judge(params: Any) -> str:
            if problem := wrong_params(params, target):
                return problem
            distance = max(float(np.max(np.abs(np.asarray(params[k]) - target[k]))) for k in target)
            return (
                ""
                if distance <= within
                else f"Off by {distance:.2g}; at most {within:g} is asked for."
            )

        self._run(title, lambda: self._by_value(part, judge, instead, judge), points, hints)

    def minimises(
        self,
        title: str,
        part: Part,
        loss: Callable[[Params], Any],
        start: Params,
        *,
        shrink: float = 1e-2,
        instead: Callable[[], Params] | None = None,
        stand_in: Callable[[Params], Any] | None = None,
        points: float = 1,
        hints: Sequence[str] = (),
    ) -> None:
        """At the value of the part, the slope of `loss` has all but vanished.

        Its gradient, by central differences, is at most `shrink` times as long as at `start`.
        `loss` may call the student's own functions; `instead` is as in `reaches`, and judged by
        the slope of `stand_in`.
        """

        def slope(of: Callable[[Params], Any], params: Params) -> float:
            gradient = central_differences(lambda p: scalar(of(p)), params)
            return float(np.sqrt(sum(np.sum(np.square(g)) for g in gradient.values())))

        def judge(params: Any, of: Callable[[Params], Any]) -> str:
            if problem := wrong_params(params, start):
                return problem
            at_start = slope(of, start)
            if at_start == 0:
                return "The loss does not depend on the parameters."
            left = slope(of, params) / at_start
            if left <= shrink:
                return ""
            return f"The loss still slopes there: {left:.2g} of the slope at the start is left."

        self._run(
            title,
            lambda: self._by_value(
                part,
                lambda params: judge(params, loss),
                instead,
                lambda params: judge(params, evaluated(stand_in or loss)),
            ),
            points,
            hints,
        )

    def report(self) -> Report:
        """The table of all checks. Make it the last line of the cell.

        Raises
        ------
        ChecksNotPassed
            Under nbgrader's Validate only, and only if a check did not pass.
        """
        report = Report(self.name, tuple(self.results), self._max_points, self._seed)
        unfinished = any(check.outcome is not Outcome.PASSED for check in report.checks)
        if unfinished and not report.graded and validating():
            from autograder.render import to_text

            raise ChecksNotPassed(to_text(report))
        return report

    @staticmethod
    def _by_value(
        part: Part,
        judge: Callable[[Any], str],
        instead: Callable[[], Params] | None,
        judge_instead: Callable[[Any], str],
    ) -> Verdict:
        own = attempt(lambda: (judge(part.value()), []))
        if own.passed or instead is None:
            return own.verdict(None, [])
        other = attempt(lambda: (judge_instead(instead()), []))
        return Verdict("") if other.passed else own.verdict(None, [])

    def _run(
        self,
        title: str,
        check: Callable[[], Verdict],
        points: float,
        hints: Sequence[str],
        figures: Sequence[Figure] = (),
    ) -> None:
        """Run a check. It may add to `figures`; the first one goes into the record."""
        outcome, verdict, note = Outcome.PASSED, Verdict(""), ""
        try:
            verdict = check()
            if verdict.sentence:
                outcome = Outcome.FAILED
        except StudentFault as fault:
            outcome, verdict = fault.outcome, Verdict(str(fault))
        except Exception:
            outcome, note = Outcome.ERROR, traceback.format_exc()
        sentence, mistake = verdict
        rationale = f"{sentence} {mistake}".strip() if mistake else sentence
        self.results.append(
            CheckResult(
                title,
                outcome,
                points,
                rationale,
                tuple(hints),
                mistake,
                note,
                next(iter(figures), None),
            )
        )


class Attempt(NamedTuple):
    """One way of judging: a sentence with the answers behind it, or the student's fault."""

    sentence: str
    answers: list[Any]
    fault: StudentFault | None = None

    @property
    def passed(self) -> bool:
        return not self.sentence and self.fault is None

    def worst(self, other: Attempt) -> Attempt:
        """The one that says more about this part: the other, unless only it could not run."""
        return self if other.fault is not None and self.fault is None else other

    def verdict(self, mistakes: Mistakes | None, inputs: Sequence[Arguments]) -> Verdict:
        if self.fault is not None:
            raise self.fault
        return explained(self.sentence, self.answers, mistakes, inputs)


def attempt(judge: Callable[[], tuple[str, list[Any]]]) -> Attempt:
    """Judge, keeping a student's fault for later."""
    try:
        return Attempt(*judge())
    except StudentFault as fault:
        return Attempt("", [], fault)


def explained(
    sentence: str,
    answers: Sequence[Any],
    mistakes: Mistakes | None,
    inputs: Sequence[Arguments],
) -> Verdict:
    """Add to a failing verdict the known mistake that the answers coincide with."""
    if not sentence or not mistakes:
        return Verdict(sentence)
    candidates = {why: [plain(f, args) for args in inputs] for why, f in mistakes.items()}
    return Verdict(sentence, recognise(answers, candidates))


def item_of(function: Function, index: int) -> Function:
    """One of the several values that a function returns."""
    return lambda *args: function(*args)[index]


def side_by_side(answer: Any, expected: Any, most: int = 4) -> str:
    """The numbers of a wrong answer and those expected, if they are few and of the same shape."""
    few = not isinstance(expected, Mapping | tuple) and np.size(expected) <= most
    if not few or wrong_form(answer, np.shape(expected)):
        return ""
    got, wanted = (
        ", ".join(f"{number:.4g}" for number in np.ravel(as_array(numbers)))
        for numbers in (answer, expected)
    )
    return f" Got {got}; expected {wanted}."


def plain(function: Function, args: Arguments) -> Any:
    """Call a trusted function in float64; its answer as numpy arrays and plain containers."""
    return to_numpy(evaluate(function, args, {}))


def evaluated(function: Function) -> Function:
    """A trusted function that computes in float64 and answers with numpy arrays."""
    return lambda *args: plain(function, args)


def to_numpy(value: Any) -> Any:
    """Arrays of any kind as numpy arrays, inside dicts, tuples and lists as well."""
    if isinstance(value, Mapping):
        return {key: to_numpy(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        items = [to_numpy(item) for item in value]
        return tuple(items) if isinstance(value, tuple) else items
    return np.asarray(value) if hasattr(value, "__array__") else value


def scalar(value: Any) -> float:
    """A student's number as a float.

    Raises
    ------
    StudentFault
        If it is no finite real number.
    """
    if problem := wrong_form(value, ()) or finite(value):
        raise StudentFault(problem)
    return float(np.asarray(value))


def wrong_params(params: Any, like: Params) -> str:
    """Say how parameters differ in keys and shapes from `like`, or ""."""
    zeros = {key: np.zeros(np.shape(value)) for key, value in like.items()}
    return disagreement(params, zeros, rtol=float("inf")) or finite(params)


def wrong_training_form(answer: Any, start: Params) -> str:
    """Say why an answer is not `(losses, parameters)`, or ""."""
    if answer is None:
        return "Got None, expected the pair `(losses, theta)`. Did you forget a `return`?"
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        return "Expected the pair `(losses, theta)`."
    losses, parameters = answer
    if isinstance(losses, Mapping) and not isinstance(parameters, Mapping):
        return "The pair came the other way round: expected `(losses, theta)`, in this order."
    return wrong_params(parameters, start)


def wrong_losses(losses: Any, along: Sequence[float], n_steps: int) -> str:
    """Compare recorded losses with the losses along a path of n_steps + 1 points."""
    if as_array(losses).size == n_steps + 1:
        return disagreement(losses, np.asarray(along))
    before, after = np.asarray(along[:-1]), np.asarray(along[1:])
    sentence = disagreement(losses, before)
    return sentence if sentence and disagreement(losses, after) else ""
