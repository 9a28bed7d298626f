from __future__ import annotations

import gzip
import io
import os
import pickle
import random
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heatlas.core.batch import Unread
from heatlas.core.errors import BadOption, Unreadable
from heatlas.sources import zips
from heatlas.sources.archive import Entry, entries, unpack
from heatlas.sources.formats.known import FORMATS
from heatlas.sources.sniff import kind

GPX = b'<?xml version="1.0"?><gpx version="1.1"><trk><trkseg/></trk></gpx>'
TCX = b"          <?xml version='1.0'?>\n<TrainingCenterDatabase></TrainingCenterDatabase>"
FIT = b"\x0e\x10\x00\x00\x00\x00\x00\x00.FIT\x00\x00"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def zipped(files, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)  # of no date: the same bytes every time
    return buffer.getvalue()


def names(found, root):
    return [str(e.name).removeprefix(f"{root}/") for e in found if isinstance(e, Entry)]


def reasons(found):
    return {e.file.rpartition("/")[2]: (e.reason, e.failed) for e in found if isinstance(e, Unread)}


# What a file is


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "empty"),
        (b" \r\n\t", "empty"),
        (bytes(5000), "empty"),
        (FIT, "fit"),
        (b"\x0c" + FIT[1:], "fit"),
        (b"xx" + FIT, "unknown"),
        (GPX, "gpx"),
        (b"\xef\xbb\xbf" + GPX, "gpx"),
        (GPX.decode().encode("utf-16"), "gpx"),
        (GPX.decode().encode("utf-16-be"), "gpx"),
        (GPX.decode().encode("utf-32"), "gpx"),
        (b"<!-- a > b --><!DOCTYPE gpx [<!ENTITY a 'b'>]>\n<?pi?><g:gpx xmlns:g='x'>", "gpx"),
        (b"<!--" + b"x" * 9000 + b"-->" + GPX, "gpx"),
        (b'<trk><trkseg><trkpt lat="1" lon="2"/></trkseg></trk>', "gpx"),
        (b'"1.0" lon="2"><ele>3</ele></trkpt><trkpt lat="1" lon="2">', "gpx"),
        (TCX, "tcx"),
        (b"<Activities><Activity Sport='Biking'>", "tcx"),
        (b"<kml xmlns='http://www.opengis.net/kml/2.2'>", "kml"),
        (b"<!DOCTYPE html><title>x</title>", "html"),
        (b"<HTML>", "html"),
        (b"<svg xmlns='x'/>", "xml"),
        (b'{"type": "FeatureCollection"}', "geojson"),
        (b'[{"a": 1}]', "json"),
        (b"a,b,c\n1,2,3\n", "csv"),
        (b'"a";"b"\n"1,5";"2"\n', "csv"),
        (b"Dear reader,\nthis is a letter.\n", "text"),
        ("Grüße aus Köln.".encode("latin-1"), "text"),
        (PNG, "image"),
        (b"\xff\xd8\xff\xe0" + bytes(9), "image"),
        (b"\0\0\0\x18ftypheic", "image"),
        (b"%PDF-1.7", "pdf"),
        (gzip.compress(GPX, mtime=0), "gzip"),
        (zipped({"a": b"x"}), "zip"),
        (zipped({}), "zip"),
        (bytes(range(256)), "unknown"),
        (b"PAR1" + bytes(range(128)) * 3, "parquet"),
        (b"ARROW1\0\0" + bytes(90), "arrow"),
        (b"SQLite format 3\0" + bytes(90), "sqlite"),
        (b"SQLite format 3\0" + bytes(52) + b"GPKG" + bytes(20), "geopackage"),
        (b"\0\0\x27\x0a" + bytes(90), "shapefile"),
        (b"fgb\3fgb\1" + bytes(90), "flatgeobuf"),
        (bytes(8) + b"DUCK" + bytes(90), "duckdb"),
        (b'\x1e{"type": "Feature"}\n', "geojson"),
    ],
)
def test_content_is_recognised(data, found):
    assert kind(data) == found


