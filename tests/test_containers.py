"""Archives in archives, tars of all kinds, hostile ones, and names of any bytes."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import subprocess
import sys
import tarfile
import tracemalloc
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import gpx, straight

from heatlas.core.batch import Unread
from heatlas.core.errors import NothingToDraw
from heatlas.core.report import Report
from heatlas.library.file.opening import open_library
from heatlas.library.imports import import_sources
from heatlas.library.rows.merged import list_activities, read_merged
from heatlas.library.rows.outcomes import whole_report
from heatlas.sources import zips
from heatlas.sources.archive import Entry, entries, is_archive, unpack
from heatlas.sources.load import load
from heatlas.sources.sheets.exports import find_exports

TRACK = gpx(*straight(300))
OTHER = gpx(*straight(300, lat=47.9), start=1.71e9)
PHOTO = b"\x89PNG\r\n\x1a\n" + bytes(2000)
MONITORING = bytes.fromhex("0e105c0809000000") + b".FIT" + bytes(2)
PACKERS = {"": bytes, ".gz": gzip.compress, ".bz2": lambda data: bz2.compress(data, 1), ".xz": lzma.compress}


def tarred(files, form=tarfile.PAX_FORMAT):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def zipped(files, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return buffer.getvalue()


def read(path):
    """Content by name without the path, and reasons by name, of all that a path gives."""
    content, reasons = {}, {}
    for item in entries([path]):
        if isinstance(item, Entry):
            content[item.name.removeprefix(f"{path}/")] = item.read()
        else:
            reasons[item.file.removeprefix(f"{path}/")] = item.reason
    return content, reasons


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("packer", PACKERS)
def test_tars_of_all_kinds_are_read(tmp_path, packer, form):
    long = f"{'deep/' * 15}{'n' * 90}.gpx"
    files = {"./a/1.gpx": TRACK, long: OTHER, "a/photo.png": PHOTO, "a/.hidden.gpx": TRACK, "a/2.gpx.gz": b""}
    files["a/2.gpx.gz"] = gzip.compress(OTHER, mtime=0)
    path = tmp_path / f"export.tar{packer}"
    path.write_bytes(PACKERS[packer](tarred(files, form)))
    content, reasons = read(path)
    assert content == {"a/1.gpx": TRACK, long: OTHER, "a/2.gpx.gz": files["a/2.gpx.gz"]}
    assert reasons == {"a/photo.png": "an image or video, not a recording"}
    assert is_archive(path)


def test_one_packed_recording_is_read(tmp_path):
    for ending, packer in PACKERS.items():
        (tmp_path / f"a.gpx{ending}").write_bytes(packer(TRACK))
        assert unpack("a", packer(TRACK)) == [("a", TRACK)]
    assert len(load([tmp_path])[1].duplicates) == 3


def test_archives_in_archives_are_flat(tmp_path):
    inner = zipped({"1.gpx": TRACK, "photo": PHOTO})
    files = {
        "part1.zip": inner,
        "part2.tar.gz": gzip.compress(tarred({"2.gpx": OTHER}), mtime=0),
        "part3.tar": tarred({"in.zip": inner}),
        "part4.zip.gz": gzip.compress(inner, mtime=0),
        "part5.tar.xz": lzma.compress(tarred({"in.tar": tarred({"deep.gpx": OTHER})})),
    }
    expected = {
        "part1.zip/1.gpx": TRACK, "part2.tar.gz/2.gpx": OTHER, "part3.tar/in.zip/1.gpx": TRACK,
        "part4.zip.gz/1.gpx": TRACK, "part5.tar.xz/in.tar/deep.gpx": OTHER,
    }  # fmt: skip
    for name, data in {
        "all.zip": zipped(files), "stored.zip": zipped(files, zipfile.ZIP_STORED), "all.tar": tarred(files),
        "all.tgz": gzip.compress(tarred(files), mtime=0),
    }.items():  # fmt: skip
        (tmp_path / name).write_bytes(data)
        content, reasons = read(tmp_path / name)
        assert content == expected
        assert set(reasons) == {"part1.zip/photo", "part3.tar/in.zip/photo", "part4.zip.gz/photo"}


def test_archives_are_not_opened_for_ever(tmp_path):
    data = TRACK
    for _ in range(7):
        data = zipped({"in.zip": data})
    (tmp_path / "a.zip").write_bytes(data)
    content, reasons = read(tmp_path / "a.zip")
    assert content == {}
    assert [reason for reason in reasons.values() if "nested" in reason]


def test_what_is_no_recording_does_not_count_as_a_bomb(tmp_path, monkeypatch):
    monkeypatch.setattr(zips, "_SMALL", 1 << 20)
    files = {
        "film.mp4": bytes(4) + b"ftyp" + bytes(32 << 20),
        "records.json": b'{"a": [' + b"0," * (4 << 20),
        "1.gpx": TRACK,
    }
    for name, data in {
        "a.zip": zipped(files), "a.tar.gz": gzip.compress(tarred(files), mtime=0),
        "b.zip": zipped({"in.zip": zipped(files)}),
    }.items():  # fmt: skip
        (tmp_path / name).write_bytes(data)
        content, _ = read(tmp_path / name)
        assert list(content.values()) == [TRACK]


def test_bombs_of_recordings_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(zips, "_SMALL", 1 << 20)
    bomb = TRACK + bytes(16 << 20)
    files = {"a.gpx": bomb, "b.gpx": TRACK}
    for name, data in {
        "a.tar.gz": gzip.compress(tarred(files), mtime=0), "a.tar.bz2": bz2.compress(tarred(files)),
        "a.tar.xz": lzma.compress(tarred(files)), "a.zip": zipped({"in.zip": zipped(files, 0)}),
        "a.gz": gzip.compress(gzip.compress(bomb, mtime=0), mtime=0),
    }.items():  # fmt: skip
        (tmp_path / name).write_bytes(data)
        tracemalloc.start()
        for item in entries([tmp_path / name]):
            parts = unpack(item.name, item.read()) if isinstance(item, Entry) else [item]
            assert [part.reason for part in parts] == ["unpacks to absurdly much, as no recording does"], name
        assert tracemalloc.get_traced_memory()[1] < 40 << 20
        tracemalloc.stop()


def test_a_hostile_tar_harms_nothing(tmp_path):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind in {
            "/etc/passwd": tarfile.SYMTYPE, "link.gpx": tarfile.LNKTYPE, "dev.gpx": tarfile.CHRTYPE,
            "pipe.gpx": tarfile.FIFOTYPE, "folder.gpx": tarfile.DIRTYPE,
        }.items():  # fmt: skip
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "../../outside.gpx"
            archive.addfile(info)
        for name in ("/../../outside.gpx", "../up.gpx", "same.gpx", "same.gpx"):
            info = tarfile.TarInfo(name)
            info.size = len(TRACK)
            archive.addfile(info, io.BytesIO(TRACK))
        info = tarfile.TarInfo("sparse.gpx")
        info.type = tarfile.GNUTYPE_SPARSE
        archive.addfile(info)
    (tmp_path / "in").mkdir()
    for ending, packer in PACKERS.items():
        path = tmp_path / f"in/a.tar{ending}"
        path.write_bytes(packer(buffer.getvalue()))
        content, reasons = read(path)
        assert content == dict.fromkeys(("../../outside.gpx", "../up.gpx", "same.gpx", "same.gpx (2)"), TRACK)
        assert list(reasons) == ["sparse.gpx"]
        assert os.listdir(tmp_path) == ["in"]  # noqa: PTH208 - all names


@pytest.mark.parametrize("packer", PACKERS)
def test_a_tar_that_was_cut_off_gives_what_is_there(tmp_path, packer):
    noise = [TRACK + os.urandom(40_000).hex().encode() for _ in range(6)]
    whole = PACKERS[packer](tarred({f"{k}.gpx": data for k, data in enumerate(noise)}))
    path = tmp_path / f"a.tar{packer}"
    path.write_bytes(whole[: len(whole) * 2 // 3])
    content, reasons = read(path)
    assert len(content) >= 2
    assert content["0.gpx"] == noise[0]
    assert "cut off" in reasons[str(path)]


def test_a_tar_that_was_cut_off_behind_a_file_is_told(tmp_path):
    path = tmp_path / "a.tar"
    whole = tarred({"0.gpx": TRACK, "1.gpx": OTHER})
    path.write_bytes(whole)
    assert read(path)[1] == {}
    path.write_bytes(whole.rstrip(b"\0").ljust(-(-len(whole.rstrip(b"\0")) // 512) * 512, b"\0"))
    content, reasons = read(path)
    assert list(content.values()) == [TRACK, OTHER]
    assert "cut off" in reasons[str(path)]


@given(st.data())
def test_broken_tars_never_raise(data):
    whole = bytearray(tarred({"a.gpx": TRACK[:900], "n" * 120: b"x", "b.zip": zipped({"c.gpx": TRACK[:99]})}))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    for item in unpack("a.tar", cut):
        assert isinstance(item, Unread) or isinstance(item[1], bytes)


# Tables of exports, however deep


def test_each_export_has_its_own_table(tmp_path):
    head = "Activity ID,Activity Date,Activity Name,Activity Type,Activity Gear,Filename"
    one = {"activities.csv": f"{head}\n1,,Evening,Ride,Patria,activities/7.gpx\n".encode(), "activities/7.gpx": TRACK,
           "routes/9.gpx": OTHER}  # fmt: skip
    two = {"activities.csv": f"{head}\n2,,Morning,Run,Shoes,activities/7.gpx\n".encode(), "activities/7.gpx": OTHER}
    both = {f"Downloads/export_1/{name}": data for name, data in one.items()}
    both |= {f"Downloads/export_2/{name}": data for name, data in two.items()}
    archives = {
        "a.zip": zipped(both), "b.tgz": gzip.compress(tarred(both)), "c.tar": tarred(both),
        "d.zip": zipped({"old/one.zip": zipped(one), "old/two.tar.gz": gzip.compress(tarred(two))}),
    }  # fmt: skip
    for name, data in archives.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_bytes(data)
    for name, data in both.items():
        (tmp_path / "folder" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / name).write_bytes(data)
    for name in (*archives, "folder"):
        batches, report = load([tmp_path / name])
        found = {(a.name, a.gear, a.sport) for batch in batches for a in batch.activities}
        assert found == {("Evening", "Patria", "Ride"), ("Morning", "Shoes", "Run")}, name
        assert report.held_instead == {"planned routes": 1}
        (tmp_path / name / "beside.gpx").write_bytes(gpx(*straight(300, lat=48.5)))
        assert load([tmp_path / name])[1].dropped["files without a row in the table"] == 0
        assert not [reason for reason in report.dropped if "table" in reason]
        assert len(find_exports([tmp_path / name]).exports) == 2


# What is left out is told


def test_files_that_hold_no_track_are_one_line(tmp_path):
    made = {f"{k}.fit": _fit(32) for k in range(30)} | {f"s{k}.fit": _fit(49) for k in range(3)}
    made |= {"x_sleepData.json": b'[{"a": 1}]', "export.xml": b"<?xml version='1.0'?><HealthData locale='x'/>"}
    (tmp_path / "takeout.zip").write_bytes(zipped({"DI_CONNECT/part.zip": zipped({**made, "run.gpx": TRACK})}))
    _, report = load([tmp_path])
    assert report.failed == []
    assert report.held_instead == {"monitoring": 30, "sleep": 4, "health records": 1}
    assert report.notes() == ["35 files hold no track: monitoring, sleep, health records"]
    assert report.data()["files"]["held_instead"] == {"monitoring": 30, "sleep": 4, "health records": 1}
    with open_library(tmp_path / "lib.db", create=True) as library:
        assert import_sources(library, [tmp_path / "takeout.zip"]).notes() == report.notes()
        with library.read() as link:
            assert whole_report(link, read_merged(link)).held_instead == {
                "monitoring": 30,
                "sleep": 3,
            }  # what was looked into


def _fit(kind):
    """A FIT file of a kind that is no recording."""
    body = bytes([0x40, 0, 0, 0, 0, 1, 0, 1, 0]) + bytes([0, kind])
    return bytes([14, 0x10, 0, 0]) + len(body).to_bytes(4, "little") + b".FIT" + bytes(2) + body + bytes(2)


def test_zero_files_is_never_all_that_is_said(tmp_path):
    def why(**files):
        folder = tmp_path / "-".join(files).replace("/", "_") if files else tmp_path / "none"
        folder.mkdir()
        for name, data in files.items():
            (folder / name.replace("_", ".")).write_bytes(data)
        return load([folder])[1].nothing()

    assert why() == "there is no file in what was given"
    assert "3 files of .mps are not read" in why(a_mps=b"MsRcd\nD0800", b_mps=b"MsRcd\nD0801", c_mps=b"\0\1\2\3" * 9)
    said = why(points_csv=b"id,lat,lon\n1,60,20\n")
    assert "1 table is left out" in said
    assert "points.csv" in said
    assert "--track" in said
    assert "1 file holds no track: images and videos" in why(a_png=PHOTO)
    assert "there is no track" in why(sleep_json=b"[]")


SENTENCES = {
    "a.7z": (b"7z\xbc\xaf\x27\x1c" + bytes(90), "7-Zip"),
    "a.rar": (b"Rar!\x1a\x07\x01" + bytes(90), "RAR"),
    "a.igc": (b"AXXX\nHFDTE\nB0800\n", ".igc"),
    "a.docx": (zipped({"[Content_Types].xml": b"<a/>", "word/a.xml": b"<a/>"}), "document"),
    "a.bin": (bytes(range(256)), "not read .bin|.bin"),
    "empty.zip": (zipped({}), "empty archive"),
    "photos.tar.gz": (gzip.compress(tarred({"a.png": PHOTO})), "hold"),
}


@pytest.mark.parametrize("name", SENTENCES)
def test_all_commands_say_the_same_of_what_is_not_read(tmp_path, name):
    import heatlas
    from heatlas.library.manage import import_into
    from heatlas.library.manage.temporary import library_of

    data, word = SENTENCES[name]
    path = tmp_path / name
    path.write_bytes(data)
    sentence = heatlas.inspect(path)["nothing"]
    assert word.rpartition("|")[2] in sentence
    assert str(path) in sentence or "1 file holds no track" in sentence
    assert import_into(tmp_path / "lib.db", path)["nothing"] == sentence
    with pytest.raises(NothingToDraw) as drawn:
        heatlas.render(path, output=tmp_path / "a.png")
    assert str(drawn.value) == sentence
    with pytest.raises(NothingToDraw) as served, library_of([path]):
        pass
    assert str(served.value) == sentence


# Names of any bytes


RAW = (b"caf\xe9", b"caf\xe8", b"\xff\xfe", "\ud800".encode("utf-8", "surrogatepass"), b"a\x1b[31m\nb")


def test_any_bytes_are_a_name(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    names = [os.fsencode(folder) + b"/" + raw + end for raw in RAW for end in (b".gpx", b".mps", b"bad.gpx")]
    tracks = [gpx(*straight(300, lat=47 + k / 10), start=1.7e9 + k * 9e4) for k in range(len(RAW))]
    contents = [data for track in tracks for data in (track, b"MsRcd\nD0800", b"<gpx>")]
    for name, data in zip(names, contents, strict=True):
        with open(name, "wb") as file:  # noqa: PTH123 - a name of bytes
            file.write(data)
    lib = str(tmp_path / "lib.db")
    command = [sys.executable, "-m", "heatlas"]
    for call in (["info", "in"], ["import", "in", "-l", lib, "--json"], ["info", os.fsdecode(names[0]), "--json"]):
        done = subprocess.run([*command, *call], cwd=tmp_path, capture_output=True, check=True)
        assert b"Traceback" not in done.stderr
        assert b"\x1b" not in done.stderr
        if call[-1] == "--json":
            assert "\\udc" not in json.dumps(json.loads(done.stdout))
    with open_library(lib) as library:
        again = import_sources(library, [folder])
        assert (again.read, again.dropped["files that were read before"]) == (0, 10)
        assert len(list_activities(library)) == 5
    import heatlas

    assert len(heatlas.open(folder).where("source LIKE '%caf\\xe9.gpx'")) == 1


def test_names_in_zips_are_read_as_they_were_meant(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("XXXXXXX.gpx", TRACK)
        archive.writestr("YYYY.gpx", OTHER)
    data = path.read_bytes().replace(b"XXXXXXX", "Läufe!".encode()).replace(b"YYYY", b"caf\x82")
    path.write_bytes(data)
    content, reasons = read(path)
    assert content == {"Läufe!.gpx": TRACK, "café.gpx": OTHER}
    assert reasons == {}
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("äX.gpx", "äY.gpx"):
            archive.writestr(name, TRACK)
    path.write_bytes(path.read_bytes().replace("äX".encode(), b"\xff\xfeX").replace("äY".encode(), b"\xff\xfdX"))
    content, reasons = read(path)
    assert len(content) == 2, "names that are not the UTF-8 they are said to be stay two"
    assert reasons == {}


def test_a_library_of_an_older_version_knows_its_files(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("XXXXXXX.gpx", TRACK)
        archive.writestr("part.zip", zipped({"b.gpx": OTHER}))
    path.write_bytes(path.read_bytes().replace(b"XXXXXXX", "Läufe!".encode()))
    with open_library(tmp_path / "lib.db", create=True) as library:
        import_sources(library, [path])
        with library.write() as link:
            former = "Läufe!".encode().decode("cp437")
            link.execute("UPDATE files SET name = replace(name, 'Läufe!', ?)", (former,))
            link.execute("UPDATE files SET name = replace(name, 'part.zip/b.gpx', 'part.zip')")
        again = import_sources(library, [path])
        assert (again.read, again.dropped["files that were read before"]) == (0, 2)
        assert len(list_activities(library)) == 2


def test_a_report_without_anything_says_so():
    assert Report().nothing() == "there is no file in what was given"
