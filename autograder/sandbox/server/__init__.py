"""The fork server. TRUSTED SIDE, in processes apart from the grader's, out of reach of a kernel.

launcher     the outermost process: finds out what works (`probe`), waits, cleans up
zygote       has everything imported (`preload`), and forks a supervisor for each kernel
supervisor   starts one kernel, watches its limits, ends it

`sandbox/grader/forkserver` starts it as `python -m autograder.sandbox.server.launcher`.
"""
