"""Wrong answers to the exercises of the linear lesson: a single fault in each."""

from __future__ import annotations

from tests.support.linear_variants import (
    GRADIENT,
    LOOP,
    LOSS,
    MODEL,
    SHARE,
    exact,
    fit,
    gradient,
    instead_of,
    loop,
    loss,
    model,
    share,
    update,
)

WRONG: dict[str, tuple[str, str, str]] = {}
"""Name: the exercise with the fault, its source, and a piece of the explanation it must get."""


def wrong(exercise: str, answers: dict[str, tuple[str, str]]) -> None:
    assert not answers.keys() & WRONG.keys(), "two wrong answers of the same name"
    WRONG.update({name: (exercise, source, text) for name, (source, text) in answers.items()})


NOT_RETURNED = "Did you forget a `return`?"
RECORD = "losses.append(float(loss(theta, model, x, y)))"

wrong(
    "linear_model",
    {
        "no bias": (model('x @ theta["w"]'), "the bias b is missing"),
        "bias subtracted": (model('x @ theta["w"] - theta["b"]'), "b is subtracted"),
        "bias for each column": (
            model('jnp.sum(x * theta["w"] + theta["b"], axis=1)'),
            "once for each column",
        ),
        "weights reversed": (model('x @ theta["w"][::-1] + theta["b"]'), "wrong order"),
        "mean along the row": (
            model('jnp.mean(x * theta["w"], axis=1) + theta["b"]'),
            "an average is taken",
        ),
        "two columns only": (
            model('theta["w"][0] * x[:, 0] + theta["w"][1] * x[:, 1] + theta["b"]'),
            "only the first two columns",
        ),
        "absolute values": (model('jnp.abs(x @ theta["w"] + theta["b"])'), "lost their signs"),
        "not added up": (model('x * theta["w"] + theta["b"]'), "array of shape (3, 2)"),
        "factors exchanged": (model('theta["w"] @ x + theta["b"]'), "TypeError"),
        "summed over everything": (model('jnp.sum(x * theta["w"]) + theta["b"]'), "single number"),
        "a column of predictions": (model('(x @ theta["w"] + theta["b"])[:, None]'), "(3, 1)"),
        "model not returned": (MODEL.replace("return ", "y = "), NOT_RETURNED),
        "theta by attribute": (model("x @ theta.w + theta.b"), "AttributeError"),
        "the parameters of the data": (
            model("x @ jnp.array([2.0, -1.0]) + 0.5"),
            "numbers do not change with the parameters",
        ),
        "model in numpy": (
            model('np.asarray(x) @ np.asarray(theta["w"]) + theta["b"]'),
            "JAX cannot differentiate it",
        ),
        "model cut off": (
            model('jax.lax.stop_gradient(x @ theta["w"]) + theta["b"]'),
            "not the slope that its values show",
        ),
        "rounded": (model('jnp.round(x @ theta["w"] + theta["b"])'), ""),
    },
)

wrong(
    "mse",
    {
        "sum for mean": (loss("jnp.sum(errors**2)"), "the squares are added up"),
        "not squared": (loss("jnp.mean(errors)"), "nothing is squared"),
        "absolute error": (loss("jnp.mean(jnp.abs(errors))"), "lose their signs"),
        "square of the mean": (loss("jnp.mean(errors) ** 2"), "mean of the errors is squared"),
        "root": (loss("jnp.sqrt(jnp.mean(errors**2))"), "square root"),
        "halved": (loss("jnp.mean(errors**2) / 2"), "halved"),
        "added": (instead_of(LOSS, "x) - y", "x) + y"), "are added, not subtracted"),
        "by the columns": (loss("jnp.sum(errors**2) / x.shape[1]"), "number of columns"),
        "own model": (
            instead_of(LOSS, "model(theta, x)", "linear_model(theta, x)"),
            "`linear_model` is called",
        ),
        "own formula": (
            instead_of(LOSS, "model(theta, x)", '(x @ theta["w"] + theta["b"])'),
            "the formula of the linear model",
        ),
        "not averaged": (loss("errors**2"), "(2,)"),
        "kept in an array": (loss("jnp.mean(errors**2, keepdims=True)"), "(1,)"),
        "all pairs": (instead_of(LOSS, "x) - y", "x)[:, None] - y"), ""),
        "loss not returned": (LOSS.replace("return ", "value = "), NOT_RETURNED),
        "arguments exchanged": (instead_of(LOSS, "model(theta, x)", "model(x, theta)"), "Error"),
        "model not called": (instead_of(LOSS, "model(theta, x)", "model"), "TypeError"),
        "loss in numpy": (
            loss("np.mean(np.asarray(errors) ** 2)"),
            "JAX cannot differentiate it",
        ),
        "loss as a float": (loss("float(jnp.mean(errors**2))"), "JAX cannot differentiate it"),
        "without the last point": (loss("jnp.sum(errors[:-1] ** 2) / len(y)"), ""),
        "always sixty days": (loss("jnp.sum(errors**2) / 60"), ""),
    },
)

