"""Which Python a kernelspec names: kernels of the sandbox are made of that one.

A kernelspec is a command (`argv`) with variables (`env`). What comes before `-m ipykernel_launcher`
in the command is a Python, or leads to one (`conda run -n class python`). That Python is asked what
it is (`whereabouts`), once, and a fork server for it is started later (`forkserver`). Where the
command does not say it, such as a script, the kernel itself is started once, and asked.
"""

from __future__ import annotations

import ast
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from queue import Empty
from string import Template
from typing import Any

from jupyter_client.kernelspec import (
    NATIVE_KERNEL_NAME,
    KernelSpec,
    KernelSpecManager,
    NoSuchKernel,
)
from jupyter_client.manager import start_new_kernel

from autograder.sandbox import whereabouts

OLDEST = (3, 11)
"""The oldest Python that the kit itself runs in (`requires-python` of pyproject.toml)."""
OWN_NAMES = {
    "python",
    *(f"python{version}" for version in ("3", "{}.{}".format(*sys.version_info))),
}
"""What stands for the Python of whoever starts the kernel, here as in jupyter_client."""
MODULES = ("ipykernel", "ipykernel_launcher")
PATIENCE = 120.0  # seconds for a Python to say what it is: a tenth, or seconds by way of conda
UNKNOWN = (
    "its command, `{}`, does not lead to a Python on this machine. Let it end with `PYTHON -m "
    "ipykernel_launcher -f {{connection_file}}` in kernel.json, or install the kernel anew from "
    "that Python with `PYTHON -m ipykernel install`"
)
OF_A_KERNEL = ("JPY_", "PYDEVD_", "CLICOLOR", "FORCE_COLOR", "GIT_PAGER", "MPLBACKEND", "PAGER",
               "TERM")  # fmt: skip
"""What jupyter_client and ipykernel set for each kernel anew."""
OF_A_SHELL = {"_", "OLDPWD", "PWD", "SHLVL", "LC_CTYPE"}
"""Variables that a wrapper, or Python itself, changes without meaning to."""
FOR_DEBUGGING = "-Xfrozen_modules=off"
"""What ipykernel writes into a kernelspec for its debugger, which no kernel of the sandbox has."""
CONNECTION = "{connection_file}"


class KernelUnavailable(RuntimeError):
    """The kernel that a course names cannot be had here; the text says why, and what to do.

    It is missing, or its Python is missing, too old or lacks packages.
    """


Spec = tuple[tuple[str, ...], tuple[tuple[str, str], ...]]
"""The command and the variables of a kernelspec."""


@dataclass(frozen=True)
class Interpreter:
    """A Python of which kernels are made, and what it said of itself.

    Equal ones share a fork server, so `variables`, which the kernelspec sets, belong to it.
    """

    command: tuple[str, ...]
    version: str
    prefix: str
    folders: tuple[str, ...]
    path: tuple[str, ...]
    packages: tuple[tuple[str, str], ...]
    origins: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    spec: Spec = field(default=((), ()), compare=False)
    """The kernelspec that led to it."""

    @property
    def executable(self) -> str:
        return self.command[0]

    @property
    def is_own(self) -> bool:
        """Whether it has the packages that the grader has, and nothing is set otherwise.

        Not whether it is the same file: the Pythons of two environments often are.
        """
        return self.prefix == sys.prefix and not self.variables

    def __str__(self) -> str:
        """For people: `/opt/class/bin/python (Python 3.12.1, ipykernel 7.4.0, jax 0.10.2)`."""
        known = ", ".join(f"{name} {version}" for name, version in self.packages)
        return f"{self.executable} (Python {self.version}{known and ', ' + known})"


@cache
def own() -> Interpreter:
    """The grader's own Python."""
    return _interpreter(whereabouts.whereabouts(), [sys.executable])


def installed_kernel(name: str) -> KernelSpec:
    """The kernelspec of this name; "python" is another one of Python 3's, as in jupyter_client.

    Raises
    ------
    KernelUnavailable
        If none is installed here.
    """
    manager = KernelSpecManager()
    try:
        return manager.get_kernel_spec(NATIVE_KERNEL_NAME if name == "python" else name)
    except NoSuchKernel:
        known = ", ".join(sorted(manager.find_kernel_specs())) or "none"
        raise KernelUnavailable(
            f"There is no kernel named {name!r} on this machine. Installed are: {known}. Install "
            f"it from the Python that it is of: PYTHON -m ipykernel install --prefix="
            f"{shlex.quote(sys.prefix)} --name={shlex.quote(name)}"
        ) from None


def interpreter_of(spec: KernelSpec) -> Interpreter:
    """The Python that a kernelspec names, asked once in the life of this process.

    Called for each kernel; the answer depends on nothing of a submission.

    Raises
    ------
    KernelUnavailable
        If no kernels of the sandbox's can be made of it.
    """
    key = tuple(spec.argv), tuple(sorted(spec.env.items()))
    if key not in _known:
        _known[key] = replace(_resolved(spec), spec=key)  # so that workers need not ask, too
    return _known[key]


def remember(python: Interpreter) -> None:
    """Take over from another process what a Python has said to it."""
    _known[python.spec] = python


_known: dict[Spec, Interpreter] = {}


