"""Imports run one way between the rooms of the package, and each room has what it needs only."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.support.inprocess import ROOT, run_without

PACKAGE = ROOT / "autograder"

# What each room may import, besides itself. A room is a folder; `sandbox` alone are the files
# that lie in it directly, and "" those in the package.
MAY_IMPORT: dict[str, set[str]] = {
    "record": set(),
    "remote": set(),
    "checks": {"record", "remote"},
    "sandbox": set(),
    "sandbox.confine": {"sandbox"},
    "sandbox.kernel": set(),
    "sandbox.server": {"sandbox", "sandbox.confine", "sandbox.kernel"},
    "sandbox.grader": {"sandbox", "sandbox.confine", "sandbox.kernel", "remote"},
    "judge": {"record", "remote", "checks", "sandbox", "sandbox.grader"},
    "grading": {"judge", "record", "sandbox", "sandbox.grader"},
    "authoring": {"judge", "checks", "remote", "record"},
    "reports": {"judge", "record"},
    "apps": {"grading", "authoring", "reports", "judge", "record", "sandbox", "sandbox.grader"},
    "": {"checks", "apps", "grading"},
}
TRUSTED_ONLY = {"judge", "grading", "authoring", "reports", "apps", "sandbox.grader"}
"""Rooms that need an instructor's installation."""
INSTRUCTORS = ["nbgrader", "nbclient", "nbconvert", "nbformat", "jupyter_client", "sqlalchemy"]


def room_of(module: str) -> str:
    """`autograder.sandbox.server.zygote` lies in `sandbox.server`; a package in itself."""
    parts = module.split(".")[1:]
    if not (PACKAGE / Path(*parts)).is_dir():
        parts = parts[:-1]
    return ".".join(parts)


def modules() -> list[str]:
    found = (path.relative_to(ROOT).with_suffix("") for path in PACKAGE.rglob("*.py"))
    return sorted(".".join(path.parts).removesuffix(".__init__") for path in found)


