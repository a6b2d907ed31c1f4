"""Wrong answers to the lesson on neural networks: each differs from a right one in one fault."""

from __future__ import annotations

from tests.support.judging import Fault
from tests.support.network_answers import (
    DENSE,
    FORWARD,
    TRAIN,
    dense,
    forward,
    init,
    instead_of,
    loss,
    predict,
    step,
    train,
)

WRONG: dict[str, Fault] = {}
"""Name: the exercise with the fault, its source, and a piece of the explanation it must get."""

NOT_RETURNED = "Did you forget a `return`?"
PERMUTED = "jax.random.permutation(subkey, len(x))"
STEPS = "            params, velocity = momentum_step(params, velocity, grads, step_size, beta)\n"


def wrong(exercise: str, answers: dict[str, tuple[str, str]]) -> None:
    assert not answers.keys() & WRONG.keys(), "two wrong answers of the same name"
    WRONG.update({name: (exercise, source, text) for name, (source, text) in answers.items()})


wrong(
    "init_params",
    {
        "variance 1": (init("jnp.sqrt(2 / m) * ", ""), "The variance of the"),
        "variance 1/m": (init("sqrt(2 / m)", "sqrt(1 / m)"), "The variance of the"),
        "variance (2/m)²": (init("jnp.sqrt(2 / m)", "2 / m"), "The variance of the"),
        "variance by the outputs": (init("sqrt(2 / m)", "sqrt(2 / n)"), "The variance of the"),
        "mean one": (
            init("jax.random.normal(k, (m, n))", "(1 + jax.random.normal(k, (m, n)))"),
            "The mean of the",
        ),
        "uniform": (
            init(
                "jnp.sqrt(2 / m) * jax.random.normal(k, (m, n))",
                "jnp.sqrt(6 / m) * jax.random.uniform(k, (m, n), minval=-1, maxval=1)",
            ),
            "larger than two standard deviations",
        ),
        "one key for all layers": (
            init("normal(k,", "normal(keys[0],"),
            "go together",
        ),
        "a key of its own": (
            init("normal(k,", "normal(jax.random.fold_in(jax.random.key(0), m),"),
            "although their keys differ",
        ),
        "random biases": (init("jnp.zeros(n)", "jax.random.normal(k, (n,))"), ""),
        "outputs before inputs": (init("(m, n)", "(n, m)"), "shape"),
        "a layer too few": (
            init("zip(keys, sizes, sizes[1:])", "zip(keys, sizes, sizes[1:-1])"),
            "list of length 1",
        ),
        "no biases": (init(', "b": jnp.zeros(n)', ""), "'b'"),
        "parameters not returned": (init("    return params", ""), NOT_RETURNED),
    },
)
wrong(
    "forward",
    {
        "tanh at the end": (
            forward(
                'return x @ params[-1]["W"] + params[-1]["b"]',
                'return jnp.tanh(x @ params[-1]["W"] + params[-1]["b"])',
            ),
            "tanh follows the last layer",
        ),
        "no tanh": (forward("jnp.tanh", ""), "there is no tanh"),
        "no biases in the network": (
            FORWARD.replace(' + layer["b"]', "").replace(' + params[-1]["b"]', ""),
            "the biases are missing",
        ),
        "biases subtracted": (
            FORWARD.replace('+ layer["b"]', '- layer["b"]').replace(
                '+ params[-1]["b"]', '- params[-1]["b"]'
            ),
            "the biases are subtracted",
        ),
        "bias after tanh": (
            forward(
                'jnp.tanh(x @ layer["W"] + layer["b"])', 'jnp.tanh(x @ layer["W"]) + layer["b"]'
            ),
            "added after the tanh",
        ),
        "logistic": (forward("jnp.tanh", "jax.nn.sigmoid"), "logistic function"),
        "relu": (forward("jnp.tanh", "jax.nn.relu"), "relu"),
        "probabilities": (
            forward(
                'return x @ params[-1]["W"] + params[-1]["b"]',
                'return jax.nn.softmax(x @ params[-1]["W"] + params[-1]["b"])',
            ),
            "turned into probabilities",
        ),
        "tanh in numpy": (
            forward("jnp.tanh", "__import__('numpy').tanh"),
            "`jax.jit` cannot compile it",
        ),
        "two layers at most": (forward("params[:-1]", "params[:1]"), ""),
        "returns in the loop": (
            forward("    return x @", "        return x\n    return x @"),
            "",
        ),
        "scores not returned": (forward("return x", "scores = x"), NOT_RETURNED),
    },
)
OWN = "log_p[jnp.arange(len(labels)), labels]"
wrong(
    "cross_entropy",
    {
        "sum": (loss(f"-jnp.sum({OWN})"), "summed, not averaged"),
        "no minus": (loss(f"jnp.mean({OWN})"), "minus sign is missing"),
        "mean of everything": (
            loss("-jnp.mean(jax.nn.one_hot(labels, s.shape[1]) * log_p)"),
            "over points and classes",
        ),
        "base two": (loss(f"-jnp.mean({OWN}) / jnp.log(2)"), "base 2"),
        "one minus p": (loss(f"jnp.mean(1 - jnp.exp({OWN}))"), "without the logarithm"),
        "all classes": (loss("-jnp.mean(jnp.sum(log_p, axis=1))"), "all classes count"),
        "over the points": (
            loss("-jnp.mean(jax.nn.log_softmax(s, axis=0)[jnp.arange(len(labels)), labels])"),
            "over the points",
        ),
        "scores as they are": (
            loss("-jnp.mean(s[jnp.arange(len(labels)), labels])"),
            "without softmax",
        ),
        "overflow": (
            loss(f"-jnp.mean({OWN})").replace(
                "jax.nn.log_softmax(s)", "jnp.log(jnp.exp(s) / jnp.exp(s).sum(1, keepdims=True))"
            ),
            "NaN",
        ),
        "softmax guarded": (
            loss("-jnp.mean(jnp.log(jax.nn.softmax(s) + 1e-9)[jnp.arange(len(labels)), labels])"),
            "expected 500",
        ),
        "each point by itself": (loss(f"-{OWN}"), "shape"),
        "loss as a float": (loss(f"-float(jnp.mean({OWN}))"), "`jax.jit` cannot compile it"),
        "rows picked, not numbers": (loss("-jnp.mean(log_p[labels])"), ""),
    },
)
GRADIENT = "def gradient(params, x, labels):\n    "
wrong(
    "gradient",
    {
        "downhill": (
            GRADIENT + "return jax.tree.map(jnp.negative, grad(cross_entropy)(params, x, labels))",
            "turned round",
        ),
        "by the points": (
            "gradient = grad(cross_entropy, argnums=1)",
            "Got an array of shape (4, 2)",
        ),
        "the value": (
            GRADIENT + "return cross_entropy(params, x, labels)",
            "this is the value of `cross_entropy`, not",
        ),
        "value and slopes": (
            "gradient = jax.value_and_grad(cross_entropy)",
            "together with its slope",
        ),
        "the function": (GRADIENT + "return grad(cross_entropy)", "function"),
        "summed": (
            GRADIENT
            + "return jax.tree.map(lambda g: g * len(x), grad(cross_entropy)(params, x, labels))",
            "multiplied by the number of points",
        ),
        "last layer only": (
            GRADIENT
            + "*others, last = grad(cross_entropy)(params, x, labels)\n    "
            + "return [*jax.tree.map(jnp.zeros_like, others), last]",
            "are right",
        ),
    },
)
wrong(
    "momentum_step",
    {
        "uphill": (step("p - step_size", "p + step_size"), "uphill"),
        "no step size": (step("step_size * v, params", "v, params"), "the step size is not used"),
        "averaged gradient": (step("+ g", "+ (1 - beta) * g"), "multiplied by 1 - beta"),
        "gradient subtracted": (step("+ g", "- g"), "subtracted from the velocity"),
        "no velocity": (step("beta * v + g", "g"), "old velocity is not used"),
        "no beta": (step("beta * v", "v"), "not multiplied by beta"),
        "old velocity": (
            """
def momentum_step(params, velocity, grads, step_size, beta):
    new = jax.tree.map(lambda v, g: beta * v + g, velocity, grads)
    return jax.tree.map(lambda p, v: p - step_size * v, params, velocity), new
""",
            "takes the old velocity",
        ),
        "gradient for velocity": (
            step("step_size * v, params, velocity", "step_size * v, params, grads"),
            "takes the gradient",
        ),
        "velocity unchanged": (
            """
def momentum_step(params, velocity, grads, step_size, beta):
    new = jax.tree.map(lambda v, g: beta * v + g, velocity, grads)
    return jax.tree.map(lambda p, v: p - step_size * v, params, new), velocity
""",
            "the velocity comes back as it was",
        ),
        "parameters unchanged": (
            step("jax.tree.map(lambda p, v: p - step_size * v, params, velocity)", "params"),
            "the parameters come back as they were",
        ),
        "parameters alone": (
            step("params, velocity), velocity", "params, velocity)"),
            "expected 2 values",
        ),
        "dictionaries only": (
            """
def momentum_step(params, velocity, grads, step_size, beta):
    velocity = {k: beta * velocity[k] + grads[k] for k in velocity}
    return {k: params[k] - step_size * velocity[k] for k in params}, velocity
""",
            "TypeError",
        ),
    },
)
wrong(
    "train",
    {
        "never shuffled": (train(PERMUTED, "jnp.arange(len(x))"), "they are not shuffled"),
        "shuffled once": (
            train("subkey, len(x)", "first, len(x)").replace(
                "    losses = []", "    losses, first = [], key"
            ),
            "Both epochs have the same batches",
        ),
        "one batch only": (
            train("range(0, len(x), batch_size)", "range(0, batch_size, batch_size)"),
            "These are not the parameters",
        ),
        "the first batch again and again": (
            train("order[start : start + batch_size]", "order[:batch_size]"),
            "not each of the 300 points is used once",
        ),
        "drawn with replacement": (
            train(PERMUTED, "jax.random.randint(subkey, (len(x),), 0, len(x))"),
            "not each of the 300",
        ),
        "a batch left out": (
            train(
                "range(0, len(x), batch_size)",
                "range(0, max(len(x) - batch_size, batch_size), batch_size)",
            ),
            "not each of the 300",
        ),
        "batches of another size": (
            TRAIN.replace("batch_size):\n            batch", "30):\n            batch").replace(
                "start + batch_size", "start + 30"
            ),
            "not each of the 300",
        ),
        "labels stay behind": (
            train("labels[batch]", "labels[start : start + batch_size]"),
            "not with their points",
        ),
        "velocity anew in each step": (
            train(
                "            grads =",
                "            velocity = jax.tree.map(jnp.zeros_like, params)\n            grads =",
            ),
            "the velocity is not carried on",
        ),
        "velocity anew in each epoch": (
            train(
                "        order =",
                "        velocity = jax.tree.map(jnp.zeros_like, params)\n        order =",
            ),
            "the velocity is not carried on",
        ),
        "own step size": (
            train("grads, step_size, beta)", "grads, 0.1, beta)"),
            "`step_size` is not used",
        ),
        "own beta": (
            train("grads, step_size, beta)", "grads, step_size, 0.9)"),
            "`beta` is not used",
        ),
        "uphill in training": (
            train("grads, step_size, beta)", "grads, -step_size, beta)"),
            "the steps go uphill",
        ),
        "an epoch too few": (train("range(n_epochs)", "range(n_epochs - 1)"), "one epoch too few"),
        "an epoch too many": (
            train("range(n_epochs)", "range(n_epochs + 1)"),
            "one epoch too many",
        ),
        "return in the loop": (
            train("    return losses, params", "        return losses, params"),
            "Is the `return` inside",
        ),
        "a loss for each step": (
            TRAIN.replace(
                "        losses.append(float(cross_entropy(params, x, labels)))\n", ""
            ).replace(
                STEPS, STEPS + "            losses.append(cross_entropy(params, x, labels))\n"
            ),
            "shape",
        ),
        "the loss of the start": (
            train("float(cross_entropy(params,", "float(cross_entropy(begun,").replace(
                "    losses = []", "    losses, begun = [], params"
            ),
            "",
        ),
        "parameters first": (
            train("return losses, params", "return params, losses"),
            "Got a tuple of length 2",
        ),
        "nothing learned": (
            train("            params, velocity = ", "            _, velocity = "),
            "the parameters come back as they were",
        ),
    },
)
wrong(
    "fast_predict",
    {
        "smallest score": (predict("argmax", "argmin"), "smallest score"),
        "largest score, not its place": (predict("argmax", "max"), "expected whole numbers"),
        "compiled at every call": (
            predict(
                "fast_predict = jax.jit(jax.vmap(predict_one, in_axes=(None, 0)))",
                "def fast_predict(params, xs):\n"
                "    return jax.jit(jax.vmap(predict_one, in_axes=(None, 0)))(params, xs)",
            ),
            "traced and compiled anew",
        ),
        "not compiled": (
            predict(
                "jax.jit(jax.vmap(predict_one, in_axes=(None, 0)))",
                "jax.vmap(predict_one, in_axes=(None, 0))",
            ),
            "not compiled",
        ),
        "a python number": (
            predict(
                "return jnp.argmax(forward(params, x))",
                "return int(jnp.argmax(forward(params, x)))",
            ),
            "`jax.vmap` cannot map it",
        ),
        "parameters mapped as well": (predict(", in_axes=(None, 0)", ""), "ValueError"),
        "not mapped": (
            predict("jax.vmap(predict_one, in_axes=(None, 0))", "predict_one"),
            "Got a single number",
        ),
        "classes from one": (
            predict("jnp.argmax(forward(params, x))", "jnp.argmax(forward(params, x)) + 1"),
            "Got 2",
        ),
    },
)
wrong(
    "Dense",
    {
        "no bias": (dense("x @ self.W + self.b", "x @ self.W"), "the bias is missing"),
        "biases not counted": (dense(" + self.b.size", ""), "the biases are not counted"),
        "with tanh": (dense("x @ self.W + self.b", "jnp.tanh(x @ self.W + self.b)"), ""),
        "transposed": (dense("x @ self.W", "x @ self.W.T"), "TypeError"),
        "nothing kept": (dense("        self.b = b\n", "        pass\n"), "AttributeError"),
        "no call": (instead_of(DENSE, "__call__", "call"), "TypeError"),
        "numbers of its own": (dense("self.W = W", "self.W = jnp.ones_like(W)"), ""),
    },
)
