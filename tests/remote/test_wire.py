"""Values as data: what is sent comes back, and what is hostile is refused in one sentence."""

from __future__ import annotations

import base64
import json
import math

import jax.numpy as jnp
import numpy as np
import pytest

from autograder.remote import wire
from autograder.remote.wire import DTYPES, GivenSource, Limits, Ref, WireError

SEED = 20240501
UNREADABLE = "The reply could not be read."


def travel(value):
    """Through real JSON text, as between two processes."""
    return wire.decode(wire.loads(wire.dumps({"value": wire.encode(value)}))["value"])


def same(a, b) -> bool:
    """Equal in type and value, NaN and the sign of zero included."""
    if isinstance(a, np.ndarray):
        return (
            isinstance(b, np.ndarray)
            and a.dtype == b.dtype
            and a.shape == b.shape
            and a.tobytes() == b.tobytes()
        )
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float):
        return a.hex() == b.hex()
    return a == b


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        False,
        0,
        -1,
        10**4000,
        -(10**4000),
        0.0,
        -0.0,
        0.1,
        1e308,
        5e-324,
        math.inf,
        -math.inf,
        math.nan,
        "",
        "α, \x1b[31m, \u2028, 😀",
        "\ud800",
        [],
        (),
        {},
        [1, (2.0, [None, "x"]), {"w": [True], 3: ()}],
        {"b": 1, "a": 2},
        ((), ((),)),
    ],
    ids=lambda value: repr(value)[:20].encode("ascii", "backslashreplace").decode(),
)
def test_round_trip_of_python_values(value):
    assert same(travel(value), value)


@pytest.mark.parametrize("shape", [(), (0,), (1,), (3,), (2, 3), (2, 0, 3), (1, 2, 1, 2)])
@pytest.mark.parametrize("dtype", sorted(DTYPES))
def test_round_trip_of_arrays(dtype, shape):
    rng = np.random.default_rng(SEED)
    array = (rng.normal(size=shape) * 100).astype("float64").astype(dtype)
    assert same(travel(array), np.asarray(array))


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12.0).reshape(3, 4).T,
        np.arange(12.0)[::-2],
        np.broadcast_to(np.float64(2.0), (3, 2)),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    ],
    ids=["transposed", "reversed", "broadcast", "fortran"],
)
def test_layout_in_memory_does_not_matter(array):
    assert np.array_equal(travel(array), array)


def test_byte_order_does_not_matter():
    big = np.array([1.0, -2.5], dtype=">f8")
    assert np.array_equal(travel(big), [1.0, -2.5])


def test_special_numbers_survive_bit_for_bit():
    array = np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324])
    assert same(travel(array), array)


def test_jax_and_numpy_scalars_and_complex_numbers_become_arrays():
    assert same(travel(jnp.float32(0.5)), np.asarray(0.5, "float32"))
    assert same(travel(np.float64(0.5)), np.asarray(0.5))
    assert same(travel(np.bool_(True)), np.asarray(True))
    assert same(travel(1 + 2j), np.asarray(1 + 2j))


def test_bfloat16_keeps_its_name_and_its_bits():
    sent = jnp.asarray([0.5, -2.1, jnp.nan, jnp.inf], "bfloat16")
    assert same(travel(sent), np.asarray(sent))
    assert travel(sent).dtype.name == "bfloat16"


@pytest.mark.parametrize("name", ["float8_e4m3fn", "int4", "V2", "object", "bfloat16 "])
def test_no_other_name_is_looked_up(name):
    with pytest.raises(WireError, match=UNREADABLE):
        wire.decode(["array", name, [1], base64.b64encode(b"ab").decode()])


def test_bfloat16_has_the_length_that_its_shape_says():
    for raw in (b"", b"a", b"abc"):
        with pytest.raises(WireError, match=UNREADABLE):
            wire.decode(["array", "bfloat16", [1], base64.b64encode(raw).decode()])


