"""How Sphinx builds the documentation: `make docs`, from the project's folder.

Nothing is fetched while it builds or is read. Every warning is an error there, so a link to a page,
an anchor or a file that does not exist fails the build.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_extensions")]

import dcvae  # noqa: E402  found by the line above, also where it is not installed
from dcvae.cli.printer import start_backend  # noqa: E402

start_backend()  # what the framework writes while it is imported would look like warnings

project = "DC-VAE"
author = "the dcvae contributors"
project_copyright = author
version = release = dcvae.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "exported_names",
    "repository_links",
]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "_extensions"]

# The anchors of headings are those that GitHub gives them.
myst_heading_anchors = 4

smartquotes = False  # values are typed as they stand here

nitpicky = True
# Other projects' names are not looked up: that would need their inventories from the network.
nitpick_ignore_regex = [
    (r"py:.*", r"(collections|datetime|pathlib|typing)\..*"),
    (r"py:.*", r"(keras|matplotlib|numpy|np|npt|pandas|pd|pydantic|sklearn)\..*"),
    (r"py:.*", r"(Figure|NDArray|ArrayLike|Path|timedelta|(Bool|Int|Float32|Float64)Array)"),
    (r"py:.*", r"dcvae\._arrays\..*"),  # private, and said in words where it is used
]

# Docstrings are Google's, and write code between single backquotes.
default_role = "code"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True

html_theme = "furo"
html_title = f"DC-VAE {release}"
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
