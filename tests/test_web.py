"""What pages with a map share is written once, and each page finds it."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
from difflib import SequenceMatcher
from pathlib import Path

import pytest
from test_page import CHROMIUM, FLAGS, lacking

import heatlas
from heatlas import web
from heatlas.publish import html

ROOT = Path(heatlas.__file__).parent
PAGES = {
    "live page": (ROOT / "server" / "static", "app.js"),
    "page in one file": (ROOT / "publish" / "page", "app.js"),
    "folder's page": (ROOT / "publish" / "folder_page", "page.js"),
    "widget": (ROOT / "widget" / "static", "widget.js"),
}
FOLDERS = [web.STATIC, *(folder for folder, _ in PAGES.values())]
DECLARED = re.compile(
    r"^(?P<export>export )?(?:async )?(?:function\*? (?P<function>[\w$]+)|(?:const|let|class) (?P<name>[\w$]+)).*?"
    r"(?=^[\w/]|\Z)",
    re.MULTILINE | re.DOTALL,
)
ALIKE = 0.85
"""Share of two functions' words from which they are the same, written twice."""
WORDS = 25
"""Words below which a function is too short to tell."""


def own(pattern):
    """Files of our own: what is vendored is not read."""
    return [path for folder in FOLDERS for path in sorted(folder.glob(pattern))]


def declared(path):
    """What stands at the top level of a module: name -> (whether it is exported, its words)."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text("utf-8"), flags=re.DOTALL)
    return {
        match["function"] or match["name"]: (bool(match["export"]), re.findall(r"[\w$]+|[^\s\w]", match[0]))
        for match in DECLARED.finditer(text)
    }


def rules(text, around=""):
    """Rules of a style sheet, each with the media that it is for."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    for head, body in re.findall(r"([^{}]+)\{((?:[^{}]|\{[^{}]*\})*)\}", text):
        if head.strip().startswith("@media"):
            yield from rules(body, head.strip())
        else:
            yield around, " ".join(head.split()), " ".join(body.split())


def test_no_file_is_there_twice():
    found = {}
    for path in itertools.chain.from_iterable(folder.rglob("*") for folder in FOLDERS):
        if path.is_file():
            found.setdefault(hashlib.sha256(path.read_bytes()).digest(), []).append(path)
    assert [paths for paths in found.values() if len(paths) > 1] == []


def test_no_page_declares_what_all_share():
    shared = {name: path for path in own("*.js") if path.parent == web.STATIC for name in declared(path)}
    exported = {
        name for path in own("*.js") if path.parent == web.STATIC for name, (out, _) in declared(path).items() if out
    }
    assert len(exported) > 30
    for path in own("*.js"):
        if path.parent != web.STATIC:
            assert {name: shared[name] for name in exported & set(declared(path))} == {}, path


def test_no_function_is_written_twice():
    functions = [
        (path, name, words)
        for path in own("*.js")
        for name, (_, words) in declared(path).items()
        if len(words) >= WORDS and ("=>" in "".join(words) or "function" in words)
    ]
    assert len(functions) > 150
    twice = []
    for (one, name, words), (other, second, others) in itertools.combinations(functions, 2):
        match = SequenceMatcher(None, words, others, autojunk=False)
        if one != other and match.real_quick_ratio() > ALIKE and match.quick_ratio() > ALIKE and match.ratio() > ALIKE:
            twice.append(f"{name} of {one} and {second} of {other}")
    assert twice == []


def test_no_rule_of_a_style_is_written_twice():
    seen = {}
    for path in own("*.css"):
        for rule in rules(path.read_text("utf-8")):
            assert seen.setdefault(rule, path) == path, rule


def test_the_ground_has_one_colour():
    told = (web.STATIC / "world.js").read_text("utf-8")
    sea = {theme: re.search(rf'{theme}: {{ sea: "(#[0-9a-f]{{6}})"', told)[1] for theme in ("dark", "light")}
    assert sea == html._GROUNDS
    for style in own("*.css"):
        said = set(re.findall(r"--ground: (#[0-9a-f]+)", style.read_text("utf-8")))
        assert said in (set(), set(sea.values())), style


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_names_is_there(name):
    folder, entry = PAGES[name]
    assert len(web.shared_modules(folder, entry)) >= 5
    for path in folder.glob("*.html"):
        for named in re.findall(r'(?:src|href)="(?:static|assets)/([^"]+)"', path.read_text("utf-8")):
            assert web.page_text(folder, named), named


@pytest.fixture(scope="module")
def page():
    """An empty page that can import the shared modules."""
    if lacking():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(lacking())
    from playwright.sync_api import sync_playwright

    def answer(route):
        name = route.request.url.removeprefix("http://web.test/")
        kind = "text/javascript" if name else "text/html"
        body = (web.STATIC / name).read_text("utf-8") if name else "<!doctype html><title>modules</title>"
        route.fulfill(body=body, content_type=kind)

    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = chromium.new_page()
        page.route("http://web.test/**", answer)
        page.goto("http://web.test/")
        yield page
        chromium.close()


def test_a_title_has_its_unit_whatever_letters_it_shares_with_it(page):
    titles = page.evaluate(
        """async (scales) => {
            const { titleOf } = await import("./scale.js");
            return scales.map(titleOf);
        }""",
        [
            {"title": "Passes", "unit": ""},
            {"title": "Mean elevation", "unit": "m"},
            {"title": "Mean power", "unit": "W"},
            {"title": "Mean pace", "unit": "min/km"},
        ],
    )
    assert titles == ["Passes", "Mean elevation, m", "Mean power, W", "Mean pace, min/km"]


def test_a_view_is_read_as_it_is_written(page):
    read = page.evaluate(
        """async (texts) => {
            const { viewOf, viewText } = await import("./map.js");
            return texts.map((text) => viewOf(text) && viewText(viewOf(text)));
        }""",
        ["12.60,47.80500,10.91000", "", ",,", "12,47", "12,86,10", "-1,47,10", "x,47,10"],
    )
    assert read == ["12.60,47.80500,10.91000", *[None] * 6]


def test_heat_that_is_late_gives_way_and_heat_on_a_map_that_is_gone_harms_nobody(page):
    told = page.evaluate(
        """async () => {
            const { createHeat } = await import("./heat.js");
            const sources = new Set();
            const heard = {};
            const map = {
                style: {}, on: (event, call) => (heard[event] = call),
                addSource: (id) => sources.add(id), removeSource: (id) => sources.delete(id),
                getSource: (id) => sources.has(id), isSourceLoaded: () => true,
                addLayer() {}, removeLayer() {}, getLayer: () => true, getLayersOrder: () => [], setPaintProperty() {},
            };
            const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
            const heat = createHeat(map, { patience: 40 });
            const said = [];
            heat.show("one").then((seen) => said.push(["one", seen]));
            await pause(80);
            heat.show("two").then((seen) => said.push(["two", seen])); // the first is late by now
            await pause(0);
            said.push([...sources].length);
            heat.show("three").then((seen) => said.push(["three", seen])); // and waits for the second
            await pause(0);
            heard.idle({ type: "idle" });
            await pause(0);
            heat.show("four").then((seen) => said.push(["four", seen]));
            map.style = undefined;
            await pause(400);
            return said;
        }"""
    )
    assert told == [["one", False], 1, ["two", True], ["three", False], ["four", False]]
