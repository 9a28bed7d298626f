"""Names of towns and countries: the cut, its file, and what positions and boxes are called."""

from __future__ import annotations

import numpy as np
import pytest

from heatlas.core.errors import SourceFailed
from heatlas.gazetteer import name_at, names_of, towns
from heatlas.gazetteer.countries import country_at
from heatlas.gazetteer.cut import cut_towns
from heatlas.gazetteer.folding import fold
from heatlas.gazetteer.packing import pack, unpack
from heatlas.gazetteer.search import Answer, find_town
from heatlas.gazetteer.towns import FILE, labels, labels_around, tile_box


def row(name, lat, lon, people, code="PPL", others="", country="FI", region="06"):
    cells = [""] * 19
    cells[0], cells[1], cells[3], cells[4], cells[5], cells[7] = "1", name, others, str(lat), str(lon), code
    cells[8], cells[10], cells[14] = country, region, str(people)
    return "\t".join(cells)


@pytest.fixture
def dump(tmp_path):
    """Three files as GeoNames writes them, and a way to cut them."""

    def cut(*rows):
        files = [tmp_path / name for name in ("cities.txt", "admin1.txt", "countries.txt")]
        files[0].write_text("\n".join(rows) + "\n", encoding="utf-8")
        files[1].write_text("FI.06\tPirkanmaa\tPirkanmaa\t1\nFI.01\tUusimaa\tUusimaa\t2\n", encoding="utf-8")
        files[2].write_text("#ISO\tISO3\nFI\tFIN\t246\tFI\tFinland\tHelsinki\n", encoding="utf-8")
        return cut_towns(*files)

    return cut


def test_the_cut_takes_towns_capitals_and_what_lies_alone(dump):
    packed = dump(
        row("Tampere", 61.5, 23.76, 200_000),
        row("Pirkkala", 61.46, 23.64, 14_000),  # too small, and Tampere is near
        row("Alone", 65.0, 28.0, 1_200),
        row("Hamlet", 66.5, 28.0, 20),  # alone, but hardly anybody lives there
        row("Kaleva", 61.5, 23.8, 50_000, code="PPLX"),  # a part of Tampere
        row("Seat", 61.45, 23.7, 300, code="PPLC"),
    )
    assert sorted(packed.names) == ["Alone", "Seat", "Tampere"]
    assert packed.regions == [("FI.06", "Pirkanmaa")]
    assert packed.countries == [("FI", "FIN", "Finland")]


def test_a_place_without_a_code_in_a_much_larger_city_is_a_part_of_it(dump):
    packed = dump(
        row("Tampere", 61.5, 23.76, 200_000),  # fills a circle of 4 km
        row("Hervanta", 61.48, 23.80, 26_000, code=""),
        row("Pispala", 61.5, 23.70, 26_000),  # its code says that it is a town
        row("Ylojarvi", 61.55, 23.60, 34_000, code=""),  # 10 km away
        row("Twin", 61.51, 23.77, 120_000, code=""),  # more than half of its people
        row("Torni", 61.5, 23.76, 30_000, code="", country="SE"),
        row("Pest", 47.5, 19.1, 990_000, code="", country="HU"),
    )
    assert sorted(packed.names) == ["Pispala", "Tampere", "Torni", "Twin", "Ylojarvi"]


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        *[(name, Answer.FOUND) for name in ("Helsinki", "Tampere", "Addis Ababa", "Dire Dawa", "New Taipei City")],
        ("Springfield", Answer.SEVERAL), ("Paris", Answer.LARGEST),
        *[(name, Answer.UNKNOWN) for name in ("Berlin Mitte", "Mitte", "Kreuzberg", "Pest", "Setagaya", "Puxi")],
    ],
)  # fmt: skip
def test_the_shipped_file_has_towns_and_no_districts(name, answer):
    assert find_town(name).answer is answer


def test_other_names_are_those_of_cities_in_latin_letters(dump):
    others = "Tammerfors,Tammerfors,TMP,tan pei lei,Тампере,Tampere"
    packed = dump(
        row("Tampere", 61.5, 23.76, 200_000, others=others), row("Lahti", 60.98, 25.66, 99_000, others="Lahtis")
    )
    assert dict(zip(packed.names, packed.others, strict=True)) == {"Tampere": "tammerfors", "Lahti": ""}


def test_a_file_that_is_no_dump_is_refused(dump):
    with pytest.raises(SourceFailed, match="3 columns in line 1"):
        dump("a\tb\tc")
    with pytest.raises(SourceFailed, match="no numbers"):
        dump(row("Tampere", "north", 23.76, 200_000))


