"""Values in the words of a sentence for a student. Trusted side during grading."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from autograder.remote import trees
from autograder.remote.wire import is_key, type_name

ORDINALS = ("first", "second", "third", "fourth", "fifth")


def described(value: Any) -> str:
    """What an answer is, in a few words: "a str", "None", "an array of shape (3,)"."""
    if is_key(value):
        return "a random key"
    if isinstance(value, np.ndarray):
        return described_shape(value.shape)
    if isinstance(value, Mapping):
        return f"a dict with the keys {described_keys(value)}"
    if (fields := trees.fields_of(value)) is not None:
        return described_record(type_name(value), fields)
    if isinstance(value, tuple | list):
        return f"a {type_name(value)} of length {len(value)}"
    return "None" if value is None else f"{article(type_name(value))} {type_name(value)}"


def article(noun: str) -> str:
    """ "a" or "an"."""
    return "an" if noun[:1].lower() in "aeiou" else "a"


def described_record(name: str, fields: tuple[str, ...]) -> str:
    """A named tuple or an instance of a dataclass: "a Layer with the fields W and b"."""
    return f"{article(name)} {name} with the fields {_few(fields)}"


def described_keys(mapping: Mapping[Any, Any]) -> str:
    """The first few keys, whatever a student chose for them."""
    return _few(
        repr(key)[:40] if isinstance(key, str) or abs(key) < 10**6 else "a huge number"
        for key in mapping
    )


def _few(texts: Iterable[str], most: int = 5) -> str:
    listed = [*texts]
    more = ["…"] if len(listed) > most else []
    return ", ".join(listed[:most] + more) or "none"


def described_shape(shape: tuple[int, ...]) -> str:
    """ "an array of shape (3,)", or "a single number"."""
    return f"an array of shape {shape}" if shape else "a single number"


def place(steps: tuple[tuple[Any, Any], ...], root: str) -> str:
    """Where something lies in an answer, to follow "Got None" or "The number".

    `steps` are the containers on the way there, each with the key, place or field that is taken.

    >>> place((), "answer"), place((({"w": 1.0}, "w"),), "answer")
    ('', " for the entry 'w'")
    >>> place((([{"w": 1.0}], 0), ({"w": 1.0}, "w")), "params")
    " at params[0]['w']"
    """
    if len(steps) > 1:
        return f" at {root}{''.join(trees.step(*step) for step in steps)}"
    return f" for {_entry(*steps[0])}" if steps else ""


def _entry(container: Any, key: Any) -> str:
    if isinstance(container, Mapping):
        return f"the entry {key!r}"
    if trees.fields_of(container) is not None:
        return f"the field {key}"
    return f"the {ORDINALS[key]} value" if key < len(ORDINALS) else f"value {key + 1}"


def written(value: Any) -> str:
    """A few numbers, or a text, as a sentence shows them: "1, 0.3333", "True", "'mean'"."""
    if isinstance(value, str):
        return repr(value)
    return ", ".join(_number(number) for number in np.ravel(value))


def _number(number: Any) -> str:
    return f"{number:.4g}" if np.asarray(number).dtype.kind in "fc" else str(number)
