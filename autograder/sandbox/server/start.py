"""The fork server's first lines, in any Python: `python start.py FILE_DESCRIPTOR`.

The Python of a course need not have the kit installed, and what else lies beside the kit is not for
it: this package alone is made importable there, from where it lies. It comes before one that may be
installed, for both sides of the wire have to be of one version.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2]


def bring_package() -> None:
    """Import the package from where it lies; from then on all its modules can be imported.

    Called here, and in the ordinary kernels that `judge/` starts.
    """
    if PACKAGE.name in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(PACKAGE.name, PACKAGE / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    sys.modules[PACKAGE.name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


if __name__ == "__main__":
    folder = str(Path(__file__).parent)
    sys.path[:] = [entry for entry in sys.path if entry != folder]  # Python has put it there
    bring_package()
    from autograder.sandbox.server.launcher import main

    main()