@given(st.binary(max_size=300))
def test_any_bytes_have_a_kind(data):
    assert kind(data) == kind(data + b"")


@given(st.binary(max_size=40), st.sampled_from([GPX, TCX, FIT]))
def test_what_follows_the_beginning_changes_nothing(tail, data):
    assert kind(data + tail) == kind(data)


# Walking


def test_a_folder_is_walked_in_order(tmp_path):
    for name in ["b/2.gpx", "a.fit", "b/1.tcx", "c.gpx.gz", ".hidden.gpx", "__MACOSX/a.gpx", ".git/x.gpx"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(GPX)
    found = list(entries([tmp_path]))
    assert names(found, tmp_path) == ["a.fit", "b/1.tcx", "b/2.gpx", "c.gpx.gz"]
    assert all(e.read() == GPX and e.size == len(GPX) for e in found)


def test_what_is_reached_twice_comes_once(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.gpx").write_bytes(GPX)
    (tmp_path / "in/loop").symlink_to(tmp_path / "in")
    (tmp_path / "in/again.gpx").symlink_to(tmp_path / "in/a.gpx")
    given_twice = [tmp_path / "in/a.gpx", tmp_path / "in", tmp_path / "in/../in/a.gpx", tmp_path]
    assert names(entries(given_twice), tmp_path) == ["in/a.gpx"]


def test_a_missing_path_is_named_at_once(tmp_path):
    with pytest.raises(BadOption, match=r"no-such\.gpx"):
        entries([tmp_path, tmp_path / "no-such.gpx"])


def test_a_dangling_link_and_a_pipe_are_reported(tmp_path):
    (tmp_path / "gone.gpx").symlink_to(tmp_path / "nowhere")
    (tmp_path / "self.gpx").symlink_to(tmp_path / "self.gpx")
    os.mkfifo(tmp_path / "pipe.gpx")
    (tmp_path / "good.gpx").write_bytes(GPX)
    found = list(entries([tmp_path]))
    assert names(found, tmp_path) == ["good.gpx"]
    assert all(failed for _, failed in reasons(found).values())
    assert set(reasons(found)) == {"gone.gpx", "self.gpx", "pipe.gpx"}


def test_what_may_not_be_read_is_reported(tmp_path, request):
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/inside.gpx").write_bytes(GPX)
    for name in ("mine.gpx", "other", "export.zip"):
        (tmp_path / name).write_bytes(GPX)
        (tmp_path / name).chmod(0)
    (tmp_path / "secret").chmod(0)
    request.getfixturevalue("nobody")
    found = list(entries([tmp_path, tmp_path / "secret/inside.gpx"]))
    assert set(reasons(found)) == {"secret", "inside.gpx", "other", "export.zip"}
    assert all(failed for _, failed in reasons(found).values())
    with pytest.raises(Unreadable, match="denied"):
        next(e for e in found if isinstance(e, Entry)).read()


def test_other_files_are_left_out_by_content(tmp_path):
    content = {
        "photo": PNG,
        "notes.txt": b"hello\nworld",
        "table.csv": b"a,b\n1,2",
        "page.html": b"<html>",
        "doc.pdf": b"%PDF-1.4",
        "map.svg": b"<svg/>",
        "blob.bin": bytes(range(256)),
        "sleep.json": b'{"a": 1}',
    }
    for name, data in content.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "ride").write_bytes(GPX)  # no extension, but a recording
    found = list(entries([tmp_path]))
    assert names(found, tmp_path) == ["ride"]
    assert set(reasons(found)) == set(content)
    assert not any(failed for _, failed in reasons(found).values())
    assert reasons(entries([tmp_path / "photo"]))["photo"][1], "what is named on purpose is missed"


def test_planned_routes_of_an_export_are_left_out(tmp_path):
    files = {
        "activities.csv": b"a,b",
        "activities/1.gpx": GPX,
        "routes/9.gpx": GPX,
        "other/routes/8.gpx": GPX,
    }
    for name, data in files.items():
        (tmp_path / "x" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "x" / name).write_bytes(data)
    (tmp_path / "export.zip").write_bytes(zipped(files))
    for root in (tmp_path / "x", tmp_path / "export.zip"):
        found = list(entries([root]))
        assert names(found, root) == ["activities/1.gpx", "other/routes/8.gpx"]
        assert reasons(found) == {"9.gpx": ("a planned route, not a recording: --routes draws it all the same", False)}


# Archives


def test_members_of_a_zip_are_read_lazily_in_threads_and_processes(tmp_path):
    files = {f"activities/{k}.gpx": GPX + str(k).encode() * 1000 for k in range(40)} | {"media/a.jpg": PNG}
    path = tmp_path / "export.zip"
    path.write_bytes(zipped(files))
    found = list(entries([path]))
    inside = [e for e in found if isinstance(e, Entry)]
    assert reasons(found) == {"a.jpg": ("an image or video, not a recording", False)}
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(lambda e: e.read(), inside * 5))
    expected = [files[e.name.removeprefix(f"{path}/")] for e in inside] * 5
    assert read == expected
    assert pickle.loads(pickle.dumps(inside[0])).read() == expected[0]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_all_ways_of_packing_are_read(tmp_path, method):
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({"a.gpx": GPX * 50, "b": GPX * 50}, method))
    assert [e.read() for e in entries([path])] == [GPX * 50] * 2


