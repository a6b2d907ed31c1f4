"""Whether student code may run where it cannot be kept apart."""

from __future__ import annotations

import logging
import sys

import pytest

from autograder.sandbox.grader import forkserver
from autograder.sandbox.grader.forkserver import ForkServer, server_for
from autograder.sandbox.settings import IsolationUnavailable, Sandbox


class TestIsolationIsRequired:
    @pytest.fixture(autouse=True)
    def no_server(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ForkServer, "_running", {})
        monkeypatch.setattr(forkserver, "_warned", set())

    def refuse(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A machine on which nothing works."""
        stub = (
            "from autograder.sandbox.server import launcher, probe; "
            "probe.ISOLATORS.clear(); launcher.main()"
        )
        program = f"import sys; sys.argv[:] = ['launcher', sys.argv[-1]]; {stub}"
        monkeypatch.setattr(ForkServer, "command", ("-c", program))

    def test_refuses_to_grade_without(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.refuse(monkeypatch)
        with pytest.raises(IsolationUnavailable, match=r"To proceed: .*require_isolation = False"):
            server_for(Sandbox(), [])

    def test_grades_without_when_told_to_and_warns_once(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        self.refuse(monkeypatch)
        sandbox = Sandbox(require_isolation=False, log=logging.getLogger("test"))
        assert server_for(sandbox, []) is None
        assert server_for(sandbox, []) is None
        assert [r.message for r in caplog.records if "your own rights" in r.message] == [
            "Student code runs with your own rights, files and network: no isolation ()."
        ]

    def test_switched_off_is_none_as_well(self) -> None:
        with pytest.raises(IsolationUnavailable, match="switched off"):
            server_for(Sandbox(isolation="none"), [])

    def test_other_systems_have_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "platform", "darwin")
        assert server_for(Sandbox(require_isolation=False), []) is None
        with pytest.raises(IsolationUnavailable, match="darwin offers nothing"):
            server_for(Sandbox(require_isolation=True), [])
