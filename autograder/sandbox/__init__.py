"""A fresh, isolated, warm kernel for every submission.

Processes, from the outside in; each trusts only those above it:

    grader       nbgrader's process: the judge, the gradebook            `grader/`
    launcher     the fork server's outermost process: waits, cleans up   `server/launcher`
    zygote       has imported JAX and ipykernel, holds no data           `server/zygote`
      supervisor   one for each submission: watches the limits           `server/supervisor`
        kernel       one for each submission: student code, confined     `kernel/`

`policy` says what is allowed, `settings` what it may cost, `confine/` how that is enforced.
"""
