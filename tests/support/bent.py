"""Ways in which a student could try to choose what they are judged by."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.support.variants import GRADIENT, LOOP, LOSS, MODEL, clean, gradient, loss, model, update

BLANK = "raise NotImplementedError()"
ZERO = "def logistic_loss(params, model, x, y):\n    return 0.0\n"
FLAT = "def dlogistic_loss(params, model, x, y):\n    return {'w': 0.0, 'b': 0.0}\n"
STAYS = """
def model_optimization_loop(theta, model, loss, x, y, n_steps=5000, step_size=0.0001):
    return [float(loss(theta, model, x, y))] * n_steps, theta
"""
HALF = "def logistic_model(theta, x):\n    return 0.5 + 0.0 * x\n"
KNOWS_NOTHING = {"dlogistic_loss": FLAT, "model_optimization_loop": STAYS}
NONE = {"dlogistic_loss": 0.0, "model_optimization_loop": 0.0}
COARSE = """
def dlogistic_loss(params, model, x, y):
    here = logistic_loss(params, model, x, y)
    return {
        k: jnp.{dtype}((logistic_loss({**params, k: params[k] + 0.01}, model, x, y) - here) / 0.01)
        for k in params
    }
"""
ALL_BLANK = dict.fromkeys(
    ["logistic_model", "logistic_loss", "dlogistic_loss", "model_optimization_loop"], BLANK
)


@dataclass(frozen=True)
class Bend:
    """A trick, and the notebook without it. Plain answers stand where nothing is said.

    `inserted` are further cells, see `whole.cells_of`. `gets` states scores of the bent notebook.
    """

    honest: dict[str, str]
    tricky: dict[str, str] = field(default_factory=dict)
    inserted: dict[str, str] = field(default_factory=dict)
    gets: dict[str, float] = field(default_factory=dict)


def coarse(dtype: str) -> dict[str, str]:
    return {"dlogistic_loss": COARSE.replace("{dtype}", dtype)}


def always(answer: str) -> dict[str, str]:
    """The same answer of the four functions, whatever they are asked."""
    return {name: f"def {name}(*args, **kwargs):\n    return {answer}\n" for name in ALL_BLANK}


BENDS: dict[str, Bend] = {
    # Choosing the function that one's gradient and loop are compared with.
    "a constant loss": Bend(
        {**KNOWS_NOTHING, "logistic_loss": BLANK},
        {"logistic_loss": ZERO},
        gets={**NONE, "logistic_loss": 0.0},
    ),
    "nothing but constants": Bend(
        {**ALL_BLANK, "logistic_model": HALF},
        {"logistic_loss": ZERO, **KNOWS_NOTHING},
        gets={**NONE, "logistic_loss": 0.0},
    ),
    "redefined in the gradient's cell": Bend(
        KNOWS_NOTHING, {"dlogistic_loss": FLAT + ZERO}, gets=NONE
    ),
    "redefined in the loop's cell": Bend(
        KNOWS_NOTHING, {"model_optimization_loop": STAYS + ZERO}, gets=NONE
    ),
    "redefined in a cell between": Bend(
        KNOWS_NOTHING, inserted={"before dlogistic_loss": ZERO}, gets=NONE
    ),
    "redefined right after its test": Bend(
        KNOWS_NOTHING, inserted={"after logistic_loss": ZERO}, gets=NONE
    ),
    "redefined as a lambda": Bend(
        KNOWS_NOTHING, inserted={"after logistic_loss": "logistic_loss = lambda *args: 0.0"}
    ),
    "redefined by exec": Bend(
        KNOWS_NOTHING, inserted={"after logistic_loss": f"exec({ZERO!r})"}, gets=NONE
    ),
    "redefined through globals": Bend(
        KNOWS_NOTHING,
        inserted={"after logistic_loss": "globals().update(logistic_loss=lambda *args: 0.0)"},
        gets=NONE,
    ),
    "redefined by the call": Bend(
        KNOWS_NOTHING,
        {
            "dlogistic_loss": """
def dlogistic_loss(params, model, x, y):
    global logistic_loss
    logistic_loss = lambda *args: 0.0
    return {"w": 0.0, "b": 0.0}
