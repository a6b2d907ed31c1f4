"""A kernel of a language that is not Python: it says a cell back, or fails where that is `stop`.

It notes what it was asked to run in the file that ECHO_LOG names.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel


class EchoKernel(Kernel):
    implementation = "echo"
    implementation_version = language_version = "1"
    language_info = {"name": "octave", "mimetype": "text/plain", "file_extension": ".txt"}  # noqa: RUF012
    banner = "echo"

    async def do_execute(self, code: str, *_: Any, **__: Any) -> dict[str, Any]:
        with Path(os.environ["ECHO_LOG"]).open("a") as log:
            log.write(f"{code}\n")
        if code == "stop":
            error = {"ename": "Stop", "evalue": "stop", "traceback": ["stop"]}
            self.send_response(self.iopub_socket, "error", error)
            return {"status": "error", "execution_count": self.execution_count, **error}
        said = {"name": "stdout", "text": code}
        self.send_response(self.iopub_socket, "stream", said)
        return {
            "status": "ok",
            "execution_count": self.execution_count,
            "payload": [],
            "user_expressions": {},
        }


if __name__ == "__main__":
    IPKernelApp.launch_instance(kernel_class=EchoKernel)
