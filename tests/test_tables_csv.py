"""Delimited text of every kind gives the rows that are in it."""

from __future__ import annotations

import contextlib
import gzip
import io
import random
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables import csv_text, made, read

from heatlas.core.errors import BadOption, SourceFailed
from heatlas.sources.tables import is_table, open_table
from heatlas.sources.tables.files.csv import RAGGED

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=12)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", " "])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_delimiters_encodings_and_line_ends(tmp_path, delimiter, encoding, newline):
    lon, lat, weight = made(300)
    path = tmp_path / "a.csv"
    names = [f"Größe{k}" for k in range(300)]
    text = csv_text({"Name": names, "Lat": lat, "Lon": lon, "Weight": weight}, delimiter, newline=newline)
    path.write_bytes(text.encode(encoding))
    assert is_table(path)
    points, dropped, table = read(path)
    np.testing.assert_array_equal(points, (lon, lat, weight))
    assert not dropped
    assert not table.warnings
    assert [name for batch in table.read(["Name"]) for name in batch.column("Name").to_pylist()] == names


@given(
    st.lists(st.tuples(st.floats(-89, 89), st.floats(-180, 180), st.floats(-1e9, 1e9), NAMES), min_size=1, max_size=40),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from([".", ","]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.booleans(),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_was_written_is_read(tmp_path_factory, rows, delimiter, decimal, encoding, quote, newline):
    rows = [row for row in rows if row[:2] != (0, 0)] or [(1.0, 2.0, 3.0, "x")]
    lat, lon, weight, name = zip(*rows, strict=True)
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    columns = {"name": name, "latitude": lat, "longitude": lon, "weight": weight}
    path.write_bytes(csv_text(columns, delimiter, decimal, newline, quote).encode(encoding))
    points, dropped, _ = read(path)
    np.testing.assert_array_equal(points, (lon, lat, weight))
    assert not dropped


def test_line_breaks_in_quotes_and_a_header_over_two_lines(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('"Latitude\n(deg)","Longitude [°]",note,weight\n47,8,"a\nb, ""c""",3\n\n48,9,,4\n')
    points, dropped, _ = read(path)
    np.testing.assert_array_equal(points, [[8, 9], [47, 48], [3, 4]])
    assert not dropped


def test_bad_cells_cost_their_row(tmp_path):
    path = tmp_path / "a.csv"
    rows = """
        47,8,1 | here,8,1 | ,8,1 | 47,8, | 47,8,much | nan,8,1 | inf,8,1 | 47,8,inf | 0,0,1 | 91,200,1 | 120,47,1
        47,8 | 47,8,1,9 | 47,NA,1 | " 47.5 "," 8.5 "," +2e0 " | 10,270,5 | "1,5",8,"1,234.5"
    """
    path.write_text("lat,lon,weight\n" + "\n".join(row.strip() for row in rows.replace("\n", "|").split("|")) + "\n")
    points, dropped, _ = read(path)
    np.testing.assert_array_equal(points, [[8, 8.5, -90, 8], [47, 47.5, 10, 1.5], [1, 2, 5, 1234.5]])
    assert dropped == {
        "rows whose position is no number": 1,
        "rows without a position": 4,
        "rows without a weight": 1,
        "rows whose weight is no number": 2,
        "rows at exactly 0,0": 1,
        "rows off the globe": 1,
        "rows off the globe unless latitude and longitude are swapped": 1,
        RAGGED: 2,
    }


def test_rows_that_end_with_a_delimiter_or_begin_with_their_name(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("lat;lon\n47;8;\n48;9;\n")
    assert read(path)[0][1].tolist() == [47, 48]
    path.write_text("lat lon\n1 47 8\n2 48 9\n")
    assert read(path)[0][1].tolist() == [47, 48]


def test_remarks_a_hint_and_blank_lines_before_the_header(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("# made by a logger, version 2\n\nlat,lon\n47,8\n")
    assert read(path)[0][1].tolist() == [47]
    path.write_text("sep=;\r\nlat;lon\r\n47,5;8,5\r\n")
    assert read(path)[0][1].tolist() == [47.5]
    path.write_text("#lat,lon\n47,8\n")
    assert read(path)[0][1].tolist() == [47]


def test_without_a_header_columns_have_numbers(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("47.5,8.5,3\n48.5,9.5,4\n")
    with pytest.raises(BadOption, match="column_1, column_2, column_3"):
        read(path)
    points, _, _ = read(path, lat="column_1", lon="column_2", weight="column_3")
    np.testing.assert_array_equal(points, [[8.5, 9.5], [47.5, 48.5], [3, 4]])


def test_names_that_occur_twice_get_a_number(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("lat,lon,Distance,Distance,\n47,8,1,2,3\n")
    assert open_table(path).schema.names == ["lat", "lon", "Distance", "Distance_2", "column_5"]
    assert read(path, weight="Distance_2")[0][2].tolist() == [2]


def test_thousands_of_columns(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(",".join(["lat", "lon", *(f"c{k}" for k in range(5000))]) + "\n" + "1," * 5001 + "7\n")
    assert read(path, weight="c4999")[0][2].tolist() == [7]


def test_bytes_that_are_no_text_cost_only_their_cell(tmp_path):
    path = tmp_path / "a.csv"
    filler = b"x" * 300_000  # beyond what tells the encoding
    path.write_bytes(b"lat,lon,name\n47,8," + filler + b"\n48,9,\xff\xfe\n\xe9,9,a\n")
    points, dropped, _ = read(path)
    assert points[1].tolist() == [47, 48]
    assert dropped == {"rows whose position is no number": 1}


def test_gzip_and_zip_stream(tmp_path):
    lon, lat, weight = made(20_000)
    text = csv_text({"lat": lat, "lon": lon, "weight": weight}).encode()
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text[:1000]) + gzip.compress(text[1000:]))
    with zipfile.ZipFile(tmp_path / "a.csv.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("__MACOSX/._a.csv", "x")
        archive.writestr("folder/a.csv", text)
    for name in ("a.csv.gz", "a.csv.zip"):
        assert is_table(tmp_path / name)
        np.testing.assert_array_equal(read(tmp_path / name)[0], (lon, lat, weight))


def test_a_cut_gzip_file_gives_the_whole_rows_before_the_cut(tmp_path):
    lon, lat, weight = made(20_000)
    packed = gzip.compress(csv_text({"lat": lat, "lon": lon, "weight": weight}).encode())
    path = tmp_path / "a.csv.gz"
    path.write_bytes(packed[: len(packed) // 2])
    points, dropped, table = read(path)
    n = len(points[0])
    assert 5000 < n < 15_000
    np.testing.assert_array_equal(points, (lon[:n], lat[:n], weight[:n]))
    assert not dropped
    assert ["cut off" in warning for warning in table.warnings] == [True]


def test_a_quote_without_end_breaks_off_with_one_sentence(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("lat,lon,note\n" + "47,8,a\n" * 300_000 + '47,8,"b\n' + "47,8,c\n" * 400_000)
    with pytest.raises(SourceFailed, match="quoted cell does not end"):
        read(path)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\0" * 100])
def test_an_empty_file(tmp_path, content):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    assert is_table(path)
    with pytest.raises(SourceFailed, match=r"a\.csv is empty"):
        open_table(path)


def test_a_header_alone_has_no_rows(tmp_path):
    path = tmp_path / "a.csv"
    for text in ("lat,lon", "lat,lon\n", "lat,lon\r\n\r\n"):
        path.write_text(text)
        assert len(read(path)[0][0]) == 0


def test_one_column_is_named_in_the_error(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("place\nBern\nZug\n")
    with pytest.raises(BadOption, match="--lat and --lon; its columns are place"):
        read(path)


def test_rubbish_is_no_table(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(random.Random(3).randbytes(5000))
    with pytest.raises(SourceFailed, match=r"a\.csv is no table of points: not a kind of table"):
        open_table(path)


@given(st.binary(max_size=400))
def test_no_bytes_give_a_traceback(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("any") / "a.csv"
    for before in (b"", b"lat,lon,weight\n", b"lat;lon\n47,1;8,2\n"):
        path.write_bytes(before + data)
        with contextlib.suppress(SourceFailed, BadOption):
            points, dropped, _ = read(path)
            assert np.isfinite(points[:2]).all()
            assert all(reason.startswith("rows ") for reason in dropped)


def test_standard_input_streams_once(monkeypatch):
    lon, lat, weight = made(50_000)

    class Input:
        buffer = io.BytesIO(csv_text({"lat": lat, "lon": lon, "weight": weight}).encode())

    monkeypatch.setattr("sys.stdin", Input)
    points, _, table = read("-")
    np.testing.assert_array_equal(points, (lon, lat, weight))
    assert not table.repeatable
    with pytest.raises(SourceFailed, match="standard input can be read only once"):
        list(table.read(["lat"]))
