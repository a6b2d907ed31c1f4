"""What student code may read, and what it inherits."""

from __future__ import annotations

import sys
from pathlib import Path

import jax
import psutil
import pytest

from autograder.sandbox import policy
from autograder.sandbox.policy import PolicyError, left_out, policy_for
from autograder.sandbox.settings import Sandbox
from tests.support.lesson import ROOT


class TestPolicy:
    def test_refuses_when_what_must_be_read_holds_the_course(self) -> None:
        with pytest.raises(PolicyError, match=r"lies inside .* Move the course"):
            policy_for([Path(sys.prefix) / "course"], [])

    def test_a_checkout_on_the_path_is_left_out_but_for_the_package(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """The course lies elsewhere, so that nothing hidden keeps the checkout out."""
        monkeypatch.syspath_prepend(str(ROOT))
        made = policy_for([tmp_path], [])
        assert str(ROOT) not in made.readable
        assert str(ROOT / "autograder") in made.readable
        assert str(ROOT) in left_out(made, sys.path)

    def test_what_a_setting_names_can_be_imported(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.syspath_prepend(str(tmp_path))
        assert str(tmp_path) in left_out(policy_for([], []), sys.path)
        sandbox = Sandbox(readable=[str(tmp_path)])
        made = policy_for([], sandbox.readable_directories())
        assert str(tmp_path) in made.readable
        assert str(tmp_path) not in left_out(made, sys.path)
        with pytest.raises(PolicyError, match="lies inside"):
            policy_for([tmp_path / "course"], [tmp_path])

    def test_packages_can_be_imported(self) -> None:
        made = policy_for([], [])
        for module in (pytest, jax, psutil):
            package = Path(module.__file__ or "").resolve()
            assert any(package.is_relative_to(path) for path in made.readable), package

    def test_compiled_code_is_not_readable_as_a_whole(self, tmp_path: Path) -> None:
        made = policy_for([], [], tmp_path / "compiled")
        assert made.compiled == str(tmp_path / "compiled")
        assert not any(Path(made.compiled).is_relative_to(path) for path in made.readable)
        with pytest.raises(PolicyError, match="lies inside"):
            policy_for([], [], Path(sys.prefix) / "compiled")

    def test_no_readable_path_holds_another(self) -> None:
        readable = [Path(path) for path in policy_for([ROOT], []).readable]
        assert not [p for p in readable for q in readable if q in p.parents]

    def test_where_a_course_lies_makes_no_difference(self, tmp_path: Path) -> None:
        """Or each submission of `autograder grade` would start a fork server of its own."""
        assert policy_for([tmp_path / "a"], []) == policy_for([tmp_path / "b"], [])

    def test_environment_is_an_allow_list(self) -> None:
        kept = policy.environment({"PATH": "p", "LC_ALL": "C", "TOKEN": "t", "HOME": "h"})
        assert kept == {"PATH": "p", "LC_ALL": "C"}

    def test_the_folder_for_what_the_grader_compiles_is_not_the_kernels(self) -> None:
        chosen = {"JAX_COMPILATION_CACHE_DIR": "/home/grader/.cache/jax", "JAX_ENABLE_X64": "1"}
        assert policy.environment(chosen) == {"JAX_ENABLE_X64": "1"}
