"""`student`: the student's functions and values, under their own names.

TRUSTED SIDE during grading: `student.logistic_model` is a stand-in that sends a question to the
student's kernel and reads data back. In a live notebook it asks the notebook it stands in. The
checks never know which.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from autograder.checks.compare import disagreement
from autograder.checks.context import current
from autograder.checks.faults import NotAttempted, StudentFault
from autograder.checks.hints import about_error
from autograder.checks.tracers import in_plain_words
from autograder.record.outcome import Kind
from autograder.remote import wire
from autograder.remote.given import given_function, ready_made
from autograder.remote.wire import GivenSource, Limits, Ref, WireError

ENOUGH = 2
"""How often the same question is put in one exercise; after that its answer is known."""
QUICK = 1.0
"""Seconds of processor time that an answer may take for its question to be put twice."""
TWO_ANSWERS = (
    "gave two different answers to the same question. Does it change something outside itself, "
    "keep count of its calls, or draw random numbers? Its answer should depend on its arguments "
    "alone."
)
MISSING = "`{}` is not defined yet. Has its cell been run without an error?"
EMPTY = "`{}` is not written yet: your answer goes where it says `raise NotImplementedError()`."
RESTORED = (
    "The cell of `{}` stops with an error in the notebook. It was judged by itself, with functions "
    "of ours in the place of {}."
)
AGAIN = (
    "Each exercise is judged by itself: the cells that `{}` needs were run again with functions of "
    "ours in the place of {}. There they raised {}: {}"
)
WEIGHT = 0.618
"""The numbers of an answer are added up with weights that follow from this: in a plain sum over
inputs that mirror each other, the slopes of 1 / (1 + exp(-w x)) cancel."""
SLOPES_OF_SUM = (
    "lambda f: jax.grad(lambda first, *rest: (lambda numbers: jnp.sum("
    f"numbers * (1 + {WEIGHT} * jnp.arange(numbers.size) % 1)))(jnp.ravel(f(first, *rest))))"
)
"""What `Part.differentiated` sends the student's function through, in the kernel where it lives."""
ANY_SIZE = Limits(sys.maxsize, sys.maxsize, sys.maxsize)
"""For answers that have been let in: encoded again, they may be a little longer."""
MAX_EVALUE = 300  # characters of a student's own error message that we repeat


