"""Right answers to the exercises of the linear lesson, each written differently."""

from __future__ import annotations

from tests.support.linear_variants import (
    LOOP,
    LOSS,
    MODEL,
    PLAIN,
    SHARE,
    exact,
    fit,
    gradient,
    loop,
    loss,
    model,
    share,
    update,
)

CORRECT: dict[str, dict[str, str]] = {
    "as the lesson has it": {},
    "the plain formulas": PLAIN,
    "compiled model": {"linear_model": "@jax.jit" + MODEL},
    "model by dot": {"linear_model": model('jnp.dot(x, theta["w"]) + theta["b"]')},
    "model by einsum": {"linear_model": model('theta["b"] + jnp.einsum("nd,d->n", x, theta["w"])')},
    "model as a sum along the rows": {
        "linear_model": model('jnp.sum(x * theta["w"], axis=1) + theta["b"]')
    },
    "model column by column": {
        "linear_model": """
def linear_model(theta, x):
    y = theta["b"]
    for number, weight in enumerate(theta["w"]):
        y = y + weight * x[:, number]
    return y
"""
    },
    "model by vmap": {
        "linear_model": """
def of_a_day(theta, day):
    return jnp.dot(day, theta["w"]) + theta["b"]

linear_model = jax.vmap(of_a_day, in_axes=(None, 0))
"""
    },
    "model as a lambda": {
        "linear_model": "linear_model = lambda theta, x: theta['b'] + (theta['w'] @ x.T)"
    },
    "model as an object": {
        "linear_model": """
class Plane:
    def __call__(self, theta, x):
        return x @ theta["w"] + theta["b"]

linear_model = Plane()
"""
    },
    "model by partial": {
        "linear_model": """
from functools import partial

def weighted(product, theta, x):
    return product(x, theta["w"]) + theta["b"]

linear_model = partial(weighted, jnp.matmul)
"""
    },
    "model with a column of ones": {
        "linear_model": """
def linear_model(theta, x):
    table = jnp.column_stack([x, jnp.ones(len(x))])
    return table @ jnp.append(theta["w"], theta["b"])
"""
    },
    "model of one row after another": {
        "linear_model": model('jnp.array([row @ theta["w"] + theta["b"] for row in x])')
    },
    "loss as a sum over the number": {"mse": loss("jnp.sum(errors**2) / len(y)")},
    "loss as a product with itself": {"mse": loss("errors @ errors / y.size")},
    "loss by square": {"mse": loss("jnp.square(errors).mean()")},
    "loss by its norm": {"mse": loss("jnp.linalg.norm(errors) ** 2 / len(errors)")},
    "loss by vmap": {
        "mse": """
def mse(theta, model, x, y):
    return jnp.mean(jax.vmap(lambda p, t: (t - p) ** 2)(model(theta, x), y))
"""
    },
    "compiled loss": {
        "mse": "from functools import partial\n\n@partial(jax.jit, static_argnums=1)" + LOSS
    },
    "loss of one point after another": {
        "mse": loss("sum((p - t) ** 2 for p, t in zip(model(theta, x), y)) / len(y)")
    },
    "gradient in one line": {"dmse": "dmse = jax.grad(mse)"},
    "compiled gradient": {"dmse": "dmse = jax.jit(jax.grad(mse), static_argnums=1)"},
    "value and gradient": {
        "dmse": gradient("jax.value_and_grad(mse)(theta, model, x, y)[1]"),
    },
    "forward mode": {"dmse": "dmse = jax.jacfwd(mse)"},
    "gradient of a closure": {
        "dmse": gradient("jax.grad(lambda t: mse(t, model, x, y))(theta)"),
    },
    "gradient of its own mean squared error": {
        "dmse": gradient("jax.grad(lambda t: jnp.mean((model(t, x) - y) ** 2))(theta)"),
    },
    "gradient as lists and floats": {
        "dmse": gradient("{'w': [float(s) for s in g['w']], 'b': float(g['b'])}")
    },
    "gradient as numpy arrays": {"dmse": gradient("{k: np.asarray(v) for k, v in g.items()}")},
    "chain rule by hand": {
        "dmse": """
def dmse(theta, model, x, y):
    errors = model(theta, x) - y
    slopes = jax.jacfwd(model)(theta, x)
    return {name: 2 / len(y) * (errors @ slopes[name]) for name in theta}
"""
    },
    "tree map": {
        "train": update("jax.tree.map(lambda p, s: p - step_size * s, theta, slope)"),
    },
    "loop by scan": {
        "train": """
def train(theta, model, loss, x, y, n_steps=100, step_size=0.1):
    def step(theta, _):
        value, slope = jax.value_and_grad(loss)(theta, model, x, y)
        return jax.tree.map(lambda p, s: p - step_size * s, theta, slope), value

    theta = jax.tree.map(lambda p: jnp.asarray(p, float), theta)
    theta, losses = jax.lax.scan(step, theta, length=n_steps)
    return losses, theta
"""
    },
    "compiled loop": {
        "train": """
def train(theta, model, loss, x, y, n_steps=100, step_size=0.1):
    both = jax.jit(jax.value_and_grad(lambda t: loss(t, model, x, y)))
    losses = []
    for _ in range(n_steps):
        value, slope = both(theta)
        losses.append(value)
        theta = {"w": theta["w"] - step_size * slope["w"], "b": theta["b"] - step_size * slope["b"]}
    return losses, theta
"""
    },
    "a named tuple inside the loop": {
        "train": """
from typing import NamedTuple

class Weights(NamedTuple):
    w: object
    b: object

def train(theta, model, loss, x, y, n_steps=100, step_size=0.1):
    here, losses = Weights(**theta), []
    slope_of = jax.value_and_grad(lambda t: loss(t._asdict(), model, x, y))
    while len(losses) < n_steps:
        value, slope = slope_of(here)
        losses += [value.item()]
        here = Weights(here.w - step_size * slope.w, here.b - step_size * slope.b)
    return losses, here._asdict()
"""
    },
    "losses after the step": {
        "train": """
def train(theta, model, loss, x, y, n_steps=100, step_size=0.1):
    theta, losses = dict(theta), []
    for _ in range(n_steps):
        for name, slope in jax.grad(loss)(theta, model, x, y).items():
            theta[name] = theta[name] - step_size * slope
        losses.append(loss(theta, model, x, y))
    return losses, theta
"""
    },
    "losses with the start and the end": {
        "train": loop(
            "return losses, theta", "return [*losses, float(loss(theta, model, x, y))], theta"
        )
    },
    "losses as an array": {"train": loop("return losses,", "return jnp.array(losses),")},
    "a list in place of a tuple": {"train": loop("return losses, theta", "return [losses, theta]")},
    "early-bound gradient of the loss": {
        "train": LOOP.replace("slope_of = jax.grad(loss)", "slope_of = grad_of(loss)").replace(
            "def train", "grad_of = jax.grad\n\ndef train"
        )
    },
    "closed form in numpy": {
        "least_squares": """
def least_squares(x, y):
    table = np.column_stack([np.asarray(x), np.ones(len(x))])
    *w, b = np.linalg.lstsq(table, np.asarray(y), rcond=None)[0]
    return {"w": np.array(w), "b": float(b)}
"""
    },
    "normal equations": {
        "least_squares": exact(
            "jnp.linalg.lstsq(table, y)[0]", "jnp.linalg.solve(table.T @ table, table.T @ y)"
        )
    },
    "pseudo-inverse": {
        "least_squares": exact("jnp.linalg.lstsq(table, y)[0]", "jnp.linalg.pinv(table) @ y")
    },
    "ones before the columns": {
        "least_squares": exact("[x, jnp.ones(len(y))]", "[jnp.ones(len(y)), x]").replace(
            '{"w": v[:-1], "b": v[-1]}', '{"w": v[1:], "b": v[0]}'
        )
    },
    "centred columns": {
        "least_squares": """
def least_squares(x, y):
    w = jnp.linalg.lstsq(x - x.mean(axis=0), y - y.mean())[0]
    return {"w": w, "b": y.mean() - x.mean(axis=0) @ w}
"""
    },
    "by a factorisation": {
        "least_squares": exact(
            "jnp.linalg.lstsq(table, y)[0]",
            "(lambda q, r: jnp.linalg.solve(r, q.T @ y))(*jnp.linalg.qr(table))",
        )
    },
    "fewer steps": {"theta_fit": fit("60", "0.4")},
    "numbers of numpy's": {"theta_fit": fit("np.int64(100)", "np.float64(0.25)")},
    "numbers of jax's": {"theta_fit": fit("jnp.array(80)", "jnp.float32(0.38)")},
    "a choice worked out": {"theta_fit": "step_size_fit = 1 / 3\nn_steps_fit = int(33 * 3)\n"},
}

RIGHT_SHARES = {
    "as the lesson has it": SHARE,
    "by the variance": share("1 - jnp.mean((y - prediction) ** 2) / jnp.var(y)"),
    "in numpy": share("1 - np.mean(np.square(np.array(y) - np.array(prediction))) / np.var(y)"),
    "a float": share("float(1 - jnp.mean((prediction - y) ** 2) / jnp.std(y) ** 2)"),
    "as one fraction": share("(jnp.var(y) - jnp.mean((y - prediction) ** 2)) / jnp.var(y)"),
}
"""Right answers to the exercise that a plain test cell judges."""
