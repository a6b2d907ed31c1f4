"""Honest notebooks in unusual styles: the answers by exercise, and cells between them."""

# ruff: noqa: E501 - written as students write

from __future__ import annotations

from tests.support.variants import CLEAN, GRADIENT, LOOP, LOSS, MODEL

EVERYTHING = MODEL + LOSS + GRADIENT + LOOP + CLEAN
NOWHERE_ELSE = {
    "logistic_loss": "",
    "dlogistic_loss": "",
    "model_optimization_loop": "",
    "theta_clean": "",
}

STYLES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "methods of one object": (
        {
            "logistic_model": """
class LogisticRegression:
    def __init__(self, act=logistic): self.act = act
    def model(self, theta, x): return self.act(theta["w"] * x + theta["b"])
    def loss(self, params, model, x, y):
        p = model(params, x)
        return -jnp.sum(binary_cross_entropy(y, p))
    def gradient(self, params, model, x, y):
        return grad(self.loss)(params, model, x, y)
    def train(self, theta, model, loss, x, y, n_steps=5000, step_size=0.0001):
        losses = []
        for _ in range(n_steps):
            losses.append(loss(theta, model, x, y))
            g = grad(loss)(theta, model, x, y)
            theta = {k: theta[k] - step_size*g[k] for k in theta}
        return losses, theta
lr = LogisticRegression()
logistic_model = lr.model
""",
            "logistic_loss": "logistic_loss = lr.loss",
            "dlogistic_loss": "dlogistic_loss = lr.gradient",
            "model_optimization_loop": "model_optimization_loop = lr.train",
        },
        {},
    ),
    "everything in one cell": ({"logistic_model": EVERYTHING, **NOWHERE_ELSE}, {}),
    "everything in one cell, twice": (
        {"logistic_model": EVERYTHING, **NOWHERE_ELSE, "theta_clean": EVERYTHING},
        {"after dlogistic_loss": EVERYTHING},
    ),
    "everything of jax": (
        {},
        {
            "first": """
from jax import *
from jax.numpy import *
import numpy as np
""",
        },
    ),
    "everything of jax.numpy": (
        {
            "logistic_loss": """
def logistic_loss(params, model, x, y):
    p = model(params, x)
    return -sum(y * log(p) + (1 - y) * log(1 - p))
""",
        },
        {
            "first": "from jax.numpy import *",
        },
    ),
    "everything of math and numpy": (
        {},
        {
            "first": "from math import *",
            "after logistic_loss": "from numpy import *",
        },
    ),
    "names of builtins": (
        {
            "logistic_loss": """
sum = jnp.sum
input = 3
def logistic_loss(params, model, x, y):
    list = model(params, x)
    return -sum(binary_cross_entropy(y, list))
""",
            "logistic_model": """
def max(theta, x): return theta["w"]*x + theta["b"]
def logistic_model(theta, x): return logistic(max(theta, x))
""",
        },
        {},
    ),
    "recursion": (
        {
            "model_optimization_loop": """
def step(theta, model, loss, x, y, step_size):
    g = grad(loss)(theta, model, x, y)
    return {k: theta[k]-step_size*g[k] for k in theta}
def model_optimization_loop(theta, model, loss, x, y, n_steps=5000, step_size=0.0001):
    if n_steps == 0: return [], theta
    here = loss(theta, model, x, y)
    losses, end = model_optimization_loop(step(theta, model, loss, x, y, step_size), model, loss, x, y, n_steps-1, step_size)
    return [here, *losses], end
""",
        },
        {},
    ),
    "a dataclass and annotations of the future": (
        {
            "logistic_model": """
from __future__ import annotations
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable
if TYPE_CHECKING:
    from jax import Array
@dataclass
class Config:
    eps: float = 1e-7
    act: Callable = logistic
config = Config()
def logistic_model(theta: dict[str, float], x: Array) -> Array:
    return config.act(theta["w"] * x + theta["b"])
""",
            "logistic_loss": """
def logistic_loss(params: dict[str, float], model: Callable, x: Array, y: Array) -> Array:
    p = jnp.clip(model(params, x), config.eps, 1 - config.eps)
    return -jnp.sum(binary_cross_entropy(y, p))
""",
        },
        {},
    ),
    "functools.cache": (
        {
            "logistic_loss": """
import functools
@functools.cache
def eps(power): return 10.0**-power
@functools.lru_cache(maxsize=None)
def mapped(model): return lambda params, x: model(params, x)
def logistic_loss(params, model, x, y):
    p = jnp.clip(mapped(model)(params, x), eps(7), 1-eps(7))
    return -jnp.sum(binary_cross_entropy(y, p))
""",
        },
        {},
    ),
    "a configuration that a call fills": (
        {
            "logistic_loss": """
config = {}
def setup():
    config["eps"] = 1e-7
setup()
def logistic_loss(params, model, x, y):
    p = jnp.clip(model(params, x), config["eps"], 1 - config["eps"])
    return -jnp.sum(binary_cross_entropy(y, p))
""",
        },
        {},
    ),
    "a configuration under two names": (
        {
            "logistic_loss": """
config = {}
c = config
c["eps"] = 1e-7
def logistic_loss(params, model, x, y):
    p = jnp.clip(model(params, x), config["eps"], 1 - config["eps"])
    return -jnp.sum(binary_cross_entropy(y, p))
""",
        },
        {},
    ),
    "a registry": (
        {
            "logistic_loss": """
REGISTRY = {}
def register(f):
    REGISTRY[f.__name__] = f
    return f
@register
def cross(y, p): return -jnp.sum(binary_cross_entropy(y, p))
def logistic_loss(params, model, x, y):
    return REGISTRY["cross"](y, model(params, x))
""",
            "dlogistic_loss": """
@register
def loss_here(params, model, x, y): return logistic_loss(params, model, x, y)
def dlogistic_loss(params, model, x, y):
    return grad(REGISTRY["loss_here"])(params, model, x, y)
""",
        },
        {},
    ),
    "a list that a loop fills": (
        {
            "logistic_loss": """
terms = []
def add(t): terms.append(t)
for t in (lambda y, p: y*jnp.log(p), lambda y, p: (1-y)*jnp.log(1-p)):
    add(t)
def logistic_loss(params, model, x, y):
    p = model(params, x)
    return -sum(jnp.sum(t(y, p)) for t in terms)
""",
        },
        {},
    ),
    "a class that a call changes": (
        {
            "logistic_loss": """
class Tools: pass
def install(cls):
    cls.eps = 1e-7
install(Tools)
def logistic_loss(params, model, x, y):
    p = jnp.clip(model(params, x), Tools.eps, 1 - Tools.eps)
    return -jnp.sum(binary_cross_entropy(y, p))
""",
        },
        {},
    ),
    "a class that setattr changes": (
        {
            "logistic_loss": """
class Tools: pass
setattr(Tools, "eps", 1e-7)
def logistic_loss(params, model, x, y):
    p = jnp.clip(model(params, x), Tools.eps, 1 - Tools.eps)
    return -jnp.sum(binary_cross_entropy(y, p))
""",
        },
        {},
    ),
    "names made by locals, vars and globals": (
        {
            "logistic_loss": """
locals().update(eps=1e-7)
vars().update({"one": 1.0})
globals().update(two=2)
half = locals().get("eps") / 2
assert "eps" in dir()
def logistic_loss(params, model, x, y):
    p = jnp.clip(model(params, x), eps, one - eps)
    return -jnp.sum(binary_cross_entropy(y, p)) + 0*half
""",
        },
        {},
    ),
    "inside try": (
        {
            "logistic_model": """
try:

    def logistic_model(theta, x):
        z = theta["w"] * x + theta["b"]
        return logistic(z)
except Exception:
    pass
""",
            "dlogistic_loss": """
try:
    dlogistic_loss = grad(logistic_loss)
finally:
    print('done')
""",
        },
        {},
    ),
    "around errors": (
        {
            "logistic_model": MODEL + "raise SystemExit",
        },
        {
            "before logistic_loss": "x_test = undefined_name + 1",
        },
    ),
    "under a condition": (
        {
            "logistic_loss": """
if __name__.startswith('notebook'):

    def logistic_loss(params, model, x, y):
        p = model(params, x)
        return -jnp.sum(y * jnp.log(p) + (1 - y) * jnp.log(1 - p))
""",
        },
        {},
    ),
    "a decorator with state": (
        {
            "dlogistic_loss": """
calls = {"n": 0}
def counted(f):
    import functools
    @functools.wraps(f)
    def inner(*a, **k):
        calls["n"] += 1
        return f(*a, **k)
    return inner
@counted
def dlogistic_loss(params, model, x, y):
    return grad(logistic_loss)(params, model, x, y)
""",
        },
        {},
    ),
    "pictures in the same cell": (
        {
            "logistic_loss": LOSS
            + """
ws=np.linspace(-1,3,5)
plt.plot(ws,[logistic_loss({'w':w,'b':0.},logistic_model,x,y) for w in ws]);plt.title('l')
""",
            "dlogistic_loss": GRADIENT
            + """
plot_losses([1,2])
plt.show()
""",
        },
        {},
    ),
    "the data bound again": (
        {
            "logistic_loss": """
x = jnp.array([1.,2.])
y = jnp.array([0.,1.])
"""
            + LOSS,
        },
        {
            "before logistic_loss": """
theta = {'w': 1.0,'b': 0.0}
model = logistic_model
loss = 3
""",
        },
    ),
    "an iterator that is used up": (
        {
            "logistic_loss": """
numbers = iter([1e-7, 5.0])
eps = next(numbers)
def logistic_loss(params, model, x, y):
    p = jnp.clip(model(params, x), eps, 1-eps)
    return -jnp.sum(binary_cross_entropy(y, p))
""",
        },
        {},
    ),
    "run once only": (
        {
            "logistic_loss": """
done = globals().get("done", False)
if not done:
    eps = 1e-7
    done = True
def logistic_loss(params, model, x, y):
    p = jnp.clip(model(params, x), eps, 1-eps)
    return -jnp.sum(binary_cross_entropy(y, p))
""",
        },
        {},
    ),
    "helpers deleted": (
        {
            "logistic_loss": """
def tmp_loss(params, model, x, y):
    p = model(params, x)
    return -jnp.sum(y * jnp.log(p) + (1 - y) * jnp.log(1 - p))
logistic_loss = tmp_loss
del tmp_loss
""",
            "dlogistic_loss": """
def tmp(params, model, x, y):
    g = grad(logistic_loss)(params, model, x, y)
    return g
dlogistic_loss = tmp
del tmp
""",
        },
        {},
    ),
    "global variables": (
        {
            "logistic_loss": """
def logistic_loss(params, model, x, y):
    global last
    last = model(params, x)
    return -jnp.sum(binary_cross_entropy(y, last))
""",
            "dlogistic_loss": """
def dlogistic_loss(params, model, x, y):
    global logistic_loss
    return grad(logistic_loss)(params, model, x, y)
""",
        },
        {},
    ),
    "earlier answers repeated": (
        {
            "dlogistic_loss": """
def logistic_loss(params, model, x, y):
    p = model(params, x)
    return -jnp.sum(y * jnp.log(p) + (1 - y) * jnp.log(1 - p))

def dlogistic_loss(params, model, x, y):
    g = grad(logistic_loss)(params, model, x, y)
    return g
""",
            "model_optimization_loop": """
def logistic_model(theta, x):
    z = theta["w"] * x + theta["b"]
    return logistic(z)

def logistic_loss(params, model, x, y):
    p = model(params, x)
    return -jnp.sum(y * jnp.log(p) + (1 - y) * jnp.log(1 - p))

def dlogistic_loss(params, model, x, y):
    g = grad(logistic_loss)(params, model, x, y)
    return g

def model_optimization_loop(theta, model, loss, x, y, n_steps=5000, step_size=0.0001):
    slope_of = grad(loss)
    losses = []
    for step in range(n_steps):
        losses.append(float(loss(theta, model, x, y)))
        slope = slope_of(theta, model, x, y)
        theta = {k: theta[k] - step_size * slope[k] for k in theta}
    return losses, theta
""",
        },
        {},
    ),
    "given functions written anew": (
        {
            "logistic_model": "def logistic(z): return 1 / (1 + jnp.exp(-z))" + MODEL,
            "logistic_loss": """
def binary_cross_entropy(y, p): return y*jnp.log(p) + (1-y)*jnp.log(1-p)
def logistic_loss(params, model, x, y):
    return -binary_cross_entropy(y, model(params, x)).sum()
""",
        },
        {},
    ),
    "match and walrus": (
        {
            "logistic_loss": """
from typing import TypeAlias
Params: TypeAlias = dict[str, float]
(n := 1)
def logistic_loss(params: "Params", model, x, y):
    match n:
        case 1: return -jnp.sum(binary_cross_entropy(y, model(params, x)))
""",
        },
        {},
    ),
    "tries out a compiled model": (
        {
            "logistic_loss": """
predict = jax.jit(logistic_model)
check = predict({"w":1.0,"b":0.0}, x)
assert check.min() >= 0 and abs(check[0] - logistic(-5.0)) < 1e-6, "sanity of my model"
"""
            + LOSS,
        },
        {},
    ),
    "checks itself with its own loss": (
        {
            "dlogistic_loss": GRADIENT
            + 'assert abs(float(logistic_loss({"w":0.0,"b":0.0}, logistic_model, x, y)) - 100*np.log(2)) < 1e-3',
        },
        {},
    ),
    "only if its own loss is right": (
        {
            "dlogistic_loss": """
value = float(logistic_loss({"w":0.0,"b":0.0}, logistic_model, x, y))
if abs(value - 100*np.log(2)) < 1e-3:
    dlogistic_loss = grad(logistic_loss)
""",
        },
        {},
    ),
}