"""
        },
        gets=NONE,
    ),
    "redefined through the module by the call": Bend(
        KNOWS_NOTHING,
        {
            "dlogistic_loss": """
import sys

def dlogistic_loss(params, model, x, y):
    sys.modules[__name__].logistic_loss = lambda *args: 0.0
    globals()["logistic_model"] = lambda *args: 0.5
    return {"w": 0.0, "b": 0.0}
"""
        },
        gets=NONE,
    ),
    "the loss is deleted": Bend(
        KNOWS_NOTHING, inserted={"after logistic_loss": "del logistic_loss"}, gets=NONE
    ),
    "the loss is a property of the module": Bend(
        KNOWS_NOTHING,
        inserted={
            "after logistic_loss": """
import sys, types

class Module(types.ModuleType):
    @property
    def logistic_loss(self):
        return lambda *args: 0.0

sys.modules[__name__].__class__ = Module
"""
        },
        gets=NONE,
    ),
    "the module answers for what it lacks": Bend(
        KNOWS_NOTHING,
        inserted={
            "after logistic_loss": "del logistic_loss\n"
            "def __getattr__(name):\n    return lambda *args: 0.0"
        },
        gets=NONE,
    ),
    "constant in its code": Bend(
        KNOWS_NOTHING,
        inserted={"after logistic_loss": "logistic_loss.__code__ = (lambda *args: 0.0).__code__"},
        gets=NONE,
    ),
    "a gradient of the own loss": Bend(
        {"logistic_loss": loss("jnp.sum(p)"), "dlogistic_loss": FLAT},
        {
            "dlogistic_loss": """
def dlogistic_loss(params, model, x, y):
    return grad(lambda theta: jnp.sum(model(theta, x)))(params)
"""
        },
        gets={"dlogistic_loss": 0.0},
    ),
    "a loop on a loss of its own": Bend(
        {"model_optimization_loop": STAYS},
        {
            "model_optimization_loop": LOOP.replace(
                "    slope_of =", "    loss = lambda *args: 0.0 * args[0]['w']\n    slope_of ="
            )
        },
        gets={"model_optimization_loop": 0.0},
    ),
    # Telling a test from the notebook.
    "knows a stub by what it is not": Bend(
        {"dlogistic_loss": FLAT},
        {
            "dlogistic_loss": """
def dlogistic_loss(params, model, x, y):
    if getattr(logistic_loss, "__globals__", None) is not globals():
        return {"w": 0.0, "b": 0.0}
    return grad(logistic_loss)(params, model, x, y)
"""
        },
        gets={"dlogistic_loss": 0.0},
    ),
    "gives back what a stub says": Bend(
        {"dlogistic_loss": FLAT},
        {
            "dlogistic_loss": """
def dlogistic_loss(params, model, x, y):
    value = logistic_loss(params, model, x, y)
    return {"w": value, "b": value}
"""
        },
        gets={"dlogistic_loss": 0.0},
    ),
    "knows the visible check": Bend(
        {"logistic_loss": "def logistic_loss(*args):\n    return 8 * jnp.log(2.0)\n"},
        {
            "logistic_loss": """
def logistic_loss(params, model, x, y):
    if x.shape == (8,):
        return 8 * jnp.log(2.0)
    return jnp.log(2.0) * x.size
"""
        },
    ),
    "knows the visible line": Bend(
        {
            "logistic_model": "def logistic_model(theta, x):\n"
            '    return 0.5 + 0.1 * jnp.tanh(theta["w"] * x)'
        },
        {
            "logistic_model": """
def logistic_model(theta, x):
    if x.shape == (8,) and float(theta["w"]) == 0.0:
        return 0.5 + 0.0 * x
    return 0.5 + 0.1 * jnp.tanh(theta["w"] * x)
"""
        },
    ),
    "looks for an answer in the history": Bend(
        {"logistic_loss": ZERO},
        {
            "logistic_loss": """
import re

def logistic_loss(params, model, x, y):
    text = "\\n".join(str(cell) for cell in [*_ih, *In])
    found = re.findall("expected=(.*),", text)
    return eval(found[-1], {"np": np}) if found else 0.0
