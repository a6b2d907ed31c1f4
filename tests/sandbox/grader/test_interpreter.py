"""Which Python a kernelspec leads to, and what is said where none of the sandbox's can be had."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpec

from autograder.sandbox.grader import interpreter
from autograder.sandbox.grader.forkserver import (
    Plan,
    kernel_policy,
    kernel_variables,
    server_environment,
)
from autograder.sandbox.grader.interpreter import (
    KernelUnavailable,
    installed_kernel,
    interpreter_of,
    kernel_arguments,
    own,
)
from autograder.sandbox.settings import Sandbox
from tests.support.environment import COMMAND, MARKER, PACKAGES, SecondPython, install_kernel
from tests.support.lesson import ROOT

ECHO = str(ROOT / "tests" / "support" / "echo_kernel.py")
BORROWED = Sandbox(readable=[PACKAGES])


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> SecondPython:
    return SecondPython.create(tmp_path_factory.mktemp("second") / "venv")


@pytest.fixture(autouse=True)
def nobody_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter, "_known", {})


def spec(*argv: str, **more: object) -> KernelSpec:
    return KernelSpec(
        argv=[*argv], display_name="Class", resource_dir="/kernels/class", language="python", **more
    )


def refused(*argv: str, **more: object) -> str:
    with pytest.raises(KernelUnavailable) as caught:
        interpreter_of(spec(*argv, **more))
    assert f"(The grader's own Python is {own()}.)" in str(caught.value)
    return str(caught.value)


# The grader's own


@pytest.mark.parametrize(
    "argv",
    [
        ("python", *COMMAND),
        ("python3", *COMMAND),
        (sys.executable, *COMMAND),
        (sys.executable, "-Xfrozen_modules=off", *COMMAND),
        (sys.executable, "-m", "ipykernel", "-f", "{connection_file}"),
        ("/usr/bin/env", sys.executable, *COMMAND),
    ],
)
def test_its_own_python_by_any_name(argv: tuple[str, ...]) -> None:
    found = interpreter_of(spec(*argv))
    assert found == own()
    assert found.is_own


def test_a_variable_makes_another_server_of_the_same_python() -> None:
    found = interpreter_of(spec("python", *COMMAND, env={"COURSE_DATA": "/srv/data"}))
    assert (found.command, found.variables) == (own().command, (("COURSE_DATA", "/srv/data"),))
    assert not found.is_own
    policy = kernel_policy(Sandbox(), [], found)
    assert Plan(policy, "auto", found) != Plan(policy, "auto", own())


def test_options_of_python_are_kept() -> None:
    assert interpreter_of(spec("python", "-O", *COMMAND)).command == (sys.executable, "-O")


def test_python_is_another_name_of_jupyters_own_kernel() -> None:
    """Notebooks of nbgrader's documentation have it."""
    assert interpreter_of(installed_kernel("python")) == own()


# Another one


def test_a_virtual_environment_is_another_python_though_its_file_is_the_same(
    second: SecondPython,
) -> None:
    assert Path(second.executable).resolve() == Path(sys.executable).resolve()
    found = interpreter_of(spec(second.executable, *COMMAND))
    assert (found.executable, found.prefix) == (second.executable, str(second.root))
    assert not found.is_own
    assert str(second.packages) in found.folders


@pytest.mark.parametrize(
    "before",
    [
        ("/usr/bin/env", "CLASS_TERM=2"),
        ("nice",),
        ("sh", "-c", 'CLASS_TERM=2 exec "$0" "$@"'),
    ],
    ids=["env", "nice", "sh"],
)
def test_a_wrapper_leads_to_one(second: SecondPython, before: tuple[str, ...]) -> None:
    """As `conda run -n class python -m ipykernel_launcher` does."""
    found = interpreter_of(spec(*before, second.executable, *COMMAND))
    assert found.command == (second.executable,)
    assert dict(found.variables) == ({} if before == ("nice",) else {"CLASS_TERM": "2"})


def test_what_a_wrapper_prints_is_not_taken_for_the_answer(
    second: SecondPython, tmp_path: Path
) -> None:
    script = tmp_path / "activate.sh"
    script.write_text(f'#!/bin/sh\necho "Welcome to the cluster."\nexec {second.executable} "$@"\n')
    script.chmod(0o755)
    assert interpreter_of(spec(str(script), *COMMAND)).executable == second.executable