def test_nested_archives_are_unpacked():
    inner = zipped({"b.fit": FIT, "c.gpx.gz": gzip.compress(GPX, mtime=0), "__MACOSX/._b.fit": b"x", "n.txt": b"hi"})
    found = unpack("a.fit", gzip.compress(zipped({"deep.zip": inner}), mtime=0))
    recordings = [item for item in found if not isinstance(item, Unread)]
    assert recordings == [("a.fit/deep.zip/b.fit", FIT), ("a.fit/deep.zip/c.gpx.gz", GPX)]
    assert reasons(found) == {"n.txt": ("plain text, not a recording", False)}
    assert unpack("a.fit", FIT) == [("a.fit", FIT)]
    assert unpack("a.gpx.gz", gzip.compress(GPX[:20], mtime=0) + gzip.compress(GPX[20:], mtime=0) + bytes(7)) == [
        ("a.gpx.gz", GPX)
    ]


def test_depth_is_bounded():
    data = GPX
    for _ in range(9):
        data = gzip.compress(data, mtime=0)
    (found,) = unpack("a.gz", data)
    assert isinstance(found, Unread)
    assert "nested" in found.reason


def test_bombs_are_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(zips, "_SMALL", 1 << 20)
    zeros = bytes(8 << 20)
    (gz,) = unpack("a.gz", gzip.compress(zeros, mtime=0))
    (zp,) = unpack("a.zip", zipped({"a.gpx": zeros}))
    (tmp_path / "bomb.zip").write_bytes(zipped({"a.gpx": zeros, "b.gpx": zeros}))
    (walked,) = entries([tmp_path])
    for found in (gz, zp, walked):
        assert isinstance(found, Unread)
        assert found.failed
        assert "absurdly" in found.reason


def test_a_member_that_lies_about_its_size_is_bounded(monkeypatch):
    monkeypatch.setattr(zips, "_SMALL", 1 << 20)
    data = bytearray(zipped({"a.gpx": bytes(8 << 20)}))
    size = (8 << 20).to_bytes(4, "little")
    while size in data:
        at = data.index(size)
        data[at : at + 4] = (100).to_bytes(4, "little")
    (found,) = unpack("a.zip", bytes(data))
    assert isinstance(found, Unread)
    assert "absurdly" in found.reason


def test_encrypted_members_are_named(tmp_path):
    data = bytearray(zipped({"a.gpx": GPX, "b.gpx": GPX}))
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    (tmp_path / "a.zip").write_bytes(data)
    found = list(entries([tmp_path]))
    assert reasons(found)["a.gpx"] == ("encrypted with a password; unpack the archive first", True)
    assert names(found, tmp_path / "a.zip") == ["b.gpx"]