def source(module: str) -> str:
    path = ROOT / Path(*module.split("."))
    return (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text("utf-8")


def imports(text: str) -> set[str]:
    """The names that a source imports, wherever it does, for the type checker as well."""
    names: set[str] = set()
    left: list[ast.AST] = [ast.parse(text)]
    while left:
        node = left.pop()
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "absolute imports only"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        left += ast.iter_child_nodes(node)
    return names


def module_of(name: str, known: Iterable[str]) -> str:
    """The module of the package that an imported name is, or is defined in; "" if it is none."""
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name


def arrows(texts: dict[str, str]) -> set[tuple[str, str]]:
    """The pairs of modules of which the first imports the second."""
    return {
        (module, imported)
        for module, text in texts.items()
        for name in imports(text)
        if (imported := module_of(name, texts)) and imported != module
    }


def forbidden(texts: dict[str, str]) -> list[str]:
    """What breaks a rule: a module without a room, an import against the order, a circle."""
    found = [
        f"{module} belongs to no room" for module in texts if room_of(module) not in MAY_IMPORT
    ]
    between = arrows(texts)
    for module, imported in sorted(between):
        here, there = room_of(module), room_of(imported)
        if here != there and there not in MAY_IMPORT.get(here, set()):
            found.append(f"{module} imports {imported}")
    # Inside a room: no circle. A package's own __init__ may list what its modules define.
    inside = {(a, b) for a, b in between if room_of(a) == room_of(b) and not is_package(a)}
    return found + [f"{module} is in a circle" for module in in_circles(inside)]


def is_package(module: str) -> bool:
    return (ROOT / Path(*module.split("."))).is_dir()


def in_circles(pairs: set[tuple[str, str]]) -> list[str]:
    """What is left when whatever imports nothing that is left is taken away, again and again."""
    left = set(pairs)
    while leaves := {b for _, b in left} - {a for a, _ in left}:
        left = {(a, b) for a, b in left if b not in leaves}
    return sorted({a for a, _ in left} & {b for _, b in left})


def texts() -> dict[str, str]:
    return {module: source(module) for module in modules()}


def test_imports_run_one_way():
    assert forbidden(texts()) == []


def test_every_room_that_is_listed_exists():
    assert set(MAY_IMPORT) == {room_of(module) for module in modules()}


def test_rooms_have_an_order():
    assert in_circles({(a, b) for a, rooms in MAY_IMPORT.items() for b in rooms}) == []


def test_every_import_that_is_allowed_is_made():
    made = {(room_of(a), room_of(b)) for a, b in arrows(texts())}
    allowed = {(a, b) for a, rooms in MAY_IMPORT.items() for b in rooms}
    assert allowed - made == set()


@pytest.mark.parametrize(
    ("module", "line", "said"),
    [
        (
            "autograder.checks.compare",
            "from autograder.judge.execute import Execute",
            "autograder.checks.compare imports autograder.judge.execute",
        ),
        (
            "autograder.record.report",
            "import autograder.remote.wire as w",
            "autograder.record.report imports autograder.remote.wire",
        ),
        (
            "autograder.remote.wire",
            "def f():\n    from autograder.checks import exercise",
            "autograder.remote.wire imports autograder.checks.exercise",
        ),
        (
            "autograder.sandbox.kernel.streams",
            "class A:\n    async def f(self):\n        import autograder.sandbox.policy",
            "autograder.sandbox.kernel.streams imports autograder.sandbox.policy",
        ),
        (
            "autograder.reports.results",
            "try:\n    from autograder import grading\nexcept ImportError:\n    pass",
            "autograder.reports.results imports autograder.grading",
        ),
        (
            "autograder.checks.compare",
            "from autograder.checks.exercise import Exercise",
            "autograder.checks.compare is in a circle",
        ),
        ("autograder.attic.old", "", "autograder.attic.old belongs to no room"),
        ("autograder.sandbox.attic.old", "", "autograder.sandbox.attic.old belongs to no room"),
    ],
)
def test_that_each_rule_can_be_broken(module: str, line: str, said: str):
    changed = texts()
    changed[module] = changed.get(module, "") + "\n" + line
    assert said in forbidden(changed)


def test_a_file_that_lies_in_no_room_is_seen(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delitem(MAY_IMPORT, "remote")
    assert "autograder.remote.wire belongs to no room" in forbidden(texts())


def packages(text: str) -> set[str]:
    return {name.split(".")[0] for name in imports(text)}


def test_a_students_rooms_touch_nothing_of_an_instructors():
    users = {m for m, text in texts().items() if packages(text) & set(INSTRUCTORS)}
    assert {room_of(module) for module in users} == TRUSTED_ONLY


@pytest.mark.parametrize(
    "line", ["import nbgrader", "def f():\n    from nbgrader.api import Gradebook"]
)
def test_that_an_import_of_nbgrader_is_seen(line: str):
    assert packages(line) == {"nbgrader"}


def test_the_record_needs_the_standard_library_only():
    code = """
    import autograder.record.report, autograder.record.render
    """
    # `import autograder` itself brings the checks, hence numpy and jax: look at the files alone.
    for module in modules():
        if room_of(module) == "record":
            assert packages(source(module)) <= {"autograder", *sys.stdlib_module_names}, module
    assert run_without(INSTRUCTORS, code).returncode == 0


# Every module that `import autograder` loads, used as a student's notebook uses it.
STUDENTS_USE = """
import __main__
import autograder
from autograder import Exercise, given, reference, student

__main__.double = lambda x: 2 * x
exercise = Exercise("double")
exercise.returns("doubles", student.double, 2.0, expected=4.0)
report = exercise.report()
assert report.checks[0].outcome == "passed", report
assert report._repr_mimebundle_()
"""


def test_a_students_install_needs_no_nbgrader():
    done = run_without(INSTRUCTORS, STUDENTS_USE)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("package", INSTRUCTORS)
def test_that_test_can_fail_too(package: str):
    done = run_without(INSTRUCTORS, f"import {package}\n" + STUDENTS_USE)
    assert done.returncode == 1
    assert f"ModuleNotFoundError: blocked: {package}" in done.stderr


def test_the_launcher_imports_nothing_heavy():
    code = """
    import sys, autograder.sandbox.server.launcher
    print(*{"jax", "ipykernel", "IPython", "matplotlib", "zmq"} & set(sys.modules))
    """
    assert run_without([], code).stdout.strip() == ""