class Given:
    """A function that the instructor supplies, made from source; see `given`.

    Called, it computes here. Passed to a student's function, or named as a stub of an exercise, its
    source goes to the student's kernel. Two with the same source are equal.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        given_function(source)  # a mistake in it shows here, not in the student's kernel

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return given_function(self.source)(*args, **kwargs)

    def compiled(self, *args: Any) -> Any:
        """As a call, by code that JAX compiles once for a whole class, where it can.

        Arguments that are `Given` themselves are part of what is compiled.
        """
        parts = (ready_made(arg.source) if isinstance(arg, Given) else arg for arg in args)
        return ready_made(self.source)(*parts)

    def gradient(self) -> Given:
        """Its gradient with respect to the first argument, as `jax.grad` gives it.

        It takes its arguments by the same names.
        """
        names = ", ".join(inspect.signature(given_function(self.source)).parameters)
        return Given(f"lambda {names}: jax.grad({self.source})({names})")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Given) and other.source == self.source

    def __hash__(self) -> int:
        return hash(self.source)

    def __repr__(self) -> str:
        return f"given({self.source!r})"


def given(source: str) -> Given:
    """A function to pass to a student's function, such as a model or a loss.

    It is written as source, because it runs in two places: where the student's function calls it,
    and where the expected answer is computed. `jax`, `jnp` and `np` are known to it; no name of
    the notebook is. A mistake in the source is raised at once: SyntaxError, NameError, or
    TypeError where it is no function.

    >>> given("lambda theta, x: theta['w'] * x")({"w": 2.0}, 3.0)
    6.0
    """
    return Given(source)


class Part:
    """A function or a value of the student's, by name, or what steps lead to from there.

    `student.NAME` makes one. It can be looked at in other ways, and what comes of that is a `Part`
    again, for any of the checks::

        student.f(2.0)                     # what that call returns: a function, an object, a value
        student.Dense(W, b).n_params       # a method of it
        student.train(x, y)[1]             # a part of what it returns
        student.f.partial(n_steps=5)       # with arguments by name, as by functools.partial
        student.f.vmapped((None, 0))       # jax.vmap(f, in_axes=(None, 0))
        student.f.jitted()                 # jax.jit(f)
        student.f.through("lambda f: jax.hessian(f)")

    Nothing is asked until a check calls it, or asks for its value. The questions go to the
    connection of the current `Context`: to the notebook itself in a live notebook, to the student's
    kernel while grading.
    """

    def __init__(self, name: str, steps: Sequence[Any] = (), said: str = "") -> None:
        self.name = name
        self.steps = tuple(steps)
        self._said = said or name

    def __call__(self, *args: Any, **kwargs: Any) -> Part:
        """What a call with these arguments returns, such as `student.Dense(W, b)`, as a part.

        Raises
        ------
        TypeError
            If an argument is a function of the test cell's own, which cannot be sent.
        """
        step = ["call", [_outgoing(arg) for arg in args], _outgoing_by_name(kwargs)]
        return self._after(step, f"{self._said}({'…' if args or kwargs else ''})")

    def __getattr__(self, name: str) -> Part:
        """An attribute of it, such as a method: `student.Dense(W, b).n_params`."""
        if name.startswith("_"):
            raise AttributeError(name)
        return self._after(["attribute", name], f"{self._said}.{name}")

    def __getitem__(self, key: Any) -> Part:
        """A part of it, such as the second value of a pair: `student.train(x, y)[1]`."""
        return self._after(["item", _outgoing(key)], f"{self._said}[{key!r}]")

    __iter__ = None  # of what a kernel has, nobody here knows how many parts there are

    def partial(self, **kwargs: Any) -> Part:
        """It with arguments by name, which every call gets besides its own."""
        return self._after(["partial", _outgoing_by_name(kwargs)], self._said)

    def through(self, source: str) -> Part:
        """What a function of yours makes of it: `student.f.through("lambda f: jax.hessian(f)")`.

        It is written as source, as for `given`, since it runs where the student's function lives.
        """
        given_function(source)  # a mistake in it shows here, not in the student's kernel
        return self._after(["through", source], self._said)

    def vmapped(self, in_axes: Any = 0, out_axes: Any = 0) -> Part:
        """It for a batch: `jax.vmap(f, in_axes, out_axes)`."""
        return self.through(f"lambda f: jax.vmap(f, {in_axes!r}, {out_axes!r})")

    def jitted(self, **options: Any) -> Part:
        """It compiled: `jax.jit(f, **options)`, such as `static_argnames="n"`."""
        return self.through(f"lambda f: jax.jit(f, **{options!r})")

    def differentiated(self) -> Part:
        """What `jax.grad` makes of it, where it lives: the slopes of a weighted sum of its answer.

        They are taken with respect to the first argument, and come as that does: a dict of slopes
        for a dict of parameters.
        """
        return self.through(SLOPES_OF_SUM)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Call it; numpy arrays go in, numpy arrays come out.

        The student's function sees jax arrays, in float64. Arguments may also be numbers, strings,
        None, random keys, and dicts, lists, tuples, named tuples and dataclasses of all these,
        other parts of the student's, and functions made with `given`. A named tuple or a dataclass
        arrives as an instance of the class of that name in the notebook or in a module of the
        lesson's; an answer that is one comes as a named tuple.

        Raises
        ------
        StudentFault
            If there is no answer: not written yet, raised, too slow, or nothing that can be sent.
        TypeError
            If an argument is a function of the test cell's own, which cannot be sent.
        """
        return self._ask(args=[_outgoing(arg) for arg in args], kwargs=_outgoing_by_name(kwargs))

    def value(self) -> Any:
        """The value that it is, as data: `student.theta.value()` gives `{"w": 2.0, "b": 1.0}`.

        Raises
        ------
        StudentFault
            If there is none, or it is nothing that can be sent, such as a function.
        """
        return self._ask()

    def answers(self, inputs: Sequence[Sequence[Any]], **kwargs: Any) -> list[Any]:
        """What it answers to each tuple of arguments; the first is asked once more at the end.

        A function that keeps count, or draws random numbers of its own, gives another answer then.
        One that took longer than `QUICK` is not asked again: it need not compute all its work
        twice.

        Raises
        ------
        StudentFault
            If there are two answers to one question, or none, as for a call.
        """
        connection = current.get().connection
        answers, took = [], []
        for args in inputs:
            answers.append(self.call(*args, **kwargs))
            took.append(connection.seconds)
        if took and took[0] < QUICK:
            self.call(*inputs[0], **kwargs)
        return answers

    def _after(self, step: list[Any], said: str) -> Part:
        return Part(self.name, [*self.steps, step], said)

    def _ask(self, **request: Any) -> Any:
        """The answer to a question, which within an exercise has to be the same each time."""
        context = current.get()
        if context.measuring:
            raise TypeError(
                f"{self!r} was asked for what an answer is compared with. "
                "Compare with something of your own: a solution, given('…'), numbers."
            )
        message = dict(name=self.name, limits=vars(context.connection.limits), **request)
        if context.stubs:
            message["stubs"] = {name: _outgoing(stub) for name, stub in context.stubs.items()}
        if self.steps:
            message["steps"] = self.steps
        question = wire.dumps(message)
        if context.answers is None:
            return self._answer(question)
        known = context.answers.setdefault(question, [])
        if len(known) < ENOUGH:
            known.append(self._answer(question))
        if not all(_same(answer, known[0]) for answer in known[1:]):
            raise StudentFault(f"{self} {TWO_ANSWERS}")
        return known[0]

    def _answer(self, question: str) -> Any:
        context = current.get()
        limits = context.connection.limits
        try:
            reply = wire.loads(context.connection.ask(str(self), question), limits)
            if not context.stubs:  # nothing was run again, whatever the reply says
                reply = {key: reply[key] for key in reply if key not in ("again", "restored")}
            if reply.get("restored") is True and reply.get("status") == "ok":
                context.remark(RESTORED.format(self.name, _listed(context.stubs)))
            return _incoming(self, reply, limits)
        except WireError as error:
            raise StudentFault(f"{self}: {error}") from None

    def __str__(self) -> str:
        """As messages call it: "`f`", "`Dense(…).n_params`"."""
        return f"`{self._said}`"

    def __repr__(self) -> str:
        return f"student.{self._said}"


