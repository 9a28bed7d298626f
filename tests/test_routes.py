"""Planned routes: left out and counted, drawn when they are asked for, and never mixed up with recordings."""

from __future__ import annotations

import gzip

import fit_bytes as fb
import numpy as np
import pytest
from made import gpx

import heatlas
from heatlas.core.errors import NothingToDraw
from heatlas.library.manage import import_into, repair_library
from heatlas.sources.formats.fit.reader import read_fit
from heatlas.sources.formats.gpx import read_gpx

LON, LAT = 11 + np.arange(40) / 1000, np.full(40, 47.5)
LEFT_OUT = "planned routes, which --routes draws"


def route(name="Plan", lat=47.5, more="") -> bytes:
    points = "".join(f'<rtept lat="{lat}" lon="{x:.3f}"><ele>600</ele>{more}</rtept>' for x in LON)
    return f'<gpx creator="Planner"><rte><name>{name}</name><type>hiking</type>{points}</rte></gpx>'.encode()


def course() -> bytes:
    points = "".join(
        f"<Trackpoint><Time>2024-05-01T12:{k:02d}:00Z</Time><Position><LatitudeDegrees>47.6</LatitudeDegrees>"
        f"<LongitudeDegrees>{x:.3f}</LongitudeDegrees></Position></Trackpoint>"
        for k, x in enumerate(LON)
    )
    inn = "<CoursePoint><Name>Inn</Name><Position><LatitudeDegrees>9</LatitudeDegrees></Position></CoursePoint>"
    return (
        f"<TrainingCenterDatabase><Courses><Course><Name>Loop</Name><Track>{points}</Track>{inn}</Course></Courses>"
        "</TrainingCenterDatabase>"
    ).encode()


def fit_course() -> bytes:
    records = [fb.record(fb.NOW + 60 * k, 47.7, x) for k, x in enumerate(LON)]
    named = fb.message(31, [(5, fb.STRING, "Ridge"), (4, fb.ENUM, 2)])
    inn = fb.message(32, [(2, fb.SINT32, fb.semicircles(9)), (3, fb.SINT32, fb.semicircles(9))])
    return fb.fit(fb.file_id(6), named, inn, *records)


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "mixed"
    path.mkdir()
    (path / "run.gpx").write_bytes(gpx(LON, LAT, step=60, kind="hiking", name="Walked"))
    (path / "route.gpx").write_bytes(route())
    (path / "course.tcx.gz").write_bytes(gzip.compress(course()))
    (path / "course.fit").write_bytes(fit_course())
    both = gpx(LON, LAT + 0.3, step=60, name="Both").replace(b"</gpx>", route("Beside", 47.9)[22:])
    (path / "both.gpx").write_bytes(both)
    return path


PLANS = ["Beside", "Loop", "Plan", "Ridge"]


def test_recordings_alone_by_default(folder, tmp_path):
    tracks = heatlas.open(folder)
    assert sorted(activity.name for activity in tracks.activities) == ["Both", "Walked"]
    assert tracks.report.dropped == {LEFT_OUT: 4}
    assert not tracks.report.failed


def test_routes_when_they_are_asked_for(folder, tmp_path):
    tracks = heatlas.open(folder, routes=True)
    assert len(tracks) == 6
    assert not tracks.report.dropped
    planned = tracks.where("planned")
    assert sorted(activity.name for activity in planned.activities) == PLANS
    assert {activity.start for activity in planned.activities} == {None}
    assert all(np.isnan(batch.time).all() for batch in planned.batches)
    assert len(tracks.where("NOT planned")) == 2
    sports = {activity.name: activity.sport for activity in planned.activities}
    assert (sports["Plan"], sports["Ridge"]) == ("Hike", "Ride")


def test_a_route_is_never_a_copy_of_what_was_walked(folder):
    """The same way, once planned and once walked, is two; a recording of it without times is one."""
    assert len(heatlas.open(folder / "run.gpx", folder / "route.gpx", routes=True)) == 2
    (folder / "untimed.gpx").write_bytes(
        route().replace(b"rtept", b"trkpt").replace(b"<rte>", b"<trk><trkseg>").replace(b"</rte>", b"</trkseg></trk>")
    )
    assert len(heatlas.open(folder / "run.gpx", folder / "untimed.gpx")) == 1


