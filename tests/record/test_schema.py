"""The record's JSON Schema says what report.py writes and reads, neither more nor less."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import fields
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from autograder.record.outcome import Kind, Outcome
from autograder.record.render import MIMETYPE, mimebundle
from autograder.record.report import MOST_POINTS, SCHEMA_VERSION, CheckResult, Figure, Line, Report
from autograder.sandbox.settings import Isolation
from tests.support import classroom
from tests.support.lesson import EXERCISES, judge_one, submission
from tests.support.variants import COMPILED

SCHEMA = json.loads((files("autograder.record") / "record.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
PARTS: dict[type, dict[str, Any]] = {
    Report: SCHEMA,
    CheckResult: SCHEMA["$defs"]["check"],
    Figure: SCHEMA["$defs"]["figure"],
    Line: SCHEMA["$defs"]["line"],
}
WRONG = {
    "logistic_loss": "def logistic_loss(theta, model, x, y):\n    return 1 / 0",
    "model_optimization_loop": (
        "def model_optimization_loop(theta, model, loss, x, y, n_steps=100, step_size=0.1):\n"
        "    return [float('nan')] * n_steps, theta"
    ),
}


def as_read(report: Report) -> dict[str, Any]:
    """A record as a program finds it in a notebook."""
    record = json.loads(json.dumps(mimebundle(report)[MIMETYPE]))
    assert isinstance(record, dict)
    return record


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    """Records of the lesson's own test cells, for right and wrong answers, and made-up ones."""
    right, wrong = submission({"model_optimization_loop": COMPILED}), submission(WRONG)
    judged = [judge_one(name, right) for name in EXERCISES]
    judged += [judge_one(name, wrong) for name in WRONG]  # the others look as those do
    assert {check.outcome for report in judged for check in report.checks} >= {"passed", "failed"}
    assert any(check.figure for report in judged for check in report.checks)
    return list(map(as_read, [*judged, *classroom.RECORDS.values(), Report("empty", ())]))


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_real_records_are_valid(records: list[dict[str, Any]]) -> None:
    for record in records:
        assert [error.message for error in VALIDATOR.iter_errors(record)] == []


@pytest.mark.parametrize("made", PARTS, ids=lambda made: made.__name__)
def test_it_has_the_fields_that_the_code_has(made: type) -> None:
    extra = {"schema_version", "score"} if made is Report else set()
    assert set(PARTS[made]["properties"]) == {field.name for field in fields(made)} | extra


def test_it_has_the_values_that_the_code_has() -> None:
    assert SCHEMA["properties"]["schema_version"]["const"] == SCHEMA_VERSION
    assert SCHEMA["$id"].endswith(f":{SCHEMA_VERSION}")
    assert PARTS[CheckResult]["properties"]["outcome"]["enum"] == list(Outcome)
    assert PARTS[CheckResult]["properties"]["kind"]["enum"] == list(Kind)
    assert SCHEMA["properties"]["isolation"]["enum"] == [*Isolation, ""]
    assert {PARTS[Line]["properties"][name]["maxItems"] for name in "xy"} == {MOST_POINTS}


def test_what_it_accepts_is_read_and_written_again(records: list[dict[str, Any]]) -> None:
    for record in records:
        assert as_read(Report.from_json(record)) == record


def test_a_record_from_before_isolation_and_figures_were_kept(
    records: list[dict[str, Any]],
) -> None:
    old = copy.deepcopy(records[0])
    del old["isolation"]
    for check in old["checks"]:
        del check["figure"], check["stop"], check["share"], check["kind"]
    assert VALIDATOR.is_valid(old)
    Report.from_json(old)


def spoilt(record: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Copies of a record with one thing wrong in each."""
    for path in paths(record):
        *before, last = path
        for change in ("removed", "an object", "a surplus key"):
            other = copy.deepcopy(record)
            parent = other
            for step in before:
                parent = parent[step]
            if change == "removed" and isinstance(parent, dict):
                del parent[last]
            elif change == "an object" and not isinstance(parent[last], dict):
                parent[last] = {"not": "this"}
            elif change == "a surplus key" and isinstance(parent[last], dict):
                parent[last]["surplus"] = 1
            else:
                continue
            yield f"{path}: {change}", other


def paths(value: Any, so_far: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the parts of a record are; of equals in a list, the first."""
    if isinstance(value, dict):
        items = list(value.items())
    else:
        items = list(enumerate(value))[:1] if isinstance(value, list) else []
    for key, part in items:
        yield (*so_far, key)
        yield from paths(part, (*so_far, key))


def test_a_spoilt_record_is_refused(records: list[dict[str, Any]]) -> None:
    record = next(r for r in records if r["checks"] and r["checks"][0]["figure"] is None)
    optional = {
        "('isolation',): removed",
        "('checks', 0, 'figure'): removed",
        "('checks', 0, 'stop'): removed",
        "('checks', 0, 'share'): removed",
        "('checks', 0, 'kind'): removed",
    }
    accepted = {name for name, other in spoilt(record) if VALIDATOR.is_valid(other)}
    assert accepted == optional


def test_what_the_code_refuses_the_schema_refuses(records: list[dict[str, Any]]) -> None:
    refused = 0
    for record in records:
        for name, other in spoilt(record):
            try:
                Report.from_json(other)
            except ValueError:
                refused += 1
                assert not VALIDATOR.is_valid(other), name
    assert refused > 100


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("outcome", "maybe"),
        ("points", -1),
        ("points", "1"),
        ("hints", [1]),
        ("share", -0.1),
        ("share", 1.5),
        ("share", "1"),
        ("kind", "maybe"),
    ],
)
def test_values_out_of_range_are_refused(
    records: list[dict[str, Any]], key: str, value: object
) -> None:
    record = copy.deepcopy(records[0])
    record["checks"][0][key] = value
    assert not VALIDATOR.is_valid(record)


def test_another_version_is_refused_by_both(records: list[dict[str, Any]]) -> None:
    record = {**records[0], "schema_version": SCHEMA_VERSION + 1}
    assert not VALIDATOR.is_valid(record)
    with pytest.raises(ValueError, match="schema version"):
        Report.from_json(record)
