"""Reports as text and HTML. Pure functions of the record; standard library only.

Whatever is in a report may come from a student: all HTML is escaped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import Any

from autograder.record.outcome import Outcome
from autograder.record.report import CheckResult, Report

MIMETYPE = "application/vnd.nbgrader-jax.report+json"

SYMBOL = {
    Outcome.PASSED: "✓",
    Outcome.FAILED: "✗",
    Outcome.NOT_ATTEMPTED: "○",
    Outcome.ERROR: "!",
}
# Of the symbol alone: seen on white and on JupyterLab's dark background. The word beside it, in
# the reader's own colour of text, carries the meaning.
COLOUR = {
    Outcome.PASSED: "#2e9e5b",
    Outcome.FAILED: "#d9534f",
    Outcome.NOT_ATTEMPTED: "#8a8a8a",
    Outcome.ERROR: "#c77d0a",
}
CELL = "text-align:left;vertical-align:top;padding:4px 16px 4px 0;line-height:1.5"
CODE = re.compile(r"`([^`]+)`")
OUR_FAULT = "This check could not be run. It is not your mistake: your instructor will look at it."


def points_text(points: float) -> str:
    """Points as people write them, for every page and table.

    >>> points_text(1.0), points_text(0.5), points_text(2 / 3)
    ('1', '0.5', '0.67')
    """
    return f"{points:.2f}".rstrip("0").rstrip(".")


def headline(report: Report) -> str:
    """One sentence: the score when graded, how far along otherwise.

    "line: 2 of 4 points, 1 of 2 checks passed", or in a live notebook "line: not attempted yet".
    """
    said = progress(report)
    if report.max_points is not None:
        score = f"{points_text(report.score)} of {points_text(report.max_points)} points"
        return f"{report.exercise}: {score}, {said}"
    if report.not_attempted:
        return f"{report.exercise}: {said} yet"
    all_passed = all(check.outcome is Outcome.PASSED for check in report.checks)
    ending = ". More checks run when it is graded." if all_passed else ""
    return f"{report.exercise}: {said}{ending}"


def progress(report: Report) -> str:
    """How far along an exercise is: "3 of 4 checks passed", or "not attempted"."""
    if report.not_attempted:
        return "not attempted"
    passed = sum(check.outcome is Outcome.PASSED for check in report.checks)
    return f"{passed} of {len(report.checks)} checks passed"


def explanation(check: CheckResult) -> str:
    """What a student reads about one check; an error of ours is called that, without details."""
    if check.outcome is Outcome.ERROR:
        return OUR_FAULT
    if check.outcome is Outcome.FAILED and check.share:
        return f"{check.rationale} {kept(check.share)}".strip()
    return check.rationale


def kept(share: float) -> str:
    """How much of the points a failed check keeps, as a sentence.

    >>> kept(0.75), kept(1.0)
    ('You keep 75 % of the points here.', 'It costs no points here.')
    """
    return (
        f"You keep {100 * share:.3g} % of the points here."
        if share < 1
        else "It costs no points here."
    )


def hints_of(check: CheckResult) -> tuple[str, ...]:
    """The hints that a student sees: those of a wrong answer, none before there is an answer."""
    return check.hints if check.outcome is Outcome.FAILED else ()


def to_text(report: Report, so_far: str = "") -> str:
    """The report as plain text, for terminals and editors without HTML.

    `so_far` is a line about the whole notebook, for its end.
    """
    lines = [headline(report)]
    for check in report.checks:
        worth = (
            f" ({points_text(check.earned)}/{points_text(check.points)})" if report.graded else ""
        )
        lines.append(f"  {SYMBOL[check.outcome]} {check.outcome:<13} {check.title}{worth}")
        lines += [f"      {line}" for line in explanation(check).splitlines()]
        lines += [f"      Hint {n}: {hint}" for n, hint in enumerate(hints_of(check), 1)]
    return "\n".join([*lines, *filter(None, [so_far])])


def _prose(text: str) -> str:
    """Escaped, with `names` between backticks set as code."""
    return CODE.sub(r"<code>\1</code>", escape(text))


def _hints_html(hints: tuple[str, ...]) -> str:
    """Each hint opens inside the one before it, so that a student takes one at a time."""
    html = ""
    for number, hint in reversed(list(enumerate(hints, 1))):
        label = f"Hint {number} of {len(hints)}" if len(hints) > 1 else "Hint"
        html = (
            f'<details><summary style="display:list-item">{label}</summary>'
            f"<div>{_prose(hint)}</div>{html}</details>"
        )
    return html


def _row_html(check: CheckResult, graded: bool, staff: bool) -> str:
    worth = f"{points_text(check.earned)} / {points_text(check.points)}" if graded else ""
    said = _prose(explanation(check)).replace("\n", "<br>")
    below = (f"<div>{said}</div>" if said else "") + _hints_html(hints_of(check))
    if staff and check.staff_note:
        below += (
            f"<details><summary>For staff</summary><pre>{escape(check.staff_note)}</pre></details>"
        )
    symbol = f'<span style="color:{COLOUR[check.outcome]}">{SYMBOL[check.outcome]}</span>'
    return (
        f'<tr><td style="{CELL};white-space:nowrap"><b>{symbol} {check.outcome}</b></td>'
        f'<td style="{CELL}">{_prose(check.title)}{below}</td>'
        f'<td style="{CELL};white-space:nowrap">{worth}</td></tr>'
    )


def to_html(report: Report, *, staff: bool = False, so_far: str = "") -> str:
    """The report as an HTML fragment without scripts or style sheets; all text is escaped.

    With `staff`, also what only staff may read: notes on what broke, and the seed. `so_far` is a
    line about the whole notebook, for the end.
    """
    rows = "".join(_row_html(check, report.graded, staff) for check in report.checks)
    seed = f"<p>For staff: the random inputs follow from the seed {report.seed}.</p>"
    return (
        f"<div><p><b>{escape(headline(report))}</b></p><table><tbody>{rows}</tbody></table>"
        f"{f'<p>{escape(so_far)}</p>' if so_far else ''}{seed if staff else ''}</div>"
    )


def mimebundle(report: Report, so_far: str = "") -> dict[str, Any]:
    """What a notebook shows, and keeps: the record itself is under `MIMETYPE`.

    Graded: text/plain is the bare score, the one form that nbgrader reads without guessing, and
    staff read the HTML, in formgrader. The feedback page makes its own from the record.
    """
    plain = repr(float(report.score)) if report.graded else to_text(report, so_far)
    html = to_html(report, staff=report.graded, so_far=so_far)
    return {"text/plain": plain, "text/html": html, MIMETYPE: report.to_json()}


@dataclass(frozen=True)
class DisplayedReport(Report):
    """A report that shows itself as its table where it is the last line of a notebook's cell.

    `so_far` is what it says of the whole notebook at its end; the record does without.
    """

    so_far: str = ""

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        return mimebundle(self, self.so_far)

    def to_json(self) -> dict[str, Any]:
        return {key: value for key, value in super().to_json().items() if key != "so_far"}
