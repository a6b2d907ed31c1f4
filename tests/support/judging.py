"""Right and wrong answers to a lesson's exercises, judged: what has to come of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from autograder.authoring.plain_cells import Ended, PlainCells
from autograder.record.outcome import Outcome
from autograder.record.render import to_text
from autograder.record.report import Report
from autograder.remote.names import read_cell
from tests.support.lesson import Answers, Lesson

SEED = 1
MORE_SEEDS = (2,)

Fault = tuple[str, str, str]
"""The exercise with the fault, its source, and a piece of the explanation that it must get.

The explanation is "" for one that nothing is said of but which check it fails.
"""


def full_marks(report: Report) -> bool:
    return report.score == report.max_points


def lost(report: Report) -> list[Any]:
    return [check for check in report.checks if check.outcome is not Outcome.PASSED]


@cache
def seeds(lesson: Lesson, exercise: str) -> tuple[int, ...]:
    """One seed is as good as many where a test cell draws nothing at random."""
    drawn = "exercise.rng" in lesson.cell_named(f"test_{exercise}").source
    return (SEED, *MORE_SEEDS) if drawn else (SEED,)


@cache
def listed_mistakes(lesson: Lesson, exercise: str) -> tuple[str, ...]:
    """The explanations of known mistakes that a test cell gives of its own."""
    trials = lesson.judged(exercise, {}, SEED).trials
    return tuple(dict.fromkeys(why for trial in trials for why in trial.listed))


@cache
def known_mistakes(lesson: Lesson, exercise: str) -> tuple[str, ...]:
    """These, and those that come with its checks."""
    trials = lesson.judged(exercise, {}, SEED).trials
    with lesson.dry_run.references():
        of_the_kind = [why for trial in trials for why in trial.told_apart({})]
    return tuple(dict.fromkeys([*listed_mistakes(lesson, exercise), *of_the_kind]))


def mistake_meant(lesson: Lesson, exercise: str, fragment: str) -> str:
    """The one known mistake that a fragment is a piece of, or ""."""
    meant = [text for text in known_mistakes(lesson, exercise) if fragment and fragment in text]
    assert len(meant) <= 1, f"{fragment!r} fits more than one: {meant}"
    return meant[0] if meant else ""


def bundles(correct: Mapping[str, Answers]) -> dict[str, Answers]:
    """Right answers, several to a submission where they are for different exercises.

    A submission of several is harder on the checks, for each part is judged beside unlike others.
    """
    together: list[tuple[list[str], Answers]] = []
    for name, answers in correct.items():
        for names, chosen in together:
            if answers and chosen and not chosen.keys() & answers.keys():
                names.append(name)
                chosen.update(answers)
                break
        else:
            together.append(([name], dict(answers)))
    return {", ".join(names): chosen for names, chosen in together}


def assert_full_marks(lesson: Lesson, answers: Answers) -> None:
    """Every check of every exercise passes, whatever is drawn."""
    for exercise in lesson.exercises:
        for seed in seeds(lesson, exercise) if exercise in answers else (SEED,):
            report = lesson.judged(exercise, answers, seed).report
            assert full_marks(report), f"seed {seed}\n{to_text(report)}"
            assert all(check.outcome is Outcome.PASSED for check in report.checks), to_text(report)


def assert_costs_its_own(lesson: Lesson, fault: Fault) -> None:
    """A fault costs points of its own exercise alone, and is named as what it is."""
    faulty, source, fragment = fault
    answers = {faulty: source}
    for exercise in lesson.exercises:
        report = lesson.judged(exercise, answers, SEED).report
        assert full_marks(report) == (exercise != faulty), to_text(report)
        assert all(check.outcome is not Outcome.ERROR for check in report.checks), report
        if exercise == faulty:
            assert_named(lesson, report, fragment)
    in_numbers = not fragment or mistake_meant(lesson, faulty, fragment)
    for seed in seeds(lesson, faulty)[1:] if in_numbers else ():  # form is the same for any seed
        report = lesson.judged(faulty, answers, seed).report
        assert not full_marks(report), f"seed {seed}"
        assert_named(lesson, report, fragment)


def assert_named(lesson: Lesson, report: Report, fragment: str) -> None:
    """Every lost check failed; the fault is named as itself and never as another."""
    shown = f"seed {report.seed}\n{to_text(report)}"
    assert {check.outcome for check in lost(report)} == {Outcome.FAILED}, shown
    assert any(fragment in check.rationale for check in lost(report)), shown
    meant = mistake_meant(lesson, report.exercise, fragment)
    named = {check.mistake for check in lost(report)} - {""}
    assert named == ({meant} if meant else set()), shown


def unmade(lesson: Lesson, exercise: str, faults: Mapping[str, Fault]) -> set[str]:
    """Known mistakes that a test cell lists and no fault makes."""
    made = {
        mistake_meant(lesson, where, text)
        for where, _, text in faults.values()
        if where == exercise
    }
    return set(listed_mistakes(lesson, exercise)) - made


def assert_told_while_working(lesson: Lesson, fault: Fault, said: str) -> None:
    """A visible check says so of a fault, in the student's own notebook."""
    exercise, source, _ = fault
    namespace = lesson.submission({exercise: source})
    test = next(t for t in lesson.visible.tests if t.grade_id == f"test_{exercise}")
    assert "HIDDEN" not in test.source
    report = lesson.dry_run.judge(test, namespace, seed=1).report
    assert any(said in check.rationale for check in lost(report)), report


def ended_plain(lesson: Lesson, name: str, source: str) -> Ended:
    """How the lesson's plain test cell ends with an answer to what it asks in the notebook."""
    cells = PlainCells(lesson.dry_run)
    (cell,) = cells.cells
    answer = read_cell(source)
    before = tuple(answer if name in one.binds else one for one in cell.before)
    return cells.ended(replace(cell, before=before))