def test_a_packed_file_says_the_same(dump):
    packed = dump(
        row("Tampere", 61.4991, 23.7609, 200_000, others="Tammerfors"),
        row("Espoo", 60.2, -170.123, 250_000, region="01"),
    )
    again = unpack(pack(packed))
    assert (list(again.names), again.others) == (packed.names, packed.others)
    assert [again.names[k] for k in range(len(again.names))] == again.names[:] == packed.names
    assert (again.regions, again.countries) == (packed.regions, packed.countries)
    assert again.region.tolist() == packed.region.tolist()
    np.testing.assert_allclose(again.lat, packed.lat, atol=0.0026)
    np.testing.assert_allclose(again.lon, packed.lon, atol=0.0026)
    np.testing.assert_allclose(again.population, packed.population, rtol=0.05)


def test_the_shipped_file_is_small_and_whole():
    assert FILE.stat().st_size < 500_000
    known = towns()
    assert len(known.packed.names) > 40_000
    assert np.isfinite(known.packed.lat).all()
    assert np.abs(known.packed.lat).max() < 90
    assert np.abs(known.packed.lon).max() <= 180.01
    codes = {code for code, _, _ in known.packed.countries}
    assert {code.partition(".")[0] for code, _ in known.packed.regions} == codes


@pytest.mark.parametrize(
    ("lon", "lat", "half_km", "name"),
    [
        (23.76, 61.50, 12, "Tampere, Finland"),
        (24.80, 60.20, 12, "Helsinki, Finland"),  # between Espoo and Helsinki: the city that the box is about
        (24.65, 60.20, 3, "Espoo, Finland"),
        (8.54, 47.37, 5, "Zürich, Switzerland"),
        (-79.52, 8.98, 8, "Panama City, Panama"),
        (-30.0, 40.0, 5, "At sea"),
        (30.0, 22.0, 5, "Egypt"),  # desert: no town far and wide
        (10.90, 47.78, 15, "Schongau, Germany"),  # Munich, 65 km away, is another place
        (19.5, 59.9, 3, "near Mariehamn, Aland Islands"),
        (540 - 0.1, -17.0, 20, "near Savusavu, Fiji"),  # beyond the antimeridian
    ],
)
def test_places_have_the_names_that_people_give_them(lon, lat, half_km, name):
    assert name_at(lon, lat, half_km) == name


def test_two_boxes_of_a_town_are_told_apart():
    first, second = names_of([(24.85, 60.1, 25.05, 60.25), (24.9, 60.12, 25.1, 60.24)])
    assert first == "Helsinki, Finland"
    assert second != first
    here, there = names_of([(-31, 40, -30, 41), (-33, 40, -32, 41)])
    assert here == "At sea (40.50° N, 30.50° W)"
    assert there == "At sea (40.50° N, 32.50° W)"
    assert names_of([(-31, 40, -30, 41)]) == ["At sea"]


def test_a_box_over_the_antimeridian_lies_where_it_lies():
    (name,) = names_of([(177.2, -18.3, 178.6, -17.5)])
    assert name.endswith("Fiji")
    assert names_of([(177.2 - 360, -18.3, 178.6 - 360, -17.5)]) == [name]


def test_countries_have_holes_and_coasts():
    assert country_at(28.2, -29.5) == "Lesotho"  # inside of South Africa
    assert country_at(25.0, -30.0) == "South Africa"
    assert country_at(25.0 + 360, -30.0) == "South Africa"
    assert country_at(-30.0, 40.0) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Zürich", "ZURICH"),
        ("Łódź", "lodz"),
        ("Saint-Étienne", "St. Etienne"),
        ("L'Aquila", "L’Aquila"),
        ("Ålesund", "alesund"),
    ],
)
def test_spellings_that_are_equal(one, other):
    assert fold(one) == fold(other)
    assert fold(one) != fold("Paris")


def test_labels_of_a_box_are_its_largest_towns():
    found = labels((20.0, 59.0, 31.0, 70.0), 5)
    assert [name for _, _, name, _ in found][:1] == ["Saint Petersburg"]
    people = [size for *_, size in found]
    assert people == sorted(people, reverse=True)
    across = {name for _, _, name, _ in labels((170.0, -20.0, 190.0, -10.0), 50)}
    assert "Labasa" in across


def test_labels_of_a_map_without_a_server_have_more_where_one_goes():
    found = labels_around((-180, -85, 180, 85), [(10.89, 47.79, 10.94, 47.82)])
    assert {"Schongau", "Shanghai"} <= {name for _, _, name, _ in found}
    assert len({(lon, lat) for lon, lat, _, _ in found}) == len(found)


def test_tiles_of_names_lie_where_tiles_lie():
    assert tile_box(0, 0, 0) == pytest.approx((-180, -85.0511, 180, 85.0511), abs=1e-3)
    assert tile_box(1, 1, 0) == pytest.approx((0, 0, 180, 85.0511), abs=1e-3)
