"""Tricks that need a kernel of their own, and honest notebooks with what only a kernel knows."""

from __future__ import annotations

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from tests.support.bent import FLAT, HALF, STAYS
from tests.support.course import FULL, Course
from tests.support.lesson import ASSIGNMENT, grade_id
from tests.support.variants import LOOP, LOSS, MODEL, clean

pytestmark = pytest.mark.slow

KNOWS_NOTHING = {
    "logistic_model": HALF,
    "logistic_loss": "def logistic_loss(params, model, x, y):\n    return 0.0 * params['w']\n",
    "dlogistic_loss": FLAT,
    "init_theta": "def init_theta(key):\n    return {'w': 0.0, 'b': 0.0}\n",
    "model_optimization_loop": STAYS,
    "theta_clean": clean("0", "0.0"),
}

TRICKS = {
    "jax is patched": """
import jax, jax.numpy
jax.grad = jax.jacrev = lambda *args, **kwargs: lambda *args: {"w": 0.0, "b": 0.0}
jax.numpy.sum = jax.numpy.log = lambda *args, **kwargs: 0.0
jax.jit = lambda function, **kwargs: function
""",
    "stubs are patched": """
import autograder.remote.apart, autograder.remote.endpoint as endpoint, autograder.remote.given
endpoint._loaded = lambda *args: {"logistic_loss": logistic_loss}
endpoint.ready_made = autograder.remote.given.ready_made = lambda text: lambda *args: 0.0
autograder.remote.apart._make = lambda objects, *rest: autograder.remote.apart.Apart(objects, {})
""",
    "the checks are patched": """
import autograder.checks.gradients as gradients, autograder.checks.compare as compare
import autograder.checks.numerics as numerics, autograder.checks.training as training
for module in (gradients, compare, training):
    module.disagreement = lambda *args, **kwargs: ""
gradients.slope_of = numerics.central_differences = lambda *args: {"w": 0.0, "b": 0.0}
training.Walk.path = lambda self: [self.start] * (self.n_steps + 1)
""",
    "statements are transformed": """
import ast

class Nothing(ast.NodeTransformer):
    def visit_FunctionDef(self, node):
        node.body = ast.parse("return 0.0").body
        return node

get_ipython().ast_transformers.append(Nothing())
""",
    "the history is reset": "%reset -f in out\ndef logistic_loss(*args): return 0.0",
    "the caller is searched": """
import gc, sys

def found(name):
    frame = sys._getframe()
    while frame is not None:
        for names in (frame.f_locals, frame.f_globals):
            if callable(names.get(name)):
                return names[name]
        frame = frame.f_back
    objects = [o for o in gc.get_objects() if getattr(o, "__name__", "") == name and callable(o)]
    return objects[0] if objects else None

def logistic_model(theta, x):
    return (found("reference") or found("solution") or found("expected") or (lambda *a: 0.5 + x))(
        theta, x
    )
""",
    "another main module": """
import sys, types
other = types.ModuleType("__main__")
other.__dict__.update(globals())
sys.modules["__main__"] = other
other.logistic_loss = lambda *args: 0.0
""",
}

