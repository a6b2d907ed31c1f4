"""The documentation: it builds, its commands and settings exist, its code runs, its tables hold."""

from __future__ import annotations

import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import kubernetes_validate
import numpy as np
import pytest
import yaml
from distributed.cli import dask_scheduler, dask_worker
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.apps.nbgraderapp import NbGraderApp
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeFactory
from nbgrader.exchange.default import Exchange
from nbgrader.nbgraderformat import MetadataValidator, ValidationError
from nbgrader.utils import is_locked
from scipy.special import expit, xlogy
from traitlets.config import Application, Config, HasTraits

from autograder.apps.command import StrictLoader
from autograder.apps.main import AutograderApp
from autograder.apps.verify import VerifyApp
from autograder.checks import numerics
from autograder.checks.arrays import RELATIVE_TOLERANCE
from autograder.checks.exercise import Exercise
from autograder.judge.cells import is_answer, is_marked_by_hand, is_test_cell
from autograder.judge.execute import Execute
from autograder.judge.sanitise import Sanitise
from autograder.judge.stopwatch import Late, Stopwatch
from autograder.sandbox.settings import Sandbox, Used, size
from tests.support.inprocess import ROOT
from tools import api

DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.glob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
CHECK = re.compile(
    r"^\w+\.(?:returns|agrees|satisfies|is_\w+|descends|reaches|minimises|relates|stacks"
    r"|generalises|shapes|raises|does_not_retrace)\(",
    re.M,
)
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
CONFIGURABLE: dict[str, type[HasTraits]] = {
    made.__name__: made
    for made in (
        Application,
        Sandbox,
        Execute,
        VerifyApp,
        CourseDirectory,
        Exchange,
        ExchangeFactory,
    )
}
# Programs of the system or of services that a page needs, whose options are not ours to know.
OTHERS = {
    *("adduser", "apt", "cd", "chmod", "conda", "createdb", "createuser", "eval", "git", "jupyter"),
    *("kubectl", "mkdir", "pg_dump", "source"),
}


