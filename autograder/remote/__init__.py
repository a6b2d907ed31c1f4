"""Both sides of the boundary between a student's code and the verdict on it.

wire       values as data: what crosses. Both sides; the receiving one trusts nothing
given      functions of the instructor's, as source. Both sides
endpoint   answers questions about the student's functions. UNTRUSTED SIDE: it runs among them
"""
