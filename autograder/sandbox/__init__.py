"""A fresh, isolated, warm kernel for every submission. TRUSTED SIDE, all but `kernel/`.

Processes, from the outside in; each trusts only those above it:

    grader       nbgrader's process: the judge, the gradebook            `grader/`
    launcher     the fork server's outermost process: waits, cleans up   `server/launcher`
    zygote       has imported JAX and ipykernel, holds no data           `server/zygote`
      supervisor   one for each submission: watches the limits           `server/supervisor`
        kernel       one for each submission: student code, confined     `kernel/`

`policy` says what student code may see and do, `settings` how much it may use up, and `confine/`
how both are enforced. `whereabouts` is what a Python says of itself: launcher, zygote, supervisor
and kernel are of the Python that the course's kernelspec names.
"""
