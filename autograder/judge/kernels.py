"""The kernels of one submission, one after another. TRUSTED SIDE."""

from __future__ import annotations

import copy

from jupyter_core.utils import ensure_async, run_sync
from nbclient import NotebookClient
from nbformat import NotebookNode

from autograder.sandbox.grader.manager import SandboxManager


class Kernels:
    """Starts another kernel in the place of one, and runs cells in it beside the notebook.

    `StudentKernel` has one. `cpu` are the seconds of processor time that the kernels which have
    ended took.
    """

    def __init__(self, nbclient: NotebookClient) -> None:
        self.cpu = 0.0
        self._nbclient = nbclient

    def run_apart(self, cell: NotebookNode) -> None:
        """Run a copy of a cell without touching the notebook's own.

        Raises whatever nbclient does where the kernel does not come back.
        """
        client = self._nbclient
        notebook, client.nb = client.nb, NotebookNode(cells=[copy.deepcopy(cell)], metadata={})
        displays, client._display_id_map = client._display_id_map, {}
        try:
            client.execute_cell(client.nb.cells[0], 0, store_history=True)
        finally:
            client.nb, client._display_id_map = notebook, displays

    def restart(self) -> None:
        """End the kernel, if it still runs, and start another one.

        Raises
        ------
        ForkServerError
            If something else than the submission keeps it from starting.
        RuntimeError
            If it ends before it is ready.
        """
        run_sync(self._end)()
        self._nbclient.create_kernel_manager()
        self._nbclient.start_new_kernel()
        self._nbclient.start_new_kernel_client()

    async def _end(self) -> None:
        manager, client = self._nbclient.km, self._nbclient.kc
        assert manager is not None
        if client is not None:
            client.stop_channels()
        if await ensure_async(manager.is_alive()):
            await ensure_async(manager.shutdown_kernel(now=True))
        if isinstance(manager, SandboxManager):
            self.cpu += manager.cpu
        await ensure_async(manager.cleanup_resources())
        self._nbclient.kc = None
