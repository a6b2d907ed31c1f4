"""The parts of `autograder grade` by themselves: what travels, who works, what is shown."""

from __future__ import annotations

import io
import json
import logging
import re
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest
from traitlets.config import Config

from autograder.apps.grade import uninterrupted
from autograder.grading.coordinator import WorkersLostError, results
from autograder.grading.files import read_files, write_files
from autograder.grading.progress import Bar, JsonLines, Lines, Tally, reporter, sentence
from autograder.grading.rows import GRADED, difference
from autograder.grading.watch import Once, quiet
from autograder.grading.worker import Failed, Graded, Job, Packed, Setup, grade_submission, install

TABLES = ("student", "submitted_assignment", "submitted_notebook", "grade", "comment")
EMPTY: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}


def test_an_interrupt_waits_for_what_has_been_begun() -> None:
    before = signal.getsignal(signal.SIGTERM)
    done = []

    @uninterrupted()
    def write() -> None:
        signal.raise_signal(signal.SIGTERM)
        done.append("written")

    with pytest.raises(KeyboardInterrupt):
        write()
    assert done == ["written"]
    assert signal.getsignal(signal.SIGTERM) is before


def test_an_error_that_comes_with_each_look_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    log = quiet("looks")
    log.addHandler(Once(logging.getLogger("told")))
    for _ in range(3):
        log.error("%s is not collected", "ann")
        log.warning("nothing new")
    assert caplog.messages == ["ann is not collected"]


def graded(student: str, score: float = 3.0, seconds: float = 1.0, **stops: int) -> Graded:
    return Graded(student, {}, EMPTY, EMPTY, score, 4.0, seconds, Counter(stops))


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


