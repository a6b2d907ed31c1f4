"""Replies to the questions of the gate: whether two say the same, and how the author reads them.

The values in them are as `remote.wire` encodes them, and they are looked at as they stand there.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from autograder.authoring.variations import number_of

CLOSE = 1e-9
"""Largest difference of two float64 answers relative to their largest number: sums in another
order differ by some 1e-15, and by more where a training loop carries that on."""
CLOSE_FLOAT32 = 1e-5
ROUNDING = 1e-13
"""The same relative to the square of the largest argument: an answer of 0 that is a difference of
large numbers."""
SHOWN = 6
"""Numbers of an array that are shown."""


def alike(
    right: dict[str, Any], other: dict[str, Any], question: str, close: float | None = None
) -> bool:
    """Whether two replies say the same: values that agree, or errors of one type.

    `close` is the largest difference relative to the largest number, if it is not `CLOSE`.
    """
    if right["status"] != other["status"]:
        return False
    if right["status"] == "ok":
        rounding = ROUNDING * (1 + _largest_argument(question)) ** 2
        return same(right["value"], other["value"], rounding, close)
    return bool(right.get("ename") == other.get("ename"))


def same(right: Any, other: Any, rounding: float = 0.0, close: float | None = None) -> bool:
    """Whether two values, as `remote.wire` encodes them, agree.

    A tuple stands for a list, a list of numbers for an array, and a number for an array without a
    dimension, as they do for the checks. Whole numbers, floats and truth values stay apart.
    """
    one, two = numbers_in(right), numbers_in(other)
    if one is not None or two is not None:
        return one is not None and two is not None and _close(one, two, rounding, close)
    if not (isinstance(right, list) and isinstance(other, list)):
        return bool(right == other)
    a, b = (["list", *v[1:]] if v[:1] == ["tuple"] else v for v in (right, other))
    if a[:1] == b[:1] == ["dict"]:
        a, b = (["dict", sorted(v[1], key=json.dumps)] for v in (a, b))
        if [key for key, _ in a[1]] != [key for key, _ in b[1]]:
            return False
    return len(a) == len(b) and all(same(x, y, rounding, close) for x, y in zip(a, b, strict=True))


def numbers_in(tree: Any) -> np.ndarray[Any, Any] | None:
    """The numbers of an array, a number, or nested lists of these; None for anything else."""
    match tree:
        case [("float" | "int" | "bool"), _] | ["array", _, _, _]:
            return number_of(tree)
        case [("list" | "tuple"), [*items]]:
            found = [numbers_in(item) for item in items]
            known = [numbers for numbers in found if numbers is not None]
            shapes = {numbers.shape for numbers in known}
            if found and len(known) == len(found) and len(shapes) == 1:
                return np.stack(known)
    return None


def _close(
    one: np.ndarray[Any, Any], two: np.ndarray[Any, Any], rounding: float, close: float | None
) -> bool:
    kinds = ["i" if array.dtype.kind == "u" else array.dtype.kind for array in (one, two)]
    if one.shape != two.shape or kinds[0] != kinds[1]:
        return False
    if kinds[0] in "ib":
        return bool(np.array_equal(one, two))
    single = np.float32 in (one.dtype, two.dtype)
    share = close or (CLOSE_FLOAT32 if single else CLOSE)
    with np.errstate(all="ignore"):
        scale = float(np.max(np.abs(one), initial=0.0, where=np.isfinite(one)))
        near = np.isclose(two, one, rtol=0, atol=rounding + scale * share, equal_nan=True)
    return bool(np.all(near))


def largest(tree: Any) -> float:
    """The largest number in a value, as `remote.wire` encodes it; infinite for what is none."""
    numbers = numbers_in(tree)
    if numbers is not None:
        if numbers.dtype.kind not in "iufc":
            return 0.0
        sizes = np.abs(numbers.astype(complex if numbers.dtype.kind == "c" else float))
        return float(np.max(np.where(np.isnan(sizes), math.inf, sizes), initial=0.0))
    return max((largest(part) for part in tree if isinstance(part, list)), default=0.0)


def _largest_argument(question: str) -> float:
    message = json.loads(question)
    return largest([*message.get("args", []), *message.get("kwargs", {}).values()])


# What the author reads ----------------------------------------------------------------------


def call(question: str) -> str:
    """A question as Python: "f({'w': 0.5}, [1, 2, 3], n_steps=2)"."""
    message = json.loads(question)
    said = "".join([message["name"], *map(_step, message.get("steps", []))])
    if "args" not in message:
        return f"`{said}`"
    return f"{said}({_arguments(message['args'], message['kwargs'])})"


def _step(step: list[Any]) -> str:
    match step:
        case ["call", args, kwargs]:
            return f"({_arguments(args, kwargs)})"
        case ["partial", kwargs]:
            return f".partial({_arguments([], kwargs)})"
        case ["attribute", name]:
            return f".{name}"
        case ["through", source]:
            return f".through({source!r})"
    return "…"


def _arguments(args: list[Any], kwargs: dict[str, Any]) -> str:
    named = (f"{name}={shown(tree)}" for name, tree in kwargs.items())
    return ", ".join([*map(shown, args), *named])


def told(reply: dict[str, Any], exact: bool = False) -> str:
    """A reply in a few words."""
    match reply:
        case {"status": "ok", "value": value}:
            return shown(value, exact)
        case {"status": "raised", "ename": name}:
            return f"a {name}"
        case {"status": "missing", "name": name}:
            return f"nothing (`{name}` is not defined)"
    return str(reply.get("sentence", "no answer"))


def shown(tree: Any, exact: bool = False) -> str:
    """A value as Python, shortened: "[0.1, 0.2, …]"."""
    numbers = numbers_in(tree)
    if numbers is not None:
        return _digits(numbers, exact)
    match tree:
        case ["dict", pairs]:
            return f"{{{', '.join(f'{shown(k)}: {shown(v, exact)}' for k, v in pairs)}}}"
        case [("list" | "tuple") as kind, items]:
            begins, ends = "[]" if kind == "list" else "()"
            return f"{begins}{', '.join(shown(item, exact) for item in items)}{ends}"
        case ["record", name, _, fields, items]:
            pairs = zip(fields, items, strict=True)
            return f"{name}({', '.join(f'{field}={shown(item, exact)}' for field, item in pairs)})"
        case ["source", text]:
            return f"given({text!r})"
        case ["ref", name, *steps]:
            return "".join([name, *map(_step, steps)])
        case ["key", _, data]:
            return f"key({shown(data)})"
        case ["str", text]:
            return repr(text)
        case ["none"]:
            return "None"
    return str(tree[-1]) if isinstance(tree, list) and tree else str(tree)


def _digits(numbers: np.ndarray[Any, Any], exact: bool) -> str:
    def one(value: Any) -> str:
        if numbers.dtype.kind not in "fc":
            return str(value)
        return f"{value:.17g}" if exact else f"{value:.4g}"

    if not numbers.shape:
        return one(numbers[()])
    flat = [one(value) for value in numbers.ravel()[:SHOWN]]
    more = ", …" if numbers.size > SHOWN else ""
    of = f" of shape {numbers.shape}" if numbers.ndim > 1 else ""
    return f"[{', '.join(flat)}{more}]{of}"
