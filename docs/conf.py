"""How Sphinx builds the documentation: `make docs`, result in ``docs/_build/html``.

Nothing is fetched when a page is viewed: the theme brings its fonts and scripts, and no list of
another project's pages is downloaded (`_ext/offline_check.py` makes sure of it).
"""

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "Espalier"
author = "The Espalier developers"
project_copyright = "the Espalier developers; licence Apache 2.0"
release = version = installed_version("espalier")

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "generated_reference",
    "notebook_pages",
    "offline_check",
]
exclude_patterns = ["_build", "images/README.md"]
smartquotes_action = "qe"  # not the dashes of --options
toc_object_entries_show_parents = "hide"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_typehints = "none"  # numpydoc's parameter lists say the types
autodoc_member_order = "bysource"
autosummary_generate = False
maximum_signature_line_length = 80
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

html_theme = "pydata_sphinx_theme"
html_title = "Espalier"
html_static_path = ["_static"]
html_css_files = ["espalier.css"]
html_logo = "_static/logo.svg"
html_favicon = "_static/logo.svg"
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "Espalier"},
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "header_links_before_dropdown": 6,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-light",
    "pygments_dark_style": "a11y-dark",
}
html_sidebars = {
    page: [] for page in ("index", "architecture", "how-the-search-works", "results", "words")
}
