"""Whether a changed solution is as right as before: both are asked the same, many times.

`a - b` and `b - a` are the same under a square, and a progress bar's options change no answer. Such
a change keeps full points and is no fault of the checks. Before the author is asked, the original
and the changed solution are put the questions of the checks, and many more of the same kinds
(`variations`), with the stubs of the exercise and without. Where all answers agree, on at least
`ENOUGH` inputs, the change is as right as before. Where two differ, that input shows which check
is missing.
"""

from __future__ import annotations

import contextlib
import inspect
import itertools
import json
import time
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from autograder.authoring.dry_run import DryRun, Namespace, OutOfTime, limited
from autograder.authoring.mutants import Mutant
from autograder.authoring.replies import alike, call, largest, told
from autograder.authoring.variations import PLANNED, constants_in, leaves_of, variations
from autograder.remote import endpoint
from autograder.remote.wire import encode

ENOUGH = 50
"""Inputs on which two answers have to agree, for each way in which the checks ask a part."""
FEW = 20
"""The same where all arguments are whole numbers: there are not so many small ones."""
MOST_ASKED = 4
"""Questions of the checks that are varied, of those that ask for the same in the same way."""
LARGEST = 1e12
"""An answer with larger numbers in it tells nothing: a loop that runs away grows rounding, too."""
NEAR = 1e-2
"""Largest difference of a value that has to be near something, relative to its largest number: one
step more of a training loop changes its last digits."""
CALL_SECONDS = 2.0
"""Processor time for one answer. An input that takes the original longer is passed over."""
SLOW = 0.5
"""Processor time after which no more is asked with a function's defaults: ten thousand steps, say,
where the checks ask for ten."""
MORE = 12
"""Inputs that are tried after a difference was found: the shortest one is shown."""


class Kind(StrEnum):
    """What came of setting a changed solution beside the original."""

    SAME = "same"
    """All answers agree, on enough inputs."""
    CHOICE = "choice"
    """The value is a student's choice, and passes the checks on what it leads to."""
    NOTICED = "noticed"
    """Another test cell that asks for the same takes points off."""
    DIFFERS = "differs"
    """At least one answer is another one."""
    UNKNOWN = "unknown"
    """It cannot be decided: what is asked for cannot be called, or on too few inputs."""


@dataclass(frozen=True)
class Verdict:
    """What came of it; `said` is a sentence for the author where it is a finding, with the input.

    `inputs` counts those on which the answers agree.
    """

    kind: Kind
    said: str = ""
    inputs: int = 0

    @property
    def harmless(self) -> bool:
        """Whether the change is no finding."""
        return self.kind in (Kind.SAME, Kind.CHOICE, Kind.NOTICED)


@dataclass
class Original:
    """The author's own answers, kept for all changes that are set beside them.

    Parameters
    ----------
    dry_run
        The notebook.
    namespace
        What `dry_run.hand_in` returned for the author's own answers.
    """

    dry_run: DryRun
    namespace: Namespace
    _answers: dict[str, Answer] = field(default_factory=dict)

    def answer(self, question: str) -> Answer:
        """The author's own answer, worked out once."""
        if question not in self._answers:
            self._answers[question] = self.asked(question, self.namespace)
        return self._answers[question]

    def asked(self, question: str, namespace: Namespace) -> Answer:
        """What the functions of a namespace answer."""
        began = time.process_time()
        reply: dict[str, Any] = {"status": "late"}
        with (
            self.dry_run.references(),
            limited(CALL_SECONDS) as timer,
            contextlib.suppress(OutOfTime),
        ):
            reply = json.loads(endpoint.answer(question, namespace))
        return Answer(reply, time.process_time() - began, timer.expired)

    def beside(
        self,
        changed: Namespace,
        questions: Iterable[str],
        *,
        choices: Collection[str] = (),
        near: Collection[str] = (),
        mutant: Mutant,
        seconds: float,
    ) -> Verdict:
        """Set changed solutions beside the original.

        Parameters
        ----------
        changed
            What `dry_run.hand_in` returned for them.
        questions
            All that the checks asked of the names in question.
        choices
            Those of the names that stand for a student's choice: what they lead to is judged.
        near
            Those whose value has to be near something: it may be a little off.
        mutant
            The change; its constants are tried as inputs.
        seconds
            Processor time after which it is left undecided.
        """
        ends = time.process_time() + seconds
        ways = grouped(questions)
        free = [way for way in ways if way.name in choices and not way.called]
        agreed = 0
        for way in (way for way in ways if way not in free):
            close = NEAR if way.name in near and not way.called else None
            comparison = Comparison(self, changed, way, mutant, ends, close)
            if found := comparison.run():
                return found
            agreed += comparison.agreed
        if not ways:
            return Verdict(Kind.UNKNOWN)
        return Verdict(Kind.CHOICE if free else Kind.SAME, inputs=agreed)