def test_a_cut_download_gives_its_first_members(tmp_path):
    files = {f"{k}.gpx": GPX + random.Random(k).randbytes(3000) for k in range(10)}
    whole = zipped(files)
    (tmp_path / "a.zip").write_bytes(whole[: len(whole) // 2])
    found = list(entries([tmp_path]))
    inside = [e for e in found if isinstance(e, Entry)]
    assert len(inside) in {5, 6}
    assert [e.read() for e in inside[:4]] == list(files.values())[:4]
    assert "cut off" in reasons(found)["a.zip"][0]


def test_a_cut_or_spoilt_gz_gives_what_can_be_unpacked():
    text = GPX + random.Random(1).randbytes(50_000).hex().encode()
    packed = gzip.compress(text, mtime=0)
    ((_, half),) = unpack("a.gpx.gz", packed[: len(packed) // 2])
    assert len(half) > len(text) // 3
    assert text.startswith(half)
    spoilt = bytearray(packed)
    spoilt[len(packed) * 3 // 4 :] = b"\xff" * (len(packed) - len(packed) * 3 // 4)
    ((_, most),) = unpack("a.gpx.gz", bytes(spoilt))
    assert most[: len(text) // 2] == text[: len(text) // 2]
    (nothing,) = unpack("a.gpx.gz", packed[:12])
    assert isinstance(nothing, Unread)


def test_documents_that_are_zips_are_left_out(tmp_path):
    (tmp_path / "letter.docx").write_bytes(zipped({"[Content_Types].xml": b"<Types/>", "word/a.xml": b"<a/>"}))
    assert reasons(entries([tmp_path])) == {"letter.docx": ("a document or program, not a recording", False)}


@given(st.data())
def test_broken_archives_never_raise(data):
    whole = bytearray(
        zipped({"a.gpx": GPX * 9, "b.fit.gz": gzip.compress(FIT, mtime=0), "c/d.zip": zipped({"x": TCX})})
    )
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    for item in unpack("a.zip", cut) + unpack("a.gz", gzip.compress(cut, mtime=0)[: len(cut)]):
        assert isinstance(item, Unread) or isinstance(item[1], bytes)


def test_broken_archives_on_disk_never_raise(tmp_path):
    whole = zipped({"a.gpx": GPX * 9, "b": GPX, "c/d.zip": zipped({"x": TCX})})
    for at in range(0, len(whole), 3):
        spoilt = bytearray(whole)
        spoilt[at] ^= 0xFF
        (tmp_path / "a.zip").write_bytes(spoilt)
        for entry in entries([tmp_path]):
            if isinstance(entry, Entry):
                try:
                    entry.read()
                except Unreadable:
                    continue


def test_the_standard_library_unpacks_alike(monkeypatch):
    packed = gzip.compress(GPX * 1000, mtime=0)
    fast = zips.gunzip(packed)
    monkeypatch.setattr(zips, "isal_zlib", zlib)
    assert zips.gunzip(packed) == fast == (GPX * 1000, True)


# Real recordings


def test_real_files_are_what_the_inventory_says(shared_data):
    import csv

    with (shared_data / "INVENTORY.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["content"] in {"fit", "gpx", "tcx", "zip", "json", "plt"}]
    assert len(rows) > 400
    for row in rows:
        data = (shared_data / row["path"]).read_bytes()
        found = kind(data)
        if found == "gzip":
            found = kind(gzip.decompress(data))
        if found in FORMATS and found != row["content"]:
            found = FORMATS[found].content
        assert found == row["content"], row["path"]


def test_zips_that_are_called_fit_are_opened(shared_data):
    folder = shared_data / "irvingbennett-running_page/odd/GPX_OUT"
    found = list(entries([folder]))
    assert len(found) == 6
    for entry in found:
        ((name, data),) = unpack(entry.name, entry.read())
        assert kind(data) == "fit"
        assert name.startswith(f"{entry.name}/")
