"""A folder of modules for the programs that tests start, see rfc3987_syntax.py in it."""

from __future__ import annotations

import os
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODULES = os.pathsep.join([str(HERE), str(HERE.parents[2])])
"""PYTHONPATH of those programs: this folder, and the project."""
