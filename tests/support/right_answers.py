"""Right answers to the lesson's exercises, each written differently from the reference."""

from __future__ import annotations

from tests.support.variants import (
    COMPILED,
    FORI_LOOP,
    LOOP,
    LOSS,
    MODEL,
    PLAIN,
    SCAN,
    START,
    clean,
    gradient,
    instead_of,
    loop,
    loss,
    model,
    record,
    start,
    update,
)

CORRECT: dict[str, dict[str, str]] = {
    "as the lesson has it": {},
    "the plain formulas": PLAIN,
    "sigmoid from jax": {"logistic_model": model("jax.nn.sigmoid(z)")},
    "one over one plus exp": {"logistic_model": model("1 / (1 + jnp.exp(-z))")},
    "exp over one plus exp": {"logistic_model": model("jnp.exp(z) / (1 + jnp.exp(z))")},
    "tanh form": {"logistic_model": model("(jnp.tanh(z / 2) + 1) / 2")},
    "logaddexp": {"logistic_model": model("jnp.exp(-jnp.logaddexp(0.0, -z))")},
    "compiled model": {"logistic_model": "@jax.jit" + MODEL},
    "model by vmap": {
        "logistic_model": """
def at_point(theta, point):
    return logistic(theta["w"] * point + theta["b"])

logistic_model = jax.vmap(at_point, in_axes=(None, 0))
"""
    },
    "model as lambda": {
        "logistic_model": "logistic_model = lambda theta, x: logistic(theta['b'] + x * theta['w'])"
    },
    "model as object": {
        "logistic_model": """
class Model:
    def __call__(self, theta, x):
        return logistic(theta["w"] * x + theta["b"])

logistic_model = Model()
"""
    },
    "model by partial": {
        "logistic_model": """
from functools import partial

def squeezed(activation, theta, x):
    return activation(theta["w"] * x + theta["b"])

logistic_model = partial(squeezed, logistic)
"""
    },
    "model as a product with a matrix": {
        "logistic_model": """
def logistic_model(theta, x):
    inputs = jnp.stack([x, jnp.ones_like(x)], axis=1)
    return logistic(inputs @ jnp.array([theta["w"], theta["b"]]))
"""
    },
    "model with one more argument": {
        "logistic_model": instead_of(MODEL, "theta, x)", "theta, x, activation=logistic)")
    },
    "given cross entropy by name": {
        "logistic_loss": loss("-binary_cross_entropy(y=y, p=p).sum()"),
    },
    "sum of negative terms": {"logistic_loss": loss("sum(-binary_cross_entropy(y, p))")},
    "clipped probabilities": {
        "logistic_loss": loss("-jnp.sum(binary_cross_entropy(y, jnp.clip(p, 1e-7, 1 - 1e-7)))")
    },
    "guarded logarithms": {
        "logistic_loss": loss("-jnp.sum(y * jnp.log(p + 1e-7) + (1 - y) * jnp.log(1 - p + 1e-7))")
    },
    "dot products": {
        "logistic_loss": loss("-jnp.dot(y, jnp.log(p)) - jnp.dot(1 - y, jnp.log(1 - p))")
    },
    "at sign and log1p": {"logistic_loss": loss("-(y @ jnp.log(p) + (1 - y) @ jnp.log1p(-p))")},
    "mean times number": {"logistic_loss": loss("-jnp.mean(binary_cross_entropy(y, p)) * len(y)")},
    "loss from the odds": {
        "logistic_loss": loss(
            "jnp.sum(jax.nn.softplus(jnp.log(p / (1 - p))) - y * jnp.log(p / (1 - p)))"
        )
    },
    "loss by vmap": {
        "logistic_loss": """
def logistic_loss(params, model, x, y):
    def at(point, label):
        return -binary_cross_entropy(label, model(params, point))
    return jax.vmap(at)(x, y).sum()
"""
    },
    "compiled loss": {
        "logistic_loss": "from functools import partial\n\n@partial(jax.jit, static_argnums=1)"
        + LOSS
    },
    "gradient in one line": {"dlogistic_loss": "dlogistic_loss = grad(logistic_loss)"},
    "compiled gradient": {
        "dlogistic_loss": "dlogistic_loss = jax.jit(grad(logistic_loss), static_argnums=1)"
    },
    "value and gradient": {
        "dlogistic_loss": gradient("jax.value_and_grad(logistic_loss)(params, model, x, y)[1]")
    },
    "reverse mode": {"dlogistic_loss": "dlogistic_loss = jax.jacrev(logistic_loss)"},
    "forward mode": {"dlogistic_loss": "dlogistic_loss = jax.jacfwd(logistic_loss)"},
    "gradient of a closure": {
        "dlogistic_loss": gradient("grad(lambda p: logistic_loss(p, model, x, y))(params)")
    },
    "pullback": {
        "dlogistic_loss": """
def dlogistic_loss(params, model, x, y):
    value, pullback = jax.vjp(lambda p: logistic_loss(p, model, x, y), params)
    return pullback(jnp.ones_like(value))[0]
"""
    },
    "start from uniform numbers": {
        "init_theta": start("*jax.random.uniform(key, 2, minval=-1, maxval=1)")
    },
    "start as floats": {"init_theta": start("*map(float, jax.random.normal(key, 2))")},
    "start from folded keys": {
        "init_theta": start(
            "jax.random.normal(jax.random.fold_in(key, 0))",
            "0.1 * jax.random.normal(jax.random.fold_in(key, 1))",
        )
    },
    "start by numpy, seeded by the key": {
        "init_theta": start(
            "*np.random.default_rng(np.asarray(jax.random.key_data(key))).normal(size=2)"
        )
    },
    "compiled start": {"init_theta": "@jax.jit" + START},
    "start rounded to two digits": {
        "init_theta": start("*(round(float(v), 2) for v in jax.random.normal(key, 2))")
    },
    "chain rule by hand": {
        "dlogistic_loss": """
def dlogistic_loss(params, model, x, y):
    p = model(params, x)
    dp = jax.jacfwd(model)(params, x)
    return {k: jnp.sum((p - y) / (p * (1 - p)) * dp[k]) for k in params}
"""
    },
    "gradient as floats": {"dlogistic_loss": gradient("{'w': float(g['w']), 'b': float(g['b'])}")},
    "loop by scan": {"model_optimization_loop": SCAN, "theta_clean": clean("500", "0.01")},
    "loop by fori_loop": {
        "model_optimization_loop": FORI_LOOP,
        "theta_clean": clean("300", "0.025"),
    },
    "compiled loop": {"model_optimization_loop": COMPILED, "theta_clean": clean("2000", "0.005")},
    "tree map": {
        "model_optimization_loop": update(
            "jax.tree.map(lambda v, s: v - step_size * s, theta, slope)"
        )
    },
    "theta in place": {
        "model_optimization_loop": LOOP.replace(
            "theta = {k: theta[k] - step_size * slope[k] for k in theta}",
            'theta["w"] -= step_size * slope["w"]; theta["b"] -= step_size * slope["b"]',
        )
    },
    "theta copied": {
        "model_optimization_loop": """
def model_optimization_loop(theta, model, loss, x, y, n_steps=5000, step_size=0.0001):
    theta, losses = theta.copy(), []
    for _ in range(n_steps):
        losses += [loss(theta, model, x, y)]
        slope = grad(loss)(theta, model, x, y)
        for name in theta:
            theta[name] = theta[name] - step_size * slope[name]
    return losses, theta
"""
    },
    "progress bar": {
        "model_optimization_loop": loop("range(n_steps)", "tqdm(range(n_steps), disable=True)")
    },
    "losses after the update": {
        "model_optimization_loop": """
def model_optimization_loop(theta, model, loss, x, y, n_steps=5000, step_size=0.0001):
    losses = []
    for _ in range(n_steps):
        slope = grad(loss)(theta, model, x, y)
        theta = {k: theta[k] - step_size * slope[k] for k in theta}
        losses.append(loss(theta, model, x, y))
    return losses, theta
"""
    },
    "losses with the start and the end": {
        "model_optimization_loop": loop(
            "return losses, theta", "return [*losses, float(loss(theta, model, x, y))], theta"
        )
    },
    "losses as a jax array": {
        "model_optimization_loop": loop("return losses,", "return jnp.array(losses),")
    },
    "losses as a numpy array": {
        "model_optimization_loop": loop("return losses,", "return np.array(losses),")
    },
    "losses as a tuple": {
        "model_optimization_loop": loop("return losses, theta", "return [tuple(losses), theta]")
    },
    "losses as jax numbers": {
        "model_optimization_loop": record("losses.append(loss(theta, model, x, y))")
    },
    "theta as python floats": {
        "model_optimization_loop": update(
            "{k: float(theta[k]) - step_size * float(slope[k]) for k in theta}"
        )
    },
    "theta as numpy numbers": {
        "model_optimization_loop": update(
            "{k: np.float64(theta[k] - step_size * slope[k]) for k in theta}"
        )
    },
    "two separate numbers": {
        "model_optimization_loop": """
def model_optimization_loop(theta, model, loss, x, y, n_steps=5000, step_size=0.0001):
    w, b = theta["w"], theta["b"]
    losses = []
    while len(losses) < n_steps:
        value, slope = jax.value_and_grad(loss)({"w": w, "b": b}, model, x, y)
        losses.append(value.item())
        w, b = w - step_size * slope["w"], b - step_size * slope["b"]
    return losses, {"w": w, "b": b}
"""
    },
    "numbers of numpy's for the last experiment": {
        "theta_clean": clean("np.int64(150)", "np.float64(0.015)"),
    },
    "numbers of jax's for the last experiment": {
        "theta_clean": clean("jnp.array(150)", "jnp.float32(0.015)"),
    },
    "a step that float32 cannot take": {"theta_clean": clean("70", "0.04")},
    "as many steps as count": {"theta_clean": clean("5000", "0.001")},
    "a choice worked out": {
        "theta_clean": "sizes = [0.04, 0.02]\nstep_size_clean = min(sizes)\n"
        "n_steps_clean = int(2 / step_size_clean)\n"
    },
}
