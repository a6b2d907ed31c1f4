"""How long a kernel takes: an ordinary one and a sandboxed one, side by side.

    make bench-kernels

The notebook has ten cells, with five gradient steps that are not compiled and one figure. The
ordinary kernel is what stock nbgrader starts, with Python's bytecode compiled; in the second row
it, too, finds JAX's compiled code. Figures are medians in seconds; look at the ratios.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from autograder.sandbox.grader.cache import cache_directory, make_readable, writing_compiled_code
from autograder.sandbox.grader.forkserver import server_for
from autograder.sandbox.grader.manager import SandboxManager
from autograder.sandbox.settings import Sandbox

CELLS = (
    "%matplotlib inline",
    "import jax\nimport jax.numpy as jnp\nimport matplotlib.pyplot as plt",
    "x = jnp.linspace(-5, 5, 100)\ny = (x > 0.5).astype(float)",
    "def model(theta, x):\n    return 1 / (1 + jnp.exp(-(theta['w'] * x + theta['b'])))",
    "def loss(theta):\n    p = model(theta, x)\n"
    "    return -jnp.sum(y * jnp.log(p) + (1 - y) * jnp.log(1 - p))",
    "theta = {'w': 0.1, 'b': 0.0}\nloss(theta)",
    "losses = []",
    "for _ in range(5):\n    gradient = jax.grad(loss)(theta)\n"
    "    theta = {name: theta[name] - 0.01 * gradient[name] for name in theta}\n"
    "    losses.append(float(loss(theta)))",
    "plt.plot(losses)\nplt.title('loss');",
    "losses[-1]",
)
ROUNDS = 7


def run(manager: type[AsyncKernelManager], **settings: Any) -> dict[str, float]:
    """Seconds until the first cell has run, and until all have and the kernel is gone."""
    notebook = new_notebook(cells=[new_code_cell(source) for source in CELLS])
    client = NotebookClient(
        notebook,
        kernel_manager_class=manager,
        shutdown_kernel="immediate",
        resources={"metadata": {"path": str(Path(__file__).parent)}},
    )
    client.km = client.create_kernel_manager()
    for name, value in settings.items():
        setattr(client.km, name, value)
    start = time.perf_counter()
    with client.setup_kernel():
        client.execute_cell(notebook.cells[0], 0)
        first = time.perf_counter() - start
        for index, cell in enumerate(notebook.cells[1:], 1):
            client.execute_cell(cell, index)
        private = private_memory()
    return {"first cell": first, "whole": time.perf_counter() - start, "private MB": private}


def private_memory() -> float:
    """Megabytes that the largest process below this one shares with nobody."""
    sizes = []
    for process in psutil.Process().children(recursive=True):
        try:
            sizes.append(process.memory_full_info().uss / 1e6)
        except psutil.Error:
            continue
    return max(sizes)


def main() -> None:
    """Measure and print."""
    start = time.perf_counter()
    server = server_for(Sandbox(), [])
    root = cache_directory()
    assert server is not None
    assert root is not None
    ready = time.perf_counter() - start
    with tempfile.TemporaryDirectory(dir=root) as folder:
        with writing_compiled_code(Path(folder)):
            run(AsyncKernelManager)
        make_readable(Path(folder))

        def ordinary_with_cache() -> dict[str, float]:
            with writing_compiled_code(Path(folder)):
                return run(AsyncKernelManager)

        kinds = {
            "ordinary": lambda: run(AsyncKernelManager),
            "ordinary, compiled code kept": ordinary_with_cache,
            "sandboxed": lambda: run(SandboxManager, cache=folder),
        }
        rows: dict[str, list[dict[str, float]]] = {name: [] for name in kinds}
        for _ in range(ROUNDS):  # in turn, so that a busy machine is busy for all
            for name, kind in kinds.items():
                rows[name].append(kind())
    print(f"fork server ready in {ready:.2f} s; isolation: {server.isolation}")
    for name, found in rows.items():
        middle = {key: statistics.median(row[key] for row in found) for key in found[0]}
        ratio = statistics.median(
            row["whole"] / sandboxed["whole"]
            for row, sandboxed in zip(found, rows["sandboxed"], strict=True)
        )
        figures = "  ".join(f"{key} {value:7.3f}" for key, value in middle.items())
        print(f"{name:30}{figures}  ratio {ratio:.1f}")


if __name__ == "__main__":
    main()
