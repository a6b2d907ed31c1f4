"""The commands: `autograder doctor`, `verify`, `grade`, `scores`, `report`. TRUSTED SIDE.

main            the command with its subcommands
doctor, verify, grade, scores, report   one module each
command         what they share: options, help, the gradebook, exit statuses
shell           commands that are printed for a person to paste
configuration   whether a course's nbgrader_config.py has what the kit needs
capacity        processors and memory, or a container's share of them
ending          how a command ends that is stopped from outside
"""
