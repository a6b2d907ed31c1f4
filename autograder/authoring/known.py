"""The questions about known mistakes: is each one caught, named, and charged for once?"""

from __future__ import annotations

import contextlib
import re
import traceback
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from autograder.authoring.dry_run import Instead, Judged, Namespace, TestCell, spread
from autograder.authoring.findings import Finding, Gate
from autograder.checks.attempt import Attempt
from autograder.checks.diagnosis import apart, recognise
from autograder.checks.mistakes import share_of
from autograder.record.outcome import Outcome
from autograder.record.render import to_text
from autograder.record.report import Report

TRACED = re.compile(r"\b(?:Tracer|UnexpectedTracer|Concretization|NonConcrete)\w*Error\b")
"""The errors of JAX's for code that needs the numbers where there is only a tracer."""


@dataclass(frozen=True)
class Mistake:
    """One known mistake of one check: the check's place in its report, and the explanation."""

    test: TestCell
    place: int
    why: str


@dataclass(frozen=True)
class Margin:
    """How far right answers and the nearest mistake are, in units of the tolerance."""

    right: float
    nearest: float
    mistake: str


class KnownMistakes:
    """The known mistakes of one notebook.

    What they give for the inputs of a draw is computed once and kept: every failing answer is
    compared with all of them.
    """

    def __init__(self, gate: Gate) -> None:
        self._gate, self._dry_run, self._seeds = gate, gate.dry_run, gate.seeds
        self._right_of = gate.right_of
        self._answers: dict[tuple[str, int, int], dict[str, Sequence[Any]]] = {}
        self._raised: dict[Mistake, Exception] = {}
        self.broke: set[str] = set()
        """Tracebacks of checks that broke, each of which is told once."""
        self._kinds: set[tuple[str, str]] = set()
        self._unmoved: dict[tuple[str, str], bool] = {}

    @cached_property
    def all(self) -> list[Mistake]:
        """All known mistakes that the test cells list themselves, check by check."""
        return [
            Mistake(test, place, why)
            for test in self._gate.tests
            for place, trial in enumerate(self._right_of(test)[0].trials)
            for why in trial.listed
        ]

    def of_the_kind(self, test: TestCell) -> int:
        """How many mistakes that come with its checks a test cell names.

        One counts if the inputs tell it from all others, with every seed.
        """
        count = 0
        for place, trial in enumerate(self._right_of(test)[0].trials):
            drawn = [set(self._candidates(test, n, place)) for n in range(len(self._seeds))]
            count += len(set.intersection(*drawn) - set(trial.listed))
        return count

    def misnamed(self, test: TestCell) -> Iterator[Finding]:
        """What is said of a mistake that comes with a check is said of one that it has."""
        for trial in self._right_of(test)[0].trials:
            try:
                trial.beside({})
            except ValueError as error:
                yield Finding(test.grade_id, str(error))

    def findings(self, mistake: Mistake) -> Iterator[Finding]:
        """A known mistake fails the check that lists it, is named, and costs nothing elsewhere.

        It takes the place of the answer, and the rest of the notebook stays the author's own.
        """
        test, quoted = mistake.test, f"the known mistake {mistake.why!r}"
        trial = self._right_of(test)[0].trials[mistake.place]
        if mistake.why not in self._candidates(test, 0, mistake.place):
            said = traceback.format_exception_only(self._raised[mistake])[-1].strip().rstrip(".")
            yield Finding(
                test.grade_id,
                f"{quoted} cannot be tried: its function raises {said}. It is called with the "
                "arguments of the answer. As long as it raises, no wrong answer can be explained.",
            )
            return
        if trial.steps:  # nobody else sees the part like this
            instead = Instead(trial.part, trial.steps, spread(trial.function_of(mistake.why)))
            if problem := self._problem(mistake, self._dry_run.hand_in([test]), instead):
                yield Finding(test.grade_id, f"an answer with {quoted} {problem}")
            return
        made = {trial.part: spread(trial.function_of(mistake.why))}
        reached = [other for other in self._gate.tests if self._reaches(mistake, trial.part, other)]
        handed_in = self._dry_run.hand_in([test, *reached], functions=made)
        if problem := self._problem(mistake, handed_in):
            yield Finding(test.grade_id, f"an answer with {quoted} {problem}")
        for other in reached:
            report = self._dry_run.judge(other, handed_in, self._seeds[0]).report
            if report.score < other.points and not untraceable(report):
                self._unmoved[trial.part, other.grade_id] = True  # said once
                yield Finding(
                    test.grade_id,
                    f"an answer with {quoted} costs points in {other.grade_id} as well. There, let "
                    f"a function of yours stand for it (`stubs=`):\n{to_text(report)}",
                )

    def _problem(
        self, mistake: Mistake, handed_in: Namespace, instead: Instead | None = None
    ) -> str:
        """What is wrong with how an answer with a known mistake is judged, or "".

        Checks that list no known mistakes cannot take it for one. They are judged once for answers
        of a kind, since what breaks a check is a dict, say, where it expects a number; and where
        something is wrong without them.
        """
        test = mistake.test

        def problem(wanted: Collection[int] | None) -> str:
            judged = self._dry_run.judge_mistake(test, handed_in, self._seeds[0], wanted, instead)
            return self._overlooked(mistake, self._diagnosed(test, judged))

        kind = test.grade_id, kind_of(self._candidates(test, 0, mistake.place)[mistake.why])
        if kind in self._kinds:
            trials = self._right_of(test)[0].trials
            if not problem([n for n, trial in enumerate(trials) if trial.mistakes or trial.slips]):
                return ""
        self._kinds.add(kind)
        return problem(None)

    def _overlooked(self, mistake: Mistake, report: Report) -> str:
        """What is wrong with how an answer with a known mistake was judged, or ""."""
        if broken := [c for c in report.checks if c.outcome is Outcome.ERROR]:
            note = broken[0].staff_note.strip()
            if note in self.broke:
                return ""
            self.broke.add(note)
            return f"makes the check {broken[0].title!r} itself break. Mend the check:\n{note}"
        check = report.checks[mistake.place]
        trial = self._right_of(mistake.test)[0].trials[mistake.place]
        others = sorted({c.mistake for c in report.checks} - {"", mistake.why})
        if check.outcome is Outcome.PASSED or (
            # One that keeps all points is charged elsewhere: here it has to be named.
            report.score >= mistake.test.points and share_of(trial.mistakes[mistake.why]) < 1
        ):
            return "keeps every point. Give inputs for which it makes a difference."
        if check.mistake != mistake.why:
            return (
                "loses points without its explanation: for these inputs another known mistake, or "
                "the right answer, gives the same. Give inputs for which all of them differ. What "
                f"a student reads now: {check.rationale}"
            )
        if others:
            return (
                f"is explained as another one as well, {others[0]!r}. Use one sentence for one "
                "mistake in all checks."
            )
        # The first draw is the one that was judged.
        if draws := [n for n in range(1, len(self._seeds)) if not self._named(mistake, n)]:
            return (
                "gets its explanation for some students only: with draw "
                f"{draws[0] + 1} of {len(self._seeds)} of the random inputs, something else gives "
                "the same. Draw them from where all known mistakes differ."
            )
        return ""

    def _diagnosed(self, test: TestCell, judged: Judged) -> Report:
        """A report, with the known mistake that each failed check names.

        As `Trial.known_mistake` finds it, from what the mistakes gave for the same inputs before.
        """
        rows = list(judged.report.checks)
        for place, trial in enumerate(judged.trials):
            answered = len(trial.attempt.answers) == len(trial.inputs)
            if rows[place].outcome is Outcome.FAILED and answered:
                why = recognise(trial.attempt, self._candidates(test, 0, place))
                share = share_of(trial.mistakes.get(why))
                rows[place] = replace(rows[place], mistake=why, share=share)
        return replace(judged.report, checks=tuple(rows))

    def _reaches(self, mistake: Mistake, part: str, other: TestCell) -> bool:
        """Whether another test cell may judge a wrong answer to this part, however wrong.

        It may if your answers there need the part, and one that only raises costs points there.
        """
        if other is mistake.test or not self._gate.needs(other, [part]):
            return False
        key = part, other.grade_id
        if key not in self._unmoved:
            handed_in = self._dry_run.hand_in([other], functions={part: useless})
            self._unmoved[key] = self._dry_run.first_loss(other, handed_in, self._seeds[0]) is None
        return not self._unmoved[key]

    def _named(self, mistake: Mistake, seed: int) -> bool:
        """Whether the inputs drawn with a seed tell a known mistake from all others."""
        made = self._right_of(mistake.test)[seed].trials[mistake.place].attempt
        candidates = self._candidates(mistake.test, seed, mistake.place)
        answers = candidates.get(mistake.why, ())
        return recognise(replace(made, answers=answers), candidates) == mistake.why

    def _candidates(self, test: TestCell, seed: int, place: int) -> dict[str, Sequence[Any]]:
        """What each known mistake of a check gives for the inputs drawn with a seed."""
        key = test.grade_id, seed, place
        if key not in self._answers:
            trial = self._right_of(test)[seed].trials[place]
            found: dict[str, Sequence[Any]] = {}
            with self._dry_run.references():
                for why in trial.listed:
                    try:
                        found[why] = trial.answers_of(why)
                    except Exception as error:
                        self._raised[Mistake(test, place, why)] = error
                with contextlib.suppress(ValueError):  # `misnamed` tells
                    found |= trial.told_apart(found)
            self._answers[key] = found
        return self._answers[key]

    def nearest(self, test: TestCell) -> tuple[float, str]:
        """The known mistake nearest to what is expected: how far, in tolerances, and which."""
        found = (float("inf"), "")
        for seed, judged in enumerate(self._right_of(test)):
            for place, made in compared(judged):
                for why, answers in self._candidates(test, seed, place).items():
                    found = min(found, (apart(answers, made.expected, made.scale, made.rtol), why))
        return found

    def margin(self, test: TestCell) -> Margin:
        """How far the right answers and the nearest known mistake are from what is expected."""
        return Margin(right_within(self._right_of(test)), *self.nearest(test))


