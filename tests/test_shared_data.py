"""Every real recording is read, salvaged, or named with a reason; real cities become sound pictures."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

import heatlas
from heatlas.core.mercator import ground_metres
from heatlas.sources.archive import Entry, entries, unpack
from heatlas.sources.formats.known import FORMATS
from heatlas.sources.sniff import kind
from heatlas.tracks.privacy import Privacy

CITIES = {
    "Panama City": ("irvingbennett-running_page", 8.98, -79.53, 500),
    "Nanjing": ("Dylan632-running_page", 32.05, 118.79, 200),
    "Tampere": ("laakkti-strava-export", 61.5, 23.75, 140),
    "Budapest": ("slalom007-strava-export", 47.48, 19.05, 50),
}


@pytest.fixture(scope="module")
def everything(shared_data):
    return heatlas.open(shared_data)


def test_every_file_is_accounted_for(shared_data, everything):
    report = everything.report
    named = {item.file for item in (*report.failed, *report.skipped)} | {file for file, _ in report.warnings}
    failed, skipped = ({item.file for item in items} for items in (report.failed, report.skipped))
    read = 0
    for entry in entries([shared_data]):
        if not isinstance(entry, Entry):
            assert entry.file in named
            continue
        for part in unpack(entry.name, entry.read()):
            name = part[0] if isinstance(part, tuple) else part.file
            if isinstance(part, tuple) and kind(part[1]) in FORMATS and name not in skipped:
                read += name not in failed
            else:
                assert name in named, name
    assert report.read == read
    assert read > 1000
    for item in (*report.failed, *report.skipped):
        assert item.reason
        assert "\n" not in item.reason


def test_what_failed_had_nothing_in_it(everything):
    # Everything else of the sets, broken as much of it is, gave something.
    assert len(everything.report.failed) < 20
    for item in everything.report.failed:
        assert not item.file.endswith((".gpx.gz", ".tcx.gz", ".fit.gz"))


def test_virtual_rides_are_not_mapped(everything):
    assert everything.report.dropped["activities that were virtual or indoors"] >= 2
    assert not any("virtual" in activity.source for activity in everything.activities)


def test_what_is_in_is_sound(everything):
    for batch in everything.batches:
        assert np.isfinite(batch.u).all()
        assert ((batch.v >= 0) & (batch.v <= 1)).all()
        assert (np.diff(batch.segments) >= 0).all()
        assert batch.segments[-1] == batch.fixes
    starts = [a.start for a in everything.activities if a.start is not None]
    assert starts == sorted(starts)


def test_the_same_export_as_folder_and_zip(shared_data, tmp_path):
    folder = shared_data / "laakkti-strava-export"
    shutil.make_archive(str(tmp_path / "export"), "zip", folder)
    one, other = heatlas.open(folder, columns=()), heatlas.open(tmp_path / "export.zip", columns=())
    assert [a.id for a in one.activities] == [a.id for a in other.activities]
    assert one.fixes == other.fixes
    assert all(a.sport in {"Ride", "Walk", "Run"} for a in one.activities)
    both = heatlas.open(folder, tmp_path / "export.zip", columns=())
    assert len(both) == len(one)


@pytest.mark.parametrize("city", CITIES)
def test_cities(shared_data, tmp_path, city):
    folder, lat, lon, least = CITIES[city]
    out = tmp_path / "heat.png"
    report = heatlas.render(shared_data / folder, output=out, legend=True, background="dark")
    assert report["activities"] >= least
    place = report["places"][0]
    assert place["drawn"]
    west, south, east, north = report["window"]["bbox"]
    assert west < lon < east, city
    assert south < lat < north, city
    assert report["range"][0] == 1
    assert report["range"][1] > 5
    assert json.loads(out.with_name(f"{out.name}.json").read_text())["bbox"] == pytest.approx(report["window"]["bbox"])


@pytest.mark.parametrize("city", ["Tampere", "Budapest"])
def test_seconds_and_metres_of_real_tracks_are_conserved(shared_data, city):
    tracks = heatlas.open(shared_data / CITIES[city][0], columns=())
    from heatlas.dataset.places import bbox_window, extent
    from heatlas.kernels.path import metres_along

    window = bbox_window(extent(tracks.batches), width=3000)
    seconds = metres = 0.0
    for batch in tracks.batches:
        metres += metres_along(batch.u, batch.v, batch.segments).sum()
        for first, last in zip(batch.segments[:-1], batch.segments[1:], strict=True):
            seconds += batch.time[last - 1] - batch.time[first]
    assert tracks.heat("seconds", window, "0").total == pytest.approx(seconds, rel=1e-6)
    assert tracks.heat("metres", window, "0").total == pytest.approx(metres, rel=1e-6)


def starts(tracks):
    """World coordinates at which each activity starts, by its source."""
    return {
        activity.source: np.array([batch.u[first], batch.v[first]])
        for batch in tracks.batches
        for activity, first in zip(batch.activities, batch.segments[batch.tracks[:-1]], strict=True)
    }


def test_no_home_with_clipped_ends(shared_data):
    tracks = heatlas.open(shared_data / "irvingbennett-running_page", columns=())
    shown = tracks.hidden(Privacy(clip_ends=200, secret=b"a secret of this test"))
    before, after = starts(tracks), starts(shown)
    metre = 1 / float(ground_metres(before[next(iter(before))][1])[0])
    away = np.array([np.hypot(*(after[source] - before[source])) for source in after]) / metre
    assert away.min() > 200 * 0.65 / 2 - 1
    # Home is where most activities start: in 50 m around the commonest start, hardly any are left.
    points = np.array(list(before.values()))
    near = [(np.hypot(*(points - point).T) < 50 * metre).sum() for point in points]
    home = points[int(np.argmax(near))]
    left = (np.hypot(*(np.array(list(after.values())) - home).T) < 50 * metre).sum()
    assert max(near) > 80
    assert left < max(near) / 10
