"""One plain answer to each of the lesson's exercises, and how to write it another way.

`right_answers` and `wrong_answers` are made with these: sources of complete solution cells.
"""

from __future__ import annotations

MODEL = """
def logistic_model(theta, x):
    z = theta["w"] * x + theta["b"]
    return logistic(z)
"""

LOSS = """
def logistic_loss(params, model, x, y):
    p = model(params, x)
    return -jnp.sum(y * jnp.log(p) + (1 - y) * jnp.log(1 - p))
"""

GRADIENT = """
def dlogistic_loss(params, model, x, y):
    g = grad(logistic_loss)(params, model, x, y)
    return g
"""

START = """
def init_theta(key):
    key_w, key_b = jax.random.split(key)
    return {"w": jax.random.normal(key_w), "b": jax.random.normal(key_b)}
"""

LOOP = """
def model_optimization_loop(theta, model, loss, x, y, n_steps=5000, step_size=0.0001):
    slope_of = grad(loss)
    losses = []
    for step in range(n_steps):
        losses.append(float(loss(theta, model, x, y)))
        slope = slope_of(theta, model, x, y)
        theta = {k: theta[k] - step_size * slope[k] for k in theta}
    return losses, theta
"""

CLEAN = """
n_steps_clean = 70
step_size_clean = 0.02
"""

PLAIN = {
    "logistic_model": MODEL,
    "logistic_loss": LOSS,
    "dlogistic_loss": GRADIENT,
    "init_theta": START,
    "model_optimization_loop": LOOP,
    "theta_clean": CLEAN,
}


def instead_of(source: str, old: str, new: str) -> str:
    """A source in which one thing is written another way."""
    assert source.count(old) == 1, f"{old!r} occurs {source.count(old)} times in\n{source}"
    return source.replace(old, new)


def model(returned: str) -> str:
    return instead_of(MODEL, "logistic(z)", returned)


def loss(returned: str) -> str:
    return instead_of(LOSS, "-jnp.sum(y * jnp.log(p) + (1 - y) * jnp.log(1 - p))", returned)


def gradient(returned: str) -> str:
    return instead_of(GRADIENT, "return g", f"return {returned}")


def start(*drawn: str) -> str:
    return f"def init_theta(key):\n    return dict(zip('wb', [{', '.join(drawn)}]))\n"


def loop(old: str, new: str) -> str:
    return instead_of(LOOP, old, new)


def update(new: str) -> str:
    return loop("{k: theta[k] - step_size * slope[k] for k in theta}", new)


def record(new: str) -> str:
    return loop("losses.append(float(loss(theta, model, x, y)))", new)


def clean(n_steps: str, step_size: str) -> str:
    return f"n_steps_clean = {n_steps}\nstep_size_clean = {step_size}\n"


SCAN = """
def model_optimization_loop(theta, model, loss, x, y, n_steps=5000, step_size=0.0001):
    def step(theta, _):
        value, slope = jax.value_and_grad(loss)(theta, model, x, y)
        return jax.tree.map(lambda v, s: v - step_size * s, theta, slope), value

    theta = {k: jnp.asarray(v, float) for k, v in theta.items()}
    theta, losses = jax.lax.scan(step, theta, length=n_steps)
    return losses, theta
"""

FORI_LOOP = """
def model_optimization_loop(theta, model, loss, x, y, n_steps=5000, step_size=0.0001):
    def step(i, state):
        losses, theta = state
        value, slope = jax.value_and_grad(loss)(theta, model, x, y)
        theta = jax.tree.map(lambda v, s: v - step_size * s, theta, slope)
        return losses.at[i].set(value), theta

    theta = {k: jnp.asarray(v, float) for k, v in theta.items()}
    return jax.lax.fori_loop(0, n_steps, step, (jnp.zeros(n_steps), theta))
"""

COMPILED = """
def model_optimization_loop(theta, model, loss, x, y, n_steps=5000, step_size=0.0001):
    both = jax.jit(jax.value_and_grad(lambda t: loss(t, model, x, y)))
    losses = []
    for _ in range(n_steps):
        value, slope = both(theta)
        losses.append(value)
        theta = jax.tree.map(lambda v, s: v - step_size * s, theta, slope)
    return losses, theta
"""