class Student:
    """Attribute access gives a `Part`; nothing is asked until it is called.

    >>> student.logistic_model
    student.logistic_model
    """

    def __getattr__(self, name: str) -> Part:
        if name.startswith("_"):
            raise AttributeError(name)
        return Part(name)


student = Student()


def _outgoing(value: Any) -> list[Any]:
    """Encode an argument; student parts go as references, given functions as source."""
    if isinstance(value, Part):
        return wire.encode(Ref(value.name, value.steps))
    if isinstance(value, Given):
        return wire.encode(GivenSource(value.source))
    if callable(value) and not hasattr(value, "__array__"):
        raise TypeError(f"cannot send {value!r}: pass a student's own function or given('…')")
    return wire.encode(value)


def _outgoing_by_name(kwargs: Mapping[str, Any]) -> dict[str, list[Any]]:
    return {key: _outgoing(value) for key, value in kwargs.items()}


def _incoming(part: Part, reply: dict[str, Any], limits: Limits) -> Any:
    """The value in a reply, or the reason why there is none."""
    name = part.name
    match reply:
        case {"status": "ok", "value": tree}:
            return wire.decode(tree, limits)
        case {"status": "missing", "again": dict(error)}:
            raise _raised(_said_again(name, error), error)
        case {
            "status": "raised",
            "ename": "NameError",
            "evalue": str(evalue),
            "again": dict(error),
        }:
            said = _said_again(name, error)
            raise _raised(f"{part} raised NameError: {_clip(evalue)}. {said}", error)
        case {"status": "missing", "name": str(missing)}:
            raise _not_attempted(missing, MISSING.format(_clip(missing)))
        case {"status": "raised", "ename": str(ename), "evalue": str(evalue), **where}:
            function, line = where.get("function", ""), where.get("line", "")
            if not (isinstance(function, str) and isinstance(line, str)):
                function = line = ""
            kinds = where.get("kinds", [])
            known = isinstance(kinds, list) and all(isinstance(kind, str) for kind in kinds)
            raise _fault(part, ename, evalue, function, line, kinds if known else [])
        case {"status": "unsendable", "sentence": str(sentence)}:
            raise StudentFault(f"{part}: {_clip(sentence)}", kind=Kind.SHAPE)
        case _:
            raise WireError("The reply could not be read.")