@dataclass(frozen=True)
class Answer:
    """A reply of `endpoint.answer`, the seconds that it took, and whether it was stopped."""

    reply: dict[str, Any]
    seconds: float
    late: bool

    @property
    def given(self) -> bool:
        return self.reply["status"] == "ok" and not self.late

    @property
    def tells(self) -> bool:
        """Whether it can be compared with: an error, or a value whose numbers are within reason."""
        if self.late:
            return False
        return self.reply["status"] != "ok" or largest(self.reply["value"]) <= LARGEST


@dataclass(frozen=True)
class Way:
    """Questions that ask for one thing in one way: with the same stubs, through the same function.

    `extra` is true where the checks do not ask in this way, but without stubs: that can only show
    a difference.
    """

    name: str
    called: bool
    questions: tuple[str, ...]
    extra: bool = False


def grouped(questions: Iterable[str]) -> list[Way]:
    """The questions by the way in which they ask, and each way once more without its stubs."""
    found: dict[tuple[str, bool], list[str]] = {}
    for question in dict.fromkeys(questions):
        message = json.loads(question)
        bare = {key: value for key, value in message.items() if key != "stubs"}
        for asks, extra in ((message, False), (bare, True)):
            if extra and bare == message:
                continue
            key = json.dumps(form(asks), sort_keys=True)
            found.setdefault((key, extra), []).append(json.dumps(asks, separators=(",", ":")))
    return [
        Way(json.loads(asked[0])["name"], is_call(json.loads(asked[0])), tuple(asked), extra)
        for (_, extra), asked in found.items()
    ]


def is_call(message: dict[str, Any]) -> bool:
    """Whether a question calls something, and does not ask for a value alone."""
    return bool("args" in message or any(step[0] == "call" for step in message.get("steps", [])))


def form(message: dict[str, Any]) -> list[Any]:
    """What a question asks for, whatever the numbers: equal for two that differ in these alone."""
    steps = [[step[0], *_without_numbers(step[1:])] for step in message.get("steps", [])]
    passed = [len(message["args"]), *message["kwargs"]] if "args" in message else None
    return [message["name"], message.get("stubs"), steps, passed]


def _without_numbers(step: Sequence[Any]) -> list[Any]:
    return [part if isinstance(part, str) else len(part) for part in step]


