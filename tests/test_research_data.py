"""Data sets of research as they are published: taxis, and OpenStreetMap's dump of traces. The data are made up."""

import tarfile

import numpy as np
from made import gpx, straight

import heatlas
from heatlas.sources.formats.loggers.taxis import read_cabspotting, read_tdrive
from heatlas.sources.sniff import kind

TDRIVE = b"1,2008-02-02 15:36:08,116.51172,39.92123\r\n1,2008-02-02 15:46:08,116.51135,39.93883\n1,bad line\n"
CAB = b"37.75134 -122.39488 0 1213084687\n37.75136 -122.39527 1 1213084659\n37.75199 -122.3946 0 1213084540\n"


def test_a_taxi_of_t_drive():
    assert kind(TDRIVE) == "tdrive"
    (found,) = read_tdrive(TDRIVE, "06/1.txt")
    assert (found.activity.person, found.activity.name) == ("1", "Taxi 1")
    assert found.time.tolist() == [1201937768.0, 1201938368.0]  # 07:36:08 UTC
    assert (found.lon[0], found.lat[0]) == (116.51172, 39.92123)
    assert found.warnings == ("1 of 3 lines are no positions",)
    assert len(read_tdrive(TDRIVE + b"2,2008-02-02 15:36:08,116.5,39.9\n", "all.txt")) == 2


def test_a_last_line_that_is_cut_is_left_out():
    (found,) = read_tdrive(TDRIVE[: TDRIVE.index(b"883")], "1.txt")
    assert len(found.lon) == 1
    assert found.warnings == ("cut off in its last line, which was left out",)


def test_a_cab_of_cabspotting():
    assert kind(CAB) == "cabspotting"
    (found,) = read_cabspotting(CAB, "cabspottingdata/new_abboip.txt")
    assert found.activity.person == "abboip"
    assert (np.diff(found.time) > 0).all()
    assert (found.lat[0], found.lon[0]) == (37.75199, -122.3946)


def test_other_tables_are_not_taken_for_taxis():
    assert kind(b"id,time,lon,lat\n1,2008-02-02 15:36:08,116.5,39.9\n") == "csv"
    assert kind(b"1,2008-02-02 15:36:08,116.5,39.9,7\n") not in {"tdrive", "cabspotting"}
    assert kind(b"37.75134 -122.39488 5 1213084687\n") != "cabspotting"


def test_the_taxis_of_porto(tmp_path):
    path = tmp_path / "train.csv"
    head = (
        '"TRIP_ID","CALL_TYPE","ORIGIN_CALL","ORIGIN_STAND","TAXI_ID","TIMESTAMP","DAY_TYPE","MISSING_DATA","POLYLINE"'
    )
    way = ",".join(f"[-8.6{k:02},41.1{k:02}]" for k in range(9))
    rows = [f'"T{k}","C","","","2000{k}","13726{k}6858","A","False","[{way if k else ""}]"' for k in range(3)]
    path.write_text("\n".join([head, *rows]))
    found = heatlas.open(path, person="TAXI_ID")
    assert [each.person for each in found.activities] == ["20001", "20002"]
    assert found.report.dropped["rows without a track"] == 1
    assert np.diff(found.batches[0].time[:9]).tolist() == [15.0] * 8
    assert found.activities[0].start == 1372616858.0
    assert any("taxis of Porto" in text for _, text in found.report.warnings)


def test_encoded_polylines_that_begin_with_a_bracket_are_still_read(tmp_path):
    """The first letter of one may be any; only a list of positions in JSON is one."""
    (tmp_path / "a.csv").write_text('id,summary_polyline\n1,"_p~iF~ps|U_ulLnnqC_mqNvxq`@"\n2,"[[1,2],[3"\n')
    found = heatlas.open(tmp_path / "a.csv")
    assert len(found) == 1
    assert found.report.dropped["rows whose polyline cannot be read"] == 1


def test_who_uploaded_traces_to_openstreetmap(tmp_path):
    root = tmp_path / "gpx-planet"
    files = ""
    for n, (seen, uid) in enumerate((("public", "7"), ("identifiable", "8"), ("public", "7"), ("trackable", ""))):
        name = f"{seen}/000/000/{n:09}.gpx"
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(gpx(*straight(lat=40.0 + n), start=1.2e9 + 1e5 * n))
        said = f' uid="{uid}" user="a &amp; b"' if uid else ""
        files += f'<gpxFile id="{n}" points="9" visibility="{seen}"{said} filename="{name}"><tags/></gpxFile>'
    (root / "metadata.xml").write_text(f'<?xml version="1.0"?><gpxFiles>{files}</gpxFiles>')
    with tarfile.open(tmp_path / "dump.tar.xz", "w:xz") as archive:
        archive.add(root, "gpx-planet")
    for source in (root, tmp_path / "dump.tar.xz"):
        assert [each.person for each in heatlas.open(source).activities] == ["7", "8", "7", ""]
    assert {each.person for each in heatlas.open(root, person="anna").activities} == {"anna"}
    report = heatlas.prepare(tmp_path / "dump.tar.xz", output=tmp_path / "out")
    assert report["persons"] == 3
    assert "they count as one person" in report["warnings"][0]


def test_digits_where_a_tar_has_its_checksum_are_no_error():
    """Positions in a text file fell there: int() refused "5600 0"."""
    for field in (b"5600 0\0 ", b"   560\0 ", b"0005600 ", b"9999999 "):
        assert kind(b"x" * 148 + field + b"x" * 600) != "tar"
