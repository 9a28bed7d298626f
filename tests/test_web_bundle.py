"""Modules of a page put into one script."""

from __future__ import annotations

import pytest

from heatlas.web.bundle import bundle, modules


def bundled(**modules):
    return bundle("app.js", lambda name: modules[name.removesuffix(".js")])


def test_modules_come_once_each_after_what_it_needs():
    text = bundled(
        app='import { a, b as c } from "./one.js";\nimport * as two from "./two.js";\na(c, two.d);',
        one='import { d } from "./two.js";\nexport const a = () => d;\nexport async function b() {}\n'
        "//# sourceMappingURL=x.map",
        two="function inner() {}\nexport { inner as d };",
    )
    assert text.index("module_two_js = ") < text.index("module_one_js = ") < text.index("module_app_js = ")
    assert text.count("function inner") == 1
    assert "const { a, b: c } = module_one_js;" in text
    assert "const two = module_two_js;" in text
    assert "return { a: a, b: b };" in text
    assert "return { d: inner };" in text
    assert "sourceMappingURL" not in text


def test_names_are_relative_to_the_module_that_imports():
    texts = {
        "app.js": 'import { a } from "./web/one.js";',
        "web/one.js": 'import { b } from "./vendor/two.js";\nimport { c } from "../own.js";\nexport const a = b + c;',
        "web/vendor/two.js": "export const b = 1;",
        "own.js": "export const c = 2;",
    }
    assert list(modules("app.js", texts.__getitem__)) == ["web/vendor/two.js", "own.js", "web/one.js", "app.js"]
    assert "const { c } = module_own_js;" in bundle("app.js", texts.__getitem__)


def test_the_default_export_of_the_entry_is_the_scripts():
    assert bundled(app="const it = 1;\nexport { it as default };").endswith("export default module_app_js.default;")
    assert "export default" not in bundled(app='import { a } from "./one.js";', one="const a = 1;\nexport { a };")


@pytest.mark.parametrize(
    "text", ["export default 1;", 'import "./one.js";', "export let a = 1;", 'export * from "./one.js";']
)
def test_forms_that_are_not_known_are_refused(text):
    with pytest.raises(ValueError, match="not known"):
        bundled(app=text, one="")


def test_circles_are_refused():
    with pytest.raises(ValueError, match="circle"):
        bundled(app='import { a } from "./one.js";', one='import { b } from "./app.js";\nexport const a = 1;')
