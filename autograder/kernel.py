"""The judge's line to a student's kernel: budgets, and what to do when a call kills it.

TRUSTED SIDE. A question travels as an execute request of no code, whose `user_expressions` calls
the endpoint; the answer travels in the reply. What the student's code prints meanwhile goes to
the other channel and is thrown away.
"""

from __future__ import annotations

import contextlib
import time
from queue import Empty
from typing import Any, Protocol

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_core.utils import ensure_async, run_sync

from autograder import wire
from autograder.endpoint import REPLY_MIMETYPE
from autograder.student import StudentFault
from autograder.wire import Limits, WireError

POLL = 0.25  # seconds between looks at whether a silent kernel still lives
GRACE = 3.0  # seconds that an interrupted call has to come back


class StudentKernel(Protocol):
    """What the connection needs of whoever owns the kernel."""

    client: AsyncKernelClient

    async def is_alive(self) -> bool: ...

    async def interrupt(self) -> None: ...

    def why_it_ended(self) -> str:
        """Which limit ended the kernel, in words that follow "it"; "" if it ended by itself."""

    def replace(self) -> None:
        """Kill the kernel, start another, and bring it to the same point of the notebook.

        Calls `KernelConnection.stand_in` for the new one.
        """

    def note(self, stop: str) -> None:
        """Count that a budget of this name stopped a call; "" for the one that ended the kernel."""


class KernelConnection:
    """Asks the kernels of one submission.

    A function that did not come back or ended its kernel is not asked again, and is replaced in
    the kernel by one that raises `TimeoutError` at once: what hangs costs its time once.

    Parameters
    ----------
    kernel
        The student's kernel.
    limits
        What an answer may hold.
    call_timeout, cell_timeout
        Seconds for one call, and for all calls of the test cell together.
    """

    def __init__(
        self, kernel: StudentKernel, limits: Limits, call_timeout: float, cell_timeout: float
    ) -> None:
        self.kernel = kernel
        self.limits = limits
        self.call_timeout = call_timeout
        self.cell_timeout = cell_timeout
        self._given_up: dict[str, str] = {}
        self._raising: dict[str, str] = {}
        self.begin_cell()

    def begin_cell(self) -> None:
        """Start on a test cell, with all its time."""
        self._deadline = time.monotonic() + self.cell_timeout
        self._refusing = False

    def ask(self, part: str, request: str) -> object:
        """See `Connection.ask`."""
        if part in self._given_up:
            raise StudentFault(self._given_up[part])
        budget = min(self.call_timeout, self._deadline - time.monotonic())
        if budget <= 0:
            if not self._refusing:
                self.kernel.note("judge_timeout")
            self._refusing = True
            raise StudentFault(
                f"The calls of this exercise took more than {self.cell_timeout:g} s in all."
            )
        reply, late = run_sync(self._ask)(request, budget)
        if reply is not None and not late:
            return _reply_text(reply)
        sentence = f"{part} did not come back within {budget:.0f} s and was stopped."
        if reply is None and not run_sync(self.kernel.is_alive)():
            sentence = ended(part, self.kernel.why_it_ended())
            self.kernel.note("")
        else:
            self.kernel.note("call_timeout")
        self._given_up[part] = sentence
        self._raising[wire.loads(request)["name"]] = sentence
        if reply is None:
            self.kernel.replace()
        else:
            self.stand_in()
        raise StudentFault(sentence)

    def stand_in(self) -> None:
        """Replace what is given up in the kernel, which may be a new one."""
        if self._raising:
            run_sync(self._stand_in)()

    async def _stand_in(self) -> None:
        order = f"__import__('autograder.endpoint').endpoint.give_up({self._raising!r})"
        with contextlib.suppress(WireError):
            await self._wait(self._send(order), GRACE)

    def _send(self, expression: str) -> str:
        """Have an expression evaluated in the kernel; the id of the message."""
        return self.kernel.client.execute(
            "", silent=True, store_history=False, user_expressions={"reply": expression}
        )

    async def _ask(self, request: str, budget: float) -> tuple[dict[str, Any] | None, bool]:
        """The reply, and whether it took an interrupt to get it.

        No reply: the kernel is dead, or does not even answer to an interrupt.
        """
        question = f"__import__('autograder.endpoint').endpoint.answer({request!r})"
        message_id = self._send(question)
        reply = await self._wait(message_id, budget)
        if reply is not None or not await self.kernel.is_alive():
            return reply, False
        await self.kernel.interrupt()
        return await self._wait(message_id, GRACE), True

    async def _wait(self, message_id: str, seconds: float) -> dict[str, Any] | None:
        client = self.kernel.client
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                reply: dict[str, Any] = await ensure_async(
                    client.get_shell_msg(timeout=min(left, POLL))
                )
                answered = reply["parent_header"].get("msg_id") == message_id
            except Empty:
                answered = False
                if not await self.kernel.is_alive():
                    return None
            except Exception:  # the student's code speaks to us in its own way
                raise WireError("The kernel sent something that is no answer.") from None
            finally:
                with contextlib.suppress(Exception):
                    await _discard(client)
            if answered:
                return reply
        return None


def ended(what: str, why: str) -> str:
    """The sentence about something that ended the kernel."""
    if why:
        return f"{what} was stopped: it {why}."
    return f"{what} ended the kernel: it exited or crashed."


async def _discard(client: AsyncKernelClient) -> None:
    """Throw away what the student's code printed or displayed."""
    while await client.iopub_channel.msg_ready():
        await client.get_iopub_msg(timeout=0)


def _reply_text(reply: dict[str, Any]) -> object:
    """The endpoint's text in an execute reply.

    Raises
    ------
    WireError
        If the student's code spoilt it.
    """
    try:
        return reply["content"]["user_expressions"]["reply"]["data"][REPLY_MIMETYPE]
    except (KeyError, TypeError):
        raise WireError("The kernel gave no answer that could be read.") from None
