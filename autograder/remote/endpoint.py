"""Answers one question about a student's functions, where those functions live.

UNTRUSTED SIDE during grading: this module runs inside the student's kernel, which can change it
at will. It decides nothing; the judge treats every reply as hostile. In a live notebook it runs
in the same process as the checks, so that a student sees what grading would see.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any

from autograder.remote import trees, wire
from autograder.remote.apart import apart, forget
from autograder.remote.given import double_precision, evaluate, given_function, ready_made, to_jax
from autograder.remote.wire import Limits, WireError

REPLY_MIMETYPE = "application/vnd.nbgrader-jax.reply"


class _Missing(Exception):
    """A request refers to an object that is not there."""

    def __init__(self, name: str) -> None:
        self.name = name


class Reply(str):
    """A reply that IPython's `user_expressions` carries as it is, without `repr`.

    The judge evaluates `answer(...)` in the kernel as such an expression, so that neither history
    nor output of the notebook shows it.
    """

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {REPLY_MIMETYPE: str(self)}


def answer(request: str, namespace: dict[str, Any] | None = None) -> Reply:
    """Carry out a request (JSON) on the objects of `namespace` and say how it went (JSON).

    `checks.student.Part` writes the requests. One names an object, and may bring `steps` that lead
    on from it, `args` and `kwargs` to call what they lead to, and limits for the answer. A step is
    `["call", args, kwargs]`, `["partial", kwargs]`, `["attribute", name]`, `["item", key]`, or
    `["through", source]` of a function that takes the object and gives another one. What cannot be
    called, such as an array, is its own answer where there are no arguments.

    With `stubs`, the sources of functions by name, the object is the one that the notebook's cells
    make where these names stand for those functions (see `apart`); with `prepare`, that is all that
    is done. Values are encoded by `wire`.

    >>> request = {"name": "f", "args": [wire.encode(2.0)], "kwargs": {}, "limits": {}}
    >>> print(answer(wire.dumps(request), {"f": lambda x: x + 1}))
    {"status":"ok","value":["float","0x1.8000000000000p+1"]}
    >>> print(answer(wire.dumps(request), {}))
    {"status":"missing","name":"f"}

    Parameters
    ----------
    namespace
        Where the student's functions are; by default the notebook's own names.

    Returns
    -------
    Reply
        Its `status` is "ok", with the `value`; "missing", with the `name` that is not bound;
        "unsendable", with a `sentence`; or "raised", with `ename`, `kinds` (it and
        the classes that it inherits), `evalue`, and the `function`
        and `line` of the student's that it came through. Where there are stubs, `again` has the
        error that a cell raised when it was run again, and `restored` says that only then the
        object came to be.
    """
    objects = sys.modules["__main__"].__dict__ if namespace is None else namespace
    message = wire.loads(request)
    stubs, name = message.get("stubs"), message["name"]
    if not stubs:
        return _reply(**_answer(message, objects))
    restored = name not in objects
    try:
        copy = apart(objects, name, wire.dumps(stubs), lambda: _given_up | _loaded(stubs, objects))
    except BaseException as error:  # an interrupt: the cells take too long
        return _reply(status="raised", **_describe(error, objects))
    if "prepare" in message:
        return _reply(status="ok", value=wire.encode(None))
    with copy.in_place_of(objects):
        reply = _answer(message, objects)
        if copy.raised is not None:
            reply["again"] = _describe(copy.raised, objects)
    if restored and reply["status"] == "missing":
        reply.pop("again", None)
    return _reply(**reply, restored=restored)


def _answer(message: dict[str, Any], objects: dict[str, Any]) -> dict[str, Any]:
    """As `answer`, with the names of a notebook as they are."""
    name = message["name"]
    if name not in objects:
        return {"status": "missing", "name": name}
    try:
        with double_precision():
            value = _led(objects[name], message.get("steps", ()), objects)
        if "args" in message:
            value = _called(value, message["args"], message["kwargs"], objects)
        return {"status": "ok", "value": wire.encode(value, Limits(**message["limits"]))}
    except _Missing as missing:
        return {"status": "missing", "name": missing.name}
    except WireError as error:
        return {"status": "unsendable", "sentence": str(error)}
    except BaseException as error:  # whatever it is, it is an answer about the student's code
        return {"status": "raised", **_describe(error, objects)}


def _led(value: Any, steps: Iterable[Any], objects: Mapping[str, Any]) -> Any:
    """What steps lead to from an object of the student's: a method, a compiled function, …"""
    for step in steps:
        match step:
            case ["call", list(args), dict(kwargs)]:
                value = _called(value, args, kwargs, objects)
            case ["partial", dict(kwargs)]:
                value = functools.partial(value, **to_jax(_loaded_all(kwargs, objects)))
            case ["attribute", str(name)]:
                value = getattr(value, name)
            case ["item", key]:
                value = value[_load(key, objects)]
            case ["through", str(source)]:
                value = given_function(source)(value)
    return value


