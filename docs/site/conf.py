"""The documentation site: the Markdown files where they lie, and the C++ interface from its own comments.

`make docs` runs Doxygen and then Sphinx with the project's root as source folder, so that a link that works in
a checkout works on the site.
"""

import pathlib
import re
import sys

from sphinx.errors import ConfigError

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "docs/site"))

import python_interface  # noqa: E402 (a neighbour of this file)

project = "pcxx"
author = "The pcxx authors"
copyright = author  # noqa: A001 (Sphinx's name)
release = (ROOT / "CMakeLists.txt").read_text().split("VERSION ", 2)[2].split()[0]

headers = {path.name for path in (ROOT / "include/pcxx").rglob("*.h")} - {"pcxx.h"}
pages = "".join(path.read_text() for path in (ROOT / "docs/api").glob("*.md"))
if differing := headers ^ set(re.findall(r"{doxygenfile} (\S+)", pages)):
    raise ConfigError(f"docs/api and include/pcxx differ in {', '.join(sorted(differing))}")
try:
    python_interface.require_complete(set(python_interface.interface()))
except python_interface.InterfaceError as error:
    raise ConfigError(str(error)) from error

extensions = ["myst_nb", "breathe", "sphinx_copybutton", "pages"]
root_doc = "docs/index"
include_patterns = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/*.md", "docs/api/*.md",
                    "docs/api/python/*.md", "examples/README.md", "python/tutorials/*.py"]
exclude_patterns = ["build*", ".venv", "runs"]

myst_heading_anchors = 4
myst_enable_extensions = ["dollarmath"]
nb_custom_formats = {".py": ["notebooks.executed", {}, False]}
nb_execution_mode = "off"  # `make notebooks` has run them
nb_merge_streams = True
breathe_projects = {"pcxx": str(ROOT / "build/doxygen/xml")}
breathe_default_project = "pcxx"
breathe_order_parameters_first = True
breathe_show_include = False
add_module_names = False
python_maximum_signature_line_length = 90
python_display_short_literal_types = True
python_trailing_comma_in_multi_line_signatures = False
cpp_id_attributes = ["[[nodiscard]]"]
copybutton_prompt_text = "$ "
nitpicky = False  # types of the standard library have no page here
suppress_warnings = [
    "myst.header",  # decisions are of one level, below a title
    "duplicate_declaration.cpp",  # of the namespace, which every header opens
    "source_code_parser.cpp",  # Sphinx's parser does not know designated initialisers
]

html_math_renderer = "mathml"
html_theme = "furo"
html_title = "pcxx"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_theme_options = {"navigation_with_keys": True}
