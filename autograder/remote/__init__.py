"""Both sides of the boundary between a student's code and the verdict on it.

wire       values as data: what crosses. Both sides; the receiving one trusts nothing
given      functions of the instructor's, as source. Both sides
names      which names a cell or a statement binds and which it needs. Both sides
apart      a student's part with stubs in the place of others. UNTRUSTED SIDE, as is
endpoint   which answers questions about the student's functions: it runs among them
"""
