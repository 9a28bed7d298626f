"""Local time: what filters, calendars, films and layers call a day is the day of the place."""

from __future__ import annotations

import datetime as dt
import sqlite3
from dataclasses import replace

import made
import numpy as np
import pytest
from library_made import made as made_library
from library_made import step_back
from slow import make_batch

import heatlas
from heatlas.core.batch import Activity
from heatlas.core.errors import BadOption
from heatlas.core.mercator import from_lonlat
from heatlas.dataset.tracks import Tracks
from heatlas.library.collection import tracks_of
from heatlas.library.file.opening import open_library
from heatlas.library.rows.merged import list_activities, select
from heatlas.rendering.film.timeline import make_timeline
from heatlas.sources.formats.gpx import read_gpx
from heatlas.sources.formats.tcx import read_tcx
from heatlas.sources.time_zones import with_time_zones, zone_at
from heatlas.tiles.look import Filter
from heatlas.tiles.snapshot import choose, take
from heatlas.tracks.filters import attributes, parse_where
from heatlas.tracks.local_time import start_of

AUCKLAND = (174.76, -36.85)


def moment(text):
    return dt.datetime.fromisoformat(text).timestamp()


NEW_YEAR = moment("2023-12-31T19:00:00+00:00")
"""Eight in the morning of the first of January in Auckland, the evening before in Europe."""


def run(place=AUCKLAND, start=NEW_YEAR, source="made", **attributes):
    lon = place[0] + np.arange(60) * 4e-5
    batch = make_batch(lon, np.full(60, place[1]), start + np.arange(60.0), start=start, **attributes)
    return replace(batch, activities=(replace(batch.activities[0], source=source),))


def tracks(*batches):
    return Tracks(batches)


@pytest.mark.parametrize(
    ("place", "zone"),
    [
        (AUCKLAND, "Pacific/Auckland"),
        ((24.94, 60.17), "Europe/Helsinki"),
        ((77.2, 28.6), "Asia/Kolkata"),
        ((-150.0, 5.0), "Etc/GMT+10"),  # at sea
        ((179.99, -40.0), "Etc/GMT-12"),
        ((-179.99, -40.0), "Etc/GMT+12"),
        ((180.01, -40.0), "Etc/GMT+12"),  # a track that crossed the antimeridian goes on beyond it
    ],
)
def test_the_zone_of_a_place(place, zone):
    assert zone_at(*map(float, from_lonlat(*place))) == zone


@pytest.mark.parametrize(
    ("place", "start", "local"),
    [
        (AUCKLAND, "2023-12-31T19:00:00+00:00", "2024-01-01T08:00:00+13:00"),
        (AUCKLAND, "2023-06-30T19:00:00+00:00", "2023-07-01T07:00:00+12:00"),
        # Clocks are put back, in Helsinki, at one o'clock UTC of the last Sunday in October.
        ((24.94, 60.17), "2024-10-27T00:59:59+00:00", "2024-10-27T03:59:59+03:00"),
        ((24.94, 60.17), "2024-10-27T01:00:00+00:00", "2024-10-27T03:00:00+02:00"),
        ((77.2, 28.6), "2024-05-01T20:00:00+00:00", "2024-05-02T01:30:00+05:30"),
        # Long before 1970: New York kept daylight saving time in the storm season of 1949.
        ((-74.0, 40.75), "1949-08-23T12:00:00+00:00", "1949-08-23T08:00:00-04:00"),
        ((-74.0, 40.75), "1949-12-23T12:00:00+00:00", "1949-12-23T07:00:00-05:00"),
    ],
)
def test_clocks_of_a_place(place, start, local):
    (activity,) = with_time_zones(run(place, moment(start))).activities
    assert start_of(activity).isoformat() == local


def test_what_the_recording_says_comes_before_the_place():
    batch = with_time_zones(run(utc_offset=7200.0))
    assert batch.activities[0].time_zone == ""
    assert start_of(batch.activities[0]).isoformat() == "2023-12-31T21:00:00+02:00"


def test_what_is_not_known_is_utc():
    assert start_of(Activity(source="a", start=NEW_YEAR)).isoformat() == "2023-12-31T19:00:00+00:00"
    assert start_of(Activity(source="a", start=NEW_YEAR, time_zone="Mars/Olympus")).hour == 19
    assert start_of(Activity(source="a")) is None
    assert attributes(Activity(source="a"))["utc_offset"] is None


