"""Document: skeleton, styles, program and data of a page, joined to one HTML file.

The browser's side is in `page_assets/`: the frame of all pages and the skeleton of each (.html),
styles (.css), and ES modules, of which one, such as page.js, sets a page up and imports the others.
A page opened from a file may load no module, so they are joined into one script. Text of a user
(names of series, findings, settings) never becomes HTML: it is passed as JSON and put into the page
as text.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from importlib import resources
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any

from dcvae.report.page import encoding

_FROM = r'from "(\.{1,2}/[\w./]+\.js)";\n'
_IMPORT = re.compile(r"^import \{([^{}]*)\} " + _FROM, re.MULTILINE)
_DECLARATION = re.compile(
    r"^(export |)(?:const|let|class|function|async function) (\w+)", re.MULTILINE
)
# Forms that the two above do not match: other imports and exports, and declarations at the top
# whose names are not found.
_UNKNOWN = re.compile(
    r"^\s*(?:import|export)\b.*|.*\bimport\(.*|^var\b.*"
    r"|^(?:async )?(?:const|let|class|function)\b(?! \w).*",
    re.MULTILINE,
)


def document(
    skeleton: str,
    styles: Sequence[str],
    entry: str,
    data: Callable[[int], Mapping[str, Any]],
) -> str:
    """Return an HTML document that needs nothing else: style, program, uPlot and data are in it.

    Args:
        skeleton: name of a file of `page_assets/`: a line with the title, then what the body holds,
            with the mark switch for the choice of colors.
        styles: names of style sheets.
        entry: name of the module that sets the page up; those that it imports come with it.
        data: from the bytes that everything else takes to what the program finds as JSON in the
            element with the id `data`.
    """
    assets = resources.files("dcvae.report") / "page_assets"

    def text(name: str) -> str:
        return (assets / name).read_text(encoding="utf-8")

    with resources.as_file(assets) as folder:
        modules = {
            file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8")
            for file in Path(folder).rglob("*.js")
            if file.parent.name != "vendor"
        }
    parts = {
        "style": "\n".join(text(name) for name in ("vendor/uPlot.min.css", *styles)),
        "program": joined_modules(modules, entry),
        "uplot": f"/*\n{text('vendor/LICENSE')}*/\n{text('vendor/uPlot.iife.min.js')}",
    }
    title, _, body = text(skeleton).partition("\n")
    ours = {"title": title, "body": body, "switch": text("switch.html")}
    frame = text("frame.html")
    for mark, part in ours.items():
        frame = frame.replace(f"{{{{{mark}}}}}\n", part if part.endswith("\n") else f"{part}\n")
    parts["data"] = encoding.as_json(
        data(len(frame) + sum(len(p.encode()) for p in parts.values()))
    )
    # One pass over the frame: inserted text is never searched for marks.
    return re.sub(r"\{\{(\w+)\}\}", lambda mark: parts[mark[1]], frame)


def joined_modules(modules: Mapping[str, str], entry: str) -> str:
    """Join an ES module and those that it imports into one script with the same behavior.

    Each module stands after those that it imports, all in one function scope, their texts kept but
    for the imports and the word `export`.

    Args:
        modules: text of each module, by the path of its file.
        entry: path of the module to begin with.

    Raises:
        ValueError: a module imports a name that is not exported, or exports in another form than
            `export const name`; imports make a circle; or two modules declare the same name, which
            one scope cannot hold twice.

    Examples:
        >>> modules = {
        ...     "page.js": 'import { day } from "./parts/times.js";\\nshow(day);',
        ...     "parts/times.js": "export const day = 86_400_000;",
        ... }
        >>> print(joined_modules(modules, "page.js"))
        "use strict";
        <BLANKLINE>
        (() => {
        const day = 86_400_000;
        <BLANKLINE>
        show(day);
        })();
        <BLANKLINE>
    """
    order = _order(modules, entry)
    owners: dict[str, str] = {}
    texts = []
    for name in order:
        text = _IMPORT.sub("", modules[name])
        text = _DECLARATION.sub(lambda found: found[0].removeprefix("export "), text)
        if unknown := _UNKNOWN.search(text):
            raise ValueError(
                f'{name} must have imports of the form `import {{ a, b }} from "./c.js";`, and '
                "declare one name at a time: `const a`, `let a`, `class a` or `function a`, with "
                f"`export` before it or not. Received: {unknown[0].strip()}"
            )
        for _, what in _DECLARATION.findall(modules[name]):
            if owners.setdefault(what, name) != name:
                raise ValueError(
                    "The modules of the page must declare different names at their top. Received: "
                    f"`{what}` in {owners[what]} and in {name}; rename one."
                )
        texts.append(text.strip())
    return '"use strict";\n\n(() => {\n' + "\n\n".join(texts) + "\n})();\n"


def _order(modules: Mapping[str, str], entry: str) -> list[str]:
    """Return the modules that one needs, itself last, each after those that it imports."""
    needs: dict[str, list[str]] = {}
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        if name in needs or name not in modules:
            continue
        needs[name] = []
        for names, source in _IMPORT.findall(modules[name]):
            path = normpath(join(dirname(name), source))
            found = _DECLARATION.findall(modules.get(path, ""))
            exported = {what for export, what in found if export}
            if missing := {what.strip() for what in names.rstrip(", \n").split(",")} - exported:
                raise ValueError(
                    f"{name} must import names that {path} exports, as they are: "
                    f"{', '.join(sorted(exported)) or 'none'}. Received: {sorted(missing)}."
                )
            needs[name].append(path)
            waiting.append(path)
    try:
        # Sorted, so that the order of a dictionary does not show in the page.
        return list(TopologicalSorter(dict(sorted(needs.items()))).static_order())
    except CycleError as error:
        raise ValueError(
            "The modules of the page must import each other in one direction; move what two need "
            f"into a third. Received a circle: {' <- '.join(error.args[1])}."
        ) from error
