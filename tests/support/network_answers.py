"""Right answers to the lesson on neural networks, each written differently from the reference."""

from __future__ import annotations

FORWARD = """
def forward(params, x):
    for layer in params[:-1]:
        x = jnp.tanh(x @ layer["W"] + layer["b"])
    return x @ params[-1]["W"] + params[-1]["b"]
"""
CROSS_ENTROPY = """
def cross_entropy(params, x, labels):
    s = forward(params, x)
    log_p = jax.nn.log_softmax(s)
    return RESULT
"""
INIT = """
def init_params(key, sizes):
    keys = jax.random.split(key, len(sizes))
    params = []
    for k, m, n in zip(keys, sizes, sizes[1:]):
        params.append({"W": jnp.sqrt(2 / m) * jax.random.normal(k, (m, n)), "b": jnp.zeros(n)})
    return params
"""
STEP = """
def momentum_step(params, velocity, grads, step_size, beta):
    velocity = jax.tree.map(lambda v, g: beta * v + g, velocity, grads)
    return jax.tree.map(lambda p, v: p - step_size * v, params, velocity), velocity
"""
TRAIN = """
def train(key, params, x, labels, n_epochs=30, batch_size=20, step_size=0.1, beta=0.9):
    velocity = jax.tree.map(jnp.zeros_like, params)
    losses = []
    for _ in range(n_epochs):
        key, subkey = jax.random.split(key)
        order = jax.random.permutation(subkey, len(x))
        losses.append(float(cross_entropy(params, x, labels)))
        for start in range(0, len(x), batch_size):
            batch = order[start : start + batch_size]
            grads = gradient(params, x[batch], labels[batch])
            params, velocity = momentum_step(params, velocity, grads, step_size, beta)
    return losses, params
"""
PREDICT = """
def predict_one(params, x):
    return jnp.argmax(forward(params, x))

fast_predict = jax.jit(jax.vmap(predict_one, in_axes=(None, 0)))
"""
DENSE = """
class Dense:
    def __init__(self, W, b):
        self.W = W
        self.b = b

    def __call__(self, x):
        return x @ self.W + self.b

    def n_params(self):
        return self.W.size + self.b.size
"""


def instead_of(source: str, old: str, new: str) -> str:
    """A source with a piece of it replaced, which has to be there once."""
    assert source.count(old) == 1, (old, source)
    return source.replace(old, new)


def init(old: str, new: str) -> str:
    return instead_of(INIT, old, new)


def forward(old: str, new: str) -> str:
    return instead_of(FORWARD, old, new)


def loss(result: str) -> str:
    return CROSS_ENTROPY.replace("RESULT", result)


def step(old: str, new: str) -> str:
    return instead_of(STEP, old, new)


def train(old: str, new: str) -> str:
    return instead_of(TRAIN, old, new)


def predict(old: str, new: str) -> str:
    return instead_of(PREDICT, old, new)


def dense(old: str, new: str) -> str:
    return instead_of(DENSE, old, new)


