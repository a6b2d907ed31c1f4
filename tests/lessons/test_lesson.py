"""What the logistic lesson shows: its sliders, and where step sizes lead."""

from __future__ import annotations

from typing import Any

import jax
import pytest

from autograder.judge.solutions import directory_importable
from tests.support.lesson import ASSIGNMENT, SOURCE
from tests.support.lessons import executed

pytestmark = pytest.mark.slow


def widgets() -> list[dict[str, Any]]:
    stored = executed(ASSIGNMENT).metadata.widgets["application/vnd.jupyter.widget-state+json"]
    return [*stored["state"].values()]


def test_the_sliders_leave_a_picture_without_a_kernel() -> None:
    cell = next(cell for cell in executed(ASSIGNMENT).cells if cell.id == "explore")
    assert any("image/png" in output.get("data", {}) for output in cell.outputs)
    sliders = [w["state"] for w in widgets() if w["model_name"] == "FloatSliderModel"]
    assert sorted(slider["description"][:1] for slider in sliders) == ["b", "w"]
    assert {(slider["min"], slider["max"]) for slider in sliders} == {(-5.0, 5.0)}


def test_step_sizes_crawl_arrive_and_fly_off_on_the_map() -> None:
    """What the pictures say is worked out from the loop of the notebook, not written down."""
    said = {cell.id: str(cell.get("outputs")) for cell in executed(ASSIGNMENT).cells}
    names = {w["state"].get("description") for w in widgets()}
    assert {"w", "b", "step size", "steps"} <= names
    for name in ("descent", "run-losses-end", "clean-look", "distance"):
        assert "image/png" in said[name]
        assert "needs_background" not in said[name]  # no white ground on a dark page


@pytest.mark.parametrize(
    ("size", "n_steps", "led"),
    [(0.0002, 40, "crawls"), (0.001, 40, "on its way"), (0.01, 40, "arrives"),
     (0.5, 40, "flies off"), (1e6, 40, "flies off"), (0.0, 3, "stays")],
)  # fmt: skip
def test_the_title_of_a_path_says_where_it_led(size: float, n_steps: int, led: str) -> None:
    with directory_importable(SOURCE.parent):
        from lesson import _walked, plot_path
        from questions import clean_loss

    def step(theta: dict[str, float], step_size: float) -> dict[str, float]:
        slope = jax.grad(clean_loss)(theta)
        return {name: theta[name] - step_size * slope[name] for name in theta}

    path = _walked(step, {"w": 0.0, "b": 0.0}, size, n_steps)
    assert plot_path(clean_loss, path).get_title() == led


@pytest.mark.parametrize(("n_steps", "pieces"), [(0, 1), (1, 2), (7, 8), (100, 51), (5000, 51)])
def test_a_training_in_pieces_is_one_training(n_steps: int, pieces: int) -> None:
    with directory_importable(SOURCE.parent):
        from lesson import in_pieces

    def train(theta: dict[str, float], steps: int) -> tuple[list[float], dict[str, float]]:
        return [theta["w"] + n for n in range(steps)], {"w": theta["w"] + steps}

    trace = in_pieces(train, {"w": 0.0}, n_steps)
    assert trace.losses == list(range(n_steps))
    assert len(trace.steps) == len(trace.thetas) == pieces
    assert trace.steps == [theta["w"] for theta in trace.thetas]
    assert trace.steps[-1] == n_steps
