"""The command line: help that shows the way, refusals that name the remedy, exit statuses."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from jupyter_core.application import NoStart
from nbgrader.api import Gradebook

from autograder.apps.main import AutograderApp

COMMANDS = list(AutograderApp.subcommands)
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in an empty course, in this process: its exit status and what it printed."""
    (tmp_path / "nbgrader_config.py").touch()
    monkeypatch.chdir(tmp_path)

    def command(*args: str) -> tuple[int, str]:
        app = AutograderApp()
        status = 0
        try:
            app.initialize(list(args))
            app.start()
        except NoStart:  # jupyter_core's way to say that a subcommand is done
            pass
        except SystemExit as end:
            status = int(end.code or 0)
        finally:
            for made, _ in AutograderApp.subcommands.values():
                made.clear_instance()
        captured = capsys.readouterr()
        return status, captured.out + captured.err

    return command


def test_without_a_command_it_lists_them(run: Run) -> None:
    status, printed = run()
    assert status == 0
    assert all(f"\n{name}\n    " in printed for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_gives_examples_and_exit_statuses(run: Run, name: str) -> None:
    status, printed = run(name, "--help")
    assert status == 0
    examples = printed.partition("Examples\n--------\n\n")[2].partition("\n\n")[0].splitlines()
    assert examples
    assert all(line.startswith(f"    autograder {name}") for line in examples)
    assert "Exit status: 0" in printed
    assert "github.com" not in printed  # nbgrader's own help, of its own commands


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["scor"], "There is no command 'scor'. Did you mean scores?"),
        (["publish"], "There is no command 'publish'. `autograder --help` lists them."),
        (["scores"], "Which assignment? For example: autograder scores logistic_regression"),
        (["grade", "one", "two"], "One assignment at a time, not one and two."),
        (["grade", "one", "--studnt=amber"], "There is no option --studnt. Did you mean --student"),
        (["verify", "one", "--x=1"], "There is no option --x. --help lists them."),
        (["report", "one", "--anonymou"], "error: argument --anonymou: expected one argument"),
    ],
)
def test_what_is_not_understood_ends_with_2(run: Run, args: list[str], said: str) -> None:
    status, printed = run(*args)
    assert said in printed
    assert status == 2


@pytest.mark.parametrize("name", ["scores", "report"])
class TestTheGradebook:
    def test_is_not_made_by_looking_for_it(self, run: Run, name: str, tmp_path: Path) -> None:
        status, printed = run(name, "one")
        assert f"There is no gradebook at {tmp_path / 'gradebook.db'}." in printed
        assert "nbgrader generate_assignment one" in printed
        assert status == 1
        assert not (tmp_path / "gradebook.db").exists()

    @pytest.mark.slow
    def test_names_what_it_has(self, run: Run, name: str, tmp_path: Path) -> None:
        with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as gradebook:
            gradebook.add_assignment("other")
        assert run(name, "one")[1].endswith("no assignment named 'one'. It has: other.\n")

    def test_that_is_damaged_is_named(self, run: Run, name: str, tmp_path: Path) -> None:
        (tmp_path / "gradebook.db").write_text("this is no database")
        status, printed = run(name, "one")
        assert f"The gradebook sqlite:///{tmp_path / 'gradebook.db'} cannot be read: " in printed
        assert status == 1

    def test_password_is_not_shown(self, run: Run, name: str) -> None:
        url = "postgresql+psycopg://me:secret@127.0.0.1:1/course"
        status, printed = run(name, "one", f"--db={url}")
        assert "The gradebook postgresql+psycopg://me:***@127.0.0.1:1/course cannot be" in printed
        assert "secret" not in printed
        assert status == 1


@pytest.mark.slow
def test_scores_of_some_students(run: Run, tmp_path: Path) -> None:
    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as gradebook:
        gradebook.add_assignment("one")
        for student in ("amber", "amos", "bea"):
            gradebook.add_student(student)
            gradebook.add_submission("one", student)
    shown = re.findall(r"^(a\w+|bea) ", run("scores", "one", "--student=a*")[1], re.MULTILINE)
    assert shown == ["amber", "amos"]


def test_no_colours_where_nobody_sees_them() -> None:
    """What goes to a file or another program holds no escape sequences."""
    done = subprocess.run(
        [Path(sys.executable).parent / "autograder", "publish"], capture_output=True, check=False
    )
    assert done.returncode == 2
    assert b"\x1b" not in done.stdout + done.stderr


def completions(line: str) -> set[str]:
    """What bash offers after a line, by argcomplete's protocol: answers on descriptor 8."""
    reading, writing = os.pipe()
    asked = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "COMP_TYPE": "9",
    }
    program = Path(sys.executable).parent / "autograder"
    subprocess.run(
        ["bash", "-c", f'exec 8>&{writing} 9>/dev/null; exec "$0"', program],
        pass_fds=[writing],
        env={**os.environ, **asked},
        stdout=subprocess.DEVNULL,
        check=False,
    )
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        return set(pipe.read().split())


@pytest.mark.slow
def test_the_shell_completes_commands_and_options() -> None:
    assert "report" in completions("autograder re")
    assert {"--workers", "--watch"} <= completions("autograder grade --w")