def _called(value: Any, args: Any, kwargs: Any, objects: Mapping[str, Any]) -> Any:
    if not (args or kwargs or callable(value)):
        return value
    return evaluate(value, [_load(tree, objects) for tree in args], _loaded_all(kwargs, objects))


def _loaded_all(kwargs: Mapping[str, Any], objects: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _load(tree, objects) for key, tree in kwargs.items()}


_given_up: dict[str, Any] = {}


def give_up(sentences: Mapping[str, str]) -> None:
    """Put, in the place of functions of the notebook, ones that raise `TimeoutError`.

    The judge asks for it after a call was stopped: other functions of the student's may call the
    one that took too long, and must not take as long again. `sentences` gives, for each name, what
    the error says.
    """

    def raising(sentence: str) -> Callable[..., None]:
        def given_up(*_: object, **__: object) -> None:
            raise TimeoutError(sentence)

        return given_up

    _given_up.update({name: raising(sentence) for name, sentence in sentences.items()})
    sys.modules["__main__"].__dict__.update(_given_up)
    forget()


def _load(tree: Any, objects: Mapping[str, Any]) -> Any:
    """An argument of the judge's: a value, an object of the student's own, or a given function."""
    match tree:
        case ["ref", str(name), *steps]:
            if name not in objects:
                raise _Missing(name)
            return _led(objects[name], steps, objects)
        case ["source", str(text)]:
            return ready_made(text)
        case _:
            return wire.decode(tree, make=functools.partial(_made, objects))


def _made(objects: Mapping[str, Any], name: str, module: str, fields: dict[str, Any]) -> Any:
    """An instance of a class of the notebook's, or of a module's, with these fields.

    Where neither has such a class, a named tuple with the fields stands for it.
    """
    with contextlib.suppress(Exception):
        found = objects.get(name) or getattr(importlib.import_module(module), name)
        return found(**fields)
    return trees.record(name, tuple(fields))(**fields)


def _loaded(stubs: Mapping[str, Any], objects: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _as_own(_load(tree, objects), objects.get(name)) for name, tree in stubs.items()}


def _as_own(stub: Callable[..., Any], own: Any) -> Callable[..., Any]:
    """A stub that also takes the options which the student's own function has: it ignores them.

    Who wrote `loss(params, model, x, y, eps=1e-7)` may well call it with an `eps`.
    """
    try:
        signature = inspect.signature(stub)
        known = signature.parameters
        options = [
            option.replace(kind=option.KEYWORD_ONLY)
            for option in inspect.signature(own).parameters.values()
            if option.name not in known and option.default is not option.empty
        ]
    except Exception:  # what stands under that name in the notebook may be anything
        return stub
    if not options:
        return stub

    @functools.wraps(stub)
    def with_options(*args: Any, **kwargs: Any) -> Any:
        plain = {name: value for name, value in kwargs.items() if name in known}
        return stub(*args[: len(known)], **plain)

    setattr(  # noqa: B010 - where `inspect` and `jax.jit` look for it
        with_options,
        "__signature__",
        signature.replace(parameters=[*known.values(), *options]),
    )
    return with_options


def _reply(**fields: Any) -> Reply:
    return Reply(wire.dumps(fields))


def _describe(error: BaseException, objects: Mapping[str, Any]) -> dict[str, Any]:
    """The error and the last line of the student's own code that it passed through."""
    function, line = "", ""
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals is objects:
            summary = traceback.extract_tb(trace, limit=1)[0]
            function, line = summary.name, summary.line or ""
        trace = trace.tb_next
    try:
        evalue = str(error) or _device(error, line)
    except Exception:  # an exception class of the student's own may do anything here
        evalue = ""
    kinds = [kind.__name__ for kind in type(error).__mro__ if issubclass(kind, BaseException)]
    where = {"function": function, "line": line}
    return {"ename": kinds[0], "kinds": kinds, "evalue": evalue, **where}


def _device(error: BaseException, line: str) -> str:
    """What jax (0.10) says by an assertion alone: that it knows no device of the kind it is to use.

    "" for any other error, such as an `assert` of the student's own in this `line`.
    """
    wanted = sys.modules["jax"].config.jax_platforms if "jax" in sys.modules else None
    asserted = type(error) is AssertionError and not line.startswith("assert")
    known = not wanted or "cpu" in wanted
    return "" if known or not asserted else f"JAX found no devices of {wanted!r}."
