"""Where compiled JAX code is kept, so that not every submission compiles the same again.

Two folders in the user's cache directory. `compiled/` has a folder for each version of a notebook:
native code, which comes from a run of the instructor's own notebook and which kernels can read,
never write. `judge/` is for this process itself; no kernel can read it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from unittest.mock import patch

import platformdirs

from autograder.remote import endpoint, given
from autograder.sandbox.grader import everyday

COMPLETE = "complete"
SETTINGS = {
    "jax_persistent_cache_min_compile_time_secs": 0,
    "jax_persistent_cache_min_entry_size_bytes": -1,
    "jax_persistent_cache_enable_xla_caches": "none",  # else the folder is part of each key
}
"""What makes JAX keep everything that it compiles, for any process that finds the folder."""
KEPT = 20
"""Notebook versions whose code is kept; older ones go."""


def cache_directory() -> Path | None:
    """The folder for the compiled code of all notebooks; None if none can be written.

    `server_for` lets kernels read it, `doctor` looks at its disk.
    """
    return _directory("compiled", 0o755)


def _directory(name: str, mode: int) -> Path | None:
    try:
        directory = platformdirs.user_cache_path("nbgrader-jax").resolve() / name
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(mode)
    except OSError:
        return None
    return directory if os.access(directory, os.W_OK) else None


def keep_own_code() -> None:
    """Let this process keep what it compiles itself, in a folder that kernels cannot read.

    Called by `Execute` before it judges: the references of a lesson take two seconds to compile,
    which every grading process would spend again. A folder that is chosen already
    (JAX_COMPILATION_CACHE_DIR) is left as it is.
    """
    import jax

    if getattr(jax.config, "jax_compilation_cache_dir", None) is not None:
        return
    directory = _directory("judge", 0o700)
    if directory is not None:
        jax.config.update("jax_compilation_cache_dir", str(directory / version("jax")))
        for name, value in SETTINGS.items():
            jax.config.update(name, value)


def compiled(notebook: Path, compile_into: Callable[[Path], None]) -> Path | None:
    """The folder with the compiled code of an instructor's notebook; made now if there is none.

    Called by `Execute` at the start of each submission. The first of a class pays for the folder,
    and workers that come meanwhile wait for it. None where nothing can be kept.

    Parameters
    ----------
    notebook
        The instructor's notebook. Files beside it count as part of it.
    compile_into
        Runs the notebook such that JAX writes what it compiles into a folder.
    """
    root = cache_directory()
    if root is None:
        return None
    folder = root / fingerprint(notebook)
    if not (folder / COMPLETE).exists():
        with one_at_a_time(root):
            if not (folder / COMPLETE).exists():
                _make(folder, compile_into)
    if not (folder / COMPLETE).exists():
        return None
    os.utime(folder / COMPLETE)
    return folder


def _make(folder: Path, compile_into: Callable[[Path], None]) -> None:
    root = folder.parent
    making = Path(tempfile.mkdtemp(prefix="making-", dir=root))
    try:
        compile_into(making)
        (making / COMPLETE).touch()
        make_readable(making)
        forget_old(root)  # the new one is the latest of all
        making.rename(folder)
    except OSError:  # another process was faster, where there are no locks
        shutil.rmtree(making, ignore_errors=True)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise


@contextlib.contextmanager
def one_at_a_time(directory: Path) -> Iterator[None]:
    """Hold the lock of a folder, and wait for it while another process does.

    The system gives the lock back when the process ends, however it ends.
    """
    try:
        import fcntl
    except ModuleNotFoundError:  # Windows
        yield
        return
    handle = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def writing_compiled_code(folder: Path) -> Iterator[None]:
    """Let programs that are started in this block keep all that JAX compiles in a folder."""
    variables = {
        "JAX_COMPILATION_CACHE_DIR": str(folder),
        **{name.upper(): str(value) for name, value in SETTINGS.items()},
        "JAX_PLATFORMS": "cpu",
    }
    with patch.dict(os.environ, variables):
        yield


def fingerprint(notebook: Path) -> str:
    """The name of a notebook's folder: 32 hexadecimal digits.

    It is another one as soon as the notebook, a Python file beside it, the kit's own code that
    runs with it, Python or jax is another one.
    """
    digest = hashlib.sha256()
    for item in (platform.python_version(), platform.machine(), version("jax"), version("jaxlib")):
        digest.update(item.encode() + b"\0")
    ours = [Path(module.__file__ or "") for module in (everyday, endpoint, given)]
    for path in [*ours, *sorted(notebook.parent.glob("*.py")), notebook]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:32]


def make_readable(folder: Path) -> None:
    """Let every user read a folder and the files in it, whatever the umask was."""
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def forget_old(root: Path) -> None:
    """Remove all folders but the `KEPT` that were used last."""
    used = sorted(root.glob(f"*/{COMPLETE}"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in used[KEPT:]:
        shutil.rmtree(path.parent, ignore_errors=True)
