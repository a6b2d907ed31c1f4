"""Pytrees: dicts, lists, tuples, named tuples and dataclasses, in one another. BOTH SIDES.

`jax.tree` walks them as well, and is what lessons use. It sorts the keys of a dict, raises where
they are of two types, leaves None out and knows no dataclass that is not registered; a sentence for
a student speaks of the first entry that is wrong, in the order in which the author wrote them.
"""

from __future__ import annotations

import copy
import dataclasses
from collections import OrderedDict, namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

MOST_FIELDS = 255


def fields_of(value: Any) -> tuple[str, ...] | None:
    """The fields of a named tuple or a dataclass, in order; None for anything else.

    >>> fields_of(record("Layer", ("W", "b"))(1.0, 2.0)), fields_of((1.0, 2.0))
    (('W', 'b'), None)
    """
    if isinstance(value, tuple):
        fields = getattr(value, "_fields", None)
        return tuple(fields) if isinstance(fields, tuple) else None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return tuple(field.name for field in dataclasses.fields(value))
    return None


def items(value: Any) -> list[tuple[Any, Any]] | None:
    """What a container holds, each with its key, its place or the name of its field.

    None is for a leaf: an array, a number, a text, None, or whatever else is no container.

    >>> items({"w": 1.0}), items([2.0]), items(2.0)
    ([('w', 1.0)], [(0, 2.0)], None)
    """
    if isinstance(value, Mapping):
        return [*value.items()]
    if (fields := fields_of(value)) is not None:
        return [(field, getattr(value, field)) for field in fields]
    return [*enumerate(value)] if isinstance(value, tuple | list) else None


def rebuilt(value: Any, parts: Sequence[Any]) -> Any:
    """A container like `value` with other things in it, in the order of `items`.

    >>> rebuilt({"w": 1.0, "b": 2.0}, [3.0, 4.0])
    {'w': 3.0, 'b': 4.0}
    """
    if isinstance(value, Mapping):
        made = OrderedDict if isinstance(value, OrderedDict) else dict
        return made(zip(value, parts, strict=True))
    if (fields := fields_of(value)) is not None:
        named = dict(zip(fields, parts, strict=True))
        return type(value)(*parts) if isinstance(value, tuple) else _changed(value, named)
    return tuple(parts) if isinstance(value, tuple) else [*parts]


def _changed(instance: Any, fields: Mapping[str, Any]) -> Any:
    """A copy of a dataclass's instance with other fields, those that `__init__` does not take too.

    Its `__post_init__` does not run: it may refuse what is no number, such as a tracer of JAX's.
    """
    changed = copy.copy(instance)
    for name, value in fields.items():
        object.__setattr__(changed, name, value)
    return changed


def leaves(value: Any) -> list[Any]:
    """All that is no container, in order; None is a leaf as well.

    >>> leaves([{"W": 1.0, "b": 2.0}, None])
    [1.0, 2.0, None]
    """
    inside = items(value)
    return [value] if inside is None else [leaf for _, item in inside for leaf in leaves(item)]


def mapped(change: Callable[[Any], Any], value: Any) -> Any:
    """The same tree with `change(leaf)` for every leaf; itself, where that changes none.

    >>> mapped(lambda leaf: 2 * leaf, {"w": 1.0, "b": [2.0]})
    {'w': 2.0, 'b': [4.0]}
    """
    inside = items(value)
    if inside is None:
        return change(value)
    parts = [mapped(change, item) for _, item in inside]
    same = all(part is item for part, (_, item) in zip(parts, inside, strict=True))
    return value if same else rebuilt(value, parts)


def together(change: Callable[[Any, Any], Any], value: Any, other: Any) -> Any:
    """A tree like `value` with `change(leaf, leaf of other)` for every leaf.

    The two have one structure; the keys of a dict may come in another order, as from `jax.grad`.

    >>> together(lambda p, g: p - g, {"w": 3.0, "b": 1.0}, {"b": 0.5, "w": 1.0})
    {'w': 2.0, 'b': 0.5}
    """
    inside = items(value)
    if inside is None:
        return change(value, other)
    pairs = [(item, part(other, number, key)) for number, (key, item) in enumerate(inside)]
    return rebuilt(value, [together(change, one, another) for one, another in pairs])


def part(container: Any, number: int, key: Any) -> Any:
    """What a container has for a key or a field; or at a place, where the key is no field of it."""
    if isinstance(container, Mapping):
        return container[key]
    return getattr(container, key) if key in (fields_of(container) or ()) else container[number]


def refilled(value: Any, new: Iterator[Any]) -> Any:
    """The same tree with the next of `new` for every leaf.

    >>> refilled([{"W": 1.0}, 2.0], iter("ab"))
    [{'W': 'a'}, 'b']
    """
    return mapped(lambda _: next(new), value)


def step(container: Any, key: Any) -> str:
    """How a part of a container is written in Python: "['w']", "[0]", ".W"."""
    return f".{key}" if fields_of(container) is not None else f"[{key!r}]"


@lru_cache(maxsize=256)
def record(name: str, fields: tuple[str, ...]) -> Callable[..., Any]:
    """A named tuple's class: it stands for a class that this side does not have.

    Raises
    ------
    ValueError
        If a name is no name, or there are more than `MOST_FIELDS` fields.
    """
    if len(fields) > MOST_FIELDS:
        raise ValueError(f"{len(fields)} fields")
    return namedtuple(name, fields)
