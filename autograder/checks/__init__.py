"""What an exercise asks, and how an answer is judged. A student's install has all of this.

TRUSTED SIDE during grading; in a live notebook the same checks run beside the student's code, and
count for nothing.

    exercise     `Exercise`: the words in which a test cell is written
    student, reference, context   the student's answers and the instructor's, and who gives them
    faults       why there is no answer to judge
    compare      an answer beside what was expected
    numerics     finite differences and gradient descent
    properties   what can be said of an answer without knowing the right one
    training     judging a training loop, and the values that it ends with
    diagnosis    why an answer is wrong
    curves       what a check gives a feedback page to draw
    names        which names a cell binds and which it needs
"""
