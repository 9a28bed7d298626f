"""JSON in every form gives the rows that are in it."""

from __future__ import annotations

import contextlib
import gzip
import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables import feature, geojson, made, read

from heatlas.core.errors import BadOption, SourceFailed
from heatlas.sources.tables import is_table, open_table
from heatlas.sources.tables.files import json as table_json
from heatlas.sources.tables.files.json import BROKEN


def lines(objects, before="", after="\n"):
    return "".join(before + json.dumps(each) + after for each in objects)


def rows_of(lon, lat, weight):
    return [{"lat": float(y), "lon": float(x), "weight": float(w)} for x, y, w in zip(lon, lat, weight, strict=True)]


def features_of(lon, lat, weight):
    return [feature(float(x), float(y), weight=float(w)) for x, y, w in zip(lon, lat, weight, strict=True)]


def nested(row):
    return {"weight": row["weight"], "at": {"lat": row["lat"], "lng": row["lon"]}}


FORMS = {
    "ndjson": lambda *r: lines(rows_of(*r)),
    "geojsonl": lambda *r: lines(features_of(*r)),
    "geojsons": lambda *r: lines(features_of(*r), before="\x1e"),
    "json": lambda *r: json.dumps(rows_of(*r)),
    "pretty.json": lambda *r: json.dumps(rows_of(*r), indent=2),
    "geojson": geojson,
    "pretty.geojson": lambda *r: geojson(*r, indent=1),
    "wrapped.json": lambda *r: json.dumps({"count": len(r[0]), "points": rows_of(*r)}),
    "concatenated.json": lambda *r: "\n".join(json.dumps(each, indent=2) for each in rows_of(*r)),
    "nested.jsonl": lambda *r: lines([nested(row) for row in rows_of(*r)]),
    "texts.jsonl": lambda *r: lines([{key: str(value) for key, value in row.items()} for row in rows_of(*r)]),
}
"""The same rows in every form, by the ending of the file."""


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_all_forms_give_the_same_points(tmp_path, form, encoding):
    lon, lat, weight = made(500)
    path = tmp_path / f"a.{form}"
    path.write_bytes(FORMS[form](lon, lat, weight).encode(encoding))
    assert is_table(path)
    points, dropped, table = read(path)
    np.testing.assert_array_equal(points, (lon, lat, weight))
    assert not dropped
    assert not table.warnings


@pytest.mark.parametrize("form", ["ndjson", "geojsonl", "geojson", "pretty.geojson", "json"])
def test_large_ones_are_read_in_pieces_to_the_end(tmp_path, form, monkeypatch):
    monkeypatch.setattr(table_json, "_ROWS", 1000)
    lon, lat, weight = made(24_000)
    path = tmp_path / f"a.{form}"
    path.write_text(FORMS[form](lon, lat, weight))
    assert is_table(path)
    points, _, table = read(path)
    np.testing.assert_array_equal(points, (lon, lat, weight))
    np.testing.assert_array_equal(read(path)[0], points)
    assert max(batch.num_rows for batch in table.read(["weight"])) < len(lon)


@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "lat": st.one_of(st.none(), st.floats(-90, 90), st.integers(-90, 90), st.text(max_size=3)),
                "lon": st.one_of(st.floats(-180, 180), st.just([1]), st.just({"a": 1})),
                "weight": st.one_of(st.floats(), st.integers(), st.just("7,5")),
            },
        ),
        max_size=30,
    )
)  # fmt: skip
def test_arrows_reader_and_our_own_agree(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("json") / "a.ndjson"
    path.write_text(lines([{"lat": 1.0, "lon": 2.0, "weight": 3.0}] * 2 + rows))
    fast = read(path, weight="weight")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table_json, "parse_block", lambda *_: None)
        slow = read(path, weight="weight")
    for a, b in zip(fast[0], slow[0], strict=True):
        np.testing.assert_array_equal(a, b)
    assert fast[1] == slow[1]


def test_broken_lines_cost_their_row(tmp_path):
    path = tmp_path / "a.ndjson"
    good = '{"lat": 47, "lon": 8}\n'
    path.write_text(good * 3 + '{"lat": 47, "lo\n[1, 2]\nnull\n\n' + good + '{"lat": "x", "lon": 8}\n')
    points, dropped, _ = read(path)
    assert len(points[0]) == 4
    assert dropped == {BROKEN: 3, "rows whose position is no number": 1}


@pytest.mark.parametrize("form", ["geojson", "pretty.geojson", "json"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.999])
def test_a_document_cut_off_gives_what_is_before(tmp_path, form, share):
    lon, lat, weight = made(3000)
    text = FORMS[form](lon, lat, weight)
    path = tmp_path / f"a.{form}"
    path.write_text(text[: int(len(text) * share)])
    points, _, table = read(path)
    n = len(points[0])
    assert n == pytest.approx(3000 * share, abs=5)
    np.testing.assert_array_equal(points, (lon[:n], lat[:n], weight[:n]))
    assert table.warnings == [f"it is damaged or cut off; rows read before that: {n:,}"]


