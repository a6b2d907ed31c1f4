"""The line to one student's kernel. TRUSTED SIDE.

A question travels as an execute request of no code, whose `user_expressions` calls the endpoint;
the answer travels in the reply. What the student's code prints meanwhile goes to the other channel
and is thrown away.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from queue import Empty
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_async, run_sync

from autograder.judge.stopwatch import Late, Stopwatch
from autograder.remote.endpoint import REPLY_MIMETYPE
from autograder.remote.wire import WireError
from autograder.sandbox.grader.manager import left_running

LOOK = 0.05  # seconds between looks at what a cell or a call has left running
POLL = 0.25  # seconds between looks at whether a silent kernel still lives
GRACE = 3.0
"""Seconds of processor time that interrupted code has to come back: longer than an exception takes
through anything that a course would call."""
ENDPOINT = "__import__('autograder.remote.endpoint').remote.endpoint"

Message = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """How a question ended: the kernel's message, None if none came, and which time was up.

    A late one came only after an interrupt: `late` is the limit that had passed, by the name under
    which it was given, and why. None without `late`: the kernel has ended.
    """

    message: Message | None
    late: tuple[str, Late] | None = None

    def text(self) -> object:
        """What the endpoint said.

        Raises
        ------
        WireError
            If the student's code spoilt it.
        """
        try:
            assert self.message is not None
            return self.message["content"]["user_expressions"]["reply"]["data"][REPLY_MIMETYPE]
        except (KeyError, TypeError):
            raise WireError("The kernel gave no answer that could be read.") from None


class KernelConnection:
    """Puts questions to one kernel. `StudentKernel` makes one for each kernel that it starts.

    `watch` makes a stopwatch for this kernel, and a budget.
    """

    def __init__(
        self,
        manager: AsyncKernelManager,
        client: AsyncKernelClient,
        watch: Callable[[float], Stopwatch],
    ) -> None:
        self._manager, self._client, self._watch = manager, client, watch

    def ask(self, request: str, limits: Mapping[str, Stopwatch]) -> Reply:
        """Send a request to the endpoint; interrupt it when the time of a limit is up.

        The stopwatches run already.

        Raises
        ------
        WireError
            If the student's code speaks on the channel in its own way.
        """
        return run_sync(self._ask)(request, limits)

    def give_up(self, sentences: Mapping[str, str]) -> None:
        """Replace functions, by name, by ones that raise `TimeoutError` with these sentences."""
        run_sync(self._give_up)(sentences)

    def is_alive(self) -> bool:
        """Whether the kernel still runs."""
        return run_sync(self._is_alive)()

    def outlast(self, seconds: float) -> tuple[bool, bool]:
        """Wait, so many seconds at most, for the end of what the last request has left running.

        Whether the kernel is alive then, and whether something still runs.
        """
        return run_sync(self._outlast)(seconds)

    async def _outlast(self, seconds: float) -> tuple[bool, bool]:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            await asyncio.sleep(LOOK)
            asked = self._client.execute("", silent=True, store_history=False)
            reply = await self._wait(asked, self._grace())
            if reply.message is None:
                return await self._is_alive(), True
            if not left_running(reply.message):
                return True, False
        return True, True

    def lasts(self, seconds: float) -> bool:
        """Whether the kernel is still there after so many seconds in which nobody asks."""
        return run_sync(self._lasts)(seconds)

    async def _lasts(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while await self._is_alive():
            if time.monotonic() >= deadline:
                return True
            await asyncio.sleep(LOOK)
        return False

    async def _is_alive(self) -> bool:
        return bool(await ensure_async(self._manager.is_alive()))

    async def _give_up(self, sentences: Mapping[str, str]) -> None:
        with contextlib.suppress(WireError):
            await self._wait(self._send(f"{ENDPOINT}.give_up({dict(sentences)!r})"), self._grace())

    def _send(self, expression: str) -> str:
        """Have an expression evaluated in the kernel; the id of the message."""
        return self._client.execute(
            "", silent=True, store_history=False, user_expressions={"reply": expression}
        )

    def _grace(self) -> dict[str, Stopwatch]:
        return {"grace": self._watch(GRACE).start()}

    async def _ask(self, request: str, limits: Mapping[str, Stopwatch]) -> Reply:
        message_id = self._send(f"{ENDPOINT}.answer({request!r})")
        reply = await self._wait(message_id, limits)
        if reply.late is None:
            return reply
        await ensure_async(self._manager.interrupt_kernel())
        return replace(await self._wait(message_id, self._grace()), late=reply.late)

    async def _wait(self, message_id: str, limits: Mapping[str, Stopwatch]) -> Reply:
        """The reply to a message; none if the kernel ends first, or the time of a limit is up."""
        while True:
            try:
                reply: Message = await ensure_async(self._client.get_shell_msg(timeout=POLL))
                answered = reply["parent_header"].get("msg_id") == message_id
            except Empty:
                answered = False
                if not await self._is_alive():
                    return Reply(None)
            except Exception:  # the student's code speaks to us in its own way
                raise WireError("The kernel sent something that is no answer.") from None
            finally:
                with contextlib.suppress(Exception):
                    await self._discard()
            if answered:
                return Reply(reply)
            for name, watch in limits.items():
                if late := watch.late():
                    return Reply(None, (name, late))

    async def _discard(self) -> None:
        """Throw away what the student's code printed or displayed."""
        while await self._client.iopub_channel.msg_ready():
            await self._client.get_iopub_msg(timeout=0)
