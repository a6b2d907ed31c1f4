"""Whether a course's configuration has what the kit needs of it. TRUSTED SIDE.

The class paths here are those of the kit's own nbgrader_config.py, which a course copies. A later
version may have moved a class, and an older copy then names what is not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.exchange import ExchangeFactory
from traitlets.config.loader import LazyConfigValue
from traitlets.utils.importstring import import_item

KIT = {
    "GenerateAssignment.preprocessors": ("autograder.authoring.FoldCells",),
    "Autograde.exporter_class": ("autograder.judge.SubmissionExporter",),
    "Autograde.pre_convert_hook": ("autograder.judge.receive",),
    "Autograde.sanitize_preprocessors": ("autograder.judge.RestoreCells",),
    "Autograde.autograde_preprocessors": (
        "autograder.judge.Execute",
        "autograder.judge.SaveAutoGrades",
        "autograder.judge.Sanitise",
    ),
    "GenerateFeedback.exporter_class": ("autograder.reports.Feedback",),
    "GenerateFeedback.preprocessors": (
        "autograder.reports.HideTests",
        "autograder.judge.Sanitise",
        "autograder.reports.Summarise",
    ),
    "ExchangeFactory.collect": ("autograder.grading.Collect",),
    "ExchangeFactory.release_feedback": ("autograder.grading.ReleaseFeedback",),
}
"""Settings of nbgrader that the kit needs, and what has to be their value or among their values."""
COMPONENTS = {
    made.__name__: made
    for made in (GenerateAssignment, Autograde, GenerateFeedback, ExchangeFactory)
}


def complaints(config: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a configuration, setting by setting; nothing if it has all of the kit.

    For example "c.ExchangeFactory.collect lacks autograder.grading.Collect". Values may be paths,
    as in the kit's own configuration, or the classes themselves, or classes made from them.
    """
    for setting, wanted in KIT.items():
        given = values(config, setting)
        broken = [value for value in given if isinstance(value, str) and item(value) is None]
        lacking = [path for path in wanted if not any(stands_for(value, path) for value in given)]
        for path in lacking:
            old = next((value for value in broken if last(value) == last(path)), "")
            yield f"c.{setting} lacks {path}" + (
                f": write it in the place of {old}, which does not exist" if old else ""
            )
        renamed = {last(path) for path in lacking}
        for value in broken:
            if last(value) not in renamed:
                yield f"c.{setting} names {value}, which cannot be imported"


def values(config: Mapping[str, Any], setting: str) -> list[Any]:
    """What a setting holds, with nbgrader's default where the course does not say.

    It may be set for a class above (`c.BaseConverter`), or changed in place (`.append`).
    """
    name, trait = setting.split(".")
    component = COMPONENTS[name]
    value = component.class_traits()[trait].default()
    for section in component.section_names():
        found = config.get(section, {})
        if trait in found:
            value = found[trait]
            if isinstance(value, LazyConfigValue):
                value = value.get_value(component.class_traits()[trait].default())
    return list(value) if isinstance(value, list | tuple) else [value]


def stands_for(value: Any, path: str) -> bool:
    """Whether a value of a setting is what a path names, or a class made from it."""
    given, wanted = item(value) if isinstance(value, str) else value, item(path)
    if isinstance(given, type) and isinstance(wanted, type):
        return issubclass(given, wanted)
    return given is not None and given is wanted


def item(path: str) -> Any:
    """What a path names; None if there is no such thing."""
    try:
        return import_item(path)
    except Exception:  # a module of the course's own may fail in any way
        return None


def last(path: str) -> str:
    """The name at the end of a path."""
    return path.rpartition(".")[2]