def test_a_cut_gzip_of_lines(tmp_path):
    lon, lat, weight = made(3000)
    packed = gzip.compress(FORMS["ndjson"](lon, lat, weight).encode())
    path = tmp_path / "a.ndjson.gz"
    path.write_bytes(packed[:-3000])
    points, dropped, table = read(path)
    n = len(points[0])
    assert 1000 < n < 3000
    assert not dropped
    assert "cut off" in table.warnings[0]


def test_other_geometries_heights_and_properties(tmp_path):
    path = tmp_path / "a.geojson"
    features = [
        feature(8, 47, mag=1, place="a"),
        {**feature(9, 48, mag=2), "id": "second"},
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [9, 49, 500]}, "properties": None},
        {**feature(0, 0, mag=4), "geometry": {"type": "MultiPoint", "coordinates": [[0, 1], [2, 1]]}},
        {"type": "Feature", "geometry": None, "properties": {"mag": 5}},
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": ["x", 2]}, "properties": {"mag": 6}},
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": []}, "properties": {"mag": 7}},
    ]  # fmt: skip
    for text in (json.dumps({"type": "FeatureCollection", "features": features}), lines(features)):
        path.write_text(text)
        points, dropped, table = read(path, weight="mag")
        np.testing.assert_array_equal(points, [[8, 9, 1], [47, 48, 1], [1, 2, 4]])
        assert dropped == {
            "rows without a weight": 1,
            "rows without a position": 2,
            "rows whose geometry cannot be read": 1,
        }
        assert table.warnings == ["geometries that are no points stand at their centres (1)"]
        assert set(table.schema.names) == {"mag", "place", "geometry", "elevation", "id"}
        assert read(path, weight="elevation")[0][2].tolist() == [500]
        assert {*read(path, weight="id")[1]} >= {"rows whose weight is no number"}


def test_odd_features_among_many_and_damage_in_the_middle(tmp_path):
    lon, lat, weight = made(30_000)
    features = features_of(lon, lat, weight)
    features[15_000]["geometry"] = None
    path = tmp_path / "a.geojson"
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
    path.write_text(text)
    points, dropped, table = read(path)
    np.testing.assert_array_equal(points, np.delete((lon, lat, weight), 15_000, axis=1))
    assert dropped == {"rows without a position": 1}
    assert not table.warnings
    at = text.index("null")
    path.write_text(text[:at] + "nul!" + text[at + 4 :])
    points, _, table = read(path)
    np.testing.assert_array_equal(points[0], lon[:15_000])
    assert table.warnings == ["it is damaged or cut off; rows read before that: 15,000"]
    path.write_text(text.replace('{"type": "Feature", ', '{"odd": 1, "type": "Feature", '))  # no mark to divide by
    np.testing.assert_array_equal(read(path)[0], np.delete((lon, lat, weight), 15_000, axis=1))


def test_one_feature_one_geometry_one_object(tmp_path):
    path = tmp_path / "a.geojson"
    for held in (feature(8, 47), feature(8, 47)["geometry"], {"lat": 47, "lon": 8}):
        path.write_text(json.dumps(held, indent=1))
        assert [float(column[0]) for column in read(path)[0][:2]] == [8, 47]


def test_an_old_coordinate_system_is_honoured(tmp_path):
    path = tmp_path / "a.geojson"
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": [feature(0, 6446275.84)]}))
    np.testing.assert_allclose(read(path)[0][:2], [[0], [50]], atol=1e-6)


def test_what_holds_no_points(tmp_path):
    path = tmp_path / "a.json"
    for text in ("[]", "[1, 2]", '{"features": []}', "[" * 100_000, '{"a":' * 100_000, '{"a": "'):
        path.write_text(text)
        with pytest.raises(SourceFailed, match=r"a\.json is no JSON of points"):
            open_table(path)
    path.write_text('[{"name": "a", "size": 1}]')
    with pytest.raises(BadOption, match="its columns are name, size"):
        read(path)


def test_standard_input(monkeypatch):
    lon, lat, weight = made(8000)
    for form in FORMS.keys() - {"wrapped.json"}:  # one object of more than 256 kB is not looked into

        class Input:
            buffer = io.BytesIO(gzip.compress(FORMS[form](lon, lat, weight).encode(), 1))

        monkeypatch.setattr("sys.stdin", Input)
        np.testing.assert_array_equal(read("-")[0], (lon, lat, weight), form)


@given(st.text(st.sampled_from('{}[]",:1e-truefals \n\x1e'), max_size=60), st.integers(0, 400))
def test_no_text_gives_a_traceback(tmp_path_factory, tail, cut):
    path = tmp_path_factory.mktemp("any") / "a.geojson"
    for form in ("geojson", "ndjson", "json"):
        path.write_text(FORMS[form](*made(4))[:cut] + tail)
        with contextlib.suppress(SourceFailed, BadOption):
            read(path)