def test_stubs_are_encoded_by_kind():
    assert wire.encode(Ref("logistic_model")) == ["ref", "logistic_model"]
    assert wire.encode(GivenSource("jnp.sin")) == ["source", "jnp.sin"]


# What cannot be sent


class Opaque:
    pass


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Opaque(), "of type Opaque"),
        (len, "of type builtin_function_or_method"),
        (b"raw", "of type bytes"),
        ({1.5: 0}, "a dict with keys of type float"),
        ({None: 0}, "a dict with keys of type None"),
        ({(1, 2): 0}, "a dict with keys of type tuple"),
        (np.array([Opaque()]), "an array of dtype object"),
        (np.array(["a"]), "an array of dtype <U1"),
        (np.zeros(2, "datetime64[s]"), "an array of dtype datetime64[s]"),
        (np.zeros(1, [("a", "f8")]), "an array of dtype [('a', '<f8')]"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_values_that_cannot_be_sent(value, said):
    with pytest.raises(WireError) as caught:
        wire.encode(value)
    assert str(caught.value) == f"The value is {said}; {wire.ACCEPTED}"


def nested(levels: int):
    value: list = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("kind", ["list", "dict", "cycle"])
def test_encode_limits_depth(kind):
    cyclic: list = []
    cyclic.append(cyclic)
    value = {"list": nested(4), "dict": {"a": {"a": {"a": {"a": {}}}}}, "cycle": cyclic}[kind]
    with pytest.raises(WireError) as caught:
        wire.encode(value, Limits(max_depth=3))
    assert str(caught.value) == "The value is nested more than 3 levels deep."


def test_the_depth_limit_itself_is_allowed():
    limits = Limits(max_depth=3)
    assert wire.decode(wire.encode(nested(3), limits), limits) == nested(3)


def test_encode_limits_the_number_of_parts():
    with pytest.raises(WireError) as caught:
        wire.encode([None] * 10, Limits(max_items=10))
    assert str(caught.value) == "The value has more than 10 parts."
    assert wire.encode([None] * 9, Limits(max_items=10))


@pytest.mark.parametrize("item", [None, True, 7, 0.5, "x", np.float64(0.5)], ids=repr)
def test_each_part_counts_once(item):
    """A list of 9 entries has 10 parts, whatever the entries are."""
    limits = Limits(max_items=10)
    assert len(wire.decode(wire.encode([item] * 9, limits), limits)) == 9


@pytest.mark.parametrize(
    "value",
    [np.zeros(129), ["x" * 600, "x" * 600], 1 << 5000, [np.zeros(65), np.zeros(65)]],
    ids=["array", "strings", "int", "arrays"],
)
def test_encode_limits_size(value):
    with pytest.raises(WireError) as caught:
        wire.encode(value, Limits(max_bytes=1024))
    assert str(caught.value) == "The value is larger than 0.000976562 MiB."


def test_size_is_looked_at_before_a_copy_is_made():
    class Huge:
        nbytes = 10**15

        def __array__(self, *args, **kwargs):
            raise AssertionError("copied")

    with pytest.raises(WireError, match=r"^The value is larger than 64 MiB\.$"):
        wire.encode(Huge())


# Hostile messages

B64_ONE = base64.b64encode(np.float64(1.0).tobytes()).decode()


def bomb(levels: int):
    tree: list = ["list", []]
    for _ in range(levels):
        tree = ["list", [tree]]
    return tree


@pytest.mark.parametrize(
    "tree",
    [
        None,
        5,
        math.nan,
        "none",
        {},
        {"none": 1},
        [],
        [None],
        [["none"]],
        [5],
        [{}],
        ["no such kind"],
        ["__class__"],
        ["_class__"],
        ["__init__", {}],
        ["", 1],
        ["array_"],
        ["ref", "logistic_model"],
        ["source", "__import__('os').system('true')"],
        ["none", 1],
        ["bool"],
        ["bool", 1],
        ["bool", "true"],
        ["int"],
        ["int", 5],
        ["int", "five"],
        ["int", ""],
        ["int", None],
        ["int", "0x1", 16],
        ["float", 0.5],
        ["float", "wide"],
        ["float", math.nan],
        ["float", "0x1p+9999"],
        ["str", 5],
        ["str", None],
        ["list"],
        ["list", 5],
        ["list", None],
        ["list", "ab"],
        ["list", [5]],
        ["tuple", [None]],
        ["dict", 5],
        ["dict", [5]],
        ["dict", [[]]],
        ["dict", [[["str", "a"]]]],
        ["dict", [[["str", "a"], ["none"], ["none"]]]],
        ["dict", [[["list", []], ["none"]]]],
        ["dict", [[["float", "0x1p0"], ["none"]]]],
        ["dict", [["ab", "cd"]]],
        ["array"],
        ["array", "float64"],
        ["array", "float64", [1]],
        ["array", "object", [1], B64_ONE],
        ["array", "O", [1], B64_ONE],
        ["array", "<U2", [1], B64_ONE],
        ["array", "V8", [1], B64_ONE],
        ["array", "float128", [1], B64_ONE],
        ["array", "f8,f8", [1], B64_ONE],
        ["array", ["float64"], [1], B64_ONE],
        ["array", None, [1], B64_ONE],
        ["array", "float64", [2], B64_ONE],
        ["array", "float64", [0], B64_ONE],
        ["array", "float64", [1], ""],
        ["array", "float64", [1], B64_ONE + "AAAA"],
        ["array", "float64", [1], B64_ONE[:-1]],
        ["array", "float64", [1], "?" * 12],
        ["array", "float64", [1], B64_ONE + "\n"],
        ["array", "float64", [1], "é" * 12],
        ["array", "float64", [1], None],
        ["array", "float64", [1], 12],
        ["array", "float64", [-1], B64_ONE],
        ["array", "float64", [-1, -1], B64_ONE],
        ["array", "float64", [1.0], B64_ONE],
        ["array", "float64", [True], B64_ONE],
        ["array", "float64", ["1"], B64_ONE],
        ["array", "float64", [None], B64_ONE],
        ["array", "float64", 1, B64_ONE],
        ["array", "float64", None, B64_ONE],
        ["array", "float64", {}, B64_ONE],
        ["array", "float64", [1] * 17, B64_ONE],
        ["array", "float64", [1], B64_ONE, "more"],
    ],
    ids=lambda tree: repr(tree)[:40].encode("ascii", "backslashreplace").decode(),
)
def test_malformed_trees_are_refused(tree):
    with pytest.raises(WireError) as caught:
        wire.decode(tree)
    assert str(caught.value) == UNREADABLE


@pytest.mark.parametrize("container", ["list", "tuple", "dict"])
@pytest.mark.parametrize("kind", ["ref", "source"])
def test_stubs_are_never_accepted_from_a_kernel(kind, container):
    inner = [kind, "x"]
    tree = [container, [[["str", "k"], inner]] if container == "dict" else [inner]]
    with pytest.raises(WireError, match=UNREADABLE):
        wire.decode(tree)


@pytest.mark.parametrize(
    "shape",
    [
        [2**31],
        [2**62],
        [10**30],
        [2**40, 2**40],
        [10**4000],
        [2**21, 2**3],
        [2**40, 0],
        [0, 10**30],
    ],
    ids=str,
)
def test_a_claimed_size_is_refused_before_memory_is_spent(shape):
    with pytest.raises(WireError) as caught:
        wire.decode(["array", "float64", shape, ""])
    assert str(caught.value) in ("The value is larger than 64 MiB.", UNREADABLE)


def test_the_size_limit_itself_is_allowed():
    tree = wire.encode(np.zeros(128))
    assert wire.decode(tree, Limits(max_bytes=1024)).shape == (128,)
    with pytest.raises(WireError, match="larger than"):
        wire.decode(tree, Limits(max_bytes=1023))


@pytest.mark.parametrize(
    "tree",
    [
        ["list", [wire.encode(np.zeros(65))] * 2],
        ["str", "x" * 1025],
        ["int", "1" * 1025],
        ["dict", [[["str", "x" * 1025], ["none"]]]],
    ],
    ids=["arrays", "str", "int", "key"],
)
def test_decode_limits_size(tree):
    with pytest.raises(WireError, match=r"^The value is larger than 0\.000976562 MiB\.$"):
        wire.decode(tree, Limits(max_bytes=1024))


@pytest.mark.parametrize("levels", [17, 400])
def test_decode_limits_depth(levels):
    with pytest.raises(WireError) as caught:
        wire.decode(bomb(levels))
    assert str(caught.value) == "The value is nested more than 16 levels deep."


def test_decode_limits_the_number_of_parts():
    with pytest.raises(WireError) as caught:
        wire.decode(["list", [["none"]] * 10], Limits(max_items=10))
    assert str(caught.value) == "The value has more than 10 parts."


def test_a_huge_integer_is_read_in_linear_time():
    assert wire.decode(["int", "0x1" + "0" * 100_000]) == 1 << 400_000


def test_of_duplicate_keys_in_a_dict_the_last_counts():
    pair = [["str", "w"], ["bool", True]]
    assert wire.decode(["dict", [pair, [["str", "w"], ["bool", False]]]]) == {"w": False}


def test_a_decoded_array_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        travel(np.zeros(2))[0] = 1.0


# Text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json",
        "{",
        "[]",
        "[1]",
        "null",
        "5",
        "NaN",
        '"text"',
        "{'a': 1}",
        '{"a": 1} {"b": 2}',
        '{"a":' + "9" * 5000 + "}",
        "[" * 100_000,
        '{"a":' * 100_000,
    ],
    ids=lambda text: text[:12] or "empty",
)
def test_text_that_is_no_message(text):
    with pytest.raises(WireError) as caught:
        wire.loads(text)
    assert str(caught.value) == UNREADABLE


