"""Right answers that bind an earlier one when their own cell runs, and broken earlier ones."""

from __future__ import annotations

from tests.support.variants import GRADIENT, LOOP, LOSS, MODEL, PLAIN, loss, model

UNWRITTEN = "    raise NotImplementedError()\n"

BROKEN: dict[str, dict[str, str]] = {
    "a loss that is not summed": {"logistic_loss": loss("-binary_cross_entropy(y, p)")},
    "a loss that returns nothing": {"logistic_loss": LOSS.replace("return ", "total = ")},
    "a loss made with numpy": {
        "logistic_loss": loss("-np.sum(y * np.log(p) + (1 - y) * np.log(1 - p))")
    },
    "a loss that is averaged": {"logistic_loss": loss("-jnp.mean(binary_cross_entropy(y, p))")},
    "a constant loss": {"logistic_loss": loss("0.0")},
    "a loss left blank": {"logistic_loss": "def logistic_loss(params, model, x, y):\n" + UNWRITTEN},
    "a loss that is no Python": {"logistic_loss": "def logistic_loss(params, model, x, y)\n    0"},
    "a loss with other arguments": {
        "logistic_loss": "def logistic_loss(p, y):\n    return -jnp.sum(binary_cross_entropy(y, p))"
    },
    "a model that is wrong": {"logistic_model": model("jnp.tanh(z)")},
    "a model left blank": {"logistic_model": "def logistic_model(theta, x):\n" + UNWRITTEN},
    "nothing but this one": dict.fromkeys(PLAIN, "raise NotImplementedError()"),
}
"""What may be wrong before; the answer that is looked at takes the place of its own entry."""

EARLY: dict[str, dict[str, str]] = {
    "dlogistic_loss": {
        "by name": "dlogistic_loss = grad(logistic_loss)",
        "compiled": "dlogistic_loss = jax.jit(grad(logistic_loss), static_argnums=1)",
        "compiled first": (
            "fast = jax.jit(logistic_loss, static_argnums=1)\ndlogistic_loss = grad(fast)"
        ),
        "compiled by a decorator": (
            "from functools import partial\n\n@partial(jax.jit, static_argnums=1)" + GRADIENT
        ),
        "with a trace that was used": (
            "slope = jax.jit(grad(logistic_loss), static_argnums=1)\n"
            "try:\n    slope({'w': 1.0, 'b': 0.0}, logistic_model, x, y)\n"
            "except Exception as error:\n    print(error)\n"
            "dlogistic_loss = slope"
        ),
        "partial": """
from functools import partial

def slope_of(function, *args):
    return grad(function)(*args)

dlogistic_loss = partial(slope_of, logistic_loss)
""",
        "decorator": """
def slope_of(function):
    def decorate(_):
        return lambda *args: grad(function)(*args)
    return decorate

@slope_of(logistic_loss)
def dlogistic_loss(params, model, x, y):
    ...
""",
        "class": """
class Slope:
    loss = staticmethod(logistic_loss)

    def __call__(self, params, model, x, y):
        return grad(self.loss)(params, model, x, y)

dlogistic_loss = Slope()
""",
        "method": """
class Problem:
    def __init__(self, loss):
        self.loss = loss

    def slope(self, params, model, x, y):
        return grad(self.loss)(params, model, x, y)

problem = Problem(logistic_loss)
dlogistic_loss = problem.slope
""",
        "dataclass": """
from dataclasses import dataclass
from typing import Any

@dataclass
class Problem:
    loss: Any = logistic_loss

    def __call__(self, *args):
        return grad(self.loss)(*args)

dlogistic_loss = Problem()
""",
        "default": GRADIENT.replace("x, y):", "x, y, loss=logistic_loss):", 1).replace(
            "grad(logistic_loss)", "grad(loss)"
        ),
        "closure": """
def make(loss):
    def slope(params, model, x, y):
        return grad(lambda p: loss(p, model, x, y))(params)
    return slope

dlogistic_loss = make(logistic_loss)
""",
        "table of functions": """
functions = {"loss": logistic_loss}
functions["slope"] = grad(functions["loss"])

def dlogistic_loss(params, model, x, y):
    return functions["slope"](params, model, x, y)
""",
        "another name": "cost = logistic_loss\ndlogistic_loss = jax.jacrev(cost)",
        "tried out in the same cell": (
            "dlogistic_loss = grad(logistic_loss)\n"
            "print(dlogistic_loss({'w': 1.0, 'b': 0.0}, logistic_model, x, y))"
        ),
        "looked at first": (
            "print(float(logistic_loss({'w': 1.0, 'b': 0.0}, logistic_model, x, y)))\n"
            "dlogistic_loss = grad(logistic_loss)"
        ),
    },
    "logistic_loss": {
        "model as default": LOSS.replace("model, x, y)", "model=logistic_model, x=x, y=y)", 1),
        "tried out in the same cell": (
            LOSS + "print(logistic_loss({'w': 1.0, 'b': 0.0}, logistic_model, x, y))"
        ),
        "tried out first": (
            "p = logistic_model({'w': 1.0, 'b': 0.0}, x)\nassert p.shape == x.shape\n" + LOSS
        ),
        "compiled": "from functools import partial\n\n@partial(jax.jit, static_argnums=1)" + LOSS,
    },
    "model_optimization_loop": {
        "loss and model as defaults": LOOP.replace(
            "model, loss, x, y,", "model=logistic_model, loss=logistic_loss, x=x, y=y,", 1
        ),
        "own gradient where it fits": """
known = {logistic_loss: dlogistic_loss}

def model_optimization_loop(theta, model, loss, x, y, n_steps=5000, step_size=0.0001):
    slope_of = known.get(loss, grad(loss))
    losses = []
    for step in range(n_steps):
        losses.append(float(loss(theta, model, x, y)))
        slope = slope_of(theta, model, x, y)
        theta = {k: theta[k] - step_size * slope[k] for k in theta}
    return losses, theta
""",
        "tried out in the same cell": LOOP
        + "losses, theta = model_optimization_loop({'w': 0.0, 'b': 0.0}, logistic_model,"
        " logistic_loss, x, y, n_steps=2)\nprint(losses[-1])",
    },
    "logistic_model": {
        "compiled": "@jax.jit" + MODEL,
        "tried out in the same cell": MODEL + "print(logistic_model({'w': 1.0, 'b': 0.0}, x))",
    },
}
"""Ways to write each exercise's plain answer so that it holds on to what came before it."""
