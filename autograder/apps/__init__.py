"""The commands: `autograder doctor`, `verify`, `grade`, `scores`, `report`. TRUSTED SIDE.

`main` is the command with its subcommands, `command` what they share.
"""
