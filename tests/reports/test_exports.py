"""Marks for other systems, each read back by the rules of the system that it is for."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory

from autograder.reports.exports import gradescope
from autograder.reports.results import Results, gather
from tests.support import classroom
from tests.support.classroom import ASSIGNMENT
from tests.support.course import Course

pytestmark = pytest.mark.slow

# https://gradescope-autograders.readthedocs.io/en/latest/specs/#output-format
VISIBILITY = {"enum": ["hidden", "after_due_date", "after_published", "visible"]}
FORMAT = {"enum": ["text", "html", "simple_format", "md", "ansi"]}
GRADESCOPE = {
    "type": "object",
    "required": ["score", "tests"],
    "additionalProperties": False,
    "properties": {
        "score": {"type": "number", "minimum": 0},
        "execution_time": {"type": "number"},
        "output": {"type": "string"},
        "output_format": FORMAT,
        "test_output_format": FORMAT,
        "test_name_format": FORMAT,
        "visibility": VISIBILITY,
        "stdout_visibility": VISIBILITY,
        "extra_data": {"type": "object"},
        "leaderboard": {"type": "array"},
        "tests": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "score": {"type": "number"},
                    "max_score": {"type": "number"},
                    "status": {"enum": ["passed", "failed"]},
                    "name": {"type": "string"},
                    "name_format": FORMAT,
                    "number": {"type": "string"},
                    "output": {"type": "string"},
                    "output_format": FORMAT,
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "visibility": VISIBILITY,
                    "extra_data": {"type": "object"},
                },
            },
        },
    },
}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return classroom.make(tmp_path_factory.mktemp("export") / "course")


@pytest.fixture(scope="module")
def results(course: Course) -> Results:
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as gradebook:
        return gather(gradebook, CourseDirectory(root=str(course.root)), ASSIGNMENT)


@pytest.fixture(scope="module")
def folder(course: Course) -> Path:
    course.nbgrader("export", "--exporter=autograder.reports.Gradescope", "--to=gs")
    return course.root / "gs" / ASSIGNMENT


class TestGradescope:
    def test_every_submission_has_a_record_in_the_published_format(self, folder: Path) -> None:
        written = {path.parent.name: path for path in folder.glob("*/results.json")}
        assert set(written) == set(classroom.RECORDS)
        for path in written.values():
            text = path.read_text(encoding="utf-8")
            jsonschema.validate(json.loads(text), GRADESCOPE)
            assert "secret" not in text  # what only staff may read
            assert "4711" not in text

    def test_the_tests_of_a_part_are_worth_its_points(self, folder: Path) -> None:
        coral = json.loads((folder / "coral/results.json").read_text(encoding="utf-8"))
        assert coral["score"] == 2.0
        assert [(t["number"], t["score"], t["max_score"]) for t in coral["tests"]] == [
            ("1.1", 2.0, 2.0),
            ("1.2", 0.0, 6.0),
            ("2.1", 0.0, 2.0),
        ]
        assert coral["tests"][1]["name"] == "loss: is right"
        assert coral["tests"][1]["output"].splitlines() == [
            classroom.MEAN,
            "Hint 1: Think.",
            "Hint 2: Think again.",
        ]
        assert coral["output"] == "A person has yet to look at: essay."

    def test_the_score_is_the_gradebooks(self, results: Results) -> None:
        amber = replace(results.submissions[0], score=5.5, late_penalty=2.5, damaged="It was cut.")
        record = gradescope(amber)
        assert record["score"] == 5.5
        assert record["output"].splitlines()[:2] == [
            "It was cut.",
            "Taken off because it came in late: 2.5.",
        ]

    def test_a_failed_check_has_the_points_that_it_keeps(self, results: Results) -> None:
        coral = results.submissions[2]
        report = coral.parts[0].report
        assert report is not None
        number, right = report.checks
        changed = replace(report, checks=(number, replace(right, share=0.75)))
        parts = (replace(coral.parts[0], report=changed), *coral.parts[1:])
        test = gradescope(replace(coral, parts=parts))["tests"][1]
        assert (test["score"], test["max_score"], test["status"]) == (4.5, 6.0, "failed")
        assert test["output"].splitlines()[0] == (
            f"{classroom.MEAN} You keep 75 % of the points here."
        )

    def test_a_broken_check_is_no_ones_failure(self, folder: Path) -> None:
        olive = json.loads((folder / "olive/results.json").read_text(encoding="utf-8"))
        assert "It is not your mistake" in olive["tests"][1]["output"]


class CanvasReader:
    """What Canvas's lib/gradebook_importer.rb makes of a file."""

    def __init__(self, path: Path) -> None:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = list(csv.reader(file))
        assert "Student" in header[0]
        assert "ID" in header[1]
        assert re.search(r"SIS\s+User\s+ID", header[2])
        assert re.search(r"SIS\s+Login\s+ID", header[3])
        assert "Section" in header[4]
        assert all(len(row) == len(header) for row in rows)
        self.assignments = header[5:]
        self.points: list[str] = []
        self.grades: dict[tuple[str, str, str], list[str]] = {}
        for row in rows:
            if "Points Possible" in row[0]:
                self.points = row[5:]
            else:
                self.grades[(row[0], row[1], row[3])] = row[5:]


