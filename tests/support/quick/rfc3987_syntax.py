"""Found by the programs that tests start in place of the package of this name.

jsonschema imports it if it is there, which compiles a grammar of internationalised web addresses:
half of what importing nbgrader takes. Nothing checks such an address. The kit's own commands do
without it as well, see autograder/grading/quick.py.
"""

raise ImportError(__doc__)
