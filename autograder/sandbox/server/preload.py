"""What the zygote imports and prepares, so that a kernel starts with the work done.

The only module that touches private names of jax. They are listed, each with what it saves; one
that a new release lacks is left alone, and kernels are a little slower. Nothing here may start a
JAX backend or a thread: neither survives a fork.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import operator
import os
import sys
from collections.abc import Callable
from typing import Any

# A kernel imports these on the way to its first cell, or while it runs the commonest ones.
KERNEL_MODULES = (
    "ipykernel.ipkernel", "ipykernel.kernelapp", "ipykernel.zmqshell", "ipykernel.heartbeat",
    "ipykernel.iostream", "ipykernel.displayhook", "ipykernel.subshell_manager",
    "ipykernel.shellchannel", "ipykernel.control", "IPython.core.completerlib",
    "IPython.core.debugger", "IPython.core.oinspect", "IPython.core.pylabtools",
    "IPython.core.ultratb", "IPython.core.magics.execution", "IPython.core.magics.pylab",
    "IPython.extensions.storemagic", "IPython.utils.module_paths", "stack_data", "pydoc", "pdb",
    "sqlite3", "encodings.idna", "encodings.ascii", "encodings.latin_1", "stringprep",
    "tornado.platform.asyncio", "psutil", "comm", "json", "uuid", "hmac", "multiprocessing",
    "concurrent.futures.thread", "autograder.sandbox.kernel.streams",
    "autograder.sandbox.kernel.telling",
)  # fmt: skip
PLOT_MODULES = (
    "matplotlib", "matplotlib.pyplot", "matplotlib.animation",
    "matplotlib.backends.backend_agg", "matplotlib.font_manager", "PIL.BmpImagePlugin",
    "PIL.GifImagePlugin", "PIL.JpegImagePlugin", "PIL.PpmImagePlugin", "PIL.PngImagePlugin",
    "ipywidgets", "tqdm.auto",
)  # fmt: skip
JAX_MODULES = (
    "numpy", "numpy.random", "numpy.testing", "jax", "jax.numpy", "jax.scipy", "jax.scipy.stats",
    "jax.random", "jax.nn", "jax.lax", "jax.flatten_util", "jax.tree_util", "jax.experimental",
    "jaxlib.lapack", "jaxlib.mlir._mlir_libs._mlirHlo", "jaxlib.mlir.dialects.builtin",
    "autograder", "autograder.remote.endpoint",
)  # fmt: skip

CONTEXTS = 160
"""MLIR contexts made in advance: a notebook and its tests compile some 150 operations one by one,
and a context for each costs 3 ms."""

PRIVATE_NAMES = {
    "jax._src.interpreters.mlir.make_ir_context": "about 0.15 s of a notebook's first operations",
    "jax._src.xla_bridge._discover_and_register_pjrt_plugins": "8 ms of the first operation",
}


def preload() -> list[str]:
    """Import and prepare everything. Called once, by the zygote, before it forks anything.

    Returns the private names of jax that this release lacks, which `doctor` shows.
    """
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    for variable in ("HOME", "MPLCONFIGDIR", "XDG_CACHE_HOME"):  # for font caches
        os.environ[variable] = os.environ["TMPDIR"]
    without_debugger()
    for name in [*KERNEL_MODULES, *PLOT_MODULES, *JAX_MODULES]:
        try:
            importlib.import_module(name)
        except ImportError:  # a module that some release lacks is imported when it is needed
            continue
    missing = [name for name in PRIVATE_NAMES if private(name) is None]
    discover_plugins()
    make_contexts_in_advance()
    trace_common_operations()
    draw_once()
    transform_once()
    forget("matplotlib_inline")
    return missing


def without_debugger() -> None:
    """Let ipykernel find no debugpy: nobody debugs here, and it costs 0.3 s and starts threads."""
    sys.modules["debugpy"] = None  # type: ignore[assignment]
    try:
        importlib.import_module("ipykernel.debugger")
    finally:
        del sys.modules["debugpy"]


def forget(package: str) -> None:
    """Let a package be imported once more, by each kernel for itself.

    matplotlib_inline needs it: it looks for the running kernel while it is imported.
    """
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]


def private(name: str) -> Callable[..., Any] | None:
    """The function of a dotted name, or None if this release does not have it."""
    module, _, attribute = name.rpartition(".")
    try:
        found = operator.attrgetter(attribute)(importlib.import_module(module))
    except (ImportError, AttributeError):
        return None
    return found if callable(found) else None


def installed(package: str) -> bool:
    """Whether this Python has a package: a course may have one without jax, or without pictures."""
    return importlib.util.find_spec(package) is not None


def discover_plugins() -> None:
    """Look for jax's plug-ins, once for all kernels."""
    discover = private("jax._src.xla_bridge._discover_and_register_pjrt_plugins")
    if discover is not None:
        discover()


def make_contexts_in_advance() -> None:
    """Replace the function that makes an MLIR context by one that hands out those made here.

    Each kernel, a copy of this process, has all of them.
    """
    name = "jax._src.interpreters.mlir.make_ir_context"
    make = private(name)
    if make is None:
        return
    prepared = [make() for _ in range(CONTEXTS)]

    def make_ir_context() -> Any:
        return prepared.pop() if prepared else make()

    module, _, attribute = name.rpartition(".")
    setattr(sys.modules[module], attribute, make_ir_context)


def trace_common_operations() -> None:
    """Trace, without compiling, what such lessons do: fills jax's caches and imports its rules."""
    if not installed("jax"):
        return
    import jax
    import jax.numpy as jnp

    vector = jax.ShapeDtypeStruct((7,), "float32")
    scalar = jax.ShapeDtypeStruct((), "float32")

    def loss(w: Any, b: Any, x: Any, y: Any) -> Any:
        p = 1 / (1 + jnp.exp(-(w * x + b)))
        return -jnp.sum(y * jnp.log(p) + (1 - y) * jnp.log(1 - p))

    gradient = jax.grad(loss, argnums=(0, 1))
    for function in (loss, gradient, jax.jit(gradient)):
        jax.make_jaxpr(function)(scalar, scalar, vector, vector)
    for operation in (jnp.round, jnp.tanh, jnp.mean, jnp.max, jnp.abs, jnp.sqrt, jnp.sin,
                      jax.nn.sigmoid, jax.nn.softplus, lambda x: jnp.where(x > 0, x, -x),
                      lambda x: x**2 @ x):  # fmt: skip
        jax.make_jaxpr(operation)(vector)
    jax.make_jaxpr(lambda: (jnp.linspace(-5, 5, 7), jnp.zeros(3)))()


def draw_once() -> None:
    """Draw a figure: builds the font cache and imports what drawing needs."""
    if not installed("matplotlib"):
        return
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure()
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots(1, 2)
    axes[0].plot([0, 1, 2], [1.0, 2.0, 4.0], label="a $x^2$")
    axes[0].set_yscale("log")
    axes[0].set_title("t")
    axes[0].legend()
    axes[1].scatter([0, 1], [0, 1], c=[0.0, 1.0])
    canvas.print_figure(io.BytesIO(), format="png", bbox_inches="tight")


def transform_once() -> None:
    """Send a cell through IPython's input transformation, which imports what that needs."""
    from IPython.core.inputtransformer2 import TransformerManager

    TransformerManager().transform_cell("%matplotlib inline\n!ls\ndef f(a):\n    return a\nf?\n")
