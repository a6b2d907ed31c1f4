"""Where the command starts, before anything slow is imported."""
# PYTHON_ARGCOMPLETE_OK

from __future__ import annotations

import sys

from autograder.apps.ending import quietly


def main() -> None:
    """Entry point of the console script, and of `python -m autograder`."""
    with quietly():
        if sys.argv[1:2] == ["grade"] and not {"-h", "--help", "--help-all"} & set(sys.argv):
            from autograder.grading.forking import start_server

            start_server()  # its imports take as long as ours, and need not wait for them
        import autograder.grading.quick  # noqa: F401 - first
        from autograder.apps.main import main as run

        run()


if __name__ == "__main__":
    main()
