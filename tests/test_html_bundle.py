"""Modules of a page put into one script."""

from __future__ import annotations

import pytest

from heatlas.publish.bundle import bundle


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


@pytest.mark.parametrize(
    "text", ["export default 1;", 'import "./one.js";', "export let a = 1;", 'export * from "./one.js";']
)
def test_forms_that_are_not_known_are_refused(text):
    with pytest.raises(ValueError, match="not known"):
        bundled(app=text, one="")


def test_circles_are_refused():
    with pytest.raises(ValueError, match="circle"):
        bundled(app='import { a } from "./one.js";', one='import { b } from "./app.js";\nexport const a = 1;')