def untraceable(report: Report) -> bool:
    """Whether all that costs points is that JAX cannot trace the known mistake.

    One that is written with `np` says nothing about what a student's mistake, written with `jnp`,
    would cost there.
    """
    failed = [check for check in report.checks if check.earned < check.points]
    return all(
        check.outcome is Outcome.FAILED and TRACED.search(check.rationale) for check in failed
    )


def kind_of(answers: Sequence[Any]) -> str:
    """What answers consist of, whatever their numbers: "[{'w': ('float', ())}]"."""
    import jax

    return str(jax.tree.map(lambda leaf: (type(leaf).__name__, np.shape(leaf)), list(answers)))


def right_within(right: Iterable[Judged]) -> float:
    """How far right answers are from what is expected at most, in tolerances."""
    return max(
        (
            apart(made.answers, made.expected, made.scale, made.rtol)
            for judged in right
            for _, made in compared(judged)
        ),
        default=0.0,
    )


def compared(judged: Judged) -> Iterator[tuple[int, Attempt]]:
    """What checks compared answers with what was expected, each with its place in the report."""
    for place, trial in enumerate(judged.trials):
        made = trial.attempt
        if made.answers and len(made.expected) == len(made.answers):
            yield place, made


def useless(*_: Any, **__: Any) -> None:
    """Stands for an answer than which none is worse."""
    raise RuntimeError("this answer is as wrong as can be")
