"""What is the kit's in a student's kernel. UNTRUSTED SIDE: student code can change all of it.

application   turns a confined process into an ordinary ipykernel
streams       its stdout and stderr
telling       ipykernel's kernel, which says what a cell has left running

The process is locked in before any of this runs (`sandbox/confine/`), so nothing here has to be
trusted.
"""

LEFT_RUNNING = "left_running"
"""In the metadata of a reply where what ran has left something running; see `telling`."""
