"""A fresh, isolated, warm kernel for every submission.

Processes, from the outside in; each trusts only those above it:

    grader      nbgrader's process: the judge, the gradebook. `forkserver`, `provisioner`, `manager`
      warden    the fork server's outermost process: waits, and cleans up. `warden`
        zygote  has imported JAX and all of ipykernel, holds no data. `zygote`, `warm`
          supervisor   one for each submission: watches the limits. `supervisor`
            kernel     one for each submission: student code, confined. `kernelapp`

What is allowed stands in `policy`, what it costs in `settings`; how it is enforced in
`isolation` (`namespaces`, `landlock`, `seccomp`) on the calls in `syscalls`.
"""
