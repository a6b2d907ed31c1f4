"""The fork server. TRUSTED SIDE, in processes apart from the grader's, out of reach of a kernel.

launcher     outside every namespace: finds out what works (`probe`), waits, cleans up
zygote       has everything imported (`preload`) and forks
supervisor   starts one kernel, watches its limits, ends it
"""
