"""Values as data: what crosses the boundary between the judge and a student's kernel.

A value becomes a small JSON tree in which arrays are dtype, shape and raw bytes. Nothing is
pickled and nothing that arrives is evaluated. `decode` trusts nothing: every size is checked
before memory is spent on it. Needs numpy, and for bfloat16 what jax brings; both sides use it.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.remote import trees

DTYPES = frozenset(
    ["bool", "complex64", "complex128", "bfloat16", "float16", "float32", "float64"]
    + [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
)

KEYS = {"threefry2x32": 2, "rbg": 4, "unsafe_rbg": 4}
"""The kinds of JAX's random keys, and how many whole numbers each is made of."""

LONGEST_NAME = 100  # of a class and its fields
MOST_CLASSES = 64

ACCEPTED = "expected numbers, arrays, text, or lists, tuples, dicts and dataclasses of these."

Make = Callable[[str, str, dict[str, Any]], Any]
"""Makes an instance of a class from its name, its module and its fields."""


@dataclass(frozen=True)
class Limits:
    """What one message may hold: the values in it together, whatever their encoding takes.

    `max_bytes` of numbers and text; `max_depth` levels of lists, tuples and dicts; `max_items`
    parts, where an array is one part, and a key of a dict is one as well.
    """

    max_bytes: int = 64 << 20
    max_depth: int = 16
    max_items: int = 100_000


class WireError(ValueError):
    """A value that cannot be sent, or a message that cannot be accepted. The text is a sentence."""


@dataclass(frozen=True)
class Ref:
    """Stands for the student's own object of this name. Sent to a kernel, never accepted back.

    `steps` lead on from it, encoded as in a request: see `endpoint.answer`.
    """

    name: str
    steps: tuple[Any, ...] = ()


@dataclass(frozen=True)
class GivenSource:
    """Stands for a function given as source. Sent to a kernel, never accepted from one."""

    text: str


def encode(value: object, limits: Limits = Limits()) -> list[Any]:
    """Turn a value into a JSON tree, for `decode` on the other side.

    Takes None, bool, int, float, complex, str, arrays of numbers (numpy, jax), random keys of
    `jax.random.key`, and lists, tuples, dicts (keys str or int), named tuples and dataclasses of
    these. The judge sends arguments so, a student's kernel answers.

    >>> encode({"w": [1.5, 2]})
    ['dict', [[['str', 'w'], ['list', [['float', '0x1.8000000000000p+0'], ['int', '0x2']]]]]]

    Numbers are written in hexadecimal: they come back to the last bit, in linear time. A scalar of
    numpy's or jax's arrives as an array of shape ().

    Raises
    ------
    WireError
        For any other type, with its place ("at [1]['W']"), or when a limit is exceeded.
    """
    return _Encoder(limits).encode(value, 0)


def _stand_in(name: str, module: str, fields: dict[str, Any]) -> Any:
    return trees.record(name, tuple(fields))(*fields.values())


def decode(tree: object, limits: Limits = Limits(), make: Make = _stand_in) -> Any:
    """Turn a JSON tree back into a value: Python scalars, numpy arrays, lists, tuples, dicts.

    The tree may come from anyone. Arrays are read-only. Instances of classes come as named tuples
    with the same fields, since the class itself may be anything; who trusts the sender says with
    `make` how they are made.

    >>> decode(["tuple", [["none"], ["float", "0x1.8p+0"]]])
    (None, 1.5)

    Raises
    ------
    WireError
        If the tree is malformed or exceeds a limit.
    """
    return _Decoder(limits, make).decode(tree, 0)


def dumps(message: dict[str, Any]) -> str:
    """A message as JSON text."""
    return json.dumps(message, separators=(",", ":"))


def loads(text: object, limits: Limits = Limits()) -> dict[str, Any]:
    """Parse a message that may come from anyone.

    Raises
    ------
    WireError
        If it is not a JSON object, or is too long or too deeply nested.
    """
    # base64 takes 4/3 of the raw size; the rest is room for the tree around it.
    if not isinstance(text, str) or len(text) > 2 * limits.max_bytes + 4096:
        raise WireError("The reply was not text of an acceptable size.")
    # Before it is parsed: each part takes hundreds of bytes then. An array has a few brackets.
    if text.count("[") + text.count("{") > 8 * limits.max_items + 64:
        raise WireError("The reply has too many parts.")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise WireError("The reply could not be read.") from None
    if not isinstance(message, dict):
        raise WireError("The reply could not be read.")
    return message


