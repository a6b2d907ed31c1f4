"""Changes of solutions that keep full points: some are as right as before, others are not.

Each exercise has checks that see too little, on purpose: a change that is not as right as before
passes them as well, and only other inputs show it.
"""

from __future__ import annotations

EXERCISES = {
    "loss": (
        """
def loss(theta, x, y):
    away = theta["w"] * x + theta["b"] - y
    return jnp.sum(away ** 2)
""",
        """
x = exercise.rng.uniform(1, 2, size=5)
inputs = [({"w": 0.7, "b": 0.7}, x, 3 + x), ({"w": 1.5, "b": 1.5}, x, 9 * x)]
exercise.agrees("right", student.loss, reference.loss, inputs)
""",
    ),
    "entropy": (
        """
def entropy(theta, model, x, y, eps=1e-7, mean=False):
    p = jnp.clip(model(theta, x), eps, 1 - eps)
    each = -(y * jnp.log(p) + (1 - y) * jnp.log(1 - p))
    if mean:
        return jnp.mean(each)
    return jnp.sum(each)
""",
        """
model = given("lambda t, x: jax.nn.sigmoid(t['w'] * x)")
x = np.array([-1.0, 0.5, 2.0, 0.25])
inputs = [({"w": 0.3}, model, x, np.array([0.0, 1.0, 1.0, 0.0]))]
exercise.agrees("right", student.entropy, reference.entropy, inputs)
""",
    ),
    "fit": (
        """
from tqdm import tqdm

def fit(theta, loss, x, n_steps, step_size=0.1):
    slope = jax.jit(jax.grad(loss))
    losses = []
    for _ in tqdm(range(n_steps), disable=n_steps < 1000):
        losses.append(float(loss(theta, x)))
        step = slope(theta, x)
        theta = {k: theta[k] - step_size * step[k] for k in theta}
    return losses, theta
""",
        """
square = given("lambda t, x: jnp.sum((t['w'] * x) ** 2)")
x = np.array([0.3, -0.2, 0.4])
inputs = [({"w": 1.0}, square, x, 1, 0.1)]
exercise.agrees("right", student.fit, reference.fit, inputs)
""",
    ),
    "label": (
        """
def label(p):
    return jnp.where(p > 0.5, 1.0, 0.0)
""",
        """
exercise.agrees("right", student.label, reference.label, [(np.array([0.1, 0.4, 0.9]),)])
""",
    ),
    "spread": (
        """
def spread(x):
    low, high = jnp.min(x), jnp.max(x)
    middle = (low + high) / 2
    return jnp.abs(high - middle)
""",
        """
exercise.agrees("right", student.spread, reference.spread, [(np.array([1.0, 2.0, 5.0]),)])
""",
    ),
    "average": (
        """
def average(x):
    total = sum(x)
    return total / max(len(x), 1)
""",
        """
exercise.agrees("right", student.average, reference.average, [([3.0],), ([-2.0],)])
""",
    ),
    "relu": (
        """
def relu(x):
    return jnp.where(x > 0, x, 0.0)
""",
        """
exercise.agrees("right", student.relu, reference.relu, [(np.array([1.0, 2.0]),)])
""",
    ),
    "ranked": (
        """
def ranked(x, y):
    order = jnp.argsort(x)
    return {"x": x[order], "y": y[order], "n": len(x)}
""",
        """
x = np.array([1.0, 2.0, 5.0])
exercise.agrees("right", student.ranked, reference.ranked, [(x, 2 * x)])
""",
    ),
    "distance": (
        """
def distance(a, b):
    return jnp.sqrt(jnp.sum((a - b) ** 2))
""",
        """
exercise.satisfies(
    "it is not negative",
    student.distance,
    [(np.array([1.0, 2.0]), np.array([0.5, 0.0])), (np.array([1.0, 9.0]), np.array([0.5, 0.0]))],
    properties.between(0, 99),
)
""",
    ),
    "power": (
        """
def power(x, n):
    result = 1.0
    for _ in range(n):
        result = result * x
    return result
""",
        """
exercise.agrees("right", student.power, reference.power, [(1.0, 3), (0.0, 2)])
""",
    ),
    "slope": (
        """
@jax.jit
def cube(theta, x):
    return jnp.sum((theta["w"] * x) ** 3)

slope = jax.grad(cube)
""",
        """
stub = given("lambda theta, x: jnp.sum((theta['w'] * x) ** 2)")
inputs = [({"w": 0.7}, np.array([0.3, 0.4]))]
sloped = Exercise("slope", stubs={"cube": stub})
sloped.is_gradient("it is the slope", student.slope, "cube", inputs)
""",
    ),
    "chosen": (
        """
n_steps = 100
step_size = 0.1
""",
        """
def bowl(theta):
    return (theta["w"] - 2.0) ** 2

def trained(n_steps, step_size):
    return descend(bowl, {"w": 0.0}, n_steps, step_size, most_steps=5000)

choice = [student.n_steps, student.step_size]
exercise.reaches("it arrives", choice, {"w": 2.0}, within=0.01, through=trained)
""",
    ),
    "found": (
        """
found = {"w": 2.0, "b": 1.0 + 0.5}
scale = 3
""",
        """
exercise.reaches("it is near", student.found, {"w": 2.0, "b": 1.5}, within=10.0)
assert student.scale.value() > 0
""",
    ),
}
"""Name of an exercise: its solution, and checks that see too little."""

