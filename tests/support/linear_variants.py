"""One plain answer to each exercise of the linear lesson, and how to write it another way."""

from __future__ import annotations

from tests.support.variants import instead_of

MODEL = """
def linear_model(theta, x):
    return x @ theta["w"] + theta["b"]
"""

LOSS = """
def mse(theta, model, x, y):
    errors = model(theta, x) - y
    return jnp.mean(errors**2)
"""

GRADIENT = """
def dmse(theta, model, x, y):
    g = jax.grad(mse)(theta, model, x, y)
    return g
"""

LOOP = """
def train(theta, model, loss, x, y, n_steps=100, step_size=0.1):
    slope_of = jax.grad(loss)
    losses = []
    for step in range(n_steps):
        losses.append(float(loss(theta, model, x, y)))
        slope = slope_of(theta, model, x, y)
        theta = {name: theta[name] - step_size * slope[name] for name in theta}
    return losses, theta
"""

EXACT = """
def least_squares(x, y):
    table = jnp.column_stack([x, jnp.ones(len(y))])
    v = jnp.linalg.lstsq(table, y)[0]
    return {"w": v[:-1], "b": v[-1]}
"""

SHARE = """
def r_squared(y, prediction):
    return 1 - jnp.sum((y - prediction) ** 2) / jnp.sum((y - jnp.mean(y)) ** 2)
"""

PLAIN = {
    "linear_model": MODEL,
    "mse": LOSS,
    "dmse": GRADIENT,
    "train": LOOP,
    "least_squares": EXACT,
    "theta_fit": "n_steps_fit = 90\nstep_size_fit = 0.35\n",
}


def model(returned: str) -> str:
    return instead_of(MODEL, 'x @ theta["w"] + theta["b"]', returned)


def loss(returned: str) -> str:
    return instead_of(LOSS, "jnp.mean(errors**2)", returned)


def gradient(returned: str) -> str:
    return instead_of(GRADIENT, "return g", f"return {returned}")


def loop(old: str, new: str) -> str:
    return instead_of(LOOP, old, new)


def update(new: str) -> str:
    return loop("{name: theta[name] - step_size * slope[name] for name in theta}", new)


def exact(old: str, new: str) -> str:
    return instead_of(EXACT, old, new)


def share(returned: str) -> str:
    right = "1 - jnp.sum((y - prediction) ** 2) / jnp.sum((y - jnp.mean(y)) ** 2)"
    return instead_of(SHARE, right, returned)


def fit(n_steps: str, step_size: str) -> str:
    return f"n_steps_fit = {n_steps}\nstep_size_fit = {step_size}\n"