wrong(
    "dmse",
    {
        "turned round": (gradient("{k: -v for k, v in g.items()}"), "sign is turned round"),
        "divided": (
            gradient("{k: v / len(y) for k, v in g.items()}"),
            "divided by the number",
        ),
        "doubled": (gradient("{k: 2 * v for k, v in g.items()}"), "doubled"),
        "no slope for b": (gradient("{**g, 'b': 0.0}"), "slope for b is missing"),
        "with the step size": (
            gradient("{k: 0.1 * v for k, v in g.items()}"),
            "step size 0.1 is already",
        ),
        "the loss itself": (gradient("mse(theta, model, x, y)"), "value of `mse`, not its slope"),
        "value and slope": (
            gradient("jax.value_and_grad(mse)(theta, model, x, y)"),
            "together with its slope",
        ),
        "formula of the linear model": (
            gradient("{'w': 2 * (model(theta, x) - y) @ x / len(y), "
                     "'b': 2 * jnp.mean(model(theta, x) - y)}"),
            "formula for the linear model alone",
        ),
        "the own model": (
            gradient("jax.grad(mse)(theta, linear_model, x, y)"),
            "`linear_model` is used",
        ),
        "gradient not called": (gradient("jax.grad(mse)"), "of type function"),
        "gradient not returned": (GRADIENT.replace("    return g\n", ""), NOT_RETURNED),
        "with respect to x": ("dmse = jax.grad(mse, argnums=2)", "array"),
        "one entry": (gradient("{'w': g['w']}"), "keys"),
        "one array": (gradient("jnp.append(g['w'], g['b'])"), "array"),
        "unknown name": (gradient("grad(mse)(theta, model, x, y)"), "NameError"),
    },
)  # fmt: skip

wrong(
    "train",
    {
        "uphill": (
            update("{k: theta[k] + step_size * slope[k] for k in theta}"),
            "uphill",
        ),
        "return in the loop": (
            loop("    return losses, theta", "        return losses, theta"),
            "Is the `return` inside the loop?",
        ),
        "no step size": (update("{k: theta[k] - slope[k] for k in theta}"), "size is not used"),
        "fixed step size": (
            update("{k: theta[k] - 0.1 * slope[k] for k in theta}"),
            "fixed at 0.1",
        ),
        "w only": (update("{**theta, 'w': theta['w'] - step_size * slope['w']}"), "only w is"),
        "never updated": (update("theta"), "never updated"),
        "replaced": (update("{k: -step_size * slope[k] for k in theta}"), "replaced by the step"),
        "divided by the days": (
            update("{k: theta[k] - step_size * slope[k] / len(y) for k in theta}"),
            "divided by the number",
        ),
        "one step too many": (loop("range(n_steps)", "range(n_steps + 1)"), "one step too many"),
        "one step too few": (loop("range(n_steps)", "range(1, n_steps)"), "one step too few"),
        "slope taken once": (
            LOOP.replace("jax.grad(loss)", "jax.grad(loss)(theta, model, x, y)").replace(
                "slope_of(theta, model, x, y)", "slope_of"
            ),
            "computed once",
        ),
        "start ignored": (
            loop("losses = []", "losses, theta = [], {'w': jnp.zeros(2), 'b': 0.0}"),
            "always starts from zeros",
        ),
        "pair exchanged": (loop("return losses, theta", "return theta, losses"), "other way round"),
        "theta only": (loop("return losses, theta", "return theta"), "pair"),
        "loop not returned": (loop("    return losses, theta\n", ""), NOT_RETURNED),
        "no losses": (loop(RECORD, "pass"), ""),
        "the first loss again and again": (
            loop(RECORD, "losses += [float(loss(start, model, x, y))]").replace(
                "losses = []", "losses, start = [], theta"
            ),
            "",
        ),
        "always mse": (
            LOOP.replace("jax.grad(loss)", "jax.grad(mse)"),
            "`mse` is used",
        ),
        "always the linear model": (
            loop("slope_of(theta, model, x, y)", "slope_of(theta, linear_model, x, y)"),
            "`linear_model` is used",
        ),
        "always dmse": (
            loop("slope_of(theta, model, x, y)", "dmse(theta, model, x, y)"),
            "`mse` is used",
        ),
        "a fixed number of steps": (loop("range(n_steps)", "range(100)"), ""),
    },
)