CORRECT: dict[str, dict[str, str]] = {
    "as the lesson has it": {},
    "plain loops and lists": {
        "init_params": INIT,
        "forward": FORWARD,
        "cross_entropy": loss("-log_p[jnp.arange(len(labels)), labels].mean()"),
        "gradient": "gradient = grad(cross_entropy)",
        "momentum_step": STEP,
        "train": TRAIN,
        "fast_predict": PREDICT,
        "Dense": DENSE,
    },
    "variance by a draw of its own scale": {
        "init_params": """
def init_params(key, sizes):
    draw = jax.nn.initializers.variance_scaling(2.0, "fan_in", "normal")
    pairs = list(zip(sizes[:-1], sizes[1:]))
    keys = jax.random.split(key, len(pairs))
    return tuple({"W": draw(k, p), "b": jnp.zeros(p[1])} for k, p in zip(keys, pairs))
"""
    },
    "keys folded in": {
        "init_params": """
def init_params(key, sizes):
    return [
        {
            "W": jax.random.normal(jax.random.fold_in(key, i), sizes[i : i + 2])
            / (sizes[i] / 2) ** 0.5,
            "b": jnp.zeros((sizes[i + 1],)),
        }
        for i in range(len(sizes) - 1)
    ]
"""
    },
    "a seed of numpy's from the key": {
        "init_params": """
def init_params(key, sizes):
    rng = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    return [
        {"W": rng.normal(scale=np.sqrt(2 / m), size=(m, k)), "b": np.zeros(k)}
        for m, k in zip(sizes, sizes[1:])
    ]
""".replace("np.", "__import__('numpy').")
    },
    "a fold over the layers": {
        "forward": """
from functools import reduce

def layer(x, params):
    return x @ params["W"] + params["b"]

def forward(params, x):
    return layer(reduce(lambda h, p: jnp.tanh(layer(h, p)), params[:-1], x), params[-1])
"""
    },
    "compiled, each point by itself": {
        "forward": """
@jax.jit
def forward(params, x):
    def one(point):
        for i, p in enumerate(params):
            point = jnp.dot(point, p["W"]) + p["b"]
            if i + 1 < len(params):
                point = jnp.tanh(point)
        return point
    return one(x) if x.ndim == 1 else jax.vmap(one)(x)
"""
    },
    "tanh of exponentials": {
        "forward": forward("jnp.tanh(x @", "(lambda z: 1 - 2 / (jnp.exp(2 * z) + 1))(x @")
    },
    "layers as named tuples": {
        "forward": """
from typing import NamedTuple

class Layer(NamedTuple):
    W: object
    b: object
    def __call__(self, x):
        return x @ self.W + self.b

def forward(params, x):
    *hidden, last = [Layer(**p) for p in params]
    for layer in hidden:
        x = jnp.tanh(layer(x))
    return last(x)
"""
    },
    "logsumexp": {
        "cross_entropy": loss(
            "jnp.mean(jax.nn.logsumexp(s, axis=1) - s[jnp.arange(s.shape[0]), labels])"
        )
    },
    "rows of ones and zeros": {
        "cross_entropy": loss(
            "-jnp.mean(jnp.sum(jax.nn.one_hot(labels, s.shape[1]) * log_p, axis=1))"
        )
    },
    "taken along the axis": {
        "cross_entropy": loss("-jnp.mean(jnp.take_along_axis(log_p, labels[:, None], axis=1))")
    },
    "the largest score subtracted by hand": {
        "cross_entropy": """
def cross_entropy(params, x, labels):
    s = forward(params, x)
    s = s - s.max(axis=1, keepdims=True)
    own = jnp.sum(jnp.where(labels[:, None] == jnp.arange(s.shape[1]), s, 0.0), axis=1)
    return jnp.mean(jnp.log(jnp.exp(s).sum(axis=1)) - own)
"""
    },
    "compiled loss, mapped over points": {
        "cross_entropy": """
def of_a_point(params, point, label):
    return -jax.nn.log_softmax(forward(params, point))[label]

@jax.jit
def cross_entropy(params, x, labels):
    return jax.vmap(of_a_point, in_axes=(None, 0, 0))(params, x, labels).mean()
"""
    },
    "bound early": {"gradient": "gradient = jax.jit(grad(cross_entropy))"},
    "with the value": {
        "gradient": """
def gradient(params, x, labels):
    _, slopes = jax.value_and_grad(cross_entropy)(params, x, labels)
    return slopes
"""
    },
    "by a pullback": {
        "gradient": """
def gradient(params, x, labels):
    value, back = jax.vjp(lambda p: cross_entropy(p, x, labels), params)
    return back(jnp.ones_like(value))[0]
"""
    },
    "forward mode": {"gradient": "gradient = jax.jacfwd(cross_entropy)"},
    "compiled step": {"momentum_step": "@jax.jit" + STEP},
    "leaf by leaf": {
        "momentum_step": """
def momentum_step(params, velocity, grads, step_size, beta):
    p, form = jax.tree.flatten(params)
    v = [beta * v + g for v, g in zip(jax.tree.leaves(velocity), jax.tree.leaves(grads))]
    p = [p - step_size * v for p, v in zip(p, v)]
    return jax.tree.unflatten(form, p), jax.tree.unflatten(form, v)
"""
    },
    "one vector of all numbers": {
        "momentum_step": """
from jax.flatten_util import ravel_pytree

def momentum_step(params, velocity, grads, step_size, beta):
    p, back = ravel_pytree(params)
    v = beta * ravel_pytree(velocity)[0] + ravel_pytree(grads)[0]
    return back(p - step_size * v), back(v)
"""
    },
    "pairs of step and velocity": {
        "momentum_step": """
def momentum_step(params, velocity, grads, step_size, beta):
    new = lambda v, g: beta * v + g
    moved = jax.tree.map(lambda p, v, g: p - step_size * new(v, g), params, velocity, grads)
    return moved, jax.tree.map(new, velocity, grads)
"""
    },
    "losses after the epoch": {
        "train": TRAIN.replace(
            "        losses.append(float(cross_entropy(params, x, labels)))\n", ""
        ).replace(
            "    return losses",
            "        losses.append(cross_entropy(params, x, labels))\n    return losses",
        )
    },
    "shuffled copies": {
        "train": train(
            "        for start in", "        xs, ys = x[order], labels[order]\n        for start in"
        )
        .replace("            batch = order[start : start + batch_size]\n", "")
        .replace(
            "x[batch], labels[batch]",
            "xs[start : start + batch_size], ys[start : start + batch_size]",
        )
    },
    "one key for both shuffles": {
        "train": train(
            "        order = jax.random.permutation(subkey, len(x))\n",
            "        xs = jax.random.permutation(subkey, x)\n"
            "        ys = jax.random.permutation(subkey, labels)\n",
        )
        .replace(
            "            batch = order[start : start + batch_size]\n",
            "            at = slice(start, start + batch_size)\n",
        )
        .replace("x[batch], labels[batch]", "xs[at], ys[at]")
    },
    "a compiled epoch": {
        "train": """
@jax.jit
def epoch(params, velocity, xs, ys, step_size, beta):
    def body(carry, batch):
        grads = gradient(carry[0], *batch)
        return momentum_step(*carry, grads, step_size, beta), None
    return jax.lax.scan(body, (params, velocity), (xs, ys))[0]

def train(key, params, x, labels, n_epochs=30, batch_size=20, step_size=0.1, beta=0.9):
    velocity, losses = jax.tree.map(lambda p: 0.0 * p, params), []
    for k in jax.random.split(key, n_epochs):
        losses += [cross_entropy(params, x, labels)]
        order = jax.random.permutation(k, x.shape[0]).reshape(-1, batch_size)
        params, velocity = epoch(params, velocity, x[order], labels[order], step_size, beta)
    return jnp.array(losses), params
"""
    },
    "a class that trains": {
        "train": """
class Training:
    def __init__(self, params):
        self.params, self.velocity = params, jax.tree.map(jnp.zeros_like, params)

    def step(self, x, labels, *how):
        slopes = jax.grad(cross_entropy)(self.params, x, labels)
        self.params, self.velocity = momentum_step(self.params, self.velocity, slopes, *how)

def train(key, params, x, labels, n_epochs=30, batch_size=20, step_size=0.1, beta=0.9):
    training, losses = Training(params), []
    for n in range(n_epochs):
        losses.append(cross_entropy(training.params, x, labels).item())
        order = jax.random.permutation(jax.random.fold_in(key, n), len(labels))
        for batch in jnp.split(order, len(labels) // batch_size):
            training.step(x[batch], labels[batch], step_size, beta)
    return tuple(losses), training.params
"""
    },
    "shuffled by numpy": {
        "train": train(
            "    losses = []\n",
            "    losses = []\n    import numpy\n"
            "    rng = numpy.random.default_rng(int(jax.random.bits(key)))\n",
        ).replace("jax.random.permutation(subkey, len(x))", "rng.permutation(len(x))")
    },
    "decorated": {
        "fast_predict": """
from functools import partial

def predict_one(params, x):
    scores = forward(params, x)
    return scores.argmax()

@jax.jit
@partial(jax.vmap, in_axes=(None, 0))
def fast_predict(params, x):
    return predict_one(params, x)
"""
    },
    "as a lambda": {
        "fast_predict": predict(
            "jax.vmap(predict_one, in_axes=(None, 0))",
            "lambda params, xs: jax.vmap(lambda x: predict_one(params, x))(xs)",
        )
    },
    "a dataclass": {
        "Dense": """
from dataclasses import dataclass

@dataclass
class Dense:
    W: jax.Array
    b: jax.Array

    def __call__(self, x):
        return jnp.dot(x, self.W) + self.b

    def n_params(self):
        return sum(leaf.size for leaf in jax.tree.leaves([self.W, self.b]))
"""
    },
    "a named tuple": {
        "Dense": """
from typing import NamedTuple

class Dense(NamedTuple):
    W: jax.Array
    b: jax.Array

    def __call__(self, x):
        return x @ self.W + self.b

    def n_params(self):
        m, k = self.W.shape
        return m * k + k
"""
    },
}