AS_RIGHT = [
    ("loss", 'theta["w"] * x', 'x * theta["w"]'),
    ("loss", 'theta["w"] * x + theta["b"]', 'theta["b"] + theta["w"] * x'),
    ("loss", 'theta["w"] * x + theta["b"] - y', 'y - (theta["w"] * x + theta["b"])'),
    ("loss", "away ** 2", "away * away"),
    ("loss", "away ** 2", "jnp.square(jnp.abs(away))"),
    ("loss", "jnp.sum(away ** 2)", "jnp.sum(away ** 2, axis=None)"),
    ("loss", "jnp.sum(away ** 2)", "jnp.dot(away, away)"),
    ("loss", "jnp.sum(away ** 2)", "jnp.sum((away ** 2)[::-1])"),
    ("loss", "def loss", "@jax.jit\ndef loss"),
    ("entropy", "-(y * jnp.log(p) + (1 - y) * jnp.log(1 - p))",
     "-((1 - y) * jnp.log(1 - p) + jnp.log(p) * y)"),
    ("entropy", "-(y * jnp.log(p) +", "-y * jnp.log(p) - ("),
    ("fit", "disable=n_steps < 1000", "disable=n_steps <= 1000"),
    ("fit", "tqdm(range(n_steps), disable=n_steps < 1000)", "tqdm(range(n_steps))"),
    ("fit", "n_steps < 1000", "n_steps < 1001"),
    ("fit", "float(loss(theta, x))", "loss(theta, x)"),
    ("fit", "jax.jit(jax.grad(loss))", "jax.grad(loss)"),
    ("fit", "return losses, theta", "return [losses, theta]"),
    ("fit", "return losses, theta", "return tuple(losses), theta"),
    ("fit", "return losses, theta", "print(len(losses))\n    return losses, theta"),
    ("label", "p > 0.5", "0.5 < p"),
    ("label", "p > 0.5, 1.0, 0.0", "p <= 0.5, 0.0, 1.0"),
    ("spread", "jnp.abs(high - middle)", "jnp.abs(middle - high)"),
    ("spread", "jnp.abs(high - middle)", "high - middle"),
    ("spread", "(low + high) / 2", "(high + low) * 0.5"),
    ("average", "total / max(len(x), 1)", "total / len(x)"),
    ("relu", "x > 0", "x >= 0"),
    ("relu", "jnp.where(x > 0, x, 0.0)", "jnp.maximum(x, 0.0)"),
    ("ranked", '{"x": x[order], "y": y[order], "n": len(x)}',
     '{"n": len(y), "y": y[order], "x": x[order]}'),
    ("distance", "a - b", "b - a"),
    ("power", "result * x", "x * result"),
    ("slope", "jax.grad(cube)", "jax.jit(jax.grad(cube))"),
    ("slope", "jax.grad(cube)", "jax.grad(cube, argnums=0)"),
    ("chosen", "n_steps = 100", "n_steps = 101"),
    ("chosen", "step_size = 0.1", "step_size = 0.2"),
    ("found", "1.0 + 0.5", "0.5 + 1.0"),
    ("found", "0.5", "0.5001"),
]  # fmt: skip
"""Exercise, what is changed, and into what: all as right as before."""

NOT_AS_RIGHT = [
    ("loss", 'theta["b"] - y', 'theta["w"] - y'),
    ("loss", 'theta["w"] * x', 'theta["b"] * x'),
    ("loss", "away ** 2", "jnp.minimum(away, 1.0) ** 2"),
    ("loss", "x + theta", "jnp.abs(x) + theta"),
    ("loss", "away ** 2", "away ** 2 * (len(x) / 5)"),
    ("entropy", "jnp.clip(model(theta, x), eps, 1 - eps)", "model(theta, x)"),
    ("entropy", "eps=1e-7", "eps=2e-7"),
    ("entropy", "1 - eps", "1"),
    ("entropy", "y * jnp.log(p)", "(y > 0.5) * jnp.log(p)"),
    ("entropy", "y * jnp.log(p)", "y ** 2 * jnp.log(p)"),
    ("entropy", "jnp.mean(each)", "jnp.sum(each)"),
    ("fit", "range(n_steps)", "range(1)"),
    ("fit", "step_size=0.1", "step_size=0.2"),
    ("fit", "theta[k] - step_size", "theta[k] - 0.1"),
    ("fit", "step = slope(theta, x)", "step = slope(theta, x) if len(losses) < 2 else step"),
    ("label", "p > 0.5", "p >= 0.5"),
    ("label", "p > 0.5", "p > 0.6"),
    ("spread", "jnp.min(x)", "x[0]"),
    ("spread", "jnp.max(x)", "x[-1]"),
    ("spread", "(low + high) / 2", "(jnp.abs(low) + high) / 2"),
    ("average", "total / max(len(x), 1)", "total"),
    ("average", "sum(x)", "x[0]"),
    ("relu", "jnp.where(x > 0, x, 0.0)", "x"),
    ("relu", "jnp.where(x > 0, x, 0.0)", "jnp.abs(x)"),
    ("ranked", "jnp.argsort(x)", "jnp.arange(len(x))"),
    ("ranked", "y[order]", "2 * x[order]"),
    ("ranked", '"n": len(x)', '"n": 3'),
    ("distance", "jnp.sqrt(jnp.sum((a - b) ** 2))", "jnp.sum((a - b) ** 2)"),
    ("distance", "a - b", "a + b"),
    ("power", "range(n)", "range(2)"),
    ("power", "result * x", "result * x * x"),
    ("slope", "** 3", "** 2"),
    ("found", "2.0", "4.0"),
    ("found", "scale = 3", "scale = 4"),
]  # fmt: skip
"""Exercise, what is changed, and into what: the checks pass, other inputs show a difference."""
