"""The grader's end of the sandbox. TRUSTED SIDE, in the grader's process: it asks for kernels.

interpreter   says which Python a kernelspec names
forkserver    starts a fork server of that, and asks it for kernels
provisioner   hands such kernels to jupyter_client
manager       the kernel manager and client that nbclient is given
cache         where compiled JAX code is kept
everyday      what is compiled besides the release

From the top: nbclient calls `manager`, jupyter_client calls `provisioner` for it, and that calls
`forkserver`.
"""