wrong(
    "least_squares",
    {
        "no column of ones": (
            exact("table = jnp.column_stack([x, jnp.ones(len(y))])", "table = x").replace(
                '{"w": v[:-1], "b": v[-1]}', '{"w": v, "b": 0.0}'
            ),
            "without the column of ones",
        ),
        "ones before, taken from the end": (
            exact("[x, jnp.ones(len(y))]", "[jnp.ones(len(y)), x]"),
            "stands before x",
        ),
        "ones after, taken from the front": (
            exact('{"w": v[:-1], "b": v[-1]}', '{"w": v[1:], "b": v[0]}'),
            "stands after x",
        ),
        "bias is the mean": (exact('"b": v[-1]', '"b": jnp.mean(y)'), "bias is the mean of y"),
        "each column by itself": (
            exact(
                '"w": v[:-1]',
                '"w": jnp.array([jnp.cov(c, y)[0, 1] / jnp.var(c, ddof=1) for c in x.T])',
            ),
            "each column is fitted by itself",
        ),
        "an array": (exact('return {"w": v[:-1], "b": v[-1]}', "return v"), "dict"),
        "all weights in w": (exact('"w": v[:-1]', '"w": v'), "(3,)"),
        "bias as an array": (exact('"b": v[-1]', '"b": v[-1:]'), "(1,)"),
        "everything lstsq gives": (exact("lstsq(table, y)[0]", "lstsq(table, y)"), ""),
        "a penalty": (
            exact(
                "jnp.linalg.lstsq(table, y)[0]",
                "jnp.linalg.solve(table.T @ table + 0.1 * jnp.eye(table.shape[1]), table.T @ y)",
            ),
            "",
        ),
        "closed form not returned": (exact("    return ", "    found = "), NOT_RETURNED),
    },
)

wrong(
    "theta_fit",
    {
        "the default step size": (fit("100", "0.1"), "at most 0.001 is asked for"),
        "crawling": (fit("100", "0.01"), "at most 0.1 is asked for"),
        "flying off": (fit("100", "0.5"), "at most 0.1 is asked for"),
        "flying off without end": (fit("100", "1e9"), "the steps are too large"),
        "too many steps": (fit("5000", "0.1"), "at most 100 steps"),
        "uphill to the minimum": (fit("100", "-0.3"), "at most 0.1 is asked for"),
        "no number": (fit("'100'", "0.3"), "a number is asked for"),
        "half a step": (fit("50.5", "0.3"), "whole number"),
    },
)

ERROR = "jnp.sum((y - prediction) ** 2)"
SPREAD = "jnp.sum((y - jnp.mean(y)) ** 2)"

WRONG_SHARES = {
    "one not subtracted": (share(f"{ERROR} / {SPREAD}"), "perfect"),
    "exchanged": (share(f"1 - {ERROR} / {SPREAD.replace('y', 'prediction')}"), "mean of y"),
    "for each day": (share(f"1 - (y - prediction) ** 2 / {SPREAD}"), "one number"),
    "mean over sum": (share(f"1 - {ERROR.replace('sum', 'mean')} / {SPREAD}"), "mean of y"),
    "without the mean": (share(f"1 - {ERROR} / jnp.sum(y**2)"), "mean of y"),
    "absolute": (share("1 - jnp.sum(abs(y - prediction)) / jnp.sum(abs(y - jnp.mean(y)))"), "14"),
    "never below 0": (share(f"jnp.maximum(0, 1 - {ERROR} / {SPREAD})"), "far below 0"),
    "the correlation": (
        share("jnp.corrcoef(y, prediction + 1e-3 * jnp.arange(len(y)))[0, 1] ** 2"),
        "mean of y",
    ),
    "not returned": (SHARE.replace("return ", "share = "), "`return`"),
}
"""Wrong answers to the exercise of the plain test cell, and a piece of what its error says."""