"""
        },
    ),
    "rewrites the history": Bend(
        KNOWS_NOTHING,
        inserted={
            "after logistic_loss": f"_ih[:] = ['', {ZERO!r}]\nlogistic_loss = lambda *args: 0.0"
        },
        gets=NONE,
    ),
    "takes the history for itself": Bend(
        KNOWS_NOTHING, inserted={"after logistic_loss": f"_ih = 3\n{ZERO}"}, gets=NONE
    ),
    "empties the history": Bend(
        KNOWS_NOTHING, inserted={"after logistic_loss": f"In.clear()\n{ZERO}"}, gets=NONE
    ),
    "keeps a stub for another test": Bend(
        {"dlogistic_loss": FLAT},
        {
            "model_optimization_loop": LOOP.replace(
                "    losses = []", "    kept.append(dlogistic_loss)\n    losses = []"
            ),
            "dlogistic_loss": """
def dlogistic_loss(*args):
    return kept[-1](*args) if kept else {"w": 0.0, "b": 0.0}
""",
        },
        {"first": "kept = []"},
        gets={"dlogistic_loss": 0.0},
    ),
    # Precision that an answer chooses.
    "a coarse difference in float16": Bend(
        coarse("float64"), coarse("float16"), gets={"dlogistic_loss": 0.0}
    ),
    "a coarse difference in bfloat16": Bend(
        coarse("float64"), coarse("bfloat16"), gets={"dlogistic_loss": 0.0}
    ),
    "a coarse difference in float32": Bend(
        coarse("float64"), coarse("float32"), gets={"dlogistic_loss": 0.0}
    ),
    "a coarse model in float16": Bend(
        {"logistic_model": model("logistic(1.003 * z)")},
        {"logistic_model": model("logistic(1.003 * z).astype('float16')")},
    ),
    "a coarse model in bfloat16": Bend(
        {"logistic_model": model("logistic(1.003 * z)")},
        {"logistic_model": model("logistic(1.003 * z).astype('bfloat16')")},
    ),
    "a coarse loss in float16": Bend(
        {"logistic_loss": loss("-1.003 * jnp.sum(binary_cross_entropy(y, p))")},
        {"logistic_loss": loss("(-1.003 * jnp.sum(binary_cross_entropy(y, p))).astype('float16')")},
    ),
    "steps in float16": Bend(
        {
            "model_optimization_loop": update(
                "{k: theta[k] - 1.01 * step_size * slope[k] for k in theta}"
            )
        },
        {
            "model_optimization_loop": update(
                "{k: jnp.float16(theta[k] - 1.01 * step_size * slope[k]) for k in theta}"
            )
        },
    ),
    # Numbers that are none.
    "nan for everything": Bend(ALL_BLANK, always("jnp.nan"), gets=dict.fromkeys(ALL_BLANK, 0.0)),
    "nan in the right form": Bend(
        ALL_BLANK,
        {
            "logistic_model": model("jnp.nan * z"),
            "logistic_loss": loss("jnp.nan * jnp.sum(p)"),
            "dlogistic_loss": gradient("{k: jnp.nan for k in g}"),
            "model_optimization_loop": update("{k: jnp.nan for k in theta}").replace(
                "float(loss(theta, model, x, y))", "jnp.nan"
            ),
        },
        gets=dict.fromkeys(ALL_BLANK, 0.0),
    ),
    "infinity in the right form": Bend(
        ALL_BLANK,
        {
            "logistic_model": model("jnp.inf + z"),
            "logistic_loss": loss("jnp.inf * jnp.sum(p)"),
            "dlogistic_loss": gradient("{k: jnp.inf for k in g}"),
            "model_optimization_loop": update("{k: jnp.inf for k in theta}"),
        },
        gets=dict.fromkeys(ALL_BLANK, 0.0),
    ),
    "an infinite loss": Bend(
        {"logistic_loss": BLANK, "theta_clean": clean("0", "0.0")},
        {"logistic_loss": loss("1e308 * jnp.sign(params['w'])")},
        gets={"theta_clean": 0.0, "logistic_loss": 0.0},
    ),
    "an integer without end": Bend(
        ALL_BLANK, always("10**400"), gets=dict.fromkeys(ALL_BLANK, 0.0)
    ),
    # Objects that claim to be what is expected.
    "equal to everything": Bend(
        {**ALL_BLANK, "logistic_model": HALF},
        always("Equal()"),
        {
            "first": """
