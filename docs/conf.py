"""How the documentation is built: `make docs`. The pages also read well as plain files."""

import importlib.metadata

project = "nbgrader-jax"
copyright = "the nbgrader-jax contributors"
release = importlib.metadata.version("nbgrader-jax")

extensions = ["myst_parser"]
myst_heading_anchors = 3
exclude_patterns = ["kubernetes"]

html_theme = "furo"
html_title = "nbgrader-jax"
html_show_sphinx = False
html_copy_source = False
