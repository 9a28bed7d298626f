"""Names of options: one behind every door, and old spellings that work with a warning."""

from __future__ import annotations

import inspect
import warnings

import click
import numpy as np
import pytest
from click.testing import CliRunner
from library_made import walks

import heatlas
from heatlas.cli import group
from heatlas.cli.old_flags import FLAGS, with_new_flags
from heatlas.dataset.tracks import Tracks
from heatlas.options import RenderOptions, gather, options_of
from heatlas.options.renamed import KEYWORDS as OLD
from heatlas.options.requests import KEYWORDS, ServeOptions
from heatlas.server.making.orders import PARAMETERS
from heatlas.server.site.query import LIMITS, SHOWN

OPTIONS = {name for request in (*KEYWORDS.values(), ServeOptions) for name in options_of(request)}
OWN = {
    "activity", "add", "attributes", "ax", "copy", "columns", "engine", "drawn", "measure", "name", "of", "other",
    "output", "path", "points", "privacy", "progress", "sources", "text", "threshold", "told", "window", "workers",
    "voices", "again", "scale", "tables", "asked", "tally", "shown", "timed", "title", "athlete", "lat",
}  # fmt: skip
"""Keywords of Python that are no options: what is drawn where, by whom, and arrays."""
ASKED = {"kind", "everybody", "classes", "x", "y", "q", "attribute"}
"""Parameters of a URL that are no options."""
TRACKS = Tracks(tuple(walks(4, 8)))


def doors():
    for function in ("render", "explore", "open", "open_points", "inspect", "prepare"):
        yield function, getattr(heatlas, function)
    for owner in (heatlas.Tracks, heatlas.PointSet, heatlas.Heat):
        for name, method in inspect.getmembers(owner, inspect.isfunction):
            if not name.startswith("_"):
                yield f"{owner.__name__}.{name}", method


def test_keywords_of_python_are_options_or_known_to_be_none():
    for name, door in doors():
        for keyword in {*inspect.signature(door).parameters} - {"self", "cls"}:
            assert keyword not in OLD, f"{name}({keyword}=) is called {OLD.get(keyword)} elsewhere"
            assert keyword in OPTIONS | OWN, f"{name}({keyword}=): which option is that?"


def test_options_of_commands_are_called_as_in_python():
    def commands(command, words):
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                yield from commands(command.get_command(context, name), [*words, name])
        else:
            yield words, command

    for words, command in commands(group, []):
        for option in command.params:
            names = {flag.removeprefix("--").replace("-", "_") for flag in option.opts}
            assert option.name in names or not names & OPTIONS, (words, option.opts)
            assert option.name not in OLD or not isinstance(option, click.Option), (words, option.opts)


def test_parameters_of_urls_and_traits_are_called_as_the_options():
    assert {*PARAMETERS, *SHOWN, *LIMITS} <= OPTIONS | ASKED
    live = pytest.importorskip("heatlas.widget.live")
    asked = set(live._REQUESTED) - {"theme"}
    assert asked <= OPTIONS
    assert asked <= set(live.LiveMap.class_traits())


@pytest.mark.parametrize(("old", "new"), [*OLD.items()])
def test_an_old_keyword_works_and_says_the_new_one(old, new):
    given = {"all": True, "format": "webp", "smooth": "3px"}.get(new, ["a"])
    with pytest.warns(DeprecationWarning, match=f"{old}= of render.. is called {new}= now") as said:
        assert gather(RenderOptions, {old: given}) == gather(RenderOptions, {new: given})
    assert [one.filename for one in said] == [__file__], "the warning is of the line that called heatlas"
    with pytest.raises(TypeError, match=f"both '{old}' and '{new}'"):
        gather(RenderOptions, {old: given, new: given})


def test_old_keywords_of_methods_work_too():
    with pytest.warns(DeprecationWarning, match="sports= of select.. is called sport= now"):
        assert len(TRACKS.select(sports="Run")) == len(TRACKS.select("Run")) > 0
    window = TRACKS.window(width=80)
    with pytest.warns(DeprecationWarning, match="smoothing= of heat.. is called smooth= now"):
        old = TRACKS.heat(window=window, smoothing="2px")
    assert np.array_equal(old.values, TRACKS.heat(window=window, smooth="2px").values, equal_nan=True)
    with pytest.raises(TypeError, match="unexpected keyword argument 'sportz'"):
        TRACKS.select(sportz="Run")


def test_a_radius_was_a_kernel():
    points = heatlas.open_points({"lat": [47.8, 47.81], "lon": [10.9, 10.91], "weight": [1, 2]})
    window = points.window(width=64)
    new = points.heat(window=window, radius="9px")
    for old in (lambda: points.heat(window=window, kernel="9px"), lambda: points.heat("sum", window, "9px")):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            assert np.array_equal(old().values, new.values, equal_nan=True)
        assert len(said) <= 1
    assert points.heat(window=window, radius="9px", kernel="quartic").width == heatlas.Kernel("quartic", pixels=9.0)
    with pytest.raises(heatlas.HeatlasError, match="round"):
        points.heat(window=window, kernel="round")


def test_an_old_flag_works_and_says_the_new_one():
    said = []
    assert with_new_flags(["map.kml", "--as", "points", "--as=tracks", "--", "--as"], said.append) == [
        "map.kml", "--read-as", "points", "--read-as=tracks", "--", "--as",
    ]  # fmt: skip
    assert said == ["--as is called --read-as now"] * 2
    result = CliRunner().invoke(group, ["info", "--as", "dots", "nothing.kml"])
    assert "--as is called --read-as now" in result.stderr
    assert "Invalid value for '--read-as'" in result.stderr
    assert not {*FLAGS} & {option for command in ("render", "info") for option in flags_of(command)}


def flags_of(name):
    return [flag for option in group.get_command(click.Context(group), name).params for flag in option.opts]
