"""Tiles straight from files: only what they need is indexed, and every byte is as published from a whole library."""

from __future__ import annotations

import pytest

import heatlas
from heatlas.demo import write_demo
from heatlas.library.file.settings import IndexPart, Settings
from heatlas.library.manage import import_into

PART = Settings(part=IndexPart({2: frozenset({"fixes"}), 9: frozenset()}, facts=False))
CASES = (
    {"zoom": "3-11"},
    {"zoom": "9-10", "smooth": "3km", "measure": "heart_rate"},
    {"zoom": "17-18", "smooth": "0", "where": "mean_heart_rate > 120"},
    {"zoom": "0-5", "measure": "activities", "tone": "local"},
    {"zoom": "12", "measure": "seconds", "public": True, "at_least": 2},
    {"zoom": "11", "measure": "people", "round": 2},
    {"zoom": "10", "measure": "days", "clip_ends": "300m"},
    {"zoom": "8", "measure": "corr(heart_rate,pace)"},
    {"zoom": "8", "measure": "residual(heart_rate)", "smooth": "0"},
    {"zoom": "6", "after": "2024-10-12", "sport": "Run"},
    {"zoom": "7", "measure": "pace", "public": True, "public_least": 1, "at_least": 0},
)


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    """Folders of two people who share a town."""
    folder = tmp_path_factory.mktemp("two")
    write_demo(folder / "demo", 1, 12)
    for k, file in enumerate(sorted((folder / "demo" / "activities").iterdir())):
        place = folder / "people" / "AB"[k % 2] / file.name
        place.parent.mkdir(parents=True, exist_ok=True)
        file.rename(place)
    return folder / "people"


@pytest.fixture(scope="module")
def library(export, tmp_path_factory):
    path = tmp_path_factory.mktemp("library") / "whole.db"
    import_into(path, export, person="folder")
    return path


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(f"{k}={v}" for k, v in case.items()))
def test_tiles_from_files_are_those_of_a_library(export, library, tmp_path, case):
    source = library
    hiding = {name: case[name] for name in ("clip_ends",) if name in case}
    if hiding:
        source = tmp_path / "cut.db"
        import_into(source, export, person="folder", **hiding)
    rest = {name: value for name, value in case.items() if name not in hiding}
    straight = heatlas.render(export, output=tmp_path / "a.pmtiles", person="folder", **case)
    through = heatlas.render(source, output=tmp_path / "b.pmtiles", **rest)
    assert straight["tiles"] == through["tiles"]
    assert straight["tiles"]["written"]
    assert (tmp_path / "a.pmtiles").read_bytes() == (tmp_path / "b.pmtiles").read_bytes()


@pytest.mark.parametrize("case", [{"layers": "year", "zoom": "3-8"}, {"layers": "pace,passes", "zoom": "5"}, {}])
def test_pages_from_files_are_those_of_a_library(export, library, tmp_path, case):
    for source, name in ((export, "a.html"), (library, "b.html")):
        heatlas.render(source, output=tmp_path / name, **case)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


@pytest.mark.parametrize("read", [
    lambda: PART.demand(3), lambda: PART.demand(9, ("fixes",)), PART.demand_facts,
])  # fmt: skip
def test_what_was_not_foreseen_is_an_error(read):
    PART.demand(2, ("fixes",))
    PART.demand(9)
    with pytest.raises(RuntimeError, match="did not foresee"):
        read()


def test_explorer_tiles_beside_them_too(export, library, tmp_path):
    for source, name in ((export, "a"), (library, "b")):
        heatlas.render(source, output=tmp_path / name, zoom="6", explorer=15)
    files = [
        {p.name: p.read_bytes() for p in (tmp_path / name).rglob("*") if p.is_file() and p.suffix != ".db"}
        for name in "ab"
    ]
    assert files[0] == files[1]
