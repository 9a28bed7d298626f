"""Options in messages: each door calls them as one asks for them there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from library_made import made, walks
from serving import client

import heatlas
from heatlas.cli import group
from heatlas.core.errors import BadOption, HeatlasError, unworded
from heatlas.core.wording import SWITCHES, through, worded, worded_report
from heatlas.dataset.tracks import Tracks
from heatlas.options import ExploreOptions, RenderOptions, options_of
from heatlas.options.requests import KEYWORDS

PACKAGE = Path(heatlas.__file__).parent
HELP = {"choosing", "drawing", "following", "keywords", "measuring", "publishing", "reading", "requests", "running"}
AN_OPTION = re.compile(r"(?<![\w-])--[a-z]")


@pytest.fixture(autouse=True)
def spoken():
    """What people see who call heatlas from Python."""
    with through("python"):
        yield


@pytest.mark.parametrize(
    ("text", "python", "url"),
    [
        ("--zoom '9x' is no zoom", "zoom='9x' is no zoom", "zoom=9x is no zoom"),
        ("take a coarser --zoom.", "take a coarser zoom=.", "take a coarser zoom."),
        ("--at-least is for --public", "at_least= is for public=True", "at_least is for public=1"),
        ("say --track COLUMN, or --track=all", 'say track="COLUMN", or track="all"', "say track=COLUMN, or track=all"),
        ("(--crs EPSG:n)", '(crs="EPSG:n")', "(crs=EPSG:n)"),
        ("give --width 900 or less", "give width=900 or less", "give width=900 or less"),
        ("--bbox=8,47.5,9,48, or more", 'bbox="8,47.5,9,48", or more', "bbox=8,47.5,9,48, or more"),
        ("--measure=sum(NAME): so", 'measure="sum(NAME)": so', "measure=sum(NAME): so"),
        ("--lat='a b' stays", "lat='a b' stays", "lat=a b stays"),
    ],
)
def test_each_door_has_its_words(text, python, url):
    assert worded(text) == worded(text, "python") == python
    assert worded(text, "url") == url
    assert worded(text, "shell") == re.sub(r"(--[a-z-]+)=", r"\1 ", text)
    assert worded(python) == python


def test_commands_stay_commands():
    text = "by --name, as in heatlas import a.csv --name=x --weight w: then --all of it, as --zone says"
    assert (
        worded(text) == "by name=, as in heatlas import a.csv --name=x --weight w: then all=True of it, as zone= says"
    )


def test_an_error_is_worded_where_it_is_read():
    error = BadOption("--zoom 99 is outside")
    assert str(error) == "zoom=99 is outside"
    assert unworded(error) == "--zoom 99 is outside"
    assert unworded(FileNotFoundError(2, "gone", "a")) == str(FileNotFoundError(2, "gone", "a"))
    with through("shell"):
        assert str(error) == "--zoom 99 is outside"
    report = {
        "files": {"notes": ["--routes draws it"], "name": "--routes"},
        "warnings": [{"file": "--all", "reason": "--all"}],
    }
    assert worded_report(report) == {
        "files": {"notes": ["routes=True draws it"], "name": "--routes"},
        "warnings": [{"file": "--all", "reason": "all=True"}],
    }


def test_switches_are_those_that_are_declared():
    switches = {name for kind in KEYWORDS.values() for name, option in options_of(kind).items() if option.type is bool}
    assert switches | {"no_zones"} == SWITCHES


def messages():
    """All texts of the package that name an option, with {} for what is filled in."""
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE)
        if place.parts[0] == "cli" or place.name in {"__main__.py", "wording.py"}:
            continue
        if place.parts[0] == "options" and place.stem in HELP:
            continue
        source = path.read_text(encoding="utf-8")
        if not AN_OPTION.search(source):
            continue
        nodes = list(ast.walk(ast.parse(source)))
        parts = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
        parts |= {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        for node in nodes:
            if isinstance(node, ast.JoinedStr):
                text = "".join(
                    part.value if isinstance(part, ast.Constant) else "'{}'" if part.conversion == 114 else "{}"
                    for part in node.values
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
                text = node.value
            else:
                continue
            if AN_OPTION.search(text):
                yield f"{place.as_posix()}:{node.lineno}", text


def test_no_message_of_the_package_keeps_its_hyphens():
    """A value must be told from a word of the sentence: `--track={track}`, where `--track {track}` could be either."""
    found = dict(messages())
    assert len(found) > 150
    for place, text in found.items():
        kept = re.sub(r"heatlas [a-z]+[^;:()]*", "", worded(text))
        assert not AN_OPTION.search(kept), f"{place}: {kept}"
        assert not re.search(r"\b[a-z_]+= (\{(?!\},)|all\b|count\b|tracks\b|points\b)", kept), f"{place}: {kept}"


WRONG = ("?!", -7, "1,2", "9" * 30)
POINTS = {"lat": [47.8, 47.81], "lon": [10.9, 10.91], "weight": [1, 2]}
TRACKS = Tracks(tuple(walks(2, 4)))


def refusals(tmp_path):
    """Messages of Python for values that cannot be."""
    table = tmp_path / "a.csv"
    table.write_text("lat,lon,weight\n47.8,10.9,1\n47.81,10.91,2\n")
    calls = [
        (heatlas.render, (table,), {name: value, "output": tmp_path / f"a{ending}"})
        for name, option in options_of(RenderOptions).items()
        for ending in (".png", ".mp4", ".pmtiles")
        for value in ([True] if option.type is bool else WRONG[:2])
        if name not in {"legend", "scale_bar", "watch", "every", "title", "attribution"}
    ]
    calls += [
        (heatlas.explore, (tmp_path / "none.db",), {name: True if option.type is bool else "?!"})
        for name, option in options_of(ExploreOptions).items()
    ]
    for function in (heatlas.open, heatlas.open_points, heatlas.inspect):
        calls += [(function, (table,), {name: "?!"}) for name in ("lat", "geometry", "crs", "place", "track", "weight")]
    calls += [(TRACKS.window, (), {name: wrong}) for name in ("bbox", "around", "zoom", "width") for wrong in WRONG]
    calls += [(TRACKS.heat, (), {name: "?!"}) for name in ("measure", "smooth")]
    calls += [(heatlas.open_points(POINTS).heat, (), {name: "?!"}) for name in ("measure", "radius", "kernel")]
    for function, sources, options in calls:
        try:
            function(*sources, **options)
        except HeatlasError as error:
            yield function.__name__, options, str(error)
        except TypeError:
            assert -7 in options.values()


def test_errors_of_python_name_the_arguments_of_python(tmp_path):
    told = list(refusals(tmp_path))
    assert len(told) > 150
    for function, options, message in told:
        assert not AN_OPTION.search(re.sub(r"heatlas [a-z]+[^;:()]*", "", message)), (function, options, message)
    named = [message for _, options, message in told if any(re.search(rf"\b{name}\b", message) for name in options)]
    assert len(named) > 0.8 * len(told), "most say which argument it is"


def test_the_command_line_and_the_server_have_their_own_words(tmp_path):
    table = tmp_path / "a.csv"
    table.write_text("lat,lon\n47.8,10.9\n")
    said = CliRunner().invoke(group, ["render", str(table), "-o", str(tmp_path / "a.png"), "--sport", "Run"])
    assert unworded(said.exception).startswith("--sport is for tracks")
    with pytest.raises(BadOption, match=r"^sport= is for tracks"):
        heatlas.render(table, output=tmp_path / "a.png", sport="Run")
    library = made(tmp_path / "made.db", walks(1, 2))
    library.close()
    with client(tmp_path / "made.db") as web:
        answer = web.get("/tiles/passes/3/4/2.png", params={"smooth": "wide"})
    assert answer.json()["error"].startswith("smooth='wide' is no width") or "smooth" in answer.json()["error"]
    assert "--" not in answer.text
