"""How the documentation is built: Sphinx, MyST Markdown, the theme furo. Nothing is fetched from the network."""

import sys
from pathlib import Path

import django
from django.conf import settings

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

# Just enough of Django to read the docstrings. No database is opened.
settings.configure(
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "proctoring_results"],
    SECRET_KEY="only for building the documentation",  # noqa: S106
    USE_TZ=True,
)
django.setup()

from proctoring_results import __version__  # noqa: E402 - needs the settings

project = "proctoring_results"
author = "proctoring_results contributors"
copyright = author
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
nitpicky = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
python_display_short_literal_types = True
python_maximum_signature_line_length = 88

html_theme = "furo"
html_title = f"proctoring_results {release}"
html_copy_source = False
html_show_sourcelink = False
