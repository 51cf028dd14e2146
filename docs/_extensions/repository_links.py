"""Links between the documentation and the other files of the repository, checked and kept working.

MyST checks links from page to page. Three kinds are left, and are dealt with here:

* From a page to a file outside docs/: the file is copied into the site, as a download; if it is
  Markdown, an anchor in the link must be one of its headings.
* From a Markdown file outside docs/ (README.md, data/README.md and so on) to anything in the
  repository: the file or folder must be there, and the anchor too.
* From either to a folder: fine on a code host, so the folder must be there; on the site, which has
  no folders to show, the text stands without a link.

Whatever is not there is a warning, which `make docs` takes for an error.
"""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from docutils import nodes
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.anchors import anchors_plugin
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)


@cache
def tokens_of(path: Path) -> tuple[Token, ...]:
    """Read a Markdown file; headings have the ids that a code host gives them."""
    parser = MarkdownIt("gfm-like", {"linkify": False}).disable("linkify")
    parser.use(anchors_plugin, max_level=6)
    return tuple(parser.parse(path.read_text(encoding="utf-8")))


def anchors_of(path: Path) -> set[str]:
    """List the anchors of the headings of a Markdown file."""
    return {
        str(token.attrs["id"])
        for token in tokens_of(path)
        if token.type == "heading_open" and "id" in token.attrs
    }


def links_of(path: Path) -> Iterator[tuple[int, str]]:
    """Give each link and picture of a Markdown file, with the line its paragraph begins in."""
    for block in tokens_of(path):
        first = (block.map or [0])[0] + 1
        for token in block.children or ():
            target = token.attrs.get("href", token.attrs.get("src"))
            if target is not None:
                yield first, str(target)


def problem_of(folder: Path, target: str) -> str | None:
    """Say what is wrong with a link, None if nothing is.

    Args:
        folder: the folder of the file that it is in.
        target: what is linked to.
    """
    if ":" in target.split("/")[0]:  # another site, or mail
        return None
    name, _, anchor = unquote(target).partition("#")
    if not name:
        return None  # within the file: `check_markdown` looks
    path = folder / name
    if not path.exists():
        return f"{target} is not in the repository"
    if anchor and path.suffix == ".md" and anchor not in anchors_of(path):
        return f"{name} has no heading with the anchor #{anchor}"
    return None


def check_markdown(app: Sphinx) -> None:
    """Check the links of all Markdown files at the top of the repository and one folder below."""
    root = Path(app.srcdir).parent
    for path in sorted([*root.glob("*.md"), *root.glob("*/*.md")]):
        folder = path.parent
        if folder == Path(app.srcdir) or folder.name.startswith("."):
            continue
        for line, target in links_of(path):
            problem = problem_of(folder, target)
            if target.startswith("#") and target[1:] not in anchors_of(path):
                problem = f"there is no heading with the anchor {target}"
            if problem is not None:
                LOGGER.warning(problem, location=f"{path}:{line}", type="repository_links")


class RepositoryLinks(SphinxTransform):
    """Turns what MyST takes for pages outside docs/ into downloads, and checks the anchors."""

    default_priority = 600  # MyST has made its nodes; downloads are collected later

    def apply(self, **kwargs: Any) -> None:
        """Look at every link of a page that leads out of docs/."""
        docs = Path(self.env.srcdir)
        page = Path(self.env.doc2path(self.env.docname))
        for node in list(self.document.findall(addnodes.pending_xref)):
            if node.get("reftype") != "myst":
                continue
            target = str(node["reftarget"])
            if node.get("refdomain") == "doc":  # the path of a Markdown file without its suffix
                path = docs / f"{target}.md"
                if not path.is_relative_to(docs):
                    self._make_download(node, path, docs)
            elif (page.parent / target).is_dir():
                node.replace_self(nodes.inline("", "", *node.children))

    def _make_download(self, node: addnodes.pending_xref, path: Path, docs: Path) -> None:
        """Turn a link to a Markdown file outside docs/ into a download of it."""
        anchor = node.get("reftargetid")
        if anchor and anchor not in anchors_of(path):
            problem = f"{path.name} has no heading with the anchor #{anchor}"
            LOGGER.warning(problem, location=node, type="repository_links")
        target = f"/{os.path.relpath(path, docs)}"
        link = addnodes.download_reference(
            "", "", *node.children, reftarget=target, refdoc=self.env.docname
        )
        node.replace_self(link)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register both checks."""
    app.connect("builder-inited", check_markdown)
    app.add_transform(RepositoryLinks)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
