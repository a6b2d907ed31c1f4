"""The fork server. TRUSTED SIDE, in processes apart from the grader's, out of reach of a kernel.

start        makes the kit importable in the Python of the course, and runs `launcher`
launcher     the outermost process: finds out what works (`probe`), waits, cleans up
zygote       has everything imported (`preload`), and forks a supervisor for each kernel
supervisor   starts one kernel, watches its limits, ends it

`sandbox/grader/forkserver` starts it as `python start.py`, with the Python that the course's
kernelspec names.
"""
