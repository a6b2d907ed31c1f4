"""The command `autograder grade`."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Generator, Iterable, Iterator
from typing import Any, NoReturn

from nbgrader.apps.autogradeapp import aliases as autograde_aliases
from nbgrader.apps.autogradeapp import flags as autograde_flags
from nbgrader.converters import Autograde, BaseConverter, NbGraderException
from nbgrader.exchange import ExchangeError
from sqlalchemy.exc import SQLAlchemyError
from traitlets import Bool, Float, Integer, TraitError, Unicode, default

from autograder.apps.capacity import cores
from autograder.apps.command import ALIASES, DB, STUDENT, AssignmentCommand
from autograder.apps.ending import INTERRUPTED
from autograder.apps.shell import again, exactly, generate, named, place_of
from autograder.grading.coordinator import Listing, SubmittedFolder, WorkersLostError, results
from autograder.grading.pool import LocalWorkers, Workers
from autograder.grading.progress import Tally, reporter
from autograder.grading.rows import UnknownAssignmentError
from autograder.grading.watch import Answers, Arrivals, quiet
from autograder.grading.worker import Failed, Graded, Job, Packed
from autograder.grading.writer import BusyError, CannotWriteError, Writer
from autograder.judge.course import source_folder
from autograder.judge.course_kernels import NotGradable, kernels_in, require_gradable, waiting

ONCE_ONLY = frozenset(
    {
        "CourseDirectory.assignment_id",
        "CourseDirectory.student_id",
        "CourseDirectory.student_id_exclude",
        "GradeApp.json",
        "GradeApp.use_exchange",
        "GradeApp.watch",
        "GradeApp.watch_interval",
    }
)
"""What the command that grades one student again does not take over from the one that failed."""


class GradeApp(AssignmentCommand):
    """Grades a class in parallel."""

    name = "autograder-grade"
    description = """
        Grade the submissions of an assignment in parallel: what `nbgrader autograde` would, into
        the same gradebook and the same folders. What is graded already is skipped, so after a
        stop, run it again.
    """
    examples = """
        autograder grade logistic_regression
        autograder grade logistic_regression --workers=8
        autograder grade logistic_regression --student=amber --force
        autograder grade logistic_regression --cluster=tcp://scheduler:8786
        autograder grade logistic_regression --watch --exchange
    """

    workers = Integer(
        min=1, help="How many submissions to grade at a time on this machine. Default: one a core."
    ).tag(config=True)
    cluster = Unicode(
        "",
        help="Address of a Dask scheduler, to grade on its workers and not on this machine. They "
        "need this package, and nothing of the course directory.",
    ).tag(config=True)
    watch = Bool(
        False,
        help="Go on until Ctrl-C: grade submissions as they arrive, and write feedback for each.",
    ).tag(config=True)
    use_exchange = Bool(
        False,
        help="With --watch: collect from nbgrader's exchange, and release feedback to it.",
    ).tag(config=True)
    watch_interval = Float(
        1.0, min=0.0, help="With --watch: seconds between looks for new submissions."
    ).tag(config=True)
    json = Bool(
        False, help="Print one JSON object for each submission, and one for the summary."
    ).tag(config=True)

    statuses = (
        "0 when everything was graded, 1 when something was not or the run had to stop, "
        "2 when the command is not understood, 130 after Ctrl-C."
    )
    aliases = {  # noqa: RUF012 - traitlets' own convention
        **autograde_aliases,
        **ALIASES,
        **DB,
        **STUDENT,
        "workers": "GradeApp.workers",
        "cluster": "GradeApp.cluster",
    }
    flags = {  # noqa: RUF012
        **autograde_flags,
        "json": ({"GradeApp": {"json": True}}, "Print JSON for programs."),
        "watch": (
            {"GradeApp": {"watch": True}},
            "Grade submissions as they arrive, and write feedback, until Ctrl-C.",
        ),
        "exchange": (
            {"GradeApp": {"use_exchange": True}},
            "With --watch: collect from the exchange and release feedback to it.",
        ),
    }

    @default("workers")
    def _workers_default(self) -> int:
        return cores()

    @default("classes")
    def _classes_default(self) -> list[type]:
        return [*super()._classes_default(), BaseConverter, Autograde, GradeApp]

    def start(self) -> None:
        super().start()
        signal.signal(signal.SIGTERM, _terminated)
        try:
            failed = self._grade()
        except NbGraderException:  # nbgrader has said what is wrong
            sys.exit(1)
        except UnknownAssignmentError:
            self.fail(
                "The gradebook has no assignment named %r. Make it first: %s",
                self.coursedir.assignment_id,
                generate(self.coursedir.assignment_id, place_of(self.coursedir)),
            )
        except BusyError:
            self.fail("Another `autograder grade` is at work in this course. Wait for it to end.")
        except CannotWriteError as reason:
            self.fail("%s Stopped. What is graded is kept: mend it, then run this again.", reason)
        except ExchangeError as error:
            self.fail("The exchange cannot be used: %s", error)
        except WorkersLostError:
            self.fail("The cluster is gone. What is graded is kept: run this again to go on.")
        except KeyboardInterrupt:
            self.log.error("Stopped. What is graded is kept: run this again to go on.")
            sys.exit(INTERRUPTED)
        sys.exit(1 if failed else 0)

    def _grade(self) -> bool:
        """Grade what is due, or what arrives; True if something could not be graded."""
        listing = self._listing()
        self._notes = self._look_at_kernels()
        with contextlib.closing(self._writer(listing)) as writer, writer.locked():
            if self.watch:
                return self._grade_arrivals(listing, writer)
            submissions = listing.submissions()
            due = [submission for submission in submissions if submission.due]
            tally = Tally(len(submissions) - len(due), self._notes)
            report = reporter(len(due), as_json=self.json)
            try:
                if due:
                    count = min(self.workers, len(due))
                    with contextlib.closing(self._results(due, writer, count)) as found:
                        for result in found:
                            tally.add(result)
                            report.show(result, tally)
            finally:
                report.finish(tally, self._retry)
        return bool(tally.failed)

    def _look_at_kernels(self) -> list[str]:
        """What the summary has to say of the assignment's kernels.

        Where one cannot be had this ends the command, for no submission is to blame. The workers of
        a cluster may have others than this machine, and say so themselves.
        """
        folder = source_folder(self.coursedir, self.coursedir.assignment_id)
        try:
            if not self.cluster:
                require_gradable(folder, self.config, self.coursedir.notebook_id)
        except NotGradable as error:
            self.fail("%s", error)
        return waiting(kernels_in(folder, self.config), self.config)

    def _grade_arrivals(self, listing: Listing, writer: Writer) -> bool:
        """Grade and answer until Ctrl-C, which is the way to end it."""
        answers = Answers(self, exchange=self.use_exchange)
        listing.log = quiet("autograder.watch")  # that nothing is there yet is no news
        arrivals = Arrivals(listing, answers.collect)
        tally, report = Tally(notes=self._notes), reporter(None, as_json=self.json)
        graded = self._results(arrivals, writer, self.workers, self.watch_interval)
        try:
            with contextlib.closing(graded) as found:
                for result in found:
                    arrivals.finished(result.student)
                    tally.add(result)
                    report.show(result, tally)
                    if isinstance(result, Graded) and (wrong := answers.answer(result.student)):
                        self.log.error("%s", wrong)
        except KeyboardInterrupt:
            pass
        finally:
            report.finish(tally, self._retry)
        return bool(tally.failed)

    def _results(
        self,
        due: Iterable[SubmittedFolder | None],
        writer: Writer,
        count: int,
        pause: float | None = None,
    ) -> Generator[Graded | Failed]:
        """Grade submissions, and write each result before it is yielded."""
        packed = writer.setup(self.config).packed()
        with self._workers(count, packed) as workers:
            for result in results(workers, self._jobs(due, writer, packed.key), pause):
                self.log.debug("%s\n%s", result.student, result.log)
                with uninterrupted():  # so that what is written is told, and answered, too
                    yield self._record(result, writer)

    def _listing(self) -> Listing:
        try:
            return Listing(coursedir=self.coursedir, parent=self)
        except (TraitError, ImportError, AttributeError) as error:  # a class or a hook that is gone
            self.cannot_use(error)

    def _writer(self, listing: Listing) -> Writer:
        try:
            return Writer(self.coursedir, listing)
        except SQLAlchemyError as error:
            raise CannotWriteError(f"The gradebook cannot be opened: {error}") from error

    @contextlib.contextmanager
    def _workers(self, count: int, packed: Packed) -> Iterator[Workers]:
        workers = self._cluster(packed) if self.cluster else LocalWorkers(count, packed)
        try:
            yield workers
        except BaseException:
            workers.close(now=True)
            raise
        workers.close(now=False)

    def _cluster(self, packed: Packed) -> Workers:
        try:
            from autograder.grading.cluster import DaskWorkers
        except ModuleNotFoundError as missing:
            self.fail(
                "%s is not installed. For a cluster: pip install 'nbgrader-jax[cluster]'",
                missing.name,
            )
        try:
            return DaskWorkers(self.cluster, packed, self.log)
        except OSError as error:
            self.fail("There is no Dask scheduler at %s: %s", self.cluster, error)
            raise

    def _jobs(
        self, due: Iterable[SubmittedFolder | None], writer: Writer, setup: str
    ) -> Iterator[Job | Failed | None]:
        for submission in due:
            if submission is None:
                yield None
                continue
            if submission.problem:
                yield Failed(submission.student, submission.problem)
                continue
            try:
                yield writer.job(setup, submission.student, submission.folder)
            except OSError as error:
                yield Failed(submission.student, f"{submission.folder} cannot be read: {error}")
            except ValueError as error:
                yield Failed(submission.student, str(error))

    def _record(self, result: Graded | Failed, writer: Writer) -> Graded | Failed:
        if isinstance(result, Graded):
            try:
                writer.record(result)
            except SQLAlchemyError as error:
                why = f"The gradebook did not take it: {str(error).splitlines()[0]}"
                return Failed(result.student, why)
        return result

    def _retry(self, student: str) -> str:
        """The command that grades one student again and ends, as the last lines print it."""
        words = ["autograder", "grade", named(self.coursedir.assignment_id)]
        return again(self, words, [exactly(student)], without=ONCE_ONLY)


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait until the block has ended.

    For a result that is being written: without this, a grade could be in the gradebook that the
    command never told of.
    """
    came: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: came.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        raise KeyboardInterrupt


def _terminated(*_: Any) -> NoReturn:
    raise KeyboardInterrupt