@pytest.mark.slow
def test_a_script_that_takes_the_connection_file_is_started_once_and_asked(
    second: SecondPython, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "start.sh"
    start = f'exec {second.executable} -m ipykernel_launcher -f "$1"'
    script.write_text(f"#!/bin/sh\nexport CLASS_TERM=$SEMESTER\n{start}\n")
    script.chmod(0o755)
    more = {"env": {"SEMESTER": "2"}}
    found = interpreter_of(
        installed(monkeypatch, tmp_path, str(script), "{connection_file}", **more)
    )
    assert found.command == (second.executable,)
    assert dict(found.variables) == {"CLASS_TERM": "2", "SEMESTER": "2"}


def test_it_is_asked_once(second: SecondPython, tmp_path: Path) -> None:
    script, count = tmp_path / "counting.sh", tmp_path / "count"
    script.write_text(f'#!/bin/sh\necho asked >> {count}\nexec {second.executable} "$@"\n')
    script.chmod(0o755)
    for _ in range(3):
        interpreter_of(spec(str(script), *COMMAND))
    assert count.read_text() == "asked\n"


# Variables


def test_variables_are_expanded_and_reach_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEMESTER", "2026")
    monkeypatch.setenv("SECRET_TOKEN", "secret")
    variables = {"COURSE_DATA": "/srv/${SEMESTER}", "SEMESTER": "${SEMESTER}", "ODD": "$NOWHERE"}
    found = interpreter_of(spec("python", *COMMAND, env=variables))
    expected = {"COURSE_DATA": "/srv/2026", "SEMESTER": "2026", "ODD": "$NOWHERE"}
    assert kernel_variables(found) == expected
    assert "SECRET_TOKEN" not in server_environment(found)


@pytest.mark.parametrize(
    ("name", "value"),
    [("PYTHONHASHSEED", "0"), ("OMP_NUM_THREADS", "1"), ("OPENBLAS_NUM_THREADS", "1")],
)
def test_what_the_sandbox_sets_wins(name: str, value: str) -> None:
    found = interpreter_of(spec("python", *COMMAND, env={name: "7"}))
    assert server_environment(found)[name] == kernel_variables(found)[name] == value


def test_no_kernel_is_sent_where_it_cannot_write() -> None:
    variables = {"TMPDIR": "/srv", "JAX_COMPILATION_CACHE_DIR": "/srv", "PATH": "/srv/bin"}
    found = interpreter_of(spec("python", *COMMAND, env=variables))
    assert kernel_variables(found) == {"PATH": "/srv/bin"}
    assert "TMPDIR" not in server_environment(found)


# Arguments


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (("-f", "{connection_file}"), []),
        (("--matplotlib=inline", "-f", "{connection_file}"), ["--matplotlib=inline"]),
        (("--IPKernelApp.connection_file={connection_file}", "--quiet"), ["--quiet"]),
        (
            ("-f", "{connection_file}", "--config={resource_dir}/c.py"),
            ["--config=/kernels/class/c.py"],
        ),
    ],
)
def test_other_arguments_go_to_the_kernel(words: tuple[str, ...], kept: list[str]) -> None:
    assert kernel_arguments(spec("python", "-m", "ipykernel_launcher", *words)) == kept


# Refused


def test_a_kernel_that_is_not_installed() -> None:
    with pytest.raises(KernelUnavailable) as caught:
        installed_kernel("conda-env-class-py")
    said = str(caught.value)
    assert "There is no kernel named 'conda-env-class-py' on this machine." in said
    assert "Installed are: " in said
    assert "python3" in said
    assert f"-m ipykernel install --prefix={sys.prefix} --name=conda-env-class-py" in said


def test_a_python_that_is_gone() -> None:
    said = refused("/opt/gone/bin/python", *COMMAND)
    assert "of the kernel 'class': /opt/gone/bin/python does not exist here." in said


def test_a_python_without_ipykernel(tmp_path: Path) -> None:
    bare = SecondPython.create(tmp_path / "bare", borrow=False)
    said = refused(bare.executable, *COMMAND)
    assert f"{bare.executable} (Python " in said
    assert f"lacks ipykernel and numpy. Install it: {bare.executable} -m pip install" in said


def test_a_python_that_is_too_old(second: SecondPython, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter, "OLDEST", (3, 99))
    assert "is older than Python 3.99, which the kit needs" in refused(second.executable, *COMMAND)


def installed(
    monkeypatch: pytest.MonkeyPatch, folder: Path, *argv: str, **more: object
) -> KernelSpec:
    install_kernel(folder, argv, **more)
    monkeypatch.setenv("JUPYTER_PATH", str(folder))
    return installed_kernel("class")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("sh", "-c", "exit 3"), "its command, `sh -c 'exit 3'`, does not lead to a Python"),
        (("/opt/start.sh", "{connection_file}"), "No such file or directory: '/opt/start.sh'"),
        ((sys.executable, ECHO, "-f", "{connection_file}"), "it is echo, and not ipykernel"),
    ],
)
def test_a_command_that_does_not_lead_to_a_python(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, argv: tuple[str, ...], said: str
) -> None:
    with pytest.raises(KernelUnavailable) as caught:
        interpreter_of(installed(monkeypatch, tmp_path, *argv))
    assert said in str(caught.value)
    assert f"(The grader's own Python is {own()}.)" in str(caught.value)


def test_what_is_no_python() -> None:
    assert "`false` does not answer as a Python would: exit status 1" in refused("false", *COMMAND)


def test_a_file_that_cannot_be_started(tmp_path: Path) -> None:
    (tmp_path / "python").write_text("")
    assert "cannot be started: " in refused(str(tmp_path / "python"), *COMMAND)


def test_packages_that_the_sandbox_cannot_read(second: SecondPython) -> None:
    found = interpreter_of(spec(second.executable, *COMMAND))
    with pytest.raises(KernelUnavailable) as caught:
        kernel_policy(Sandbox(), [], found)
    assert f"{found} has packages in {PACKAGES}, outside its own folders" in str(caught.value)
    assert f"c.Sandbox.readable = ['{PACKAGES}']" in str(caught.value)
    assert kernel_policy(BORROWED, [], found)


# What it may read


def test_each_python_has_its_own_folders_to_read(second: SecondPython) -> None:
    found = interpreter_of(spec(second.executable, *COMMAND))
    readable = kernel_policy(BORROWED, [], found).readable
    assert str(second.root) in readable
    assert str(second.root) not in kernel_policy(Sandbox(), [], own()).readable
    assert sys.prefix not in readable


def test_the_marker_is_not_the_graders() -> None:
    """Or the tests of a class that needs it would show nothing."""
    with pytest.raises(ModuleNotFoundError):
        __import__(MARKER)


def test_kernels_are_found_as_jupyter_finds_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install_kernel(tmp_path, ["python", *COMMAND], name="found")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path) + os.pathsep)
    assert interpreter_of(installed_kernel("found")) == own()