def page_id(page: Path) -> str:
    return page.stem


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of a page in a language, without the indentation of a list."""
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [
        "".join(line.removeprefix(indent) for line in text.splitlines(keepends=True))
        for indent, name, text in found
        if name == language
    ]


# It builds


def build(docs: Path, site: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", docs, site]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_it_builds_without_a_warning(tmp_path: Path) -> None:
    done = build(DOCS, tmp_path / "site")
    assert done.returncode == 0, done.stderr
    built = {path.stem for path in (tmp_path / "site").glob("*.html")}
    assert {page.stem for page in DOCS.glob("*.md")} <= built


def test_the_api_is_what_the_docstrings_say() -> None:
    assert api.PAGE.read_text(encoding="utf-8") == api.page(), "run `make api`"
    assert "\n### agrees\n" in api.page()


def test_a_docstring_becomes_markdown() -> None:
    text = "Say::\n\n    f(1)\n\nof\n\nx\n    A number,\n    or two.\n\n>>> f(1)\n2"
    code, doctest = "```py\nf(1)\n```", "```pycon\n>>> f(1)\n2\n```"
    assert api.prose(text) == f"Say:\n\n{code}\n\nof\n\n- `x`: A number, or two.\n\n{doctest}"


@pytest.mark.slow
@pytest.mark.parametrize("link", ["nowhere.md", "budgets.md#nothing-there"])
def test_a_broken_link_fails(tmp_path: Path, link: str) -> None:
    docs = shutil.copytree(DOCS, tmp_path / "docs")
    with (docs / "students.md").open("a") as page:
        page.write(f"\n[broken]({link})\n")
    done = build(docs, tmp_path / "site")
    assert done.returncode != 0
    assert link.split("#")[-1] in done.stderr


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "CONTRIBUTING.md"], ids=page_id)
def test_links_outside_the_built_pages_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


# Its commands exist


def commands(page: Path) -> list[list[str]]:
    """The words of each command line on a page."""
    lines = (line for text in blocks(page, "console") for line in text.splitlines())
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def check(words: list[str]) -> None:
    """Assert that a command exists, and takes these options."""
    program, *args = words
    program = Path(program).name
    if program in ("autograder", "nbgrader"):
        check_application({"autograder": AutograderApp, "nbgrader": NbGraderApp}[program], args)
    elif program == "make":
        check_make(args)
    elif program == "dask":
        tool = {"scheduler": dask_scheduler.main, "worker": dask_worker.main}[args[0]]
        tool.make_context(args[0], args[1:])
    elif program == "pip" or args[:2] == ["-m", "pip"]:
        check_pip(args)
    else:
        assert program in OTHERS or program.startswith("python"), words


def check_application(application: Any, args: list[str]) -> None:
    """Descend to the subcommand and let its own parser read the options."""
    while isinstance(subcommands := application.subcommands, dict) and subcommands:
        assert args, f"{application.name} by itself does nothing"
        assert args[0] in subcommands, f"{application.name} {args[0]}"
        application, args = subcommands[args[0]][0], args[1:]
    made = application()
    flags, aliases = made.flatten_flags()
    loader = StrictLoader(args, aliases, flags, classes=made.classes, log=made.log)
    check_settings(loader.load_config())
    assert len(loader.extra_args) <= 2, loader.extra_args


def check_settings(config: Config) -> None:
    """Assert that what a configuration sets can be set."""
    for name, values in config.items():
        if name in CONFIGURABLE:
            assert set(values) <= set(CONFIGURABLE[name].class_traits(config=True)), values


def check_make(args: list[str]) -> None:
    makefile = (ROOT / "Makefile").read_text()
    for word in args:
        name, is_variable, _ = word.partition("=")
        defined = rf"^{name} \?=" if is_variable else rf"^{re.escape(name)}:"
        assert re.search(defined, makefile, re.MULTILINE), word


def check_pip(args: list[str]) -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    for word in args:
        if found := re.fullmatch(r"(?:nbgrader-jax|\.)\[(.*)\]", word):
            assert set(found[1].split(",")) <= extras.keys(), word
        if word.endswith(".txt"):
            assert (ROOT / word).is_file(), word


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_commands_exist(page: Path) -> None:
    for words in commands(page):
        check(words)


@pytest.mark.parametrize(
    "line",
    [
        "autograder publish",
        "autograder grade lesson --wrkers=8",
        "autograder grade lesson --Sandbox.memry=1",
        "nbgrader autograde lesson --pretty=yes",
        "nbgrader db student remember amber",
        "make demonstration",
        "make bench SUBMISION=6",
        "dask worker tcp://a:1 --nwrkers 2",
        "pip install 'nbgrader-jax[teacher]'",
        "pip install -c constrain.txt .",
        "frobnicate",
    ],
)
def test_a_command_that_does_not_exist_is_seen(line: str) -> None:
    with pytest.raises((AssertionError, SystemExit, click.UsageError)):
        check(shlex.split(line))


# Its code runs


def settings(text: str) -> bool:
    return text.startswith("c.")


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "python")], ids=page_id)
def test_settings_exist(page: Path) -> None:
    for text in filter(settings, blocks(page, "python")):
        config = Config()
        exec(text, {"c": config})
        assert config.keys() <= CONFIGURABLE.keys()
        check_settings(config)


NOTEBOOKS = ("writing-an-exercise", "exercises-by-example")
"""Pages of which tests/authoring makes notebooks, and runs these."""


def programs() -> Iterator[Path]:
    for page in PAGES:
        if page.stem in NOTEBOOKS or all(map(settings, blocks(page, "python"))):
            continue
        yield page


@pytest.mark.slow
@pytest.mark.parametrize("page", list(programs()), ids=page_id)
def test_python_runs(page: Path) -> None:
    """All blocks of a page, in order, as one notebook; what the checks in it find is all right."""
    texts = [text for text in blocks(page, "python") if not settings(text)]
    asked = """
from autograder.checks.context import current
for made in current.get().exercises:
    for check in made.results:
        assert check.outcome == "passed", (made.name, check)
        print("passed:", check.title)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join([*texts, asked])],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("passed:") == len(CHECK.findall("\n".join(texts)))


# Its tables hold


def rows(page: str) -> list[list[str]]:
    """The cells of every table row of a page."""
    lines = (DOCS / f"{page}.md").read_text(encoding="utf-8").splitlines()
    return [
        [cell.strip(" *") for cell in line.strip("|").split("|")]
        for line in lines
        if line.startswith("|")
    ]


