"""Wrong answers to the lesson's exercises: each differs from a right one in a single fault."""

from __future__ import annotations

from tests.support.variants import (
    GRADIENT,
    LOOP,
    LOSS,
    MODEL,
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

WRONG: dict[str, tuple[str, str, str]] = {}
"""Name: the exercise with the fault, its source, and a piece of the explanation it must get."""


def wrong(exercise: str, answers: dict[str, tuple[str, str]]) -> None:
    assert not answers.keys() & WRONG.keys(), "two wrong answers of the same name"
    WRONG.update({name: (exercise, source, text) for name, (source, text) in answers.items()})


ONLY_W = "{**theta, 'w': theta['w'] - step_size * slope['w']}"
ONLY_B = "{**theta, 'b': theta['b'] - step_size * slope['b']}"
CROSSED = "{'w': theta['w'] - step_size * slope['b'], 'b': theta['b'] - step_size * slope['w']}"
NOT_RETURNED = "Did you forget a `return`?"

UPHILL_THEN_RECORDED = """
def model_optimization_loop(theta, model, loss, x, y, n_steps=5000, step_size=0.0001):
    losses = []
    for _ in range(n_steps):
        slope = grad(loss)(theta, model, x, y)
        theta = {k: theta[k] + step_size * slope[k] for k in theta}
        losses.append(loss(theta, model, x, y))
    return losses, theta
"""

wrong(
    "logistic_model",
    {
        "no bias": (model('logistic(theta["w"] * x)'), "the bias b is missing"),
        "bias subtracted": (model('logistic(theta["w"] * x - theta["b"])'), "b is subtracted"),
        "bias outside the bracket": (
            model('1 / (1 + jnp.exp(-theta["w"] * x + theta["b"]))'),
            "b is subtracted",
        ),
        "w and b swapped": (model('logistic(theta["b"] * x + theta["w"])'), "changed places"),
        "no logistic": (model("z"), "without passing through"),
        "minus sign lost in exp": (model("1 / (1 + jnp.exp(z))"), "class 0"),
        "w times everything": (
            model('logistic(theta["w"] * (x + theta["b"]))'),
            "w multiplies x + b",
        ),
        "no weight": (model('logistic(x + theta["b"])'), "w is missing"),
        "rounded": (model("jnp.round(logistic(z))"), "rounded"),
        "logistic twice": (model("logistic(logistic(z))"), "applied twice"),
        "tanh": (model("jnp.tanh(z)"), "tanh"),
        "hard sigmoid": (model("jnp.clip(z / 4 + 0.5, 0, 1)"), ""),
        "one not added": (model("1 / jnp.exp(-z)"), ""),
        "absolute weight": (model('logistic(jnp.abs(theta["w"]) * x + theta["b"])'), ""),
        "model not returned": (MODEL.replace("return ", "p = "), NOT_RETURNED),
        "column": (model("logistic(z)[:, None]"), ", 1)"),
        "table of all pairs": (model("logistic(z + 0 * x[:, None])"), "array of shape ("),
        "summed over the points": (model("jnp.sum(logistic(z))"), "a single number"),
        "classes as integers": (model("(logistic(z) > 0.5).astype(int)"), "int"),
        "classes as booleans": (model("logistic(z) > 0.5"), "bool"),
        "score and probability": (model("(z, logistic(z))"), ""),
        "text": (model("str(logistic(z))"), "str"),
        "nan": (model("logistic(z) / 0 * 0"), "NaN"),
        "two arguments to logistic": (model('logistic(theta["w"] * x, theta["b"])'), "TypeError"),
        "unknown name in the model": (model("sigmoid(z)"), "NameError"),
        "theta by number": (model("logistic(theta[0] * x + theta[1])"), "KeyError"),
        "theta ignored": (model("logistic(w_true * x + b_true)"), ""),
        "model in numpy": (model("1 / (1 + np.exp(-z))"), "JAX cannot differentiate it"),
        "model with its slope cut off": (
            model("jax.lax.stop_gradient(logistic(z))"),
            "not the slope that its values show",
        ),
    },
)

wrong(
    "logistic_loss",
    {
        "no minus": (loss("jnp.sum(binary_cross_entropy(y, p))"), "the minus sign is missing"),
        "mean": (loss("-jnp.mean(binary_cross_entropy(y, p))"), "loss is averaged over"),
        "mean without minus": (
            loss("jnp.mean(binary_cross_entropy(y, p))"),
            "averaged, and its minus sign is missing",
        ),
        "labels swapped": (loss("-jnp.sum(binary_cross_entropy(1 - y, p))"), "y and 1 - y"),
        "first term only": (loss("-jnp.sum(y * jnp.log(p))"), "the second term is missing"),
        "second term only": (
            loss("-jnp.sum((1 - y) * jnp.log(1 - p))"),
            "the first term is missing",
        ),
        "squared error": (loss("jnp.sum((p - y) ** 2)"), "squared error"),
        "absolute error": (loss("jnp.sum(jnp.abs(p - y))"), "absolute error"),
        "base two": (
            loss("-jnp.sum(y * jnp.log2(p) + (1 - y) * jnp.log2(1 - p))"),
            "base 2",
        ),
        "own model": (
            instead_of(LOSS, "model(params, x)", "logistic_model(params, x)"),
            "`logistic_model` is called",
        ),
        "p and y swapped": (
            loss("-jnp.sum(binary_cross_entropy(p, jnp.clip(y, 1e-7, 1 - 1e-7)))"),
            "the labels and the predictions",
        ),
        "arguments of the cross entropy swapped": (
            loss("-jnp.sum(binary_cross_entropy(p, y))"),
            "the labels and the predictions",
        ),
        "loss in numpy": (
            loss("-np.sum(y * np.log(p) + (1 - y) * np.log(1 - p))"),
            "JAX cannot differentiate it",
        ),
        "loss as a float": (
            loss("-float(jnp.sum(binary_cross_entropy(y, p)))"),
            "JAX cannot differentiate it",
        ),
        "no weight on the second term": (
            loss("-jnp.sum(y * jnp.log(p) + jnp.log(1 - p))"),
            "",
        ),
        "hard labels only": (loss("-jnp.sum(jnp.log(jnp.where(y == 1, p, 1 - p)))"), ""),
        "base ten": (loss("-jnp.sum(y * jnp.log10(p) + (1 - y) * jnp.log10(1 - p))"), ""),
        "half": (loss("-jnp.sum(binary_cross_entropy(y, p)) / 2"), ""),
        "with a penalty": (
            loss("-jnp.sum(binary_cross_entropy(y, p)) + params['w'] ** 2"),
            "penalty is added: 1 times w squared",
        ),
        "with half a penalty": (
            loss("-jnp.sum(binary_cross_entropy(y, p)) + 0.5 * params['w'] ** 2"),
            "penalty is added: 0.5 times w squared",
        ),
        "with a tenth of a penalty": (
            loss("-jnp.sum(binary_cross_entropy(y, p)) + params['w'] ** 2 / 10"),
            "penalty is added: 0.1 times w squared",
        ),
        "with a small penalty": (
            loss("-jnp.sum(binary_cross_entropy(y, p)) + 0.01 * jnp.square(params['w'])"),
            "",
        ),
        "with a penalty on both": (
            loss("-jnp.sum(binary_cross_entropy(y, p)) + params['w'] ** 2 + params['b'] ** 2"),
            "",
        ),
        "worst point only": (loss("-jnp.min(binary_cross_entropy(y, p))"), ""),
        "always a hundred points": (loss("-jnp.mean(binary_cross_entropy(y, p)) * 100"), ""),
        "labels ignored": (loss("-jnp.sum(binary_cross_entropy(jnp.round(p), p))"), ""),
        "coarse guard": (
            loss("-jnp.sum(binary_cross_entropy(y, jnp.clip(p, 0.35, 0.65)))"),
            "",
        ),
        "loss not returned": (LOSS.replace("return ", "total = "), NOT_RETURNED),
        "not summed": (loss("-binary_cross_entropy(y, p)"), "(8,)"),
        "summed, then kept in an array": (
            loss("-jnp.sum(binary_cross_entropy(y, p), keepdims=True)"),
            "(1,)",
        ),
        "all pairs of points": (loss("-jnp.sum(binary_cross_entropy(y[:, None], p))"), ""),
        "loss as text": (loss("'small'"), "str"),
        "logarithm of a negative": (loss("-jnp.sum(y * jnp.log(-p))"), "NaN"),
        "missing argument": (loss("-jnp.sum(binary_cross_entropy(y))"), "TypeError"),
        "unknown name in the loss": (loss("-jnp.sum(cross_entropy(y, p))"), "NameError"),
        "arguments to the model swapped": (
            instead_of(LOSS, "model(params, x)", "model(x, params)"),
            "",
        ),
    },
)

wrong(
    "dlogistic_loss",
    {
        "turned round": (gradient("{k: -v for k, v in g.items()}"), "sign is turned round"),
        "divided": (gradient("{k: v / len(y) for k, v in g.items()}"), "divided by the number"),
        "slopes swapped": (gradient("{'w': g['b'], 'b': g['w']}"), "changed places"),
        "zero for b": (gradient("{**g, 'b': 0.0}"), "slope for b is missing"),
        "zero for w": (gradient("{**g, 'w': 0.0}"), "slope for w is missing"),
        "with the step size": (
            gradient("{k: 0.0001 * v for k, v in g.items()}"),
            "step size 0.0001",
        ),
        "doubled": (gradient("{k: 2 * v for k, v in g.items()}"), "doubled"),
        "unit length": (
            gradient("{k: v / jnp.hypot(g['w'], g['b']) for k, v in g.items()}"),
            "length one",
        ),
        "the loss itself": (
            gradient("logistic_loss(params, model, x, y)"),
            "value of `logistic_loss`, not",
        ),
        "value and slope": (
            gradient("jax.value_and_grad(logistic_loss)(params, model, x, y)"),
            "together with its slope",
        ),
        "signs only": (gradient("{k: jnp.sign(v) for k, v in g.items()}"), "only the sign"),
        "with respect to the model": (
            "dlogistic_loss = grad(logistic_loss, argnums=1)",
            "TypeError",
        ),
        "with respect to x": ("dlogistic_loss = grad(logistic_loss, argnums=2)", "(8,)"),
        "with respect to y": ("dlogistic_loss = grad(logistic_loss, argnums=3)", "(8,)"),
        "gradient not called": (gradient("grad(logistic_loss)"), "of type function"),
        "gradient not returned": (GRADIENT.replace("    return g\n", ""), NOT_RETURNED),
        "one entry only": (gradient("{'w': g['w']}"), "keys"),
        "other names": (gradient("{'dw': g['w'], 'db': g['b']}"), "keys"),
        "pair of slopes": (gradient("(g['w'], g['b'])"), "tuple"),
        "array of slopes": (gradient("jnp.array([g['w'], g['b']])"), "array"),
        "slopes as integers": (
            gradient("{k: jnp.round(v).astype(int) for k, v in g.items()}"),
            "int64",
        ),
        "always at zero": (
            gradient("grad(logistic_loss)({'w': 0.0, 'b': 0.0}, model, x, y)"),
            "",
        ),
        "always for the own model": (
            gradient("grad(logistic_loss)(params, logistic_model, x, y)"),
            "`logistic_model` is used",
        ),
        "formula of the own model": (
            gradient("{'w': x @ (model(params, x) - y), 'b': jnp.sum(model(params, x) - y)}"),
            "formula of the logistic model alone",
        ),
        "one point at a time": (
            gradient("{k: v * jnp.ones_like(x) for k, v in g.items()}"),
            "(8,)",
        ),
        "without the last point": (
            gradient("grad(logistic_loss)(params, model, x[:-1], y[:-1])"),
            "",
        ),
        "slope of the model": (gradient("jax.jacfwd(model)(params, x)"), "(8,)"),
        "coarse difference": (
            """
def dlogistic_loss(params, model, x, y):
    here = logistic_loss(params, model, x, y)
    return {
        k: (logistic_loss({**params, k: params[k] + 0.01}, model, x, y) - here) / 0.01
        for k in params
    }
""",
            "",
        ),
        "slopes are nan": (gradient("{k: v * jnp.nan for k, v in g.items()}"), "NaN"),
        "unknown name in the gradient": (gradient("gradient(logistic_loss)"), "NameError"),
    },
)

START_NOT_RETURNED = "def init_theta(key):\n    theta = {'w': 1.0, 'b': jax.random.normal(key)}"

wrong(
    "init_theta",
    {
        "zeros": (start("0.0", "0.0"), "w and b are 0"),
        "other constants": (start("0.3745", "0.9507"), "Another key gives another"),
        "one key for both": (start("jax.random.normal(key)", "jax.random.normal(key)"), "same key"),
        "only w drawn": (start("jax.random.normal(key)", "0.0"), "only w is drawn"),
        "only b drawn": (start("0.5", "jax.random.normal(key)"), "Another key gives another"),
        "a key of its own": (
            start("*jax.random.normal(jax.random.key(2), 2)"),
            "Another key gives another",
        ),
        "drawn by numpy": (
            start("np.random.normal()", "np.random.normal()"),
            "two different answers to the same question",
        ),
        "two arrays": (start("*jax.random.normal(key, (2, 1))"), "(1,)"),
        "a pair": ("def init_theta(key):\n    return tuple(jax.random.normal(key, 2))", "tuple"),
        "an array": ("def init_theta(key):\n    return jax.random.normal(key, 2)", "array"),
        "other names for the two": (
            "def init_theta(key):\n    w, b = jax.random.normal(key, 2)\n"
            "    return {'weight': w, 'bias': b}",
            "keys",
        ),
        "start not returned": (START_NOT_RETURNED, NOT_RETURNED),
        "b follows from w": (
            start("jax.random.normal(key)", "2 * jax.random.normal(key)"),
            "From w one cannot work out b",
        ),
        "whole numbers": (start("*jax.random.randint(key, 2, 0, 3)"), "int"),
        "key for a seed": (start("*jax.random.normal(jax.random.key(key), 2)"), "TypeError"),
        "without numbers": (start("*jax.random.normal(key, 2) / 0 * 0"), "NaN"),
    },
)

wrong(
    "model_optimization_loop",
    {
        "uphill": (update("{k: theta[k] + step_size * slope[k] for k in theta}"), "uphill"),
        "no step size": (update("{k: theta[k] - slope[k] for k in theta}"), "size is not used"),
        "fixed step size": (
            update("{k: theta[k] - 0.0001 * slope[k] for k in theta}"),
            "fixed at 0.0001",
        ),
        "w only": (update(ONLY_W), "only w is updated"),
        "b only": (update(ONLY_B), "only b is updated"),
        "never updated": (update("{k: theta[k] for k in theta}"), "never updated"),
        "return in the loop": (
            loop("    return losses, theta", "        return losses, theta"),
            "only one step is taken",
        ),
        "sign of the slope": (
            update("{k: theta[k] - step_size * jnp.sign(slope[k]) for k in theta}"),
            "sign of the gradient",
        ),
        "replaced, not moved": (
            update("{k: -step_size * slope[k] for k in theta}"),
            "replaced by the step",
        ),
        "slopes crossed": (update(CROSSED), "changed places"),
        "step divided": (
            update("{k: theta[k] - step_size * slope[k] / len(x) for k in theta}"),
            "divided by the number",
        ),
        "step shrinks": (
            update("{k: theta[k] - step_size / (step + 1) * slope[k] for k in theta}"),
            "the step shrinks",
        ),
        "fixed number of steps": (loop("range(n_steps)", "range(30)"), ""),
        "one step too few": (loop("range(n_steps)", "range(1, n_steps)"), "one step too few"),
        "one step too many": (loop("range(n_steps)", "range(n_steps + 1)"), "one step too many"),
        "slope taken once": (
            LOOP.replace("grad(loss)", "grad(loss)(theta, model, x, y)").replace(
                "slope_of(theta, model, x, y)", "slope_of"
            ),
            "computed once",
        ),
        "w first, then b": (
            update(
                f"{ONLY_W}\n        slope = slope_of(theta, model, x, y)\n        theta = {ONLY_B}"
            ),
            "w has moved before",
        ),
        "weights decay": (
            update("{k: 0.99 * theta[k] - step_size * slope[k] for k in theta}"),
            "",
        ),
        "start ignored": (
            loop("losses = []", "losses, theta = [], {'w': 0.0, 'b': 0.0}"),
            "always starts from zeros",
        ),
        "returns the start": (
            loop("return losses, theta", "return losses, start").replace(
                "losses = []", "losses, start = [], theta"
            ),
            "never updated",
        ),
        "pair swapped": (loop("return losses, theta", "return theta, losses"), "other way round"),
        "theta only": (loop("return losses, theta", "return theta"), "pair"),
        "loop not returned": (loop("    return losses, theta\n", ""), NOT_RETURNED),
        "theta with other names": (
            loop(
                "return losses, theta", "return losses, {'weight': theta['w'], 'bias': theta['b']}"
            ),
            "keys",
        ),
        "uphill, losses after the update": (
            UPHILL_THEN_RECORDED,
            "uphill",
        ),
        "theta is nan": (update("{k: theta[k] - jnp.nan * slope[k] for k in theta}"), "NaN"),
        "no losses": (record("pass"), ""),
        "every second loss": (
            record("losses += [float(loss(theta, model, x, y))] * (step % 2 == 0)"),
            "",
        ),
        "loss of the start, again and again": (
            LOOP.replace("losses = []", "losses, start = [], theta").replace(
                "float(loss(theta,", "float(loss(start,"
            ),
            "",
        ),
        "losses averaged": (record("losses.append(float(loss(theta, model, x, y)) / len(x))"), ""),
        "always the gradient of logistic_loss": (
            loop("slope_of = grad(loss)", "slope_of = dlogistic_loss"),
            "`logistic_loss` is used",
        ),
        "always logistic_loss": (
            LOOP.replace("losses = []", "loss, losses = logistic_loss, []").replace(
                "slope_of = grad(loss)", "slope_of = grad(logistic_loss)"
            ),
            "`logistic_loss` is used",
        ),
        "always the own model": (
            loop(
                "slope = slope_of(theta, model, x, y)",
                "slope = slope_of(theta, logistic_model, x, y)",
            ),
            "`logistic_model` is used",
        ),
    },
)

wrong(
    "theta_clean",
    {
        "default step size": (clean("200", "0.0001"), ""),
        "too few steps": (clean("10", "0.02"), ""),
        "almost enough steps": (clean("100", "0.01"), ""),
        "step too large": (clean("60", "0.5"), ""),
        "step far too large": (clean("60", "1e6"), ""),
        "no steps": (clean("0", "0.02"), ""),
        "step size zero": (clean("70", "0.0"), ""),
        "uphill to the minimum": (clean("70", "-0.02"), ""),
        "step size nan": (clean("70", "float('nan')"), ""),
        "number of steps as a float": (clean("70.0", "0.02"), ""),
        "number of steps as text": (clean("'70'", "0.02"), "a number is asked for"),
        "number of steps in a list": (clean("[70]", "[0.02]"), ""),
        "a yes for a number": (clean("True", "0.02"), ""),
        "only the number of steps": (clean("70", "None"), "a number is asked for"),
        "steps without end": (clean("10**400", "0.02"), ""),
        "step size without end": (clean("70", "10**400"), ""),
        "more steps than count": (clean("5001", "0.02"), ""),
        "steps backwards": (clean("-70", "-0.02"), ""),
        "parameters instead of a choice": (
            clean("0", "0.02") + "theta_clean = {'w': 2.0, 'b': 1.0}",
            "",
        ),
    },
)
