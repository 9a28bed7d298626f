"""Options are declared once: the command line, Python's keywords, kinds of output and errors follow from the fields."""

from __future__ import annotations

import dataclasses
import inspect
from pathlib import Path
from typing import get_type_hints

import click
import pytest

import heatlas
from heatlas.core.errors import BadOption
from heatlas.library.manage import import_into
from heatlas.options import (
    KEYWORDS,
    FilterOptions,
    HidingOptions,
    ImportOptions,
    PublicOptions,
    RenderOptions,
    ServeOptions,
    TableOptions,
    gather,
    given,
    keywords,
    options_of,
    refuse,
)
from heatlas.options.__main__ import module_text
from heatlas.rendering.kinds import KINDS

REQUESTS = {"render": RenderOptions, "import": ImportOptions, "serve": ServeOptions, "info": TableOptions}


def leaves(request):
    """Names of the fields of a dataclass and of the dataclasses in it."""
    hints = get_type_hints(request)
    for field in dataclasses.fields(request):
        if dataclasses.is_dataclass(hints[field.name]):
            yield from leaves(hints[field.name])
        else:
            yield field.name


def test_types_of_keywords_are_written_from_the_fields():
    text = Path(keywords.__file__).read_text(encoding="utf-8")
    assert text == module_text(), "an option has changed: run  python -m heatlas.options"


@pytest.mark.parametrize("request_class", dict.fromkeys([*KEYWORDS.values(), *REQUESTS.values()]))
def test_each_field_is_one_option_of_one_name(request_class):
    names = list(leaves(request_class))
    assert names == list(options_of(request_class))
    assert len(names) == len(set(names))
    flags = [option.flag for option in options_of(request_class).values()]
    assert len(flags) == len(set(flags))
    assert given(request_class()) == {}


@pytest.mark.parametrize("name", REQUESTS)
def test_commands_have_the_options_of_their_requests(name):
    from heatlas.cli import group

    command = group.get_command(click.Context(group), name)
    params = {param.name: param for param in command.params}
    for option in options_of(REQUESTS[name]).values():
        assert params[option.name].opts == [option.flag]
        assert params[option.name].help == option.help


def test_what_a_command_gives_says_what_was_typed():
    from heatlas.cli import group

    command = group.get_command(click.Context(group), "render")
    own = {"sources", "output", "workers", "as_json", "quiet"}
    typed = [
        "x",
        "-o",
        "y.png",
        "--all",
        "--sport",
        "Run",
        "--sport",
        "Ride",
        "--zoom",
        "13",
        "--fps",
        "12.5",
        "--dates",
        "dmy",
    ]
    context = command.make_context("render", typed)
    asked = gather(RenderOptions, {name: value for name, value in context.params.items() if name not in own})
    assert given(asked) == {"all": True, "zoom": "13", "dates": "dmy", "sport": ("Run", "Ride"), "fps": 12.5}


def test_kinds_of_output_are_known():
    for option in options_of(RenderOptions).values():
        assert option.kinds
        assert set(option.kinds) <= KINDS.keys()


@pytest.mark.parametrize(
    ("output", "option", "words"),
    [
        ("a.png", {"every": "day"}, r"--every is for films \(.mp4, .gif, moving .webp\) and tiles .*: leave it out"),
        ("a.gif", {"radius": "3px"}, "--radius is for points in a table, and these are tracks: leave it out"),
        ("tiles/", {"legend": True}, "--legend is for pictures .* and films"),
        ("a.html", {"format": "webp"}, "--format is for tiles"),
        ("a.html", {"all": True}, "--all is for pictures"),
        ("a.mp4", {"told": print}, "told is for tiles"),
        ("tiles/", {"public_least": 3}, "--public-least is for --public"),
    ],
)
def test_options_that_an_output_has_not_are_refused(tmp_path, output, option, words):
    with pytest.raises(BadOption, match=words):
        heatlas.render(tmp_path, output=output, **option)


def test_values_are_kept_as_the_command_line_has_them():
    import datetime as dt

    asked = gather(
        RenderOptions,
        {
            "bbox": (8, 47.5, 9, 48), "resolution": 2.5, "smooth": 0, "after": dt.date(2024, 5, 1),
            "zone": "47,11,300m", "sport": ["Run"], "legend": False, "title": None, "max_gap": 600, "zoom": 13.5,
        },
    )  # fmt: skip
    assert given(asked) == {
        "bbox": "8,47.5,9,48", "resolution": "2.5", "smooth": "0", "after": "2024-05-01", "zone": ("47,11,300m",),
        "sport": ("Run",), "max_gap": "600", "zoom": 13.5,
    }  # fmt: skip
    assert asked.hiding == HidingOptions(zone=("47,11,300m",))


@pytest.mark.parametrize("function", [heatlas.render, heatlas.open, heatlas.open_points, heatlas.inspect])
def test_python_is_told_the_keywords(function, tmp_path):
    signature = inspect.signature(function)
    assert "options" not in signature.parameters
    assert {"query", "lat", "track"} <= signature.parameters.keys()
    assert "Other Parameters" in function.__doc__
    more = {"output": "a.png"} if function is heatlas.render else {}
    with pytest.raises(TypeError, match=r"got an unexpected keyword argument 'colourmap'"):
        function(tmp_path, colourmap="ember", **more)


def test_a_library_is_told_only_what_it_knows(tmp_path):
    with pytest.raises(TypeError, match=r"import_into\(\) got an unexpected keyword argument 'radius'"):
        import_into(tmp_path / "lib.db", tmp_path, radius="3px")


def test_what_would_be_ignored_is_refused_by_its_name_on_the_command_line():
    refuse(FilterOptions(utc=True), "tracks", "sport")
    with pytest.raises(BadOption, match=r"^--sport is for tracks$"):
        refuse(FilterOptions(utc=True, sport=("Run",)), "tracks", "sport")
    with pytest.raises(BadOption, match="say both or none"):
        PublicOptions(public_least=3).check()