@pytest.mark.parametrize("text", [None, 5, b"{}", ["{}"], {"status": "ok"}], ids=repr)
def test_what_is_no_text(text):
    with pytest.raises(WireError) as caught:
        wire.loads(text)
    assert str(caught.value) == "The reply was not text of an acceptable size."


def test_text_of_an_unacceptable_size():
    limits = Limits(max_bytes=8)
    longest = 2 * 8 + 4096
    message = '{"a":""}'
    assert wire.loads(message.ljust(longest), limits) == {"a": ""}
    with pytest.raises(WireError) as caught:
        wire.loads(message.ljust(longest + 1), limits)
    assert str(caught.value) == "The reply was not text of an acceptable size."


@pytest.mark.parametrize("bracket", ["[", "{"])
def test_text_of_too_many_parts_is_not_parsed(bracket, monkeypatch):
    limits = Limits(max_items=2)
    allowed = 8 * 2 + 64
    assert wire.loads('{"a":"' + bracket * (allowed - 1) + '"}', limits)
    monkeypatch.setattr(json, "loads", None)
    with pytest.raises(WireError, match=r"^The reply has too many parts\.$"):
        wire.loads('{"a":"' + bracket * allowed + '"}', limits)


def test_of_duplicate_fields_in_a_message_the_last_counts():
    assert wire.loads('{"a": 1, "a": 2}') == {"a": 2}


def test_the_largest_allowed_array_fits_into_the_allowed_text():
    limits = Limits(max_bytes=1 << 20)
    text = wire.dumps({"status": "ok", "value": wire.encode(np.zeros(1 << 17), limits)})
    tree = wire.loads(text, limits)["value"]
    assert wire.decode(tree, limits).nbytes == 1 << 20


def test_messages_are_plain_json():
    tree = wire.encode({"w": np.arange(3.0), "n": math.nan, "i": math.inf})
    text = json.dumps(tree, allow_nan=False)
    assert json.loads(text) == tree


@pytest.mark.parametrize(("value", "name"), [(None, "None"), (1, "int"), ([], "list")])
def test_type_name(value, name):
    assert wire.type_name(value) == name
