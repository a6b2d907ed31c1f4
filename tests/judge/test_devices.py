"""What a student chooses for JAX as a whole: devices that grading lacks, and settings left on."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.checks.tracers import NO_DEVICE
from autograder.record.outcome import Outcome
from tests.support.alone import cell, executed, judged_cell, reports

pytestmark = pytest.mark.slow

TEST = """
    import jax.numpy as jnp
    from autograder import Exercise, reference, student

    exercise = Exercise("f")
    exercise.agrees("values", student.f, reference.f, [(1.0,), (jnp.array([1.0, 2.0]),)])
    exercise.is_gradient("slopes", student.df, "f", [(2.0,)])
    exercise.report()
    """
ANSWER = """
import jax
import jax.numpy as jnp
def f(x):
    return jnp.sum(jnp.sin(x) * x)
df = jax.grad(f)
"""
IMPORTS = "import os\nimport jax\nimport jax.numpy as jnp\n"
LACKING = {
    'jax.config.update("jax_platforms", "cuda")': "cuda",
    'jax.config.update("jax_platforms", "tpu,cpu")': "tpu",
    'jax.config.update("jax_platform_name", "gpu")': "gpu",
    'jax.config.update("jax_default_device", "gpu")': "gpu",
}
STOPS = {
    'gpu = jax.devices("cuda")[0]': "cuda",
    'x = jax.device_put(1.0, jax.devices("gpu")[0])': "gpu",
    'with jax.default_device(jax.devices("tpu")[0]):\n    x = jnp.ones(3)': "tpu",
    'jax.config.update("jax_platforms", "cuda")\nx = jnp.ones(3)': "gpu",
}
LEFT_ON = [
    'os.environ["JAX_PLATFORMS"] = "tpu"',
    'os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=8"',
    *(
        f'jax.config.update("jax_{name}", {value})'
        for name, value in {
            "disable_jit": True,
            "debug_nans": True,
            "enable_x64": False,
            "numpy_dtype_promotion": "'strict'",
            "numpy_rank_promotion": "'raise'",
            "default_matmul_precision": "'bfloat16'",
            "log_compiles": True,
            "check_tracer_leaks": True,
            "default_prng_impl": "'rbg'",
        }.items()
    ),
]


@pytest.mark.parametrize("chosen", LACKING)
def test_a_device_that_grading_lacks_is_told(tmp_path: Path, chosen: str) -> None:
    cells = [cell(IMPORTS + chosen), cell(ANSWER), judged_cell("test_f", TEST)]
    (report,) = reports(executed(tmp_path, *cells, instructors=[cell(ANSWER)]))
    for check in report.checks:
        assert check.outcome is Outcome.FAILED
        said = NO_DEVICE.happened.format(LACKING[chosen])
        assert f": {said}\nIn `f`, at: return jnp.sum(jnp.sin(x) * x)" in check.rationale
        assert check.hints[0] == NO_DEVICE.hint


@pytest.mark.parametrize("chosen", STOPS)
def test_a_cell_that_stops_for_want_of_it_says_so(tmp_path: Path, chosen: str) -> None:
    cells = [cell(f"{IMPORTS}{chosen}\n{ANSWER}"), judged_cell("test_f", TEST)]
    (report,) = reports(executed(tmp_path, *cells, instructors=[cell(ANSWER)]))
    check = report.checks[0]
    assert check.rationale.startswith("`f` is not there: its cell stopped with ")
    kind = STOPS[chosen]
    assert f"it asks for a device that grading does not have ({kind})" in check.rationale
    assert check.hints[0] == NO_DEVICE.hint


def test_an_assertion_of_the_student_s_own_is_their_own(tmp_path: Path) -> None:
    own = f"{IMPORTS}jax.config.update('jax_platforms', 'cuda')\ndef f(x):\n    assert x is None"
    (report,) = reports(
        executed(tmp_path, cell(own), judged_cell("test_f", TEST), instructors=[cell(ANSWER)])
    )
    assert report.checks[0].rationale == (
        "`f` raised AssertionError, without a message.\nIn `f`, at: assert x is None"
    )


@pytest.mark.parametrize("setting", LEFT_ON)
def test_settings_left_on_cost_nobody_a_right_answer(tmp_path: Path, setting: str) -> None:
    cells = [cell(IMPORTS + setting), cell(ANSWER), judged_cell("test_f", TEST)]
    (report,) = reports(executed(tmp_path, *cells, instructors=[cell(ANSWER)]))
    assert report.score == 1.0