HONEST = {
    "magics": {
        "logistic_model": "%%time\n" + MODEL.strip(),
        "logistic_loss": "%%capture shown\n" + LOSS.strip() + "\nprint('done')",
        "dlogistic_loss": "%time dlogistic_loss = grad(logistic_loss)",
        "model_optimization_loop": "%matplotlib inline\n!ls > /dev/null\n" + LOOP,
        "theta_clean": "%%time\nn_steps_clean = 70\nstep_size_clean = 0.02",
    },
    "waits and guards": {
        "logistic_model": "import asyncio\nawait asyncio.sleep(0)\n" + MODEL,
        "logistic_loss": 'if __name__ == "__main__":' + LOSS.replace("\n", "\n    "),
        "dlogistic_loss": "dlogistic_loss = await asyncio.sleep(0, grad(logistic_loss))",
        "model_optimization_loop": """
from __future__ import annotations
from dataclasses import dataclass

@dataclass
class Run:
    losses: list[float]
    theta: dict[str, float]

    def step(self, slope: NotYetDefined, size: float) -> Run:
        theta = {k: v - size * slope[k] for k, v in self.theta.items()}
        return Run(self.losses, theta)

def model_optimization_loop(theta: Params, model, loss, x, y, n_steps=5000, step_size=0.0001):
    run = Run([], theta)
    for _ in tqdm(range(n_steps), disable=True):
        run.losses.append(loss(run.theta, model, x, y))
        run = run.step(grad(loss)(run.theta, model, x, y), step_size)
    return run.losses, run.theta
""",
    },
    "modules of its own": {
        "logistic_model": (
            "import pathlib\n"
            "pathlib.Path('mine.py').write_text('''"
            "from lesson import logistic\n\ndef line(theta, x):\n"
            '    return theta["w"] * x + theta["b"]\n'
            "''')\nfrom mine import *\n"
            + MODEL.replace('theta["w"] * x + theta["b"]', "line(theta, x)")
        ),
        "logistic_loss": (
            "import mine\n\ndef logistic_loss(params, model, x, y):\n"
            "    assert mine.line(params, 0.0) == params['b']\n"
            "    return -jnp.sum(binary_cross_entropy(y, model(params, x)))\n"
            "fig, ax = plt.subplots()\nax.plot(x, logistic_model({'w': 1.0, 'b': 0.0}, x))"
        ),
        "dlogistic_loss": "%run -i slope.py",
    },
}


def named(kind: str, name: str) -> str:
    return f"{kind} {name}".replace(" ", "_")


def with_cells(notebook: NotebookNode, source: str, *places: str) -> NotebookNode:
    """A notebook with a cell of the student's own in front of answers."""
    for place in places:
        index = next(i for i, cell in enumerate(notebook.cells) if grade_id(cell) == place)
        notebook.cells.insert(index, new_code_cell(source))
    return notebook


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    course = Course.create(tmp_path_factory.mktemp("bending") / "course")
    course.submit("knows_nothing", course.filled_in(**KNOWS_NOTHING))
    for name, trick in TRICKS.items():
        bent = course.filled_in(**KNOWS_NOTHING)
        course.submit(named("trick", name), with_cells(bent, trick, "dlogistic_loss"))
    moved = course.filled_in(
        **{
            **KNOWS_NOTHING,
            "dlogistic_loss": "import builtins\n\ndef dlogistic_loss(*args):\n"
            "    return builtins.kept(*args)\n",
            "model_optimization_loop": LOOP.replace(
                "    losses = []",
                "    import builtins\n    builtins.kept = dlogistic_loss\n    losses = []",
            ),
        }
    )
    tests = [cell for cell in moved.cells if grade_id(cell) == "test_dlogistic_loss"]
    moved.cells = [cell for cell in moved.cells if cell not in tests] + tests
    course.submit("moved_test", moved)
    for name, answers in HONEST.items():
        path = course.submit(named("honest", name), course.filled_in(**answers))
        (path.parent / "slope.py").write_text("dlogistic_loss = grad(logistic_loss)\n")
    course.nbgrader("autograde", ASSIGNMENT)
    return course


@pytest.mark.parametrize("name", TRICKS)
def test_a_trick_in_the_kernel_gains_nothing(course: Course, name: str) -> None:
    without = course.automatic("knows_nothing")
    for test, score in course.automatic(named("trick", name)).items():
        assert (score or 0.0) <= (without[test] or 0.0), test


def test_a_notebook_that_knows_nothing_gets_nothing(course: Course) -> None:
    assert course.automatic("knows_nothing") == dict.fromkeys(FULL, 0.0)


def test_a_stub_that_another_test_brought_gains_nothing(course: Course) -> None:
    """The loop's test brings a gradient; the test of the gradient was moved behind it."""
    assert course.automatic("moved_test")["test_dlogistic_loss"] == 0.0


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_notebook_keeps_its_points(course: Course, name: str) -> None:
    assert course.automatic(named("honest", name)) == FULL
