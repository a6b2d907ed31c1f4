"""One submission, from the file that came in to the marks. TRUSTED SIDE.

In the order in which nbgrader's Autograde calls them (see `nbgrader_config.py`):

    intake        takes the submission as it comes: links, renamed files, cells that are gone
    reading       reads any file as the notebook that it holds
    course_kernels   says which kernel a notebook is graded with, and what cannot be graded here
    execute       runs every cell where it belongs
    student_kernel   runs the student's cells, calls their functions, finds who ended the kernel
    kernels       puts another kernel in the place of a lost one
    connection    the line to one kernel
    budgets       what cells and calls may take
    stopwatch     counts the time of student code, in processor time
    outputs       what a cell shows of how it ended
    testcell      runs a test cell and makes its report
    written       says what was written where a name is missing
    compiling     finds what JAX compiled for the notebook before, and has it made
    maker         makes it, in a process of its own
    saving        saves the marks, and asks for a person where one has to look
    untouched     says where nothing was written for a person to mark
    sanitise      makes what is stored safe to show
    cleaning      has HTML and Markdown made harmless, in bounded time
    harmless      does that, in a process of its own

`cells` and `course` are the only modules that know nbgrader's labels and folders, `solutions` the
one that reads the instructor's answers.
"""

from autograder.judge.execute import Execute
from autograder.judge.intake import RestoreCells, SubmissionExporter, receive
from autograder.judge.sanitise import Sanitise
from autograder.judge.saving import SaveAutoGrades

__all__ = [
    "Execute",
    "RestoreCells",
    "Sanitise",
    "SaveAutoGrades",
    "SubmissionExporter",
    "receive",
]