def _fault(
    part: Part, ename: str, evalue: str, function: str, line: str, kinds: Sequence[str]
) -> StudentFault:
    """What is told of an error: where an answer is still to be written, that; else the error."""
    if ename == "NotImplementedError":
        if function not in (part.name, "", "<module>"):
            return NotAttempted(
                f"`{part.name}` needs `{_clip(function)}`, which is not written yet."
            )
        return _not_attempted(part.name, EMPTY.format(part.name), empty=True)
    place = f"\nIn `{_clip(function)}`, at: {_clip(line)}" if line else ""
    said = in_plain_words(ename, evalue) or _clip(evalue)
    told = f": {said}" if said else ", without a message."
    error = {"ename": ename, "evalue": evalue}
    return _raised(f"{part} raised {_clip(ename)}{told}{place}", error, kinds or [ename])


def _not_attempted(name: str, sentence: str, *, empty: bool = False) -> StudentFault:
    """That there is no answer yet; or, where one was written all the same, what keeps it away."""
    return current.get().instead(name, sentence, empty=empty) or NotAttempted(sentence)


def _raised(sentence: str, error: Mapping[str, Any], kinds: Sequence[str] = ()) -> StudentFault:
    """A fault by an error of the student's code, with a hint that fits it."""
    hint = about_error(*(str(error.get(key, "")) for key in ("ename", "evalue")))
    return StudentFault(sentence, error=kinds, kind=Kind.EXCEPTION, hint=hint)


def _said_again(name: str, error: Mapping[str, Any]) -> str:
    """The sentence about an error that came only when the cells of a part were run again."""
    said = [error.get(key) for key in ("ename", "evalue")]
    clipped = [_clip(text) if isinstance(text, str) else "" for text in said]
    return AGAIN.format(name, _listed(current.get().stubs), *clipped)


def _listed(stubs: Mapping[str, Any]) -> str:
    """Names for a sentence: "`f`, `g` and `h`"."""
    *others, last = (f"`{name}`" for name in stubs)
    return f"{', '.join(others)} and {last}" if others else last


def _same(answer: Any, first: Any) -> bool:
    """Whether two answers are the same, but for rounding where they are numbers."""
    if wire.encode(answer, ANY_SIZE) == wire.encode(first, ANY_SIZE):
        return True
    try:
        return not disagreement(answer, first)
    except (TypeError, ValueError):  # the first is a student's, too: no numbers, or a ragged list
        return False


def _clip(text: str) -> str:
    """The first lines of a text, without control characters that a terminal would obey."""
    printable = "".join(c for c in text if c.isprintable() or c == "\n").strip()
    first = printable.split("\n\n")[0]
    return first if len(first) <= MAX_EVALUE else first[:MAX_EVALUE] + "…"
