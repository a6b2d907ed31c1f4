"""What an exercise asks, and how an answer is judged. A student's install has all of this.

TRUSTED SIDE during grading; in a live notebook the same checks run beside the student's code, and
count for nothing.

    exercise     `Exercise`: the words in which a test cell is written
    base         what all its checks have in common
    student, reference, context   the student's answers and the instructor's, and who gives them
    answers, forms, relations, gradients, derivatives, transformations, training, values, accuracy
                 the checks, each with its judgement under its name
    attempt      what a judgement finds
    faults       why there is no answer to judge
    compare, arrays   an answer beside what was expected: trees, and the numbers in them
    wording      values in the words of a sentence
    properties   what can be said of an answer without knowing the right one
    draws        the same, of random draws
    leaves       the arrays inside an answer
    numerics     finite differences, and where training ends
    paths        the way there, step by step
    live         what a live notebook knows of its cells
    standing     how far along its student is
    diagnosis    why an answer is wrong
    slips        the mistakes that any gradient and any training loop can make
    hints, tracers   what to look at next, and what JAX's errors say
    mistakes     a known mistake that keeps a share of the points
    curves       what a check gives a feedback page to draw
"""
