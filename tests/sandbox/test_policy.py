"""What student code may read, and what it inherits."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from autograder.sandbox import policy
from autograder.sandbox.policy import PolicyError, policy_for
from tests.support.lesson import ROOT


class TestPolicy:
    def test_refuses_when_what_must_be_read_holds_the_course(self) -> None:
        with pytest.raises(PolicyError, match=r"lies inside .* Move the course"):
            policy_for([Path(sys.prefix) / "course"], [])

    def test_a_folder_on_the_path_that_holds_the_course_is_left_out(self) -> None:
        readable = policy_for([ROOT], []).readable
        assert str(ROOT) not in readable
        assert str(ROOT / "autograder") in readable

    def test_no_readable_path_holds_another(self) -> None:
        readable = [Path(path) for path in policy_for([ROOT], []).readable]
        assert not [p for p in readable for q in readable if q in p.parents]

    def test_where_a_course_lies_makes_no_difference(self, tmp_path: Path) -> None:
        """Or each submission of `autograder grade` would start a fork server of its own."""
        assert policy_for([tmp_path / "a"], []) == policy_for([tmp_path / "b"], [])

    def test_environment_is_an_allow_list(self) -> None:
        kept = policy.environment({"PATH": "p", "LC_ALL": "C", "TOKEN": "t", "HOME": "h"})
        assert kept == {"PATH": "p", "LC_ALL": "C"}