@pytest.mark.parametrize(
    ("where", "passes"),
    [
        ("year = 2024 AND month = 1 AND weekday = 1 AND hour = 8", True),
        ("utc_offset = 46800", True),
        ("start >= DATE('2024-01-01')", True),
        ("start >= '2024-01-01'", True),
        ("start < '2024-01-01T08:00:01' AND start >= '2024-01-01T08:00:00'", True),
        ("start BETWEEN DATE('2023-12-01') AND DATE('2023-12-31')", False),
        # A moment with an offset is that moment.
        ("start >= TIMESTAMP('2024-01-01T00:00:00Z')", False),
        ("start = TIMESTAMP('2023-12-31T19:00:00Z')", True),
        ("start >= '2023-12-31T21:00:00+02:00'", True),
        ("start >= '2023-12-31T21:00:01+02:00'", False),
    ],
)
def test_filters_speak_local_time(tmp_path, where, passes):
    kept = tracks(run(), run((10.9, 47.8), NEW_YEAR - 90 * 86400, source="other"))
    assert [a.source for a in kept.where(where).activities if a.source != "other"] == ["made"] * passes
    with made_library(tmp_path / "a.db", [run()]) as library:
        assert select(library, where).any() == passes
        assert choose(take(library), Filter(where)).count == passes


@pytest.mark.parametrize(
    ("after", "before", "count"),
    [
        ("2024-01-01", None, 1),
        (dt.date(2024, 1, 1), dt.date(2024, 1, 2), 1),
        ("2024-01-01T08:00:00", "2024-01-01T08:00:01", 1),
        ("2024-01-01T08:00:01", None, 0),
        (None, "2024-01-01", 0),
        (None, "2024-01-01T00:00:00Z", 1),
        ("2024-01-01T00:00:00Z", None, 0),
        ("2023-12-31T19:00:00Z", "2023-12-31T20:00:01+01:00", 1),
    ],
)
def test_days_are_those_of_the_place_and_moments_are_moments(tmp_path, after, before, count):
    assert len(tracks(run()).select(after=after, before=before)) == count
    texts = (None if date is None else str(date) for date in (after, before))
    with made_library(tmp_path / "a.db", [run()]) as library:
        assert choose(take(library), Filter(None, (), *texts)).count == count
        assert select(library, after=after, before=before).any() == (count > 0)


def test_utc_on_demand(tmp_path):
    assert len(tracks(run()).in_utc().where("year = 2023 AND hour = 19 AND utc_offset = 0")) == 1
    with made_library(tmp_path / "a.db", [run()]) as library:
        assert choose(take(library, utc=True), Filter("year = 2023")).count == 1
        assert choose(take(library, utc=True), Filter(None, (), None, "2024-01-01")).count == 1
        assert take(library, utc=True).version != take(library).version
    assert tracks(run()).in_utc().localised().activities[0].utc_offset == 0


def test_nobody_looks_for_zones_who_is_not_asked(monkeypatch):
    monkeypatch.setattr("heatlas.sources.time_zones.zone_at", lambda u, v: pytest.fail("looked"))
    assert len(tracks(run()).where("distance > 0 OR sport = 'Unknown'")) == 1
    assert len(tracks(run()).select(after="2023-12-31T00:00:00Z")) == 1


POINTS = '<trkpt lat="47.5" lon="19.0"><time>{}</time></trkpt><trkpt lat="47.5001" lon="19.0"><time>{}</time></trkpt>'


def gpx(*tracks, head=""):
    parts = "".join(f"<trk><trkseg>{POINTS.format(*times)}</trkseg></trk>" for times in tracks)
    return f"<gpx>{head}{parts}</gpx>"


@pytest.mark.parametrize("encode", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    ("ending", "offset"),
    [
        ("+02:00", 7200), ("-0330", -12600), ("+05", 18000), ("+14:00", 50400),
        ("Z", None), ("+00:00", None), ("", None), ("+99:00", None),
    ],
)  # fmt: skip
def test_an_offset_that_is_written_in_times(ending, offset, encode):
    text = gpx((f"2024-05-04T10:00:00{ending}", f"2024-05-04T10:00:01.5{ending}"))
    (recording,) = read_gpx(text.encode(encode), "a.gpx")
    assert recording.activity.utc_offset == offset
    tcx = (
        f"<TrainingCenterDatabase><Activities><Activity><Id>2024-05-04T10:00:00{ending}</Id><Lap><Track><Trackpoint>"
        f"<Time>2024-05-04T10:00:00{ending}</Time><Position><LatitudeDegrees>47.5</LatitudeDegrees>"
        "<LongitudeDegrees>19</LongitudeDegrees></Position></Trackpoint></Track></Lap></Activity></Activities>"
        "</TrainingCenterDatabase>"
    )
    (recording,) = read_tcx(tcx.encode(encode), "a.tcx")
    assert recording.activity.utc_offset == offset


