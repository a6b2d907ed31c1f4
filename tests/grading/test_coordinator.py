"""Which submissions are graded, and what becomes of those that cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool

import pytest

from autograder.grading.coordinator import WorkersLostError, results
from autograder.grading.worker import Failed, Graded, Job
from tests.support.graded import EMPTY, graded
from tests.support.plain import PlainCourse
from tests.support.running import QUICK_ONES


def job(student: str) -> Job:
    return Job("key", student, {}, EMPTY)


class Scripted:
    """Workers that answer at once; what becomes of a student is written down beforehand."""

    def __init__(self, count: int = 1, **fate: list[BaseException | Failed | None]) -> None:
        self.count, self.fate = count, fate
        self.submitted: list[str] = []

    def slots(self) -> int:
        return self.count

    def submit(self, job: Job) -> Future[Graded | Failed]:
        self.submitted.append(job.student)
        future: Future[Graded | Failed] = Future()
        planned = self.fate.get(job.student, [])
        error = planned.pop(0) if planned else None
        if isinstance(error, KeyboardInterrupt):
            future.cancel()
            future.set_running_or_notify_cancel()
        elif isinstance(error, Failed):
            future.set_result(error)
        elif error is not None:
            future.set_exception(error)
        else:
            future.set_result(graded(job.student))
        return future

    def close(self, *, now: bool) -> None: ...


class TestResults:
    def test_every_job_once(self) -> None:
        workers = Scripted(2)
        found = list(results(workers, iter(map(job, "abcde"))))
        assert sorted(result.student for result in found) == list("abcde")
        assert workers.submitted == list("abcde")

    def test_a_job_is_read_only_when_there_is_a_worker_for_it(self) -> None:
        read = []

        def jobs() -> Iterator[Job]:
            for student in "abcd":
                read.append(student)
                yield job(student)

        found = results(Scripted(1), jobs())
        next(found)
        assert len(read) == 2  # the next is under way while the first is written

    def test_a_dead_worker_costs_one_more_attempt(self) -> None:
        workers = Scripted(a=[BrokenProcessPool(), None])
        assert list(results(workers, iter([job("a")]))) == [graded("a")]
        assert workers.submitted == ["a", "a"]

    def test_two_dead_workers_are_the_end_of_it(self) -> None:
        workers = Scripted(a=[BrokenProcessPool(), BrokenProcessPool(), None])
        assert list(results(workers, iter([job("a"), job("b")]))) == [
            Failed("a", "Its worker process was killed, 2 times."),
            graded("b"),
        ]

    def test_a_kernel_that_was_taken_away_costs_one_more_attempt(self) -> None:
        lost = Failed("a", "ForkServerError: gone", again=True)
        assert list(results(Scripted(a=[lost, None]), iter([job("a")]))) == [graded("a")]
        assert list(results(Scripted(a=[lost, lost]), iter([job("a")]))) == [lost]
        assert list(results(Scripted(a=[Failed("a", "no")]), iter([job("a")]))) == [
            Failed("a", "no")
        ]

    def test_an_error_of_ours_is_not_tried_again(self) -> None:
        workers = Scripted(a=[ZeroDivisionError("ours")])
        assert list(results(workers, iter([job("a")]))) == [Failed("a", "ZeroDivisionError: ours")]

    def test_workers_that_are_gone_for_good_stop_the_run(self) -> None:
        with pytest.raises(WorkersLostError):
            list(results(Scripted(a=[KeyboardInterrupt()]), iter([job("a")])))

    def test_what_could_not_be_read_is_passed_on(self) -> None:
        unread = Failed("a", "no")
        assert list(results(Scripted(), iter([unread, job("b")]))) == [unread, graded("b")]

    def test_nothing_for_now_is_asked_again(self) -> None:
        found = results(Scripted(), iter([None, job("a"), None, None, job("b")]), pause=0.0)
        assert [result.student for result in found] == ["a", "b"]


@pytest.mark.slow
def test_a_submission_that_cannot_be_graded(course: PlainCourse) -> None:
    course.hand_in("zoe", when="the day before")
    printed = course.grade("--workers=2", status=1)
    assert "3 graded, 0 already done, 1 failed" in printed[-5]
    assert printed[-2:] == [
        "Not graded: zoe. timestamp.txt does not hold a time that can be read: 'the day before'",
        "  Try again: autograder grade plain --workers=2 --student=zoe",
    ]
    assert course.done() == set(QUICK_ONES)


@pytest.mark.slow
def test_what_nbgrader_refuses_is_listed_with_its_reason(course: PlainCourse) -> None:
    printed = course.grade("--Autograde.create_student=False", "--student=ada", status=1)
    assert "[1/1] ada: not graded. NbGraderException: No student with ID 'ada'" in printed[0]
    assert course.done() == set()
