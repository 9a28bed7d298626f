"""Names of places in titles: of pictures, films, pages and tiles."""

from __future__ import annotations

import json

import numpy as np
import pytest
from library_made import made
from PIL import Image
from serving import named

import heatlas
from heatlas.gazetteer.naming import place_of, with_place


@pytest.mark.parametrize(
    ("box", "name"),
    [
        ((10.88, 47.79, 10.95, 47.83), "Schongau, Germany"),
        ((33.0, 3.0, 48.0, 15.0), "Ethiopia"),
        ((-40.0, 30.0, -25.0, 45.0), "At sea"),
        ((-180.0, -60.0, 180.0, 80.0), "The world"),
    ],
)
def test_what_a_picture_shows_has_a_name(box, name):
    assert place_of(box) == name
    assert with_place("My {place}!", box) == f"My {name}!"
    assert with_place("Runs {here}", box) == "Runs {here}"


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return made(tmp_path_factory.mktemp("titles") / "a.db", named()).path


def test_pictures_pages_and_tiles_say_where(library, tmp_path):
    def render(name, **options):
        return heatlas.render(library, output=tmp_path / name, title="Runs in {place}", **options)

    report = render("a.png", width=300)
    assert report["place"] == "Schongau, Germany"
    with Image.open(tmp_path / "a.png") as picture:
        assert "Runs in Schongau, Germany" in picture.info.values()
    render("a.html", zoom="9-10")
    assert "<title>Runs in Schongau, Germany</title>" in (tmp_path / "a.html").read_text()
    render("tiles", zoom="9-10")
    assert json.loads((tmp_path / "tiles" / "tiles.json").read_text())["name"] == "Runs in Schongau, Germany"


def test_films_have_titles_and_attributions(library, tmp_path):
    def last(name, **options):
        report = heatlas.render(
            library, output=tmp_path / name, width=300, duration="1s", fps=4, legend=True, **options
        )
        with Image.open(tmp_path / name) as film:
            film.seek(film.n_frames - 1)
            return report, np.asarray(film.convert("RGB"), np.int16)

    report, titled = last("a.webp", title="{place}", attribution="Mine")
    _, plain = last("b.webp")
    assert report["place"] == "Schongau, Germany"
    apart = np.abs(titled - plain).max(axis=2) > 60
    assert apart.sum() > 400, "a title and an attribution, in the corners where they hide least"
    assert not (apart[:, 0] | apart[:, -1]).any(), "and whole"
