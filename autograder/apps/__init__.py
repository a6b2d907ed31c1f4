"""The commands: `autograder doctor`, `verify`, `grade`, `scores`, `report`. TRUSTED SIDE.

main            the command with its subcommands
doctor, verify, grade, scores, report   one module each
command         what they share: options, help, the gradebook, exit statuses
logs            what is logged, for a terminal
shell           commands that are printed for a person to paste
configuration   whether a course's nbgrader_config.py has what the kit needs
checkup         what `doctor` says of one thing
kernels         what it says of the kernels that a course names
capacity        processors and memory, or a container's share of them
ending          how a command ends that is stopped from outside
"""

from typing import Any


def __getattr__(name: str) -> Any:
    """`autograder.apps.Formatter`, imported when logging asks for it."""
    if name == "Formatter":
        from autograder.apps.logs import Formatter

        return Formatter
    raise AttributeError(name)