def type_name(value: object) -> str:
    """The type of a value in the words of an error message: "None", "float", "ndarray"."""
    return "None" if value is None else type(value).__name__


class _Counter:
    """Counts what a message holds against its limits."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.bytes = 0
        self.items = 0

    def count(self, depth: int) -> None:
        self.items += 1
        if depth > self.limits.max_depth:
            raise WireError(f"The value is nested more than {self.limits.max_depth} levels deep.")
        if self.items > self.limits.max_items:
            raise WireError(f"The value has more than {self.limits.max_items} parts.")

    def weigh(self, nbytes: int) -> None:
        self.bytes += nbytes
        if self.bytes > self.limits.max_bytes:
            raise WireError(f"The value is larger than {self.limits.max_bytes / 2**20:g} MiB.")


class _Encoder(_Counter):
    """Writes one message.

    Numbers and text go by their exact type: NumPy's float64 is a float, too, and goes as an array.
    """

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self.place: list[str] = []
        """The way to what is being written: ["[1]", "['W']"]."""

    def encode(self, value: object, depth: int) -> list[Any]:
        self.count(depth)
        if value is None:
            return ["none"]
        if type(value) is bool:
            return ["bool", value]
        if type(value) is int:
            self.weigh(len(hex(value)))
            return ["int", hex(value)]
        if type(value) is float:
            return ["float", value.hex()]
        if type(value) is str:
            self.weigh(len(value))
            return ["str", value]
        if isinstance(value, Ref):
            return ["ref", value.name, *value.steps]
        if isinstance(value, GivenSource):
            return ["source", value.text]
        if isinstance(value, Mapping):  # such as flax's FrozenDict
            return ["dict", [self._pair(value, key, depth) for key in value]]
        if (fields := trees.fields_of(value)) is not None:
            return self._record(value, fields, depth)
        if isinstance(value, tuple | list):
            kind = "tuple" if isinstance(value, tuple) else "list"
            return [kind, [self._item(value, n, item, depth) for n, item in enumerate(value)]]
        return self._array(value, depth)

    def _item(self, container: Any, key: Any, item: object, depth: int) -> list[Any]:
        self.place.append(trees.step(container, key))
        encoded = self.encode(item, depth + 1)
        self.place.pop()
        return encoded

    def _pair(self, container: Mapping[Any, Any], key: Any, depth: int) -> list[Any]:
        if not isinstance(key, str | int):
            raise self._cannot(f"a dict with keys of type {type_name(key)}")
        return [self.encode(key, depth + 1), self._item(container, key, container[key], depth)]

    def _record(self, value: Any, fields: tuple[str, ...], depth: int) -> list[Any]:
        if private := [field for field in fields if field.startswith("_")]:
            raise self._cannot(f"of type {type_name(value)}, with a field `{private[0]}`")
        pairs = [(field, getattr(value, field)) for field in fields]
        items = [self._item(value, field, item, depth) for field, item in pairs]
        kind = type(value)
        return ["record", kind.__name__, kind.__module__, [*fields], items]

    def _array(self, value: Any, depth: int) -> list[Any]:
        if not (isinstance(value, complex) or hasattr(value, "__array__")):
            raise self._cannot(f"of type {type_name(value)}")
        if is_key(value):
            return self._key(value, depth)
        self.weigh(int(getattr(value, "nbytes", 16)))  # before a copy is made
        array = np.asarray(value)
        array = array.astype(array.dtype.newbyteorder("="))  # a dtype's name has no byte order
        if array.dtype.name not in DTYPES:
            raise self._cannot(f"an array of dtype {array.dtype}")
        raw = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")
        return ["array", array.dtype.name, list(array.shape), raw]

    def _key(self, key: Any, depth: int) -> list[Any]:
        import jax

        if (kind := str(jax.random.key_impl(key))) not in KEYS:
            raise self._cannot(f"a random key of the kind {kind}")
        return ["key", kind, self._array(jax.random.key_data(key), depth)]

    def _cannot(self, what: str) -> WireError:
        place = f" at {''.join(self.place)}" if self.place else ""
        return WireError(f"The value{place} is {what}; {ACCEPTED}")


class _Decoder(_Counter):
    """Reads one message, which may come from anyone."""

    def __init__(self, limits: Limits, make: Make) -> None:
        super().__init__(limits)
        self.make = make
        self.classes: set[tuple[str, ...]] = set()

    def decode(self, tree: object, depth: int) -> Any:
        self.count(depth)
        if not (isinstance(tree, list) and tree and isinstance(tree[0], str)):
            raise WireError("The reply could not be read.")
        kind, *rest = tree
        # Whatever the kind is, this finds the readers below and nothing else.
        reader: Callable[..., Any] | None = getattr(self, f"_read_{kind}", None)
        try:
            if reader is None:
                raise TypeError(kind)
            return reader(depth, *rest)
        except (TypeError, ValueError, KeyError, OverflowError, binascii.Error) as error:
            if isinstance(error, WireError):
                raise
            raise WireError("The reply could not be read.") from None

    def _read_none(self, depth: int) -> None:
        return None

    def _read_bool(self, depth: int, value: object) -> bool:
        if not isinstance(value, bool):
            raise TypeError(value)
        return value

    def _read_int(self, depth: int, digits: str) -> int:
        self.weigh(len(digits))
        return int(digits, 16)  # takes linear time; decimal digits would take quadratic

    def _read_float(self, depth: int, digits: str) -> float:
        return float.fromhex(digits)

    def _read_str(self, depth: int, text: object) -> str:
        if not isinstance(text, str):
            raise TypeError(text)
        self.weigh(len(text))
        return text

    def _read_list(self, depth: int, items: list[object]) -> list[Any]:
        return [self.decode(item, depth + 1) for item in items]

    def _read_tuple(self, depth: int, items: list[object]) -> tuple[Any, ...]:
        return tuple(self._read_list(depth, items))

    def _read_dict(self, depth: int, pairs: list[list[object]]) -> dict[Any, Any]:
        decoded = {}
        for key_tree, value_tree in pairs:
            key = self.decode(key_tree, depth + 1)
            if not isinstance(key, str | int):
                raise TypeError(key)
            decoded[key] = self.decode(value_tree, depth + 1)
        return decoded

    def _read_array(self, depth: int, dtype_name: str, shape: list[int], raw: str) -> Any:
        if dtype_name not in DTYPES or len(shape) > self.limits.max_depth:
            raise TypeError(dtype_name)
        if not all(type(n) is int and n >= 0 for n in shape):
            raise TypeError(shape)
        dtype = _dtype(dtype_name)
        # An array with no numbers takes no memory, but (2**40, 0) has rows to walk along.
        self.weigh(math.prod(max(n, 1) for n in shape) * dtype.itemsize)
        nbytes = math.prod(shape) * dtype.itemsize
        data = base64.b64decode(raw, validate=True)
        if len(data) != nbytes:
            raise ValueError(shape)
        return np.frombuffer(data, dtype).reshape(shape)

    def _read_record(
        self, depth: int, name: str, module: str, fields: list[str], items: list[object]
    ) -> Any:
        for text in (name, *fields):
            if not (isinstance(text, str) and _is_name(text)):
                raise TypeError(text)
        if not isinstance(module, str) or len(set(fields)) != len(items):
            raise TypeError(module)
        self.classes.add((name, *fields))
        if len(self.classes) > MOST_CLASSES:  # each takes time to make
            raise WireError(f"The value has instances of more than {MOST_CLASSES} classes.")
        return self.make(
            name, module, dict(zip(fields, self._read_list(depth, items), strict=True))
        )

    def _read_key(self, depth: int, kind: str, tree: object) -> Any:
        import jax

        data = self.decode(tree, depth + 1)
        if not (isinstance(data, np.ndarray) and data.dtype == np.uint32 and data.ndim):
            raise TypeError(tree)
        if data.shape[-1] != KEYS[kind]:
            raise ValueError(data.shape)
        return jax.random.wrap_key_data(jax.numpy.asarray(data), impl=kind)


def is_key(value: object) -> bool:
    """Whether a value is a random key, or an array of keys, as `jax.random.key` makes them."""
    if isinstance(value, tuple | list):  # a named tuple may have a field `dtype`
        return False
    dtype = getattr(value, "dtype", None)
    if dtype is None or isinstance(dtype, np.dtype):
        return False
    import jax

    return bool(jax.numpy.issubdtype(dtype, jax.dtypes.prng_key))


def _is_name(text: str) -> bool:
    """Whether Python could have this as a name. It reads "ﬁ" as "fi", so two could become one."""
    short = len(text) <= LONGEST_NAME
    return short and text.isidentifier() and text == unicodedata.normalize("NFKC", text)


def _dtype(name: str) -> np.dtype[Any]:
    """The dtype of a name in DTYPES; NumPy gets bfloat16 from a package of jax's."""
    if name != "bfloat16":
        return np.dtype(name)
    import ml_dtypes

    return np.dtype(ml_dtypes.bfloat16)
