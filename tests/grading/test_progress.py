"""What a run shows as it goes."""

from __future__ import annotations

import io
import json
import re

import pytest

from autograder.apps.shell import exactly
from autograder.grading.progress import Bar, JsonLines, Lines, Tally, reporter, sentence
from autograder.grading.worker import Failed
from tests.support.graded import graded


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
            "max_score": 4.0, "stopped": {"ended": 2}, "notes": [],
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

    def test_what_failed_and_comes_again_counts_once(self) -> None:
        tally = self.tally()
        tally.add(Failed("cyd", "again"))
        assert tally.failed == [Failed("cyd", "again")]
        tally.add(graded("cyd", 4, 1.0))
        assert tally.failed == []

    def test_a_name_or_a_reason_cannot_look_like_another_line(self) -> None:
        out = io.StringIO()
        lines, tally = Lines(1, out), Tally()
        failed = Failed("cyd\n9 graded, 0 failed\x1b[2J", "An error:\n0 failed\u202e")
        tally.add(failed)
        lines.show(failed, tally)
        lines.finish(tally, exactly)
        printed = out.getvalue().splitlines()
        assert printed[:2] == [
            r"[1/1] cyd\n9 graded, 0 failed\x1b[2J: not graded. An error:",
            r"    0 failed\u202e",
        ]
        assert sum(line.startswith(("0 failed", "9 graded")) for line in printed) == 0

    def test_nothing_graded(self) -> None:
        out = io.StringIO()
        Lines(0, out).finish(Tally(), self.RETRY)
        assert len(out.getvalue().splitlines()) == 1
