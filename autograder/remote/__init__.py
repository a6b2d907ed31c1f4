"""Both sides of the boundary between a student's code and the verdict on it.

wire       values as data: what crosses. Both sides; the receiving one trusts nothing
trees      dicts, lists, tuples, named tuples and dataclasses in one another. Both sides
given      functions of the instructor's, as source. Both sides
names      which names code binds and needs, by reading it. Both sides
endpoint   answers questions about the student's functions. UNTRUSTED SIDE: it runs among them
apart      runs what a function needs again, with stubs. UNTRUSTED SIDE, like the next one
tracing    counts how often JAX traces a function. UNTRUSTED SIDE
unnoticed  keeps to itself what is printed, drawn and written meanwhile
"""