KINDS = {
    "autograded answer": (True, False, False),
    "autograded tests": (False, True, False),
    "manually graded answer": (True, False, True),
    "manually graded task": (False, False, True),
    "read-only": (False, False, False),
}
"""Cells as the panel calls them: whether students fill it in, it is a test, a person marks it."""


def test_cells_can_be_made_from_the_keys_on_the_page() -> None:
    (example,) = blocks(DOCS / "writing-a-lesson.md", "json")
    listed = {row[0]: row[1:] for row in rows("writing-a-lesson") if row[0] in KINDS}
    assert listed.keys() == KINDS.keys()
    for kind, (grade, solution, task, locked, points, types) in listed.items():
        marks = json.loads(example)["nbgrader"]
        keys = {"grade": grade, "solution": solution, "task": task, "locked": locked}
        marks |= {key: json.loads(value) for key, value in keys.items()}
        if points == "none":
            del marks["points"]
        makers = {"code": new_code_cell, "Markdown": new_markdown_cell}
        for name, make in makers.items():
            cell = make("2", metadata={"nbgrader": marks})
            if name in types or types == "any":
                MetadataValidator().validate_nb(new_notebook(cells=[cell]))
                assert (is_answer(cell), is_test_cell(cell), is_marked_by_hand(cell)) == KINDS[kind]
                assert is_locked(cell) is not is_answer(cell)
            else:
                with pytest.raises(ValidationError):
                    MetadataValidator().validate_nb(new_notebook(cells=[cell]))


def test_budgets_are_the_code_s() -> None:
    stated = {row[0].strip("`"): row[1:] for row in rows("budgets") if "`" in row[0]}
    by_hand = {
        "Sandbox.isolation",
        "Sandbox.require_isolation",
        "Sandbox.hidden",
        "Sandbox.readable",
        "Sanitise.enabled",
        "Sanitise.tags",
        "Sanitise.styles",
        "Sanitise.safe_output_keys",
        "Sanitise.sanitized_output_types",
    }
    not_budgets = {"VerifyApp.progress", "VerifyApp.workers"}
    wanted = {
        f"{made.__name__}.{name}": trait.default_value
        for made in (Sandbox, Execute, Sanitise, VerifyApp)
        for name, trait in made.class_own_traits(config=True).items()
    }
    wanted["Execute.timeout"] = configured("Execute", "timeout")
    assert stated.keys() == wanted.keys() - by_hand - not_budgets
    for name, (default, said) in stated.items():
        value = wanted[name]
        assert default in (
            f"{value:g}",
            f"{value:d}" if isinstance(value, int) else "",
            f"{value:g} s",
            size(value),
        ), name
        if name.startswith("Sandbox."):
            assert said == Sandbox().limits().sentence(name.removeprefix("Sandbox.")), name


def test_what_is_said_when_time_is_up_is_on_the_page() -> None:
    page = (DOCS / "budgets.md").read_text(encoding="utf-8")
    traits = Execute.class_own_traits()
    budgets = [traits[name].default_value for name in ("call_timeout", "judge_timeout")]
    for seconds in (configured("Execute", "timeout"), *budgets):
        watch = Stopwatch(lambda age: Used(), seconds, traits["wall_factor"].default_value)
        assert all(watch.said(late) in page for late in Late)
    assert Sandbox().wall == Sandbox().cpu * traits["wall_factor"].default_value


def configured(section: str, name: str) -> Any:
    """A setting of the course that the repository is."""
    config = Config()
    text = (ROOT / "nbgrader_config.py").read_text()
    path = os.environ["PATH"]
    exec(text, {"get_config": lambda: config})
    os.environ["PATH"] = path
    return config[section][name]