@pytest.mark.parametrize(
    "time", ["Sat, 04 May 2024 10:00:0{} +0200", "2024/05/04 10:00:0{}+02:00", "4 May 2024 10:00:0{} +02"]
)
def test_an_offset_in_a_time_of_another_form(time):
    (recording,) = read_gpx(gpx((time.format(0), time.format(1))).encode(), "a.gpx")
    assert recording.time[0] == moment("2024-05-04T08:00:00+00:00")
    assert recording.activity.utc_offset == 7200


def test_each_track_of_a_file_has_its_own_offset():
    summer, winter = ("2024-07-04T10:00:00+02:00", "2024-07-04T10:00:01+02:00"), ("2024-12-04T10:00:00+01:00",) * 2
    head = "<metadata><time>2025-01-01T00:00:00Z</time></metadata>"
    found = read_gpx(gpx(summer, winter, head=head).encode(), "a.gpx")
    assert [recording.activity.utc_offset for recording in found] == [7200, 3600]


def test_a_library_of_before_learns_local_time(tmp_path):
    path = tmp_path / "a.db"
    helsinki = run((24.94, 60.17), moment("2024-05-01T22:30:00+00:00"), source="helsinki")
    batches = [run(), run((10.9, 47.8), source="fit"), run((10.9, 47.8), NEW_YEAR + 9e5, source="zero"), helsinki]
    nothing = run((5.0, 50.0), source="undated")
    batches.append(replace(nothing, activities=(replace(nothing.activities[0], start=None),)))
    made_library(path, batches).close()
    link = sqlite3.connect(path)
    step_back(link, 7)
    link.execute("DROP TABLE activity_means")
    link.execute("ALTER TABLE activities DROP COLUMN utc_offset")
    link.execute("ALTER TABLE activities DROP COLUMN time_zone")
    link.execute("""UPDATE activities SET extra = '{"utc_offset": -18000, "ascent": 5}' WHERE source = 'fit'""")
    link.execute("""UPDATE activities SET extra = '{"utc_offset": 0}' WHERE source = 'zero'""")
    link.execute("PRAGMA user_version = 4")
    link.commit()
    link.close()
    with open_library(path) as library:
        found = {a.source: a for a in list_activities(library).values()}
        assert {name: (a.utc_offset, a.time_zone) for name, a in found.items()} == {
            "made": (None, "Pacific/Auckland"), "fit": (-18000, ""), "zero": (None, "Europe/Berlin"),
            "helsinki": (None, "Europe/Helsinki"), "undated": (None, "Europe/Brussels"),
        }  # fmt: skip
        assert found["fit"].extra == {"ascent": 5}
        assert found["zero"].extra == {}
        assert choose(take(library), Filter("year = 2024 AND hour = 8")).count == 1
        assert len(tracks_of(library).where("start >= DATE('2024-05-02')")) == 1


def test_of_copies_the_one_counts_that_says_its_offset(tmp_path):
    said, bare = run(source="b.fit", utc_offset=7200.0), run(source="a.gpx")
    for order in ((said, bare), (bare, said)):
        with made_library(tmp_path / f"{order[0].activities[0].source}.db", order, group=1) as library:
            (activity,) = list_activities(library).values()
            assert start_of(activity).isoformat() == "2023-12-31T21:00:00+02:00"


def test_info_and_films_tell_local_days(tmp_path):
    lon, lat = made.straight(lat=AUCKLAND[1], lon=AUCKLAND[0])
    (tmp_path / "a.gpx").write_bytes(made.gpx(lon, lat, start=NEW_YEAR))
    told = heatlas.inspect(tmp_path / "a.gpx")
    assert (told["first"], told["last"]) == ("2024-01-01T08:00:00+13:00",) * 2
    assert "2024-01-01" in repr(heatlas.open(tmp_path / "a.gpx"))
    film = {"output": tmp_path / "a.gif", "duration": "0.5s", "fps": 4, "width": 64, "every": "day"}
    report = heatlas.render(tmp_path / "a.gpx", **film)
    assert (report["from"], report["to"]) == ("2024-01-01", "2024-01-01")
    report = heatlas.render(tmp_path / "a.gpx", **film, utc=True)
    assert (report["from"], report["to"]) == ("2023-12-31", "2023-12-31")