@pytest.fixture(scope="module")
def read(course: Course) -> CanvasReader:
    printed = course.nbgrader("export", "--exporter=autograder.reports.Canvas")
    assert "slopes: parts of 6 submissions wait for a person." in printed
    return CanvasReader(course.root / "canvas.csv")


class TestCanvas:
    def test_the_assignment_and_its_points(self, read: CanvasReader) -> None:
        assert (read.assignments, read.points) == ([ASSIGNMENT], ["10.00"])

    def test_students_are_found_by_id_login_or_name(self, read: CanvasReader) -> None:
        assert read.grades[("Ümlaut, von, Ann", "101", "amber")] == ["8.00"]
        assert read.grades[("indigo", "", "indigo")] == ["2.00"]

    def test_who_handed_in_nothing_keeps_what_canvas_has(self, read: CanvasReader) -> None:
        assert read.grades[("grey", "", "grey")] == [""]
        assert len(read.grades) == 7


@pytest.fixture(scope="module")
def rows(course: Course) -> dict[str, dict[str, str]]:
    course.nbgrader("export", "--exporter=autograder.reports.Moodle", "--to=out/m.csv")
    with (course.root / "out/m.csv").open(encoding="utf-8", newline="") as file:
        return {row["Username"]: row for row in csv.DictReader(file)}


class TestMoodle:
    def test_has_the_fields_that_moodle_maps_from(self, rows: dict[str, dict[str, str]]) -> None:
        assert list(rows["amber"].values()) == [
            "Ann", "Ümlaut, von", "amber", "101", "amber@example.org", "8.00",
        ]  # fmt: skip
        assert set(rows["amber"]) >= {"Username", "ID number", "Email address", ASSIGNMENT}

    def test_grades_are_numbers_or_a_hyphen(self, rows: dict[str, dict[str, str]]) -> None:
        assert rows["grey"][ASSIGNMENT] == "-"
        handed_in = [float(rows[student][ASSIGNMENT]) for student in classroom.RECORDS]
        assert handed_in == [8, 0, 2, 2, 0, 2]


def test_names_that_are_formulas_in_a_spreadsheet(tmp_path: Path) -> None:
    """They are none in the files, and Canvas and Moodle still find the students by their ids."""
    course = classroom.make(tmp_path / "course")
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as gradebook:
        gradebook.add_student(
            "-x", first_name="=1+1", last_name="\uff1dcmd", lms_user_id="+7", email="-x@example.org"
        )
        gradebook.add_student("@SUM(A1:A9)", first_name="Ann", last_name="-1")
    course.nbgrader("export", "--exporter=autograder.reports.Canvas")
    grades = CanvasReader(course.root / "canvas.csv").grades
    assert grades[("'\uff1dcmd, =1+1", "+7", "-x")] == [""]
    assert grades[("'-1, Ann", "", "'@SUM(A1:A9)")] == [""]
    course.nbgrader("export", "--exporter=autograder.reports.Moodle")
    with (course.root / "moodle.csv").open(encoding="utf-8", newline="") as file:
        rows = {tuple(row) for row in csv.reader(file)}
    assert ("'=1+1", "'\uff1dcmd", "-x", "+7", "-x@example.org", "-") in rows
    assert ("Ann", "-1", "'@SUM(A1:A9)", "", "", "-") in rows


class TestSelection:
    def test_students_and_assignments_can_be_chosen(self, course: Course) -> None:
        course.nbgrader(
            "export", "--exporter=autograder.reports.Canvas", "--to=few.csv",
            f"--assignment={ASSIGNMENT}", "--student=coral", "--student=jade",
        )  # fmt: skip
        students = [key[2] for key in CanvasReader(course.root / "few.csv").grades]
        assert students == ["coral", "jade"]

    def test_an_unknown_assignment_is_named(self, course: Course) -> None:
        command = ["export", "--exporter=autograder.reports.Moodle", "--assignment=nope"]
        printed = course.run("nbgrader", *command, status=1)
        assert "The gradebook has no assignment named nope." in printed


def test_nbgraders_own_export_goes_on_working(course: Course) -> None:
    course.nbgrader("export", "--to=own.csv", "--student=indigo", "--student=grey")
    with (course.root / "own.csv").open(encoding="utf-8") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    assert (rows["indigo"]["score"], rows["indigo"]["max_score"]) == ("2.0", "10.0")
    assert rows["grey"]["score"] == "0.0"