@dataclass
class Comparison:
    """One way of asking, put to the original and to a changed solution, over and over."""

    original: Original
    changed: Namespace
    way: Way
    mutant: Mutant
    ends: float
    close: float | None = None
    agreed: int = 0

    def run(self) -> Verdict | None:
        """A difference, or that it is undecided; None where all agree on enough inputs."""
        differing: list[str] = []
        since, seen, exhausted = 0, 0, False
        planned = ENOUGH if self.way.extra else PLANNED
        questions = self._questions()
        while not (exhausted or (seen >= planned and self.agreed >= ENOUGH) or since > MORE):
            question = next(questions, "")
            exhausted = not question
            if time.process_time() > self.ends:
                break
            if question:
                seen, since = seen + 1, since + bool(differing)
                differing += filter(None, [self._difference(question)])
        if differing:
            return Verdict(Kind.DIFFERS, min(differing, key=len))
        return None if self.way.extra or self._enough(exhausted) else self._undecided()

    def _enough(self, exhausted: bool) -> bool:
        """Whether what agreed suffices: many inputs, or all that there are."""
        if self.agreed >= ENOUGH:
            return True
        messages = [json.loads(question) for question in self.way.questions]
        nothing_to_vary = not any(
            m.get(key) for m in messages for key in ("steps", "args", "kwargs")
        )
        kinds = {leaf.numbers.dtype.kind for message in messages for leaf in leaves_of(message)}
        few = {frozenset("b"): 1, frozenset("i"): FEW}.get(frozenset(kinds), ENOUGH)
        return exhausted and self.agreed >= (1 if nothing_to_vary else few)

    def _undecided(self) -> Verdict:
        said = (
            f"`{self.way.name}` answered the same on {self.agreed} inputs; {ENOUGH} are needed to "
            "call the change as right as before."
        )
        return Verdict(Kind.UNKNOWN, said, self.agreed)

    def _questions(self) -> Iterator[str]:
        """The questions of the checks and variations of them, each once."""
        asked = [*spread(self.way.questions, MOST_ASKED), *self._about_options()]
        # A thousand steps take their time: these are tried in one way of asking, not in each.
        constants = [] if self.way.extra else constants_in(self.mutant.diff)
        seed = zlib.crc32(self.way.name.encode())
        streams = [
            variations(
                question, [] if n and question in self.way.questions else constants, seed + n
            )
            for n, question in enumerate(asked)
        ]
        by_default = streams[len(asked) - len(self._about_options()) :]
        seen: set[str] = set()
        while streams:
            for stream in [*streams]:
                if (question := next(stream, "")) == "":
                    streams.remove(stream)
                elif question not in seen:
                    seen.add(question)
                    yield question
                    if stream in by_default and self.original.answer(question).seconds > SLOW:
                        streams.remove(stream)

    def _about_options(self) -> list[str]:
        """The last question with all options of the function written out, and with none.

        The checks may never pass an option, or always: then nobody sees what its default does.
        """
        message = json.loads(self.way.questions[-1])
        if not self.way.called or "steps" in message:
            return []
        options = defaults(self.original.namespace.get(self.way.name))
        written, bare = with_options(message, options), without_options(message, options)
        return [json.dumps(m, separators=(",", ":")) for m in (written, bare) if m != message]

    def _difference(self, question: str) -> str:
        """In what the answers to a question differ, as a sentence, or ""."""
        right = self.original.answer(question)
        if not right.tells:
            return ""
        other = self.original.asked(question, self.changed)
        if other.late and not right.late:
            ends = right.seconds < CALL_SECONDS / 10
            return f"{call(question)} does not come to an end." if ends else ""
        if alike(right.reply, other.reply, question, self.close):
            self.agreed += right.given
            return ""
        exact = told(right.reply) == told(other.reply)
        one, two = told(right.reply, exact), told(other.reply, exact)
        return f"{call(question)} gives {one}, and {two} with the change."


def spread(items: Sequence[str], most: int) -> list[str]:
    """At most so many of the items, from the first to the last."""
    if len(items) <= most:
        return [*items]
    return [items[round(n * (len(items) - 1) / (most - 1))] for n in range(most)]


def defaults(function: Any) -> dict[str, Any]:
    """The parameters of a function, with their defaults; none where it does not say."""
    try:
        return {n: p.default for n, p in inspect.signature(function).parameters.items()}
    except (TypeError, ValueError):
        return {}


def with_options(message: dict[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """A question in which the options are written out that have a number as their default."""
    passed = {*[*options][: len(message["args"])], *message["kwargs"]}
    more = {
        name: encode(value)
        for name, value in options.items()
        if name not in passed and isinstance(value, bool | int | float)
    }
    return {**message, "kwargs": {**message["kwargs"], **more}}


def without_options(message: dict[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """A question without the arguments that have a default."""
    needed = [name for name, value in options.items() if value is inspect.Parameter.empty]
    first = [*itertools.takewhile(lambda name: name in needed, options)]
    args = message["args"][: len(first)] if options else message["args"]
    kwargs = {n: tree for n, tree in message["kwargs"].items() if n in needed or n not in options}
    return {**message, "args": args, "kwargs": kwargs}
