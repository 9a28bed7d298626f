"""Workbooks are tables: sheets, headers, numbers and dates as the cells have them."""

from __future__ import annotations

import builtins
import datetime as dt
import zipfile

import pytest

import heatlas
from heatlas.core.errors import BadOption, MissingExtra, SourceFailed
from heatlas.sources.tables import is_table, open_table

openpyxl = pytest.importorskip("openpyxl")
pytest.importorskip("python_calamine")

ROWS = [
    ["lat", "lon", "beds", "seen", "note"],
    [60.17, 24.94, 1234.5, dt.datetime(2024, 2, 3, 8, 15), "a"],
    [60.18, 24.95, 7, dt.datetime(2024, 3, 1), 5],
    [60.19, 24.96, None, None, None],
]


def workbook(path, **sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_cells_are_what_they_are(tmp_path):
    path = workbook(tmp_path / "sites.xlsx", Sites=ROWS)
    assert is_table(path)
    found = heatlas.inspect(path, weight="beds")
    assert (found["points"], found["total"], found["dropped"]) == (2, 1241.5, {"rows without a weight": 1})
    assert found["bbox"] == [24.94, 60.17, 24.95, 60.18]
    facts = {fact["name"]: fact["type"] for fact in found["column_facts"][str(path)]}
    assert facts == {"lat": "number", "lon": "number", "beds": "number", "seen": "moment", "note": "text"}
    late = heatlas.open_points(path, time="seen").where(after="2024-02-15")
    assert sum(len(chunk.lat) for chunk in late.chunks()) == 1
    assert sum(len(chunk.lat) for chunk in heatlas.open_points(path).where("note = '5'").chunks()) == 1


def test_titles_and_blank_rows_stand_above_the_header(tmp_path):
    rows = [["Sites of the town"], [], ["as of", dt.date(2024, 1, 1)], [], *ROWS]
    assert heatlas.inspect(workbook(tmp_path / "a.xlsx", One=rows), weight="beds")["total"] == 1241.5
    bare = workbook(tmp_path / "b.xlsx", One=[row[:3] for row in ROWS[1:3]])
    assert open_table(bare).schema.names == ["column_1", "column_2", "column_3"]
    assert heatlas.inspect(bare, lat="column_1", lon="column_2", weight="column_3")["total"] == 1241.5


def test_sheets_are_named(tmp_path):
    path = workbook(tmp_path / "a.xlsx", First=ROWS, Second=ROWS[:2], Blank=[])
    with pytest.raises(BadOption, match=r"several sheets, First, Second; say which with --table"):
        heatlas.inspect(path)
    assert heatlas.inspect(path, table="second")["rows"] == 1
    with pytest.raises(BadOption, match=r"no sheet 'Third'; its sheets are First, Second, Blank"):
        heatlas.inspect(path, table="Third")
    with pytest.raises(BadOption, match="--query is for databases"):
        heatlas.inspect(path, query="SELECT 1")
    with pytest.raises(SourceFailed, match="is empty"):
        heatlas.inspect(workbook(tmp_path / "b.xlsx", Blank=[]))


def test_it_is_told_by_its_content(tmp_path):
    path = workbook(tmp_path / "a.xlsx", Sites=ROWS)
    other = path.rename(tmp_path / "sites.dat")
    assert heatlas.inspect(other)["points"] == 3
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", "no workbook")
    with pytest.raises(SourceFailed, match=r"cannot be read as a workbook .*; save it as CSV"):
        heatlas.inspect(tmp_path / "b.xlsx")


def test_without_the_library_one_sentence_says_what_to_do(tmp_path, monkeypatch):
    path = workbook(tmp_path / "a.xlsx", Sites=ROWS)
    known = builtins.__import__

    def missing(name, *args, **kw):
        if name == "python_calamine":
            raise ImportError(name)
        return known(name, *args, **kw)

    monkeypatch.setattr(builtins, "__import__", missing)
    for do in (heatlas.inspect, lambda path: heatlas.render(path, output=tmp_path / "a.png")):
        with pytest.raises(MissingExtra, match=r"pip install 'heatlas\[excel\]', or save it as CSV"):
            do(path)
