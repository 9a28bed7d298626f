"""What pages with a map share is written once, and each page finds it."""

from __future__ import annotations

import hashlib
import itertools
import re
from difflib import SequenceMatcher
from pathlib import Path

import pytest
from chromium import driving, launched

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

    def answer(route):
        name = route.request.url.removeprefix("http://web.test/")
        kind = "text/javascript" if name else "text/html"
        body = (web.STATIC / name).read_text("utf-8") if name else "<!doctype html><title>modules</title>"
        route.fulfill(body=body, content_type=kind)

    with driving() as driver, launched(driver, webgl=False) as chromium:
        page = chromium.new_page()
        page.route("http://web.test/**", answer)
        page.goto("http://web.test/")
        yield page


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


MAP = """
    const sources = new Set();
    const seen = {}; // id -> opacity
    const heard = {};
    let loaded = true;
    const map = {
        style: {}, on: (event, call) => (heard[event] = call),
        addSource: (id) => sources.add(id), removeSource: (id) => sources.delete(id),
        getSource: (id) => sources.has(id), isSourceLoaded: () => loaded,
        addLayer() {}, removeLayer: (id) => delete seen[id], getLayer: () => true, getLayersOrder: () => [],
        setPaintProperty: (id, name, value) => (seen[id] = value),
    };
    const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
    const arrive = () => heard.idle({ type: "idle" });
"""


def in_page(page, body):
    return page.evaluate(f'async () => {{ const {{ createHeat }} = await import("./heat.js"); {MAP} {body} }}')


def test_heat_that_is_superseded_is_given_up_at_once_and_a_map_that_is_gone_harms_nobody(page):
    told = in_page(
        page,
        """
        const heat = createHeat(map);
        const said = [];
        const show = (name) => heat.show(name).then((seen) => said.push([name, seen]));
        show("one");
        await pause(0);
        show("two");
        said.push([...sources].length); // the first is gone, and the second waits whether a third comes
        show("three");
        await pause(500);
        said.push([...sources].length);
        arrive();
        await pause(0);
        show("four");
        map.style = undefined;
        show("five");
        await pause(400);
        return said;
        """,
    )
    assert told == [0, ["one", False], ["two", False], 1, ["three", True], ["four", False], ["five", False]]


def test_quick_changes_ask_for_the_first_and_the_last_picture(page):
    told = in_page(
        page,
        """
        const heat = createHeat(map);
        const asked = [];
        const add = map.addSource;
        map.addSource = (id, source) => (asked.push(source.tiles[0]), add(id, source));
        for (const name of ["one", "two", "three", "four"]) {
            heat.show(name);
            await pause(200);
        }
        await pause(300);
        arrive();
        await pause(0);
        heat.show("five"); // one that was seen is followed at once
        await pause(0);
        return asked;
        """,
    )
    assert told == ["one", "four", "five"]


def test_heat_is_seen_when_what_changes_with_it_is_there_and_old_heat_is_dimmed(page):
    told = in_page(
        page,
        """
        const said = [];
        const heat = createHeat(map, { stale: (on) => said.push(on) });
        heat.show("one");
        await pause(0);
        arrive();
        let open;
        heat.show("two", { gate: new Promise((resolve) => (open = resolve)) }).then(() => said.push("two"));
        await pause(0);
        arrive(); // all tiles are there, the numbers are not
        await pause(500);
        said.push(seen["heat-0"] ?? Object.values(seen)[0]);
        open();
        await pause(0);
        await pause(0);
        said.push(Math.max(...Object.values(seen)));
        return said;
        """,
    )
    assert told == [True, 0.4, False, "two", 1]


def test_tiles_that_fail_are_not_shown_but_asked_for_again_and_those_that_are_refused_are_not(page):
    told = in_page(
        page,
        """
        const said = [];
        const heat = createHeat(map, { missing: (n) => said.push(n) });
        const fail = (error) => heard.error({ sourceId: [...sources].at(-1), error });
        heat.show("one").then(() => said.push("one"));
        await pause(0);
        fail({ status: 503 });
        arrive();
        await pause(50);
        said.push(heat.waiting());
        const first = [...sources][0];
        await pause(700);
        said.push([...sources].length, sources.has(first)); // asked for anew
        arrive();
        await pause(0);
        heat.show("two").then(() => said.push("two"));
        await pause(0);
        fail({ status: 400 });
        arrive();
        await pause(0);
        fail({}); // of what one sees: the server has gone, and comes back
        const before = [...sources].at(-1);
        heat.retry();
        await pause(0);
        said.push([...sources].at(-1) !== before);
        return said;
        """,
    )
    assert told == [True, 1, False, 0, "one", 0, "two", 1, True]
