"""The class report: what it counts, what it says, and what it leaves out."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory

from autograder.record.outcome import Outcome
from autograder.reports import class_report as report
from autograder.reports.results import Results, gather
from tests.support import classroom
from tests.support.browser import browser
from tests.support.classroom import ASSIGNMENT, MEAN
from tests.support.course import Course


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return classroom.make(tmp_path_factory.mktemp("report") / "course")


@pytest.fixture(scope="module")
def results(course: Course) -> Results:
    return results_of(course)


def results_of(course: Course) -> Results:
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as gradebook:
        return gather(gradebook, CourseDirectory(root=str(course.root)), ASSIGNMENT)


@pytest.mark.slow
def test_what_is_gathered(results: Results) -> None:
    assert [s.student for s in results.submissions] == sorted(classroom.RECORDS)
    assert (results.max_score, results.missing) == (10.0, ("grey",))
    amber, *_ = results.submissions
    assert (amber.score, amber.submitted) == (8.0, "2030-01-10 12:00:00")
    assert [(part.name, part.score, part.waiting) for part in amber.parts] == [
        ("test_loss", 8.0, False),
        ("essay", 0.0, True),
    ]
    assert amber.parts[0].report == classroom.RECORDS["amber"]


@pytest.mark.slow
def test_a_submission_without_its_graded_notebook_is_counted(
    course: Course, tmp_path: Path
) -> None:
    (elsewhere := tmp_path / "course").mkdir()
    (elsewhere / "gradebook.db").write_bytes((course.root / "gradebook.db").read_bytes())
    gone = results_of(Course(elsewhere))
    assert [part.report for s in gone.submissions for part in s.parts] == [None] * 12
    assert report.class_report(gone).exercises[1].mean == pytest.approx(14 / 6, abs=0.01)


@pytest.mark.slow
def test_checks_are_counted_by_outcome(results: Results) -> None:
    number, right = report.check_rows(results)
    assert (number.check, number.points, number.students) == ("is a number", 1.0, 6)
    assert (number.passed, number.failed, number.not_attempted, number.error) == (4, 1, 1, 0)
    assert (right.passed, right.failed, right.not_attempted, right.error) == (1, 3, 1, 1)
    assert right.share(right.failed) == 50.0


@pytest.mark.slow
def test_who_failed_and_keeps_a_share_is_counted_in_part(results: Results) -> None:
    assert [row.in_part for row in report.check_rows(results)] == [0, 0]
    _, _, coral, *_ = results.submissions
    shown = coral.parts[0].report
    assert shown is not None
    kept = replace(shown, checks=(shown.checks[0], replace(shown.checks[1], share=0.75)))
    graded = replace(coral, parts=(replace(coral.parts[0], report=kept), *coral.parts[1:]))
    changed = replace(
        results, submissions=(*results.submissions[:2], graded, *results.submissions[3:])
    )
    number, right = report.check_rows(changed)
    assert (number.in_part, right.failed, right.in_part) == (0, 3, 1)
    page = report.to_html(report.class_report(changed))
    assert '<td class="number">3 (1 in part)</td>' in page
    assert "Who failed “in part” keeps a share of the points" in page
    assert "in part" not in report.to_html(report.class_report(results))


@pytest.mark.slow
def test_exercises_are_averaged(results: Results) -> None:
    loss, essay = report.exercise_rows(results)
    assert (loss.exercise, loss.points, loss.full_marks, loss.not_attempted) == ("loss", 8, 1, 1)
    assert loss.mean == pytest.approx((8 + 0 + 2 + 2 + 0 + 2) / 6, abs=0.01)
    assert (essay.exercise, essay.waiting) == ("essay", 6)


@pytest.mark.slow
def test_exercises_come_in_the_order_that_most_notebooks_have(results: Results) -> None:
    first, *others = results.submissions
    shuffled = replace(results, submissions=(replace(first, parts=first.parts[::-1]), *others))
    assert [row.exercise for row in report.exercise_rows(shuffled)] == ["loss", "essay"]
    assert report.class_report(shuffled).students == report.class_report(results).students


@pytest.mark.slow
def test_mistakes_are_ranked_with_the_students(results: Results) -> None:
    (row,) = report.mistake_rows(results)
    assert (row.exercise, row.mistake, row.count) == ("loss", MEAN, 2)
    assert row.students == ("coral", "indigo")


@pytest.mark.slow
def test_the_most_frequent_mistake_comes_first(results: Results) -> None:
    rare = classroom.report(Outcome.PASSED, Outcome.FAILED, mistake="A rare one.")
    amber, *others = results.submissions
    changed = replace(amber, parts=(replace(amber.parts[0], report=rare),))
    rows = report.mistake_rows(replace(results, submissions=(changed, *others)))
    assert [(row.mistake, row.count) for row in rows] == [(MEAN, 2), ("A rare one.", 1)]


@pytest.mark.slow
def test_students_late_stopped_and_waiting(results: Results) -> None:
    rows = {row.student: row for row in report.class_report(results).students}
    assert rows["indigo"].hours_late == 1.0
    assert rows["indigo"].stopped == ("while True: pass  # Ann's idea",)
    assert rows["jade"].stopped == ("loss",)
    assert rows["amber"].stopped == ()
    assert rows["olive"].waiting == ("loss", "essay")
    assert rows["coral"].scores == (2.0, 0.0)


@pytest.mark.slow
def test_sentences_that_an_instructor_can_act_on(results: Results) -> None:
    assert report.class_report(results).sentences == (
        "2 of 6 in loss: the loss is averaged instead of summed.",
        "1 of 6 did not attempt loss.",
        "“is right” in loss could not be run for 1 of 6. That is no fault of theirs: look at the "
        "test cell.",
        "2 of 6 handed in code that ran too long or ended its kernel.",
        "Waiting for a person: 6 of 6 submissions.",
        "1 of 7 handed in nothing.",
    )


@pytest.mark.slow
def test_a_check_that_most_fail_for_no_known_reason_is_named(results: Results) -> None:
    checks = [replace(row, failed=5) for row in report.check_rows(results)]
    said = list(report.sentences(results, checks, []))
    assert said[0] == "5 of 8 in loss fail “is right”, by no mistake that is known."
    assert not any("is a number" in sentence for sentence in said)  # 5 of 10 is not most
    for_nothing = [replace(row, points=0.0) for row in checks]
    assert "by no mistake" not in " ".join(report.sentences(results, for_nothing, []))


def test_an_empty_class_has_a_report_too() -> None:
    nobody = report.class_report(Results("empty", 0.0, (), ()))
    html = report.to_html(nobody)
    assert "Nothing: everything that was handed in passes every check." in html
    assert "No wrong answer coincides with one." in html


class TestThePage:
    @pytest.mark.slow
    def test_needs_nothing_else(self, results: Results) -> None:
        html = report.to_html(report.class_report(results))
        assert "<script" not in html
        assert not re.search(r"(?:src|href)=\"(?!#)", html)
        assert not re.search(r"url\((?!#)", html)
        assert "default-src 'none'" in html
        for said in ("Students", "coral, indigo", "1 h late", "grey", "2 of 6 in loss"):
            assert said in html
        assert "secret" not in html

    @pytest.mark.slow
    def test_escapes_what_it_is_told(self, results: Results) -> None:
        hostile = "<script>alert(1)</script>"
        first = replace(results.submissions[0], student=hostile, damaged=hostile)
        html = report.to_html(report.class_report(replace(results, submissions=(first,))))
        assert hostile not in html
        assert "&lt;script&gt;alert(1)" in html

    @pytest.mark.slow
    def test_can_be_read_in_light_in_dark_and_on_paper(
        self, results: Results, tmp_path: Path
    ) -> None:
        page = tmp_path / "report.html"
        page.write_text(report.to_html(report.class_report(results)), encoding="utf-8")
        with browser() as chromium:
            for scheme, media in (("light", "screen"), ("dark", "screen"), ("dark", "print")):
                tab = chromium.new_page(color_scheme=scheme)
                problems: list[str] = []
                tab.on("console", lambda message, p=problems: p.append(message.text))
                tab.emulate_media(media=media, color_scheme=scheme)
                tab.goto(page.as_uri())
                paper, ink, axis = tab.evaluate(
                    "[getComputedStyle(document.body).backgroundColor,"
                    " getComputedStyle(document.body).color,"
                    " getComputedStyle(document.querySelector('figure text')).fill]"
                )
                dark = (scheme, media) == ("dark", "screen")
                assert (paper == "rgb(255, 255, 255)") is not dark
                assert axis == ink != paper
                assert problems == []


class TestAnonymous:
    @pytest.fixture
    def anonymous(self, results: Results) -> report.ClassReport:
        return report.class_report(results, anonymous=True)

    @pytest.mark.slow
    def test_no_file_names_anybody(self, anonymous: report.ClassReport) -> None:
        words = [*classroom.RECORDS, "grey", "Ann", "Reef", "example.org", "2030", "secret"]
        for name, text in report.files(anonymous).items():
            assert [word for word in words if word in text] == [], name

    @pytest.mark.slow
    def test_students_are_numbered_by_score(self, anonymous: report.ClassReport) -> None:
        assert [row.student for row in anonymous.students] == [f"student {n}" for n in range(1, 7)]
        scores = [row.score for row in anonymous.students]
        assert scores == sorted(scores, reverse=True)
        assert anonymous.mistakes[0].count == 2
        assert anonymous.missing_count == 1

    @pytest.mark.slow
    def test_the_order_does_not_depend_on_names(
        self, results: Results, anonymous: report.ClassReport
    ) -> None:
        renamed = tuple(
            replace(s, student=f"{9 - n}{s.student}") for n, s in enumerate(results.submissions)
        )
        other = report.class_report(replace(results, submissions=renamed[::-1]), anonymous=True)
        assert report.files(other) == report.files(anonymous)


class TestTheCommand:
    @pytest.mark.slow
    def test_writes_the_same_bytes_each_time(self, course: Course) -> None:
        printed = course.autograder("report", ASSIGNMENT)
        assert "2 of 6 in loss: the loss is averaged instead of summed." in printed
        folder = course.root / "reports" / ASSIGNMENT
        first = {path.name: path.read_bytes() for path in folder.iterdir()}
        assert set(first) == {
            "report.html",
            "report.json",
            "checks.csv",
            "exercises.csv",
            "mistakes.csv",
            "students.csv",
        }
        course.autograder("report", ASSIGNMENT, f"--to={course.root / 'again'}")
        assert {p.name: p.read_bytes() for p in (course.root / "again").iterdir()} == first

    @pytest.mark.slow
    def test_json_and_csv_say_the_same(self, course: Course, results: Results) -> None:
        written = report.files(report.class_report(results))
        record = json.loads(written["report.json"])
        for name in ("checks", "exercises", "mistakes", "students"):
            rows = list(csv.DictReader(written[f"{name}.csv"].splitlines()))
            assert len(rows) == len(record[name])
            for row, entry in zip(rows, record[name], strict=True):
                shared = {key: str(entry[key]) for key in row if isinstance(entry.get(key), str)}
                assert shared.items() <= row.items()
        coral = next(r for r in record["students"] if r["student"] == "coral")
        assert coral["scores"] == [2.0, 0.0]
        assert {"loss", "essay"} <= set(written["students.csv"].splitlines()[0].split(","))

    @pytest.mark.slow
    def test_anonymous_is_a_flag(self, course: Course) -> None:
        course.autograder("report", ASSIGNMENT, "--anonymous", f"--to={course.root / 'nameless'}")
        assert "coral" not in (course.root / "nameless" / "report.html").read_text("utf-8")

    @pytest.mark.slow
    def test_names_the_assignment_it_does_not_know(self, course: Course) -> None:
        printed = course.autograder("report", "nope", status=1)
        assert "The gradebook has no assignment named 'nope'." in printed
        assert "Which assignment? For example:" in course.autograder("report", status=2)


def test_every_outcome_has_a_column() -> None:
    names = {outcome.value.replace(" ", "_") for outcome in Outcome}
    assert names <= set(report.CheckRow.__dataclass_fields__)