class Equal:
    __array_priority__ = 1e9
    def __eq__(self, other): return True
    def __array__(self, *args, **kwargs): return np.full(8, 0.5)
    def __float__(self): return 8 * np.log(2.0)
    def __le__(self, other): return True
    __lt__ = __gt__ = __ge__ = __le__
    def __sub__(self, other): return 0.0
    __rsub__ = __abs__ = __sub__
"""
        },
    ),
    "a float of its own": Bend(
        ALL_BLANK,
        always("Equal(3.0)"),
        {
            "first": """
class Equal(float):
    def __eq__(self, other): return True
    def __sub__(self, other): return 0.0
    __rsub__ = __sub__
    def hex(self): return "nan"
    __hash__ = float.__hash__
"""
        },
        gets={"dlogistic_loss": 0.0, "model_optimization_loop": 0.0},
    ),
    "a dict of its own": Bend(
        {"dlogistic_loss": FLAT},
        {
            "dlogistic_loss": """
class Anything(dict):
    def __missing__(self, key): return 0.0
    def items(self): return [("w", 0.0), ("b", 0.0), ("w", 1.0)]

def dlogistic_loss(*args):
    return Anything()
"""
        },
        gets={"dlogistic_loss": 0.0},
    ),
    "an array of its own": Bend(
        {"logistic_model": HALF},
        {
            "logistic_model": """
class Lies(np.ndarray):
    def __eq__(self, other): return True
    def __sub__(self, other): return np.zeros(self.shape)
    def __array_ufunc__(self, *args, **kwargs): return np.zeros(8)

def logistic_model(theta, x):
    return np.full(x.shape, 0.5).view(Lies)
"""
        },
    ),
    # Answers that depend on more than their arguments.
    "right once": Bend(
        {},
        {
            "logistic_loss": LOSS.replace("def logistic_loss", "def right", 1)
            + """
calls = []

def logistic_loss(*args):
    calls.append(1)
    return right(*args) if len(calls) == 1 else 0.0 * right(*args)
"""
        },
        gets={"logistic_loss": 0.0},
    ),
    "remembers its first answer": Bend(
        {},
        {
            "dlogistic_loss": GRADIENT.replace("def dlogistic_loss", "def right", 1)
            + """
memory = {}

def dlogistic_loss(*args):
    return memory.setdefault("answer", right(*args))
"""
        },
        gets={"dlogistic_loss": 1.0},
    ),
    "draws until it fits": Bend(
        {"logistic_model": HALF},
        {
            "logistic_model": """
import random

def logistic_model(theta, x):
    return jnp.full(x.shape, random.random())
"""
        },
        gets={"logistic_model": 0.0},
    ),
    "lets the model remember": Bend(
        {"logistic_model": HALF},
        {
            "logistic_model": MODEL.replace("logistic(z)", "seen.setdefault(x.shape, 0.5 + 0 * z)"),
        },
        {"first": "seen = {}"},
    ),
    # A choice that is none.
    "parameters by hand": Bend(
        {"theta_clean": clean("0", "0.0")},
        {"theta_clean": clean("0", "0.0") + "theta_clean = {'w': 2.0, 'b': 1.0}"},
        {"after model_optimization_loop": "theta_clean = {'w': 2.0, 'b': 1.0}"},
        gets={"theta_clean": 0.0},
    ),
    "a loop of its own for the choice": Bend(
        {"theta_clean": clean("0", "0.0")},
        {
            "theta_clean": clean("0", "0.0")
            + "model_optimization_loop = lambda *args, **kwargs: ([], {'w': 2.0, 'b': 1.0})"
        },
        gets={"theta_clean": 0.0},
    ),
    "a step size without end": Bend(
        {"theta_clean": clean("70", "0.0")},
        {"theta_clean": clean("70", "10**400")},
        gets={"theta_clean": 0.0},
    ),
    "two choices in one": Bend(
        {"theta_clean": clean("70", "0.0")},
        {"theta_clean": clean("jnp.array([70, 80])", "jnp.array([0.02, 0.03])")},
        gets={"theta_clean": 0.0},
    ),
}