def test_frames_end_with_local_midnights():
    from heatlas.rendering.film.activities import film_activities

    # The one begins an hour before the other, but its clocks show the next morning.
    batches = [with_time_zones(run()), with_time_zones(run((24.94, 60.17), NEW_YEAR + 3600, source="b"))]
    window = tracks(*batches).window(bbox=(-180, -80, 180, 80), width=64)
    cast = film_activities(batches, window, window)
    assert [track.activities[0].source for track in cast.tracks] == ["b", "made"]
    line = make_timeline(float(cast.starts[0]), float(cast.starts[-1]), 2, 1, None)
    assert [line.date(frame) for frame in range(2)] == ["31 December 2023", "1 January 2024"]
    assert np.searchsorted(cast.starts, line.ends).tolist() == [1, 2]


def test_layers_of_years_and_months_are_local(tmp_path):
    from heatlas.options import FilterOptions
    from heatlas.publish.groups import _by_month, _by_year

    found = [a for b in (run(), run((24.94, 60.17), source="b")) for a in with_time_zones(b).activities]
    open_ended = FilterOptions()
    assert [title for title, _ in _by_month(found, open_ended)] == ["Dec 2023", "Jan 2024"]
    assert _by_year(found, open_ended) == [
        ("2023", FilterOptions(after="2023-01-01", before="2024-01-01")),
        ("2024", FilterOptions(after="2024-01-01", before="2025-01-01")),
    ]
    # A moment and a month of local clocks: neither holds the other, so both are asked for.
    chosen = FilterOptions(where="sport = 'Run'", after="2023-12-31T18:00:00Z")
    assert _by_year(found, chosen)[1] == ("2024", replace(chosen, where="(sport = 'Run') AND year = 2024"))


@pytest.fixture
def web(tmp_path):
    testclient = pytest.importorskip("starlette.testclient")
    from heatlas.server import create_app

    made_library(tmp_path / "a.db", [run(), run((24.94, 60.17), source="b")]).close()

    def client(**options):
        return testclient.TestClient(create_app(tmp_path / "a.db", allowed_hosts=["*"], **options))

    return client


def test_the_live_map_tells_and_takes_local_days(web):
    with web() as private:
        assert private.get("/api/library.json").json()["days"] == [["2023-12-31", 1], ["2024-01-01", 1]]
        who = private.get(f"/at?lat={AUCKLAND[1]}&lon={AUCKLAND[0]}&radius=100").json()["activities"]
        assert [one["start"] for one in who] == ["2024-01-01T08:00:00+13:00"]
        assert private.get("/scale.json?z=9&after=2024-01-01").json()["activities"] == 1
        assert private.get("/scale.json?z=9&after=2024-01-01T00:00:00Z").json()["activities"] == 0
    with web(utc=True) as utc:
        assert utc.get("/api/library.json").json()["days"] == [["2023-12-31", 2]]


def test_months_of_a_public_map_cannot_be_shifted(web):
    with web(public=True, public_least=1) as public:
        assert [day for day, _ in public.get("/api/library.json").json()["days"]] == ["2023-12-01", "2024-01-01"]
        for offset in ("Z", "+12:59", "-23:59", ""):
            address = f"/scale.json?z=9&after=2024-01-01T00:00:00{offset}".replace("+", "%2B")
            assert public.get(address).json()["activities"] == 1, offset


def test_serving_and_rendering_take_utc(tmp_path):
    from click.testing import CliRunner

    from heatlas.cli import group

    lon, lat = made.straight(lat=AUCKLAND[1], lon=AUCKLAND[0])
    (tmp_path / "a.gpx").write_bytes(made.gpx(lon, lat, start=NEW_YEAR))
    given = ["render", str(tmp_path / "a.gpx"), "--zoom", "12", "-q", "--where", "year = 2023", "-o"]
    for name in ("a.png", "a.pmtiles", "a.html"):
        told = CliRunner().invoke(group, [*given, str(tmp_path / name), "--utc"])
        assert told.exit_code == 0, told.output
        assert (tmp_path / name).exists()
    with pytest.raises(BadOption, match="--utc is for tracks"):
        heatlas.render({"lat": [1.0], "lon": [2.0]}, output=tmp_path / "p.png", utc=True)


def test_any_filter_of_dates_is_understood():
    values = attributes(Activity(source="a", start=NEW_YEAR, utc_offset=-12600.0))
    assert values["start"].isoformat() == "2023-12-31T15:30:00-03:30"
    assert parse_where("start IN ('2023-12-31T15:30:00')")(values) is True
