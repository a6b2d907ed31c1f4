"""What doctor says of a course's configuration, beside the kit's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from nbgrader.preprocessors import Execute as TheirExecute
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from autograder.apps.command import AssignmentCommand
from autograder.apps.configuration import KIT, complaints, values
from autograder.apps.grade import GradeApp
from autograder.apps.scores import ScoresApp
from autograder.grading.exchange import Collect
from autograder.judge import Execute, RestoreCells, Sanitise, SaveAutoGrades, receive
from autograder.reports import Feedback
from tests.support.inprocess import ROOT

KITS_OWN = ROOT / "nbgrader_config.py"


def loaded(path: Path) -> Config:
    return PyFileConfigLoader(path.name, str(path.parent)).load_config()


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch) -> Config:
    """The kit's own configuration, which a course copies."""
    monkeypatch.setenv("PATH", "")  # it changes PATH, and the test is to leave it as it was
    return loaded(KITS_OWN)


def test_the_kits_own_has_everything(config: Config) -> None:
    assert list(complaints(config)) == []


def test_every_class_path_of_the_kits_own_is_asked_for(config: Config) -> None:
    own = {
        (name, path)
        for name in KIT
        for path in values(config, name)
        if str(path).startswith("autograder.")
    }
    assert own == {(name, path) for name, paths in KIT.items() for path in paths}
    lines = KITS_OWN.read_text().splitlines()
    others = ["logging_config"]  # grading goes without
    assert sum("autograder." in line for line in lines) == len(own) + len(others)


@pytest.mark.parametrize(("name", "path"), [(n, p) for n, paths in KIT.items() for p in paths])
def test_a_path_that_is_left_out_is_named_with_its_setting(
    config: Config, name: str, path: str
) -> None:
    section, trait = name.split(".")
    left = [value for value in values(config, name) if value != path]
    if isinstance(config[section][trait], list):
        config[section][trait] = left
    else:
        del config[section][trait]
    assert list(complaints(config)) == [f"c.{name} lacks {path}"]


def test_an_empty_configuration_lacks_all() -> None:
    wanted = [f"c.{name} lacks {path}" for name, paths in KIT.items() for path in paths]
    assert list(complaints(Config())) == wanted


@pytest.mark.parametrize(
    ("name", "old"),
    [
        ("Autograde.autograde_preprocessors", "autograder.execute.Execute"),
        ("Autograde.pre_convert_hook", "autograder.intake.receive"),
        ("ExchangeFactory.collect", "autograder.exchange.Collect"),
        ("GenerateFeedback.exporter_class", "autograder.feedback.Feedback"),
    ],
)
def test_an_old_path_comes_with_the_one_for_its_place(config: Config, name: str, old: str) -> None:
    section, trait = name.split(".")
    (new,) = (path for path in KIT[name] if path.endswith(old.rpartition(".")[2]))
    replaced = [old if path == new else path for path in values(config, name)]
    config[section][trait] = replaced if isinstance(config[section][trait], list) else old
    assert list(complaints(config)) == [
        f"c.{name} lacks {new}: write it in the place of {old}, which does not exist"
    ]


def test_a_path_of_the_courses_own_that_cannot_be_imported(config: Config) -> None:
    config.GenerateFeedback.preprocessors = [*config.GenerateFeedback.preprocessors, "our.Own"]
    (said,) = complaints(config)
    assert said == "c.GenerateFeedback.preprocessors names our.Own, which cannot be imported"


class TestValuesThatAreNoPaths:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("Autograde.autograde_preprocessors", [Execute, SaveAutoGrades, Sanitise]),
            ("Autograde.sanitize_preprocessors", (RestoreCells,)),
            ("Autograde.pre_convert_hook", receive),
            ("GenerateFeedback.exporter_class", Feedback),
            ("ExchangeFactory.collect", Collect),
        ],
    )
    def test_classes_and_functions(self, config: Config, name: str, value: Any) -> None:
        section, trait = name.split(".")
        config[section][trait] = value
        assert list(complaints(config)) == []

    def test_the_longer_path_of_the_same_class(self, config: Config) -> None:
        config.GenerateFeedback.exporter_class = "autograder.reports.feedback.Feedback"
        assert list(complaints(config)) == []

    def test_a_class_made_from_the_kits(self, config: Config) -> None:
        config.ExchangeFactory.collect = type("Ours", (Collect,), {})
        assert list(complaints(config)) == []

    def test_nbgraders_class_of_the_same_name(self, config: Config) -> None:
        config.Autograde.autograde_preprocessors = [TheirExecute, SaveAutoGrades, Sanitise]
        (said,) = complaints(config)
        assert said == "c.Autograde.autograde_preprocessors lacks autograder.judge.Execute"

    def test_a_list_that_is_only_added_to(self, config: Config) -> None:
        del config.Autograde.sanitize_preprocessors
        config.Autograde.sanitize_preprocessors.insert(0, "autograder.judge.RestoreCells")
        assert list(complaints(config)) == []

    def test_a_setting_of_a_class_above(self, config: Config) -> None:
        del config.Autograde.pre_convert_hook
        config.BaseConverter.pre_convert_hook = receive
        assert list(complaints(config)) == []


class TestCommands:
    """What a command says that cannot begin for what the configuration names."""

    @pytest.fixture(autouse=True)
    def elsewhere(self, tmp_path_factory: pytest.TempPathFactory, monkeypatch: Any) -> None:
        monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))

    def ended(self, app: type[AssignmentCommand], setting: str, folder: Path) -> int:
        (folder / "nbgrader_config.py").write_text(f"c = get_config()\n{setting}\n")
        command = app()
        try:
            command.initialize(["one", f"--course-dir={folder}"])
            with pytest.raises(SystemExit) as end:
                command.start() if app is ScoresApp else command._listing()  # type: ignore[attr-defined]
        finally:
            app.clear_instance()
        return int(end.value.code or 0)

    def test_a_class_that_is_gone(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        old = "c.ExchangeFactory.collect = 'autograder.exchange.Collect'"
        assert self.ended(ScoresApp, old, tmp_path) == 1
        said = capsys.readouterr().err
        assert "The configuration cannot be used: The 'collect' trait of" in said
        assert f"`autograder doctor --course-dir={tmp_path}` says more." in said

    def test_a_hook_that_is_gone(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        old = "c.Autograde.pre_convert_hook = 'autograder.intake.receive'"
        assert self.ended(GradeApp, old, tmp_path) == 1
        assert (
            "be used: No module named 'autograder.intake'. `autograder" in capsys.readouterr().err
        )
