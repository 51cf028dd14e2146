"""Links from a type in a signature to where reference/api.md documents it.

A signature names a class by the file it is in, `dcvae.data.tables.Table`; documented is what the
package exports, `dcvae.data.Table`. What is not exported has no entry, and stands without a link.
"""

import importlib
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment


def resolve(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, contents: nodes.TextElement
) -> nodes.Node | None:
    """Find `dcvae.<package>.<file>.<name>` under `dcvae.<package>.<name>`."""
    parts = str(node["reftarget"]).split(".")
    if node.get("refdomain") != "py" or parts[0] != "dcvae" or len(parts) < 4:
        return None
    package, file, *name = parts[1:]
    exported = ".".join(["dcvae", package, *name])
    python = env.get_domain("py")
    page = node.get("refdoc", env.docname)
    found = python.resolve_xref(env, page, app.builder, node["reftype"], exported, node, contents)
    if found is not None:
        return found
    module = importlib.import_module(f"dcvae.{package}.{file}")
    return contents if hasattr(module, name[0]) else None


def setup(app: Sphinx) -> dict[str, Any]:
    """Ask for what Sphinx itself does not find."""
    app.connect("missing-reference", resolve)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