def test_the_steps_on_the_page_are_what_is_measured() -> None:
    x = np.linspace(-5, 5, 100)
    y = expit(2 * x + 1)
    places = np.random.default_rng(0).uniform(-2, 2, size=(20, 2))

    def loss(params: dict[str, float]) -> float:
        p = expit(params["w"] * x + params["b"])
        return float(-np.sum(xlogy(y, p) + xlogy(1 - y, 1 - p)))

    def error(w: float, b: float, step: float) -> float:
        off = expit(w * x + b) - y
        exact = np.array([off @ x, off.sum()])
        found = numerics.central_differences(loss, {"w": float(w), "b": float(b)}, step)
        got = np.array([float(found["w"]), float(found["b"])])
        return float(np.max(np.abs(got - exact)) / np.max(np.abs(exact)))

    steps = [row for row in rows("numerics") if len(row) == 2 and row[0].startswith("1e-")]
    assert len(steps) == 7
    assert float(min(steps, key=lambda row: float(row[1]))[0]) == numerics.STEP
    for step, stated in steps:
        worst = max(error(w, b, float(step)) for w, b in places)
        assert float(stated) / 4 < worst < float(stated) * 4, (step, worst)


def test_the_tolerances_on_the_page_are_the_code_s() -> None:
    stated = {row[0]: float(row[1]) for row in rows("numerics") if row[0] in RELATIVE_TOLERANCE}
    assert stated == RELATIVE_TOLERANCE


def test_the_share_of_separable_draws_is_right() -> None:
    x = np.linspace(-5, 5, 100)
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, size=(20_000, 100))
    labels = 2 * x + 1 + noise > 0
    separable = np.mean(np.all(np.diff(labels.astype(int), axis=1) >= 0, axis=1))
    text = (DOCS / "numerics.md").read_text()
    assert f"{round(100 * separable)} of 100 draws" in text


def test_every_command_is_on_the_page() -> None:
    listed = {row[0].strip("`").split()[1] for row in rows("commands") if "`autograder" in row[0]}
    assert listed == set(AutograderApp.subcommands)


def test_every_check_is_in_the_table_and_has_an_example() -> None:
    checks = {name for name in dir(Exercise) if not name.startswith("_")} - {"report"}
    table = "\n".join(" | ".join(row) for row in rows("choosing-checks"))
    assert {name for name in checks if f"`{name}`" not in table} == set()
    examples = [
        (DOCS / f"{page}.md").read_text() for page in ("exercises-by-example", "choosing-checks")
    ]
    assert {name for name in checks if not any(f".{name}(" in text for text in examples)} == set()


# The manifest for Kubernetes


MANIFEST = list(yaml.safe_load_all((DOCS / "kubernetes" / "dask.yaml").read_text()))


@pytest.mark.parametrize("version", ["1.29", kubernetes_validate.latest_version()])
@pytest.mark.parametrize("resource", MANIFEST, ids=lambda r: f"{r['kind']}-{r['metadata']['name']}")
def test_the_manifest_is_valid(resource: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(resource, version, strict=True)


def test_a_spoilt_manifest_is_refused() -> None:
    deployment = yaml.safe_load(yaml.safe_dump(MANIFEST[1]))
    deployment["spec"]["template"]["spec"]["containers"][0]["imagee"] = "x"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, "1.29", strict=True)


def test_the_commands_of_the_manifest_exist() -> None:
    for resource in MANIFEST:
        if resource["kind"] == "Deployment":
            (container,) = resource["spec"]["template"]["spec"]["containers"]
            check(container["command"])


@pytest.mark.slow
@pytest.mark.skipif(
    os.getuid() != 0 or platform.machine() != "x86_64",
    reason="only root can become an ordinary user; the filter is written for x86_64",
)
def test_a_pod_with_these_rights_gets_landlock() -> None:
    """What `autograder doctor` says under Kubernetes' restricted standard."""
    who = ["-m", "tests.support.as_user", "user", "-m", "tests.support.restricted"]
    with tempfile.TemporaryDirectory(dir="/tmp") as course:
        shutil.copy(ROOT / "nbgrader_config.py", course)
        Path(course).chmod(0o777)
        done = subprocess.run(
            [sys.executable, *who, "-m", "autograder", "doctor", f"--course-dir={course}"],
            cwd=ROOT,
            env={**os.environ, "HOME": course, "TMPDIR": "/tmp"},
            capture_output=True,
            text=True,
            check=False,
        )
    said = "isolation     landlock (namespaces refused: PermissionError"
    assert said in done.stdout, done.stdout + done.stderr