class TestFiles:
    def test_there_and_back(self, tmp_path: Path) -> None:
        write_files(tmp_path / "a", {"x/y.txt": b"1", "z": b""})
        assert read_files(tmp_path / "a", (tmp_path / "a").rglob("*")) == {
            "x/y.txt": b"1",
            "z": b"",
        }

    def test_links_that_lead_out_are_left_behind(self, tmp_path: Path) -> None:
        """On stock nbgrader such a link copies the gradebook into the student's own folder."""
        (tmp_path / "gradebook.db").write_text("secret")
        folder = tmp_path / "submitted"
        folder.mkdir()
        (folder / "mine").write_text("1")
        (folder / "link").symlink_to("../gradebook.db")
        (folder / "inside").symlink_to("mine")
        assert read_files(folder, folder.iterdir()) == {"mine": b"1", "inside": b"1"}

    @pytest.mark.parametrize("name", ["../x", "a/../../x", "/tmp/x"])
    def test_a_path_that_leads_out_is_refused(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(ValueError, match=re.escape(f"{name!r} does not lie in")):
            write_files(tmp_path, {name: b""})


ROW = {"id": "1", "auto_score": 1.0, "needs_manual_grade": False, "manual_score": None}


class TestDifference:
    def test_new_rows_are_whole(self) -> None:
        added, changed = difference(EMPTY, {**EMPTY, "grade": [ROW]})
        assert added["grade"] == [ROW]
        assert not any(changed.values())

    def test_a_change_brings_graded_columns_only(self) -> None:
        before = {**EMPTY, "grade": [ROW]}
        after = {**EMPTY, "grade": [{**ROW, "auto_score": 0.0, "manual_score": 9.0}]}
        added, changed = difference(before, after)
        assert not any(added.values())
        assert changed["grade"] == [{"id": "1", "auto_score": 0.0, "needs_manual_grade": False}]

    def test_marks_by_hand_are_never_among_them(self) -> None:
        written = {column for columns in GRADED.values() for column in columns}
        assert not written & {"manual_score", "extra_credit", "manual_comment"}

    def test_an_equal_row_is_not_written(self) -> None:
        before = {**EMPTY, "grade": [ROW]}
        assert not any(difference(before, before)[1].values())


class TestSetup:
    def test_passwords_stay_and_functions_travel(self) -> None:
        config = Config()
        config.CourseDirectory.db_url = "postgresql://me:secret@host/db"
        config.CourseDirectory.root = "/courses/jax"
        config.Autograde.post_convert_hook = lambda **_: None
        packed = Setup("a", config, {}, EMPTY).packed()
        assert b"secret" not in packed.data
        assert b"/courses/jax" not in packed.data
        assert config.CourseDirectory.root == "/courses/jax"  # ours is as it was
        assert len(packed.key) == 64

    def test_a_setup_that_cannot_be_read_fails_the_submission_not_the_worker(self) -> None:
        install(Packed("broken", b"not a pickle"))
        result = grade_submission(Job("broken", "ada", {}, EMPTY))
        assert isinstance(result, Failed)
        assert result.student == "ada"
        assert result.reason.startswith("UnpicklingError: ")


class TestWhatIsShown:
    RETRY = staticmethod("autograder grade a --student={}".format)

    def tally(self) -> Tally:
        tally = Tally(skipped=2)
        for result in (
            graded("ada", 4, 9.04),
            graded("bob", 1, 0.5, ended=2),
            Failed("cyd", "KeyError: 'x'"),
        ):
            tally.add(result)
        return tally

    def test_sentences(self) -> None:
        assert sentence(graded("ada", 2.5, 1.23)) == "ada: 2.5 of 4 (1.2 s)"
        stopped = graded("bob", 1, 0.5, ended=2)
        assert sentence(stopped) == "bob: 1 of 4 (0.5 s; kernels that crashed or exited: 2)"
        assert sentence(Failed("cyd", "KeyError: 'x'")) == "cyd: not graded. KeyError: 'x'"

    def test_lines(self) -> None:
        out = io.StringIO()
        lines, tally = Lines(3, out), self.tally()
        lines.show(graded("ada", 4, 9.04), tally)
        lines.finish(tally, self.RETRY)
        assert re.sub(r"in \d+\.\d s", "in T s", out.getvalue()).splitlines() == [
            "[1/3] ada: 4 of 4 (9.0 s)",
            "2 graded, 2 already done, 1 failed in T s.",
            "Mean score: 2.50 of 4.",
            "Slowest: ada 9.0 s, bob 0.5 s.",
            "Stopped, kernels that crashed or exited: 2.",
            "Not graded: cyd. KeyError: 'x'",
            "  Try again: autograder grade a --student=cyd",
        ]

    def test_json(self) -> None:
        out = io.StringIO()
        lines, tally = JsonLines(3, out), self.tally()
        lines.show(graded("ada", 4, 9.04), tally)
        lines.show(Failed("cyd", "KeyError: 'x'"), tally)
        lines.finish(tally, self.RETRY)
        first, second, summary = map(json.loads, out.getvalue().splitlines())
        assert first == {
            "event": "graded", "student": "ada", "score": 4, "max_score": 4.0, "seconds": 9.04,
            "stopped": {},
        }  # fmt: skip
        assert second == {"event": "failed", "student": "cyd", "reason": "KeyError: 'x'"}
        assert summary.pop("seconds") >= 0
        assert summary == {
            "event": "summary", "graded": 2, "skipped": 2, "failed": 1, "mean_score": 2.5,
            "max_score": 4.0, "stopped": {"ended": 2},
            "slowest": [{"student": "ada", "seconds": 9.04}, {"student": "bob", "seconds": 0.5}],
        }  # fmt: skip

    def test_a_bar_shows_the_running_mean_and_failures(self) -> None:
        out = io.StringIO()
        bar, tally = Bar(3, out), self.tally()
        bar.show(Failed("cyd", "KeyError: 'x'"), tally)
        bar.finish(tally, self.RETRY)
        assert "mean 2.50 of 4, 1 failed" in out.getvalue()
        assert "cyd: not graded. KeyError: 'x'" in out.getvalue()

    def test_lines_in_a_pipe_and_a_bar_on_a_terminal(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert type(reporter(1, as_json=False)) is Lines
        assert type(reporter(1, as_json=True)) is JsonLines
        monkeypatch.setattr("sys.stdout.isatty", lambda: True)
        assert type(reporter(1, as_json=False)) is Bar
        assert type(reporter(None, as_json=False)) is Lines

    def test_nothing_graded(self) -> None:
        out = io.StringIO()
        Lines(0, out).finish(Tally(), self.RETRY)
        assert len(out.getvalue().splitlines()) == 1