def kernel_arguments(spec: KernelSpec) -> list[str]:
    """What a kernelspec gives to ipykernel besides the connection file: `["--quiet"]`."""
    place = _place_of_module(spec)
    words = [] if place is None else spec.argv[place + 2 :]
    kept = [
        word
        for word, following in zip(words, [*words[1:], ""], strict=True)
        if CONNECTION not in word and not (following == CONNECTION and word.startswith("-"))
    ]
    return [word.replace("{resource_dir}", spec.resource_dir) for word in kept]


def _resolved(spec: KernelSpec) -> Interpreter:
    variables = {
        name: Template(value).safe_substitute(os.environ) for name, value in spec.env.items()
    }
    place = _place_of_module(spec)
    if place is None:
        words, variables = kernels_own_word(spec)
    else:
        words = [word for word in spec.argv[:place] if word != FOR_DEBUGGING]
    if words[0] in OWN_NAMES:  # as jupyter_client has it
        words[0] = sys.executable
    if words == [sys.executable] and not variables:
        return own()
    answer = _ask(spec, words, variables)
    changed = changes(answer["environment"], variables)
    found = _interpreter(answer, [answer["executable"], *answer["options"]], changed)
    if reason := _why_not(found, answer["missing"]):
        raise _unavailable(spec, reason)
    return own() if found.is_own and found.command == own().command else found


def changes(environment: Mapping[str, str], wanted: Container[str] = ()) -> dict[str, str]:
    """What a kernelspec has made of the variables of this process; `wanted` ones in any case."""
    return {
        name: value
        for name, value in environment.items()
        if name in wanted
        or not (os.environ.get(name) == value or name in OF_A_SHELL or name.startswith(OF_A_KERNEL))
    }


def _place_of_module(spec: KernelSpec) -> int | None:
    """Where `-m ipykernel_launcher` stands in a command, if it does."""
    for place, pair in enumerate(zip(spec.argv, spec.argv[1:], strict=False)):
        if place and pair[0] == "-m" and pair[1] in MODULES:
            return place
    return None


def kernels_own_word(spec: KernelSpec) -> tuple[list[str], dict[str, str]]:
    """The Python and the variables of a kernel whose command shows neither, such as a script.

    It is started once, as Jupyter would start it, and asked. No student's code is near.

    Raises
    ------
    KernelUnavailable
        If it does not start, is not ipykernel, or does not run on this machine.
    """
    name = Path(spec.resource_dir).name
    try:
        manager, client = start_new_kernel(
            PATIENCE, name, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except Exception as error:
        raise _unavailable(spec, f"{UNKNOWN.format(shlex.join(spec.argv))} ({error})") from None
    try:
        said = client.kernel_info(reply=True, timeout=PATIENCE)["content"]["implementation"]
        if said != "ipython":
            raise _unavailable(spec, f"it is {said}, and not ipykernel")
        question = f"__import__('runpy').run_path({whereabouts.__file__!r})['whereabouts']()"
        reply = client.execute(
            "", silent=True, user_expressions={"answer": question}, reply=True, timeout=PATIENCE
        )
        shown = reply["content"]["user_expressions"]["answer"]["data"]["text/plain"]
        answer = ast.literal_eval(shown)
    except (KeyError, ValueError, SyntaxError, Empty, TimeoutError):
        raise _unavailable(spec, UNKNOWN.format(shlex.join(spec.argv))) from None
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return [answer["executable"]], changes(answer["environment"])


def _ask(spec: KernelSpec, words: Sequence[str], variables: Mapping[str, str]) -> dict[str, Any]:
    """What the Python that these words lead to says of itself."""
    environment = {**os.environ, **variables}
    environment.pop("PYTHONEXECUTABLE", None)  # as jupyter_client has it
    try:
        done = subprocess.run(
            [*words, str(whereabouts.__file__)],
            env=environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
        )
    except FileNotFoundError:
        raise _unavailable(spec, f"{words[0]} does not exist here") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _unavailable(spec, f"`{shlex.join(words)}` cannot be started: {error}") from None
    for line in done.stdout.splitlines():
        if line.startswith(whereabouts.MARK):
            answer: dict[str, Any] = json.loads(line.removeprefix(whereabouts.MARK))
            return answer
    said = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
    raise _unavailable(spec, f"`{shlex.join(words)}` does not answer as a Python would: {said}")


def _interpreter(
    answer: Mapping[str, Any], command: Sequence[str], variables: Mapping[str, str] | None = None
) -> Interpreter:
    return Interpreter(
        tuple(command),
        answer["version"],
        answer["prefix"],
        tuple(answer["folders"]),
        tuple(answer["path"]),
        tuple(answer["packages"].items()),
        tuple(answer["origins"]),
        tuple(sorted((variables or {}).items())),
    )


def _why_not(found: Interpreter, missing: Sequence[str]) -> str:
    """Why kernels cannot be made of a Python, or ""."""
    if tuple(map(int, found.version.split(".")[:2])) < OLDEST:
        return f"{found} is older than Python {'.'.join(map(str, OLDEST))}, which the kit needs"
    if missing:
        pip = shlex.join([found.executable, "-m", "pip", "install", *missing])
        return f"{found} lacks {' and '.join(missing)}. Install it: {pip}"
    return ""


def _unavailable(spec: KernelSpec, reason: str) -> KernelUnavailable:
    name = Path(spec.resource_dir).name or spec.display_name
    return KernelUnavailable(
        f"No sandboxed kernel can be made of the kernel {name!r}: {reason}. "
        f"(The grader's own Python is {own()}.)"
    )
