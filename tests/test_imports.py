"""Imports run one way, and a student's install needs nothing of an instructor's."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.inprocess import ROOT, run_without

PACKAGE = ROOT / "autograder"

# Top to bottom: a module may import only from levels above its own.
LEVELS = (
    {"environment", "result"},
    {"render"},
    {"wire"},
    {"compare", "endpoint"},
    {"context"},
    {"student"},
    {"curves", "properties", "numerics"},
    {"diagnosis"},
    {"training"},
    {"checks"},
    {"reference"},
    {"judge", "mutate", "leaks"},
    {"rehearsal"},
    {"gate", "command"},
    {"verify"},
    {"kernel"},
    {
        "sandbox.cache",
        "sandbox.everyday",
        "sandbox.kernelapp",
        "sandbox.policy",
        "sandbox.settings",
        "sandbox.syscalls",
        "sandbox.warm",
    },
    {"sandbox.seccomp"},
    {"sandbox.isolation"},
    {"sandbox.landlock", "sandbox.namespaces"},
    {"sandbox.choice", "sandbox.supervisor"},
    {"sandbox.zygote"},
    {"sandbox.warden"},
    {"sandbox.forkserver"},
    {"sandbox.provisioner"},
    {"sandbox.manager"},
    {"doctor", "exchange", "intake"},
    {"execute"},
    {"figures", "safety"},
    {"gather"},
    {"export", "feedback", "report"},
    {"grading.files", "grading.rows", "grading.server"},
    {"grading.private"},
    {"grading.worker"},
    {"grading.pool", "grading.progress"},
    {"grading.cluster", "grading.coordinator", "grading.ledger"},
    {"grading.watch"},
    {"grading.app"},
    {"app"},
    {"__main__"},
)
LEVEL = {name: number for number, names in enumerate(LEVELS) for name in names}
MAY_IMPORT_NBGRADER = {
    *("command", "doctor", "execute", "export", "feedback", "gather", "intake", "report"),
    *("exchange", "safety", "verify"),
    *("grading.app", "grading.coordinator", "grading.ledger", "grading.rows"),
    *("grading.watch", "grading.worker"),
}
# Inside a function, where the module that is imported needs the importing one at its top.
DEFERRED_UPWARDS = {("result", "render")}
INSTRUCTORS = ["nbgrader", "nbclient", "nbconvert", "nbformat", "jupyter_client", "sqlalchemy"]


class Imports(ast.NodeVisitor):
    """Modules that a source imports: when it is loaded, and only when a function runs."""

    def __init__(self, source: str) -> None:
        self.loaded: set[str] = set()
        self.deferred: set[str] = set()
        self._in_function = False
        self.visit(ast.parse(source))

    def _add(self, name: str) -> None:
        (self.deferred if self._in_function else self.loaded).add(name)

    def visit_Import(self, node):
        for alias in node.names:
            self._add(alias.name)

    def visit_ImportFrom(self, node):
        assert node.level == 0, "absolute imports only"
        self._add(node.module)
        for alias in node.names:
            self._add(f"{node.module}.{alias.name}")

    def visit_FunctionDef(self, node):
        before, self._in_function = self._in_function, True
        self.generic_visit(node)
        self._in_function = before

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_If(self, node):
        if ast.unparse(node.test) == "TYPE_CHECKING":  # never runs
            return
        self.generic_visit(node)


def own(names: set[str]) -> set[str]:
    """The modules of this package among imported names."""
    inside = [name.removeprefix("autograder.") for name in names if name.startswith("autograder.")]
    parts = [name.split(".") for name in inside]
    return {".".join(part[:length]) for part in parts for length in (1, 2)} & set(LEVEL)


def upward(module: str, imports: Imports) -> list[str]:
    """Imports of a module that run against the order."""
    wrong = {m for m in own(imports.loaded) if LEVEL[m] >= LEVEL[module]}
    wrong |= {
        m
        for m in own(imports.deferred)
        if LEVEL[m] >= LEVEL[module] and (module, m) not in DEFERRED_UPWARDS
    }
    return sorted(wrong)


def source(module: str) -> str:
    return (PACKAGE / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")


def modules() -> list[str]:
    found = (path.relative_to(PACKAGE) for path in Path(PACKAGE).rglob("*.py"))
    return sorted(".".join(path.with_suffix("").parts) for path in found if path.stem != "__init__")


def test_every_listed_module_exists():
    assert set(LEVEL) <= set(modules())


@pytest.mark.parametrize("module", sorted(LEVEL))
def test_imports_run_one_way(module):
    assert upward(module, Imports(source(module))) == []


@pytest.mark.parametrize(
    "line",
    [
        "from autograder.checks import Exercise",
        "from autograder import checks",
        "import autograder.checks",
        "import autograder.checks as c",
        "def f():\n    from autograder.checks import Exercise",
        "class A:\n    def f(self):\n        if self:\n            import autograder.checks",
        "async def f():\n    from autograder import checks",
        "if True:\n    from autograder import checks",
        "try:\n    import autograder.checks\nexcept ImportError:\n    pass",
    ],
)
def test_that_check_can_fail(line):
    assert upward("compare", Imports(source("compare") + "\n" + line)) == ["checks"]


def test_an_import_for_the_type_checker_does_not_count():
    text = "if TYPE_CHECKING:\n    from autograder.checks import Exercise\n"
    assert upward("compare", Imports(text)) == []


def test_the_deferred_exceptions_are_still_needed():
    for module, imported in DEFERRED_UPWARDS:
        imports = Imports(source(module))
        assert imported in own(imports.deferred)
        assert imported not in own(imports.loaded)


def nbgrader_users(texts: dict[str, str]) -> set[str]:
    return {
        module
        for module, text in texts.items()
        if any(
            name.split(".")[0] == "nbgrader"
            for name in Imports(text).loaded | Imports(text).deferred
        )
    }


def test_few_modules_touch_nbgrader():
    users = nbgrader_users({module: source(module) for module in modules()})
    assert users <= MAY_IMPORT_NBGRADER
    assert {"execute", "intake"} <= users


@pytest.mark.parametrize(
    "line", ["import nbgrader", "def f():\n    from nbgrader.api import Gradebook"]
)
def test_that_an_import_of_nbgrader_is_seen(line):
    assert nbgrader_users({"judge": source("judge") + "\n" + line}) == {"judge"}


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
def test_that_test_can_fail_too(package):
    done = run_without(INSTRUCTORS, f"import {package}\n" + STUDENTS_USE)
    assert done.returncode == 1
    assert f"ModuleNotFoundError: blocked: {package}" in done.stderr


def test_the_warden_imports_nothing_heavy():
    code = """
    import sys, autograder.sandbox.warden
    print(*{"jax", "ipykernel", "IPython", "matplotlib", "zmq"} & set(sys.modules))
    """
    assert run_without([], code).stdout.strip() == ""
