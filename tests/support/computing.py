"""Code that computes, in as many ways as there are, for a little more than a limit."""

from __future__ import annotations

SPEND = """
    import os, select, threading, time

    def spend(seconds, clock=time.process_time):
        end = clock() + seconds
        while clock() < end:
            pass

    def child(seconds):
        if (pid := os.fork()) == 0:
            spend(seconds)
            os._exit(0)
        return pid
    """
COMPUTES = {
    "a loop": "while True: pass",
    "threads": """
        import hashlib
        data = bytes(1 << 20)
        many = [
            threading.Thread(target=lambda: [hashlib.sha256(data) for _ in range(400)])
            for _ in range(4)
        ]
        for each in many: each.start()
        for each in many: each.join()
        while True: pass
        """,
    "processes at once": "for pid in [child(0.7), child(0.7), child(0.7)]: os.waitpid(pid, 0)",
    "processes that have ended": "for _ in range(9): os.waitpid(child(0.5), 0)",
}
"""Each for more than a second in all. No process that a child is started in computes itself."""
