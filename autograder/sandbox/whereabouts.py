"""What a Python says of itself: its version, folders and packages.

The grader asks its own Python by importing this, and any other by running this file with it:

    python whereabouts.py

That Python may be old and lack everything, so this is plain Python of the standard library's.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import site
import sys
import sysconfig
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
"""Where this file lies: Python puts that on the path of a program."""
MARK = "whereabouts: "
"""Begins the line with the answer, so that what a wrapper prints besides is not taken for it."""
NEEDED = ("ipykernel", "numpy")
"""What a kernel of the sandbox's cannot do without."""
COMPARED = ("ipykernel", "jax", "jaxlib", "numpy")
"""Packages whose versions are worth knowing, and on which compiled code depends."""


def whereabouts() -> dict[str, Any]:
    """Everything, fit for JSON."""
    found = {name: importlib.util.find_spec(name) for name in NEEDED}
    return {
        "version": platform.python_version(),
        "executable": sys.executable,
        "options": options(),
        "prefix": sys.prefix,
        "folders": folders(),
        "path": [entry for entry in sys.path if entry not in ("", HERE)],
        "packages": {name: version for name in COMPARED if (version := version_of(name))},
        "missing": [name for name, spec in found.items() if spec is None],
        "origins": [spec.origin for spec in found.values() if spec is not None and spec.origin],
        "environment": dict(os.environ),
    }


def folders() -> list[str]:
    """The folders that have to be readable for this Python and what is installed for it."""
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.pycache_prefix or sys.prefix}
    packages = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    packages |= set(site.getsitepackages())
    if site.ENABLE_USER_SITE:
        packages.add(site.getusersitepackages())
    return [*sorted(prefixes | packages), os.path.dirname(os.path.realpath(sys.executable))]  # noqa: PTH120


def options() -> list[str]:
    """With which options it was started: `["-O"]` for `python -O whereabouts.py`."""
    words = getattr(sys, "orig_argv", [])  # Python 3.10
    return words[1 : words.index(sys.argv[0])] if sys.argv[0] in words else []


def version_of(package: str) -> str:
    """The version of an installed package, "" if there is none."""
    from importlib.metadata import PackageNotFoundError, version  # Python 3.8

    try:
        return version(package)
    except PackageNotFoundError:
        return ""


if __name__ == "__main__":
    print(MARK + json.dumps(whereabouts()))
