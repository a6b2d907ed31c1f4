"""Imported before nbgrader where a start must be quick: by the command and by its workers.

jsonschema, when it is imported, compiles the grammar of internationalised web addresses if the
package for them is installed, as it is beside JupyterLab. That takes half of all our imports, and
nothing here checks such an address.
"""

import sys

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
