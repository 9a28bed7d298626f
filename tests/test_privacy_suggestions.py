"""Places that should be hidden are told of, with what to type: where many begin or end, and where anyone stops."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from library_made import SECRET, made
from slow import make_batch

from heatlas.cli import group
from heatlas.core.mercator import from_lonlat, ground_metres, to_lonlat
from heatlas.core.report import Report
from heatlas.dataset.selection import Selection
from heatlas.dataset.tracks import Tracks
from heatlas.library.file.opening import open_library
from heatlas.library.maintenance import reindex
from heatlas.library.zone_suggestions import open_places
from heatlas.library.zones import add_zone
from heatlas.options import FilterOptions, HidingOptions
from heatlas.tracks.privacy import Zone
from heatlas.tracks.privacy.frequented import find_open, marks_of

HOME = (47.8, 10.9)


@pytest.fixture(autouse=True)
def settings(tmp_path, monkeypatch):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "secret").write_text(SECRET.hex())
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)


def path(corners, start=1.7e9, speed=3.0, stop_at=None, stop=0.0, timed=True):
    """A track through corners (metres east and south of home), a fix each second; it may stop somewhere on its way."""
    corners = np.asarray(corners, float)
    along = np.append(0, np.cumsum(np.hypot(*np.diff(corners, axis=0).T)))
    at = np.arange(0, along[-1], speed)
    if stop_at is not None:
        k = int(stop_at / speed)
        at = np.concatenate((at[:k], np.full(int(stop), at[k]), at[k:]))
    jitter = np.random.default_rng(int(start) % 1000).normal(0, 0.8, (2, len(at)))
    u, v = from_lonlat(HOME[1], HOME[0])
    east, south = (float(metres) for metres in ground_metres(v))
    x, y = (np.interp(at, along, corners[:, k]) + jitter[k] for k in (0, 1))
    lon, lat = to_lonlat(u + x / east, v + y / south)
    time = start + np.arange(len(at), dtype=float) if timed else None
    return make_batch(lon, lat, time, start=start if timed else None, source=f"{start:.0f}-")


def from_home(count=6):
    turned = [0.5 + 2 * np.pi * k / count for k in range(count)]
    return [path([(0, 0), (1500 * np.cos(a), 1500 * np.sin(a))], 1.7e9 + 86400 * k) for k, a in enumerate(turned)]


def tracks_of(batches):
    return Tracks(tuple(batches), Report())


def choice(clip=None, zones=()):
    return Selection.parse(FilterOptions(), HidingOptions(clip_ends=clip, zone=zones))


def told(batches, clip=None, zones=(), public=False):
    chosen, whole = choice(clip, zones), tracks_of(batches)
    return chosen.open_places(whole, chosen.hidden(whole), public)


def test_clipped_ends_are_told_of_where_many_begin():
    (place,) = told(from_home(), "200m")["open_places"]
    assert (place["lat"], place["lon"]) == pytest.approx(HOME, abs=1e-4)
    assert (place["activities"], place["stops"]) == (6, 0)
    assert place["hide"] == f"--zone {place['lat']:.5f},{place['lon']:.5f},500m"
    assert told(from_home(4), "200m") == {"open_places": []}  # fewer than five


def test_nobody_is_told_who_draws_for_himself_or_hid_it():
    assert told(from_home()) == {}
    assert len(told(from_home(), public=True)["open_places"]) == 1
    assert told(from_home(), "100m", ["47.8,10.9,300m"]) == {"open_places": []}
    assert told(from_home(), "900m") == {"open_places": []}  # nothing is left within 500 m


def test_a_zone_beside_home_does_not_hide_it():
    assert len(told(from_home(), zones=["47.83,10.9,100m"])["open_places"]) == 1


def test_a_track_that_stops_on_its_way_shows_where():
    """As with a run that passes its own door, where somebody waits: clipping does not help."""
    passing = path([(-1500, 0), (1500, 0)], stop_at=1500, stop=201)
    (place,) = told([passing], "200m")["open_places"]
    assert (place["activities"], place["stops"]) == (0, 1)
    assert (place["lat"], place["lon"]) == pytest.approx(HOME, abs=2e-4)
    assert told([path([(-1500, 0), (1500, 0)], stop_at=1500, stop=90)], "200m") == {"open_places": []}  # a red light
    assert told([passing], "200m", ["47.8,10.9,200m"]) == {"open_places": []}
    # Both are one place: who stops at home and begins there is told of once.
    (place,) = told([*from_home(), passing], "200m")["open_places"]
    assert (place["activities"], place["stops"]) == (6, 1)


def test_a_recording_that_pauses_stands_and_one_that_goes_on_elsewhere_does_not():
    way = path([(0, 0), (2000, 0)])
    here = way.time > way.time[0] + 300
    paused = replace(way, time=np.where(here, way.time + 600, way.time))
    (place,) = find_open(marks_of([paused]), {}, lambda *circle: True)
    assert place.stops == 1
    (u,), (v,) = from_lonlat([place.lon], [place.lat])
    assert np.hypot(way.u[300] - u, way.v[300] - v) * 2.7e7 < 40
    keep = (np.arange(way.fixes) < 300) | (np.arange(way.fixes) > 400)
    index = np.flatnonzero(keep)
    gone = make_batch(*to_lonlat(way.u[index], way.v[index]), paused.time[index], segments=[0, 300, len(index)])
    assert find_open(marks_of([gone]), {}, lambda *circle: True) == []
    assert find_open(marks_of([path([(0, 0), (2000, 0)], timed=False)]), {}, lambda *circle: True) == []


def test_places_are_those_of_all_batches_and_in_any_order():
    batches = [*from_home(7), path([(-900, 400), (900, 400)], stop_at=900, stop=300)]
    found = find_open(marks_of(batches), {}, lambda *circle: True)
    again = find_open(marks_of(batches[::-1]), {}, lambda *circle: True)
    assert [(p.activities, p.stops) for p in found] == [(7, 0), (0, 1)]
    assert found == again


def test_a_library_tells_what_its_index_shows(tmp_path):
    passing = path([(-1500, 0), (1500, 0)], start=1.71e9, stop_at=1500, stop=201)
    with made(tmp_path / "a.db", [*from_home(), passing]) as library:
        reindex(library, clip_ends=200.0)
        (place,) = open_places(library)
        assert (place.activities, place.stops) == (6, 1)
        add_zone(library, "home", place.lat, place.lon, 300.0)
        assert open_places(library) == []
        reindex(library, zones={"home": Zone(place.lat, place.lon, 300.0, 1)})
        assert open_places(library) == []
    with open_library(tmp_path / "b.db", create=True) as library:
        assert open_places(library) == []


def write_gpx(folder):
    folder.mkdir()
    for k, track in enumerate(from_home()):
        lon, lat = to_lonlat(track.u, track.v)
        points = "".join(
            f'<trkpt lat="{a:.7f}" lon="{b:.7f}"><time>2024-0{k + 1}-03T08:{i // 60:02d}:{i % 60:02d}Z</time></trkpt>'
            for i, (a, b) in enumerate(zip(lat, lon, strict=True))
        )
        (folder / f"{k}.gpx").write_text(
            f'<gpx xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>{points}</trkseg></trk></gpx>'
        )


def command(*args):
    done = CliRunner().invoke(group, [str(arg) for arg in args])
    assert done.exit_code == 0, done.output
    return done


def test_the_commands_say_one_line_to_the_owner_and_write_it_nowhere(tmp_path):
    write_gpx(tmp_path / "runs")
    said = command("render", "runs", "-o", "a.png", "--width", 100, "--clip-ends", "200m")
    (line,) = (line for line in said.stderr.splitlines() if "gives that away" in line)
    assert line.startswith("6 activities begin or end around 47.8000")
    zone = line.partition("to hide it: --zone ")[2]
    assert "gives" not in command("render", "runs", "-o", "a.png", "--width", 100, "--zone", zone).stderr
    assert "gives" not in command("render", "runs", "-o", "b.png", "--width", 100).stderr
    assert command("render", "runs", "-o", "c.png", "--width", 100, "--clip-ends", "200m", "-q").stderr == ""
    report = json.loads(command("render", "runs", "-o", "d.png", "--clip-ends", "200m", "--json").stdout)
    assert [place["activities"] for place in report["open_places"]] == [6]
    place = report["open_places"][0]
    assert "--zone 47.8" in command("render", "runs", "-o", "e.mbtiles", "--zoom", "8-9").stderr
    for file in tmp_path.iterdir():
        if file.is_file():
            assert b"open_places" not in file.read_bytes(), file
            assert f"{place['lat']:.5f}".encode() not in file.read_bytes(), file


def test_an_import_says_it_once_for_each_state_of_a_library(tmp_path):
    write_gpx(tmp_path / "runs")
    advice = command("import", "runs").stderr.partition("to hide it: ")[2].strip()
    assert advice.startswith("heatlas zones add home --at 47.8")
    assert advice.endswith("--radius 500m")
    again = json.loads(command("import", "runs", "--json").stdout)
    assert "open_places" not in again
    assert "gives" not in command("import", "runs").stderr
    listed = command("zones", "suggest").stdout
    assert listed.count("\n") == 1
    assert listed.strip().endswith(advice)
    assert "to hide it: heatlas zones add" in command("render", "heatlas.db", "-o", "a.pmtiles", "--zoom", "8-9").stderr
    # Ends that a library shows are cut ends: of a picture of it nothing is said that would be wrong.
    assert "gives" not in command("render", "heatlas.db", "-o", "a.png", "--clip-ends", "300m").stderr
    command(*advice.split()[1:])
    hidden = command("zones", "suggest")
    assert hidden.stdout == ""
    assert "nothing is shown" in hidden.stderr
    assert json.loads(command("zones", "suggest", "--json").stdout) == {"open_places": []}
    assert "open_places" not in command("render", "heatlas.db", "-o", "b.pmtiles", "--zoom", "8-9").stderr
