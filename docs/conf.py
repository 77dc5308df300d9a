"""The documentation as a site: ``make docs`` makes it of the Markdown pages beside this file."""

from __future__ import annotations

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

from pkbench import __version__

project = "pkbench"
author = "The pkbench authors"
copyright = "The pkbench authors, MIT licence"
version = release = __version__

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
myst_heading_anchors = 6
"""Every heading has the anchor that code hosts give it."""

html_theme = "furo"
html_title = f"pkbench {release}"
html_show_sphinx = False


class LinksOutOfTheSite(SphinxTransform):
    """Links to files of the repository become their text: they work on a code host, and the site has no such files.

    That such a file exists is for ``tests/docs/test_links.py`` to say.
    """

    default_priority = 5

    def apply(self, **_: object) -> None:
        """Replace each link that leads out of this folder by what it encloses."""
        for link in list(self.document.findall(_leads_out)):
            link.replace_self(link.children)


def _leads_out(node: nodes.Node) -> bool:
    if not isinstance(node, nodes.reference | addnodes.pending_xref | addnodes.download_reference):
        return False
    # MyST writes a Markdown file outside of this folder as an absolute path.
    return str(node.get("refuri") or node.get("reftarget") or "").startswith(("../", "/"))


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.add_transform(LinksOutOfTheSite)
