"""The modules of the page, joined into one script: their order, and what is refused."""

import pytest

from dcvae.report.page import joined_modules


def test_modules_are_joined_in_the_order_of_their_imports():
    modules = {
        "a.js": 'import {\n  middle,\n  other,\n} from "./parts/m.js";\n\nmiddle(other);\n',
        "parts/m.js": '// The middle.\nimport { first } from "../z.js";\n'
        "export function middle() {}\n"
        "export let other = first;\n",
        "z.js": "export const first = 1;\nconst own = 2;\n",
        "unused.js": "export const first = 3;\n",
    }
    assert joined_modules(modules, "a.js") == (
        '"use strict";\n\n(() => {\n'
        "const first = 1;\nconst own = 2;\n\n"
        "// The middle.\nfunction middle() {}\nlet other = first;\n\n"
        "middle(other);\n})();\n"
    )
    turned = dict(reversed(modules.items()))
    assert joined_modules(turned, "a.js") == joined_modules(modules, "a.js")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("export default 1;", r"a.js must have imports .* Received: export default 1;"),
        ("export { own };", "must have imports"),
        ("  export const indented = 1;", "must have imports"),
        ('export * from "./b.js";', "must have imports"),
        ('import * as b from "./b.js";', r"must have imports .* Received: import \* as b"),
        ('import b from "./b.js";', "must have imports"),
        ('import "./b.js";', "must have imports"),
        ('import { shared } from "./b.js"', "must have imports"),
        ('import { shared } from "elsewhere";', "must have imports"),
        ('const b = await import("./b.js");', "must have imports"),
        ("export const [one, two] = [1, 2];", "declare one name at a time"),
        ("const { one } = {};", "declare one name at a time"),
        ("function* one() {}", "declare one name at a time"),
        ("var one = 1;", "declare one name at a time"),
        ('import { shared as b } from "./b.js";', r"exports, as they are: shared\..*'shared as b'"),
        ('import { hidden } from "./b.js";', r"names that b.js exports, .*'hidden'"),
        ('import { shared } from "./c.js";', "names that c.js exports, as they are: none"),
        ('import { shared } from "./b.js";\nfunction hidden() {}', "`hidden` in b.js and in a.js"),
        ('import { own } from "./a.js";', r"one direction; .*circle: a.js <- a.js"),
    ],
)
def test_modules_that_cannot_be_joined_are_refused(line, message):
    modules = {
        "a.js": f"{line}\nexport const own = 1;\n",
        "b.js": "export const shared = 1;\nconst hidden = 2;\n",
    }
    with pytest.raises(ValueError, match=message):
        joined_modules(modules, "a.js")


def test_a_circle_of_modules_is_refused():
    modules = {
        "a.js": 'import { b } from "./b.js";\nexport const a = 1;\n',
        "b.js": 'import { a } from "./a.js";\nexport const b = 1;\n',
    }
    with pytest.raises(ValueError, match=r"Received a circle: (a.js <- b.js|b.js <- a.js)"):
        joined_modules(modules, "a.js")
