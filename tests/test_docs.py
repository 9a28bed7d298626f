"""The documentation: it builds strictly and without the internet, its links lead somewhere, its commands exist."""

from __future__ import annotations

import ast
import functools
import http.server
import importlib
import os
import re
import shlex
import subprocess
import sys
import threading
from html.parser import HTMLParser
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click
import pytest
from chromium import driving, launched
from made import export

from heatlas.cli.old_flags import FLAGS

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
TEXTS = [ROOT / "README.md", *PAGES]
# Whoever builds without the internet must get the same: no connection is let through.
BUILD = """
import socket, sys
def refuse(self, address):
    if self.family != getattr(socket, "AF_UNIX", None):
        raise AssertionError(f"the build connects to {address}")
socket.socket.connect = socket.socket.connect_ex = refuse
from mkdocs.__main__ import cli
cli()
"""


def lacking(*modules):
    """Skip without some modules; under CI they must be there."""
    for module in modules:
        if find_spec(module) is None:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{module} is missing: pip install '.[docs]'")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built pages."""
    lacking("mkdocs", "material", "mkdocstrings", "starlette")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-c", BUILD, "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT, capture_output=True, text=True, timeout=300, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


class Page(HTMLParser):
    """Anchors, links and what else is loaded by a page."""

    def __init__(self, text):
        super().__init__()
        self.anchors, self.links, self.loads, self.classes = set(), [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.anchors |= {given[name] for name in ("id", "name") if given.get(name)}
        self.classes |= set((given.get("class") or "").split())
        if tag in {"a", "area"} and given.get("href"):
            self.links.append(given["href"])
        elif tag == "link" and given.get("rel") not in {"canonical", "prev", "next"}:
            self.loads.append(given["href"])
        for name in ("src", "srcset", "poster", "data"):
            if tag not in {"a", "meta"} and given.get(name):
                self.loads.append(given[name])


@pytest.fixture(scope="module")
def pages(site):
    return {path: Page(path.read_text()) for path in site.rglob("*.html")}


def is_external(address):
    parts = urlsplit(address)
    return bool(parts.netloc) or parts.scheme not in {"", "data"}


# The site.


def test_the_site_has_all_pages(site):
    built = {path.relative_to(site).with_suffix("") for path in site.rglob("*.html")}
    assert built == {path.relative_to(DOCS).with_suffix("") for path in PAGES} | {Path("404")}
    assert not list(site.rglob("*.py"))


def test_every_local_link_and_picture_of_the_site_is_there(site, pages):
    missing = []
    for path, page in pages.items():
        for address in [*page.links, *page.loads]:
            if is_external(address) or address.startswith("data:") or path.name == "404.html":
                continue
            parts = urlsplit(address)
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            anchors = pages[target].anchors if target in pages else {parts.fragment}
            if not target.exists() or (parts.fragment and unquote(parts.fragment) not in anchors):
                missing.append((path.name, address))
    assert not missing


def test_nothing_is_loaded_from_elsewhere(site, pages):
    for path, page in pages.items():
        assert not [address for address in page.loads if is_external(address)], path
        assert "mermaid" not in page.classes, f"{path}: the theme would fetch mermaid for this"
    for path in site.rglob("*.css"):
        for address in re.findall(r"(?:url\(|@import\s)\s*[\"']?([^\"')]+)", path.read_text()):
            assert not is_external(address), path


def test_pages_hold_no_marks_of_parts_that_were_not_made(site):
    for path in site.rglob("*.html"):
        text = path.read_text()
        assert "<!-- generated" not in text, path
        assert "Sentinel" not in text, path


def test_what_is_copied_from_a_block_can_be_typed(site):
    """Commands are copied without their prompt and without what they print."""
    page = (site / "tutorial.html").read_text(encoding="utf-8")
    blocks = re.findall(r'<div class="([^"]*)">(?:<pre>).*?<code>(.*?)</code>', page, re.DOTALL)
    texts = [(kind, re.sub(r"<[^>]*>", "", block)) for kind, block in blocks]
    commands = [text for kind, text in texts if "no-copy" not in kind]
    printed = [text for kind, text in texts if "no-copy" in kind]
    assert any(text.startswith("heatlas zones audit") for text in commands)
    assert not [text for text in commands if "$ " in text or "places can be guessed" in text]
    assert any("places can be guessed" in text for text in printed)


@pytest.fixture(scope="module")
def addresses(site):
    """The site from a server, and from a disk."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield {"server": f"http://127.0.0.1:{server.server_port}/", "disk": f"{site.as_uri()}/"}
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def reader(site):
    """A browser."""
    lacking("playwright")
    with driving() as driver, launched(driver, webgl=False) as browser:
        yield browser


@pytest.mark.parametrize("where", ["server", "disk"])
def test_search_works_without_the_internet(addresses, reader, where):
    asked, errors = [], []
    page = reader.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{addresses[where]}how-to/page.html")
    # The index is loaded at the first click, and what is typed is looked at when a key goes up.
    page.click("input[name=query]")
    page.wait_for_selector(".md-search-result__meta:has-text('Type to start searching')", timeout=20_000)
    page.keyboard.type("nginx")
    whole = ".md-search-result__item a[href*='h=nginx']"  # its first letters find something, too
    page.wait_for_selector(whole, timeout=20_000)
    found = page.locator(whole).first.get_attribute("href")
    page.close()
    assert "how-to/share.html" in found
    local = (addresses[where], "data:", "blob:", "about:srcdoc")
    assert not [address for address in asked if not address.startswith(local)]
    assert not errors


WIDEST = (
    "index", "tutorial", "performance", "how-to/choose", "how-to/points", "explanation/semantics",
    "reference/command-line", "reference/http", "reference/library-format", "reference/python/options",
)  # fmt: skip
"""Pages with pictures, wide tables, long lines of code and long names."""


def test_no_page_is_wider_than_a_phone(addresses, reader):
    """Tables and blocks of code may be moved sideways in themselves; the page may not."""
    page = reader.new_page(viewport={"width": 360, "height": 740})
    wide = []
    for name in WIDEST:
        page.goto(f"{addresses['disk']}{name}.html", wait_until="domcontentloaded")
        # The drawer of the menu stands beside the page, out of sight.
        width = page.evaluate("document.querySelector('.md-main').scrollWidth")
        page.evaluate("scrollTo(200, 0)")
        if width > 360 or page.evaluate("scrollX"):
            wide.append((name, width))
    page.close()
    assert not wide


# What the texts say.


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_links_between_the_texts_lead_to_files(path):
    text = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
    for address in re.findall(r"\]\(([^)\s]+)\)", text):
        if not is_external(address) and not address.startswith("#"):
            assert (path.parent / unquote(urlsplit(address).path)).exists(), address


def test_every_picture_is_used():
    shown = " ".join(path.read_text() for path in TEXTS)
    for path in [*DOCS.glob("*.png"), *(DOCS / "pictures").iterdir()]:
        assert path.name in shown, path


def test_every_picture_can_be_made_again():
    spec = spec_from_file_location("make_pictures", DOCS / "make_pictures.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    assert {path.stem for path in (DOCS / "pictures").iterdir()} == {*module.MAKERS, *module.FILMS}


def test_the_picture_of_the_rooms_is_that_of_the_imports(monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    module = importlib.import_module("draw_rooms")
    drawn = (DOCS / "rooms.svg").read_text(encoding="utf-8")
    assert drawn == module.picture(module.graph()), "imports have changed: python docs/draw_rooms.py"
    with pytest.raises(ValueError, match="rooms in a circle: a -> b -> a"):
        module.floors({"a": {"b"}, "b": {"a"}})
    assert module.reduced({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == {"a": {"b"}, "b": {"c"}, "c": set()}


@pytest.mark.parametrize("path", [ROOT / "CONTRIBUTING.md", DOCS / "kernels.md"], ids=lambda path: path.name)
def test_files_that_recipes_name_are_there(path):
    """Whole paths, and bare names of files beside the one that was named before."""
    missing, beside = [], ROOT
    for code in re.findall(r"`([^`\s]+)`", path.read_text(encoding="utf-8")):
        if code.startswith(("heatlas/", "tests/", "docs/", "benchmarks/", ".github/")) and "*" not in code:
            if not (ROOT / code).exists():
                missing.append(code)
            beside = (ROOT / code).parent if "." in code else ROOT / code
        elif re.fullmatch(r"[a-z_]+\.(py|js)", code) and not list(ROOT.glob(f"heatlas/**/{code}")):
            missing.append(f"{code} (beside {beside})")
    assert not missing


def commands_of(path):
    """Lines of shell in a text: of its console and bash blocks, and those that are indented."""
    text = path.read_text()
    blocks = re.findall(r"^```(console|bash)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = []
    for kind, block in blocks:
        joined = block.replace("\\\n", " ").splitlines()
        lines += [line.removeprefix("$ ") for line in joined if kind == "bash" or line.startswith("$ ")]
    rest = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE).replace("\\\n", " ")
    return lines + [line.strip() for line in rest.splitlines() if line.startswith("    ") and "heatlas " in line]


def calls_of_heatlas(line):
    """Arguments of each call of heatlas in a line."""
    words = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    words.whitespace_split = True
    calls, call = [], []
    for word in [*words, ";"]:
        if set(word) <= set("|&;<>"):
            calls.append(call)
            call = []
        else:
            call.append(word)
    return [call[1:] for call in calls if call and call[0].rpartition("/")[2] == "heatlas"]


CALLS = [(path.name, line) for path in TEXTS for line in commands_of(path) if "heatlas " in line]


def parsed(arguments):
    """The context that click makes of a command line; nothing is run."""
    from heatlas.cli import group

    command, context = group, click.Context(group, info_name="heatlas")
    while isinstance(command, click.Group) and arguments:
        name, *arguments = arguments
        found = command.get_command(context, name)
        if found is None and name in {"--help", "--version"}:
            return context
        assert found is not None, f"there is no command {name!r}"
        command, context = found, click.Context(found, info_name=name, parent=context)
    return command.make_context(context.info_name, list(arguments), parent=context.parent)


def test_there_are_commands_to_check():
    assert len(CALLS) > 60
    assert {name for name, _ in CALLS} >= {"README.md", "tutorial.md", "pictures.md", "points.md", "large.md"}


def lacking_options(context):
    """Options of a `heatlas render` that its output has not."""
    from heatlas.rendering.kinds import kind_of, unfit

    general = {"sources", "output", "as_json", "quiet", "workers"}
    said = click.core.ParameterSource.COMMANDLINE
    given = {name for name in context.params if context.get_parameter_source(name) == said} - general
    return unfit(kind_of(context.params["output"], given), given)


@pytest.mark.parametrize(("name", "line"), CALLS)
def test_commands_that_are_shown_can_be_given(name, line):
    for arguments in calls_of_heatlas(line):
        try:
            context = parsed(arguments)
        except click.UsageError as error:
            pytest.fail(f"{name}: {line}: {error.format_message()}")
        if context.info_name == "render":
            assert not lacking_options(context), line


def test_a_wrong_command_would_be_found():
    for wrong in ("render a -o b.png --tones log", "render a", "import", "zones paint", "render a -o b --kernel round"):
        with pytest.raises((click.UsageError, AssertionError)):
            parsed(shlex.split(wrong))


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_python_that_is_shown_names_what_there_is(path):
    for block in re.findall(r"^```python\n(.*?)^```", path.read_text(), re.DOTALL | re.MULTILINE):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("heatlas"):
                module = importlib.import_module(node.module)
                assert all(hasattr(module, alias.name) for alias in node.names)
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "heatlas":
                assert hasattr(importlib.import_module("heatlas"), node.attr)


def test_filters_that_are_shown_can_be_asked():
    from heatlas.tracks.filters import ATTRIBUTES, parse_where

    text = (DOCS / "how-to" / "filters.md").read_text().partition("## What can be asked")[0]
    shown = [
        code for line in text.splitlines() if line.startswith("| `") for code in line.split("|")[1].split("`")[1::2]
    ]
    assert len(shown) > 12
    values = dict.fromkeys([*ATTRIBUTES, "a", "b", "c", "average_heart_rate"])
    for code in shown:
        assert parse_where(code)(values) in {True, False}


FIGURE = re.compile(r"(?<![\w.])(\d[\d,.]*(?: to \d[\d,.]*)? )(ms|s|seconds|GB|MB|times as fast)(?![\w/])")
"""A time, an amount of memory, or a ratio of two times."""
CLAIMING = ["README.md", "docs/index.md", "docs/how-to/large.md", "docs/how-to/install.md", "docs/how-to/databases.md"]
LIMITS = {"800 MB"}
"""What is a limit, and was not measured."""


@pytest.mark.parametrize("name", CLAIMING)
def test_figures_are_those_of_the_page_on_performance(name):
    """One set of figures: what a page claims of speed and size stands on the page that says how it was measured."""
    measured = (DOCS / "performance.md").read_text(encoding="utf-8")
    known = {"".join(found) for found in FIGURE.findall(measured)}
    claimed = {
        "".join(found).replace("seconds", "s") for found in FIGURE.findall((ROOT / name).read_text(encoding="utf-8"))
    }
    ratios = {figure for figure in claimed if "times" in figure}
    assert not {figure for figure in ratios if f"| {figure.split()[0]} |" not in measured}
    assert not claimed - ratios - known - LIMITS
    assert claimed or name == "docs/how-to/databases.md"


def test_a_figure_that_differs_would_be_found():
    assert FIGURE.findall("in 2.6 s, 104 times as fast; 2 to 7 ms, 1.7 GB") == [
        ("2.6 ", "s"), ("104 ", "times as fast"), ("2 to 7 ", "ms"), ("1.7 ", "GB")
    ]  # fmt: skip


def every_option():
    from heatlas.cli import group

    found, waiting = {"--help", "--version"}, [group]
    while waiting:
        command = waiting.pop()
        found |= {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
        if isinstance(command, click.Group):
            context = click.Context(command)
            waiting += [command.get_command(context, name) for name in command.list_commands(context)]
    return found


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_options_that_are_named_exist(path):
    text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
    said = {
        option
        for code in re.findall(r"`([^`\n]+)`", text)
        if code.startswith(("--", "heatlas "))
        for option in re.findall(r"(?<!\S)--[a-z][a-z-]*", code)
    }
    assert said <= every_option() | ({*FLAGS} if path.name == "stability.md" else set())


def test_the_page_on_the_report_names_all_its_keys(tmp_path):
    import heatlas

    text = (DOCS / "reference" / "report.md").read_text()
    said = set(re.findall(r"`([a-z_.]+)`", text))
    folder = export(tmp_path / "export")
    table = tmp_path / "points.csv"
    table.write_text("lat,lon,weight\n1,2,3\n2,3,4\n")
    reports = [
        heatlas.render(folder, output=tmp_path / "a.png", width=64),
        heatlas.render(table, output=tmp_path / "b.png", width=64),
        heatlas.inspect(folder),
        heatlas.inspect(table),
    ]
    for report in reports:
        assert {key for key in report if key != "files"} <= said
        assert {f"files.{key}" for key in report["files"]} <= said