def test_every_output_draws_them(folder, tmp_path):
    for ending in ("png", "html", "pmtiles"):
        output = tmp_path / f"a.{ending}"
        with pytest.raises(NothingToDraw, match="a planned route, not a recording: --routes draws it all the same"):
            heatlas.render(folder / "route.gpx", output=output)
        report = heatlas.render(folder / "route.gpx", output=output, routes=True, where="planned", zoom=None)
        assert output.exists()
        assert report["activities"] == 1
    whole = heatlas.render(folder, output=tmp_path / "b.png", routes=True, all=True, width=64)
    assert whole["activities"] == 6


def test_measures_of_time_know_nothing_of_them(folder):
    both = heatlas.open(folder / "route.gpx", folder / "run.gpx", routes=True)
    walked = both.where("NOT planned")
    window = both.window(width=64)
    pace, alone = (np.nan_to_num(np.asarray(each.heat("pace", window))) for each in (both, walked))
    np.testing.assert_array_equal(pace, alone)
    passes, fewer = (np.nan_to_num(np.asarray(each.heat(window=window))) for each in (both, walked))
    assert passes.max() > fewer.max()


def test_a_library_takes_them_later(folder, tmp_path):
    library = tmp_path / "a.db"
    first = import_into(library, folder)
    assert (first["activities"], first["dropped"]) == (2, {LEFT_OUT: 4})
    assert import_into(library, folder)["dropped"] == {"files that were read before": 5}
    later = import_into(library, folder, routes=True)
    assert later["activities"] == 6
    assert later["dropped"] == {"files that were read before": 1}, "only those are read again that hold routes"
    assert import_into(library, folder, routes=True)["dropped"] == {"files that were read before": 5}
    assert import_into(library, folder)["activities"] == 6
    assert sorted(a.name for a in heatlas.open(library).where("planned").activities) == PLANS


def test_a_route_alone_is_no_import(folder, tmp_path):
    report = import_into(tmp_path / "a.db", folder / "route.gpx")
    assert "--routes draws it all the same" in report["nothing"]
    assert not (tmp_path / "a.db").exists()


def test_routes_of_an_export(tmp_path):
    (tmp_path / "activities").mkdir()
    (tmp_path / "routes").mkdir()
    (tmp_path / "activities.csv").write_text("Activity ID,Filename\n1,activities/1.gpx\n")
    (tmp_path / "activities" / "1.gpx").write_bytes(gpx(LON, LAT, step=60))
    (tmp_path / "routes" / "2.gpx").write_bytes(gpx(LON, LAT + 1, step=60, name="Mine"))
    assert len(heatlas.open(tmp_path)) == 1
    (planned,) = heatlas.open(tmp_path, routes=True).where("planned").activities
    assert (planned.name, planned.start) == ("Mine", None)


def test_long_steps_of_a_route_are_no_gaps():
    far = b"<gpx><rte><rtept lat='47' lon='11'/><rtept lat='47' lon='11.0001'/><rtept lat='48' lon='13'/></rte></gpx>"
    (recording,) = read_gpx(far, "a")
    from heatlas.tracks.clean import clean

    assert clean(recording, 10, ()).segments.tolist() == [0, 3]


def test_the_way_between_points_of_a_route():
    via = "<gpxx:RoutePointExtension><gpxx:rpt lat='1.5' lon='2.5'/><gpxx:rpt/></gpxx:RoutePointExtension>"
    via = f"<extensions>{via}</extensions>"
    data = f"<gpx><rte><rtept lat='1' lon='2'>{via}</rtept><rtept lat='x' lon='2'/><rtept lat='2' lon='3'/></rte></gpx>"
    (recording,) = read_gpx(data.encode(), "a")
    assert recording.lat.tolist() == [1, 1.5, 2]


def test_a_course_of_a_watch():
    (recording,) = read_fit(fit_course(), "a")
    assert len(recording.lon) == 40
    assert (recording.activity.name, recording.activity.planned) == ("Ridge", True)
    assert np.isnan(recording.time).all()


def test_a_repair_keeps_what_was_asked_for(folder, tmp_path):
    """Files are read again as they were read: with their routes, or without."""
    import sqlite3

    for routes, held in ((True, 6), (False, 2)):
        library = tmp_path / f"{routes}.db"
        import_into(library, folder, routes=routes)
        with sqlite3.connect(library) as connection:
            connection.execute("UPDATE tracks SET data = zeroblob(length(data))")
        connection.close()
        repair_library(library)
        assert len(heatlas.open(library)) == held
