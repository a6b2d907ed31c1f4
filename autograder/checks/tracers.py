"""What JAX's errors about tracers and devices say, in words of somebody who knows neither.

TRUSTED SIDE during grading.
"""

from __future__ import annotations

import re
from typing import NamedTuple

WHILE_TRACING = (
    "JAX runs a function once with stand-ins for its numbers, when it makes its slope (`grad`), "
    "compiles it (`jit`) or maps it (`vmap`)"
)


class Told(NamedTuple):
    """What happened, and what to look at next."""

    happened: str
    hint: str


TRACERS = {
    "TracerBoolConversionError": Told(
        f"{WHILE_TRACING}. An `if`, `while`, `and`, `or` or `not` then has to know whether "
        "something is true, and a stand-in does not say.",
        "`jnp.where(condition, a, b)` takes a or b number by number, and needs no `if`.",
    ),
    "ConcretizationTypeError": Told(
        f"{WHILE_TRACING}. Something then asks for the number itself, as `float(…)`, `int(…)` or "
        "`.item()` do, and a stand-in has none yet.",
        "Leave numbers as JAX gives them: does this line need its `float(…)` or `int(…)`?",
    ),
    "TracerArrayConversionError": Told(
        f"{WHILE_TRACING}. A function of NumPy, or of another library than JAX, is then handed "
        "such a stand-in, and cannot compute with it.",
        "Does it say `np.` or `math.` in this line? JAX's own functions begin with `jnp.`.",
    ),
    "TracerIntegerConversionError": Told(
        f"{WHILE_TRACING}. A whole number is then needed, as for `range(…)`, a shape or an index "
        "of a list, and a stand-in is none.",
        "How often a loop runs, how long an array is and which entry of a list is meant should "
        "follow from the shapes of arrays, or be a plain number of Python's.",
    ),
    "NonConcreteBooleanIndexError": Told(
        f"{WHILE_TRACING}. A condition in square brackets, as in `x[x > 0]`, then leaves nobody "
        "knows how many numbers, and JAX has to know the shape of each array.",
        "`jnp.where(x > 0, x, 0.0)` keeps the shape: what should stand where it does not hold?",
    ),
    "UnexpectedTracerError": Told(
        f"{WHILE_TRACING}. One of these stand-ins was kept, in a list or a name outside of the "
        "function, and used after that.",
        "Give back with `return` what you want to keep. Does the function change a list, a dict or "
        "a name that is made outside of it?",
    ),
}


DEVICE = re.compile(
    r"[Uu]nknown backend:? '?(\w+)|initialize backend '(\w+)'|devices of '([\w,]+)'"
)
"""What is said where a device is asked for that is not there; `remote.endpoint` has the last."""
NO_DEVICE = Told(
    "it asks for a device that grading does not have ({}). Grading computes on the processor.",
    "Grading computes on the processor and has no other device. Leave out the line that chooses "
    "one: JAX takes the best device that is there by itself.",
)


def in_plain_words(ename: str, evalue: str = "") -> str:
    """What happened, for a student, where the error is one of these; "" for any other error.

    `student` tells it in the place of JAX's own text. A check that traces a student's function
    puts before it what it was about to do: "JAX cannot compile it. JAX runs a function once …".

    >>> in_plain_words("TracerBoolConversionError").partition(" then ")[2]
    'has to know whether something is true, and a stand-in does not say.'
    >>> in_plain_words("RuntimeError", "Unknown backend: 'gpu' requested, but …").partition(". ")[0]
    'it asks for a device that grading does not have (gpu)'
    >>> in_plain_words("ValueError")
    ''
    """
    if asked := DEVICE.search(evalue):
        return NO_DEVICE.happened.format(next(filter(None, asked.groups())))
    return TRACERS[ename].happened if ename in TRACERS else ""
