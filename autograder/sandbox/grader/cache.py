"""Where compiled JAX code is kept, so that not every submission compiles the same again.

Three folders in the user's cache directory. `compiled/` has a folder for each version of a
notebook: native code, of which a kernel can read that of its own notebook, and write nothing. It
follows from public things alone (`judge.maker`). In `making/` such a folder is made, beside copies
of the course's files; `judge/` is for this process itself. No kernel can reach these two.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import shutil
import traceback
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from unittest.mock import patch

import platformdirs

from autograder.remote import endpoint, given
from autograder.sandbox.grader import everyday
from autograder.sandbox.grader.interpreter import Interpreter, own

try:
    import fcntl
except ModuleNotFoundError:  # Windows, where no kernel reads compiled code
    fcntl = None  # type: ignore[assignment]

COMPLETE = "complete"
MADE_HERE = "unfinished"
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

    `server_for` tells the fork server of it, which lets a kernel read one folder in it; `doctor`
    looks at its disk.
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


def finished(name: str) -> Path | None:
    """The folder of this name (`fingerprint`) that a kernel may be shown; None while there is none.

    Called for each kernel.
    """
    root = cache_directory()
    if root is None or not (root / name / COMPLETE).exists():
        return None
    os.utime(root / name / COMPLETE)
    return root / name


@contextlib.contextmanager
def locked_workshop() -> Iterator[tuple[Path | None, int]]:
    """Where compiled code is made, and a descriptor that holds its lock; None while it is taken.

    Called by `judge.compiling`. Whoever inherits the descriptor holds the lock as well, and the
    system gives it back when the last of them has ended, however that comes about. So one process
    at a time works here, and what an earlier one left can be replaced.
    """
    workshop = _directory("making", 0o700)
    if workshop is None or fcntl is None:
        yield None, -1
        return
    lock = os.open(workshop, os.O_RDONLY)
    try:
        yield (workshop, lock) if _taken(lock) else (None, -1)
    finally:
        os.close(lock)


def _taken(lock: int) -> bool:
    """Take a lock, unless another process has it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unfinished(name: str, workshop: Path) -> Path:
    """The folder of this name to compile into, with what is there from an earlier time.

    Called by `judge.maker`, which goes on where the last one was stopped: short runs get there,
    too. The entry that was written last may be half of one, so it goes; so do other notebooks'.
    """
    for path in workshop.glob(f"*/{MADE_HERE}"):
        if path.parent.name != name:
            shutil.rmtree(path.parent, ignore_errors=True)
    folder = workshop / name
    folder.mkdir(exist_ok=True)
    (folder / MADE_HERE).touch()
    entries = [path for path in folder.iterdir() if path.name != MADE_HERE]
    if entries:
        max(entries, key=lambda path: path.stat().st_mtime_ns).unlink()
    return folder


def finish(folder: Path) -> None:
    """Hand a folder over to the kernels, and forget what was needed to make it."""
    workshop, root = folder.parent, cache_directory()
    if root is None:
        return
    (folder / MADE_HERE).unlink()
    (folder / COMPLETE).touch()
    make_readable(folder)
    shutil.rmtree(root / folder.name, ignore_errors=True)  # what is left of one that was removed
    folder.rename(root / folder.name)
    forget_old(root)  # the new one is the latest of all
    for left in workshop.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()


def note_failure(name: str, workshop: Path) -> None:
    """Keep the exception at hand as the reason why the folder of this name could not be made."""
    (workshop / f"{name}.failed").write_text(traceback.format_exc(), encoding="utf-8")


def failures() -> list[str]:
    """Why folders could not be made, the last line of each error; `doctor` shows it."""
    workshop = _directory("making", 0o700)
    noted = [] if workshop is None else sorted(workshop.glob("*.failed"))
    return [path.read_text(encoding="utf-8").strip().splitlines()[-1] for path in noted]


def failure_of(name: str) -> Path | None:
    """The file that says why the folder of this name could not be made, if that was tried."""
    workshop = _directory("making", 0o700)
    failure = None if workshop is None else workshop / f"{name}.failed"
    return failure if failure is not None and failure.exists() else None


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


def fingerprint(notebook: Path, *code: Path, python: Interpreter | None = None) -> str:
    """The name of a notebook's folder: 32 hexadecimal digits.

    It is another one as soon as the notebook, a Python file beside it, the kit's own code that
    runs with it (`code`, and what is known here), or the Python of its kernels with its packages
    and variables is another one. `python` is the grader's own if none is given.
    """
    python = python or own()
    digest = hashlib.sha256()
    for item in (platform.machine(), python.version, python.packages, python.variables):
        digest.update(repr(item).encode() + b"\0")
    ours = [Path(module.__file__ or "") for module in (everyday, endpoint, given)]
    for path in [*ours, *code, *sorted(notebook.parent.glob("*.py")), notebook]:
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
