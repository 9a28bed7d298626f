"""What is hidden is nowhere but in the tracks; zones, settings, and guesses at what is hidden."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from library_made import SECRET, cut, made, put, rows, walks
from slow import make_batch

from heatlas.core.context import Context
from heatlas.core.errors import BadOption
from heatlas.core.mercator import from_lonlat, ground_metres, to_lonlat
from heatlas.core.window import Window
from heatlas.library.audit import audit
from heatlas.library.care.checking import check
from heatlas.library.file.keys import pixel_keys, tile_of
from heatlas.library.file.opening import open_library
from heatlas.library.file.pixels import ChunkPixels
from heatlas.library.file.settings import Settings, read_settings
from heatlas.library.index.drawing import draw
from heatlas.library.index.passages_at import passing
from heatlas.library.maintenance import reindex
from heatlas.library.zones import add_zone, list_zones, remove_zone, renew_zones
from heatlas.raster.draw_tracks import draw as draw_tracks
from heatlas.raster.measure import parse_measure
from heatlas.tiles.snapshot import take
from heatlas.tracks.privacy import Privacy, Zone

PLACE = (47.8, 10.9)


@pytest.fixture(autouse=True)
def secret(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("config")
    (folder / "secret").write_text(SECRET.hex())
    monkeypatch.setenv("HEATLAS_CONFIG", str(folder))
    return folder / "secret"


def all_pixels(library):
    """Every passage of the index: activity, zoom, column and row of its pixel."""
    found = []
    with library.read() as link:
        for k, data in link.execute("SELECT key, data FROM passages WHERE key BETWEEN ? AND ?", pixel_keys()):
            zoom, x, y = tile_of(k)
            chunk = ChunkPixels(data)
            ids, lengths = chunk.header
            pixels = chunk.places.astype(np.int64)
            owner = np.repeat(ids, lengths)
            found.append(np.stack((owner, np.full(len(owner), zoom), x * 256 + pixels % 256, y * 256 + pixels // 256)))
    return np.concatenate(found, axis=1)


def window(zoom, side=600):
    u, v = from_lonlat(PLACE[1], PLACE[0])
    scale = 256.0 * 2**zoom
    return Window(scale, int(u * scale) - side // 2, int(v * scale) - side // 2, side, side)


def test_no_pixel_of_what_is_cut_is_in_the_index(tmp_path):
    tracks = walks(7, 15)
    with made(tmp_path / "a.db", tracks, settings=Settings(clip_ends=100.0)) as library:
        add_zone(library, "home", *PLACE, 90.0)
        activity, zoom, column, row = all_pixels(library)
        shown = cut(tracks, Privacy(100.0, (Zone(*PLACE, 90.0),), SECRET))
        u, v = from_lonlat(PLACE[1], PLACE[0])
        east, north = (float(metres) for metres in ground_metres(v))
        checked = 0
        for z in (15, 16, 17):
            scale = 256 * 2**z
            here = zoom == z
            away = np.hypot(((column[here] + 0.5) / scale - u) * east, ((row[here] + 0.5) / scale - v) * north)
            # The hidden circle covers the zone; a pixel reaches half its diagonal beyond its middle.
            assert away.min() > 90.0 - east / scale
            for number, (track, seen) in enumerate(zip(tracks, shown, strict=True), 1):
                mine = here & (activity == number)
                assert mine.any() == bool(seen.fixes)
                if not seen.fixes:
                    continue
                # The ends of the track are cut by 65 m at least, along its way: before and after there is nothing.
                kept = (track.progress >= 65.0 - 1) & (track.progress <= track.progress[-1] - 64.0)
                box = [(f(values[kept]) * scale) for values in (track.u, track.v) for f in (np.min, np.max)]
                assert (column[mine] >= np.floor(box[0])).all()
                assert (column[mine] <= np.floor(box[1])).all()
                assert (row[mine] >= np.floor(box[2])).all()
                assert (row[mine] <= np.floor(box[3])).all()
                checked += 1
        assert checked > 10


@pytest.mark.parametrize("measure", ["passes", "seconds", "pace"])
def test_settings_changed_and_changed_back(tmp_path, measure):
    tracks, measure = walks(8, 14), parse_measure(measure)
    with made(tmp_path / "a.db", tracks) as library, open_library(tmp_path / "fresh.db", create=True) as fresh:
        put(fresh, tracks)
        bare = draw(library, window(16), measure).total
        add_zone(library, "home", *PLACE, 120.0)
        add_zone(library, "work", 47.803, 10.905, 60.0)
        assert list(list_zones(library)) == ["home", "work"]
        reindex(library, clip_ends=80.0)
        assert check(library, None) == []
        hidden = draw(library, window(16), measure).total
        privacy = Privacy(80.0, (Zone(*PLACE, 120.0), Zone(47.803, 10.905, 60.0)), SECRET)
        shown = draw_tracks(cut(tracks, privacy), window(16), measure, 1)
        assert np.allclose(hidden, shown.total, atol=0.1 * max(1, shown.total.max()))
        assert np.array_equal(hidden > 0.5, shown.total > 0.5) or measure.reduction != "passes"
        assert (hidden < bare).any()
        remove_zone(library, "home")
        remove_zone(library, "work")
        reindex(library, clip_ends=0.0)
        assert np.array_equal(draw(library, window(16), measure).total, bare)
        assert check(library, None) == []
        with library.read() as link:
            assert read_settings(link) == Settings()


def older_library(path, tracks, monkeypatch):
    """A library with a zone, as it was before zones had rules."""
    from heatlas.library.file import opening, schema, versions

    with monkeypatch.context() as patched:
        for module in (opening, versions):
            patched.setattr(module, "MIGRATIONS", schema.MIGRATIONS[:2])
        open_library(path, create=True).close()
    link = sqlite3.connect(path)
    assert len(link.execute("PRAGMA table_info(zones)").fetchall()) == 4
    link.execute("INSERT INTO zones VALUES ('home', ?, ?, 120)", PLACE)
    link.commit()
    link.close()
    library = open_library(path)
    put(library, tracks)
    return library


def same_as_drawn(library, tracks, *zones, clip=0.0):
    """Whether the index holds what direct rendering draws with these zones."""
    privacy = Privacy(clip, zones, SECRET)
    drawn = draw_tracks(cut(tracks, privacy), window(16), parse_measure("passes"), 1).total
    assert check(library, None) == []
    return np.array_equal(draw(library, window(16), parse_measure("passes")).total, drawn)


def test_an_older_library_keeps_its_cuts_until_they_are_renewed(tmp_path, monkeypatch):
    tracks, old, new = walks(8, 12), Zone(*PLACE, 120.0, 1), Zone(*PLACE, 120.0, 2)
    with older_library(tmp_path / "a.db", tracks, monkeypatch) as library:
        assert list_zones(library) == {"home": old}
        assert same_as_drawn(library, tracks, old)
        more = walks(9, 4)
        put(library, more)
        reindex(library, clip_ends=30.0)  # other settings change no rule
        assert same_as_drawn(library, tracks + more, old, clip=30.0)
        reindex(library, clip_ends=0.0)
        add_zone(library, "work", 47.803, 10.905, 60.0)  # a new one is of today
        assert list_zones(library) == {"home": old, "work": Zone(47.803, 10.905, 60.0, 2)}
        assert same_as_drawn(library, tracks + more, old, Zone(47.803, 10.905, 60.0, 2))
        before = rows(library)
        with pytest.raises(KeyboardInterrupt):
            renew_zones(library, Context(progress=stop))
        assert (rows(library), list_zones(library)["home"]) == (before, old)
        version = take(library).version
        assert renew_zones(library) == ["home"]
        assert take(library).version != version  # tiles that were drawn are drawn again
        assert list_zones(library)["home"] == new
        assert same_as_drawn(library, tracks + more, new, Zone(47.803, 10.905, 60.0, 2))
        assert renew_zones(library) == []


@settings(max_examples=10)
@given(seed=st.integers(0, 2**32 - 1), rule=st.sampled_from([1, 2]), radius=st.floats(20, 300))
def test_a_zone_that_is_added_and_removed_changes_nothing(tmp_path_factory, seed, rule, radius):
    tracks = walks(seed, 6, n=60)
    with made(tmp_path_factory.mktemp("zone") / "a.db", tracks) as library:
        bare = draw(library, window(16), parse_measure("passes")).total
        reindex(library, zones={"home": Zone(*PLACE, radius, rule)})
        assert same_as_drawn(library, tracks, Zone(*PLACE, radius, rule))
        remove_zone(library, "home")
        assert np.array_equal(draw(library, window(16), parse_measure("passes")).total, bare)
        assert same_as_drawn(library, tracks)


def stop(stage, done, total):
    raise KeyboardInterrupt


def test_only_what_is_cut_otherwise_is_touched(tmp_path, monkeypatch):
    import heatlas.library.maintenance as upkeep

    near, far = walks(8, 13), walks(9, 4, lat=48.5, lon=9.0)
    indexed = []
    with made(tmp_path / "a.db", near + far) as library:
        appending = upkeep.append

        def watched(link, tracks, *rest, **more):
            tracks = list(tracks)
            indexed.extend(number for number, _ in tracks)
            return appending(link, tracks, *rest, **more)

        monkeypatch.setattr(upkeep, "append", watched)
        add_zone(library, "far", 48.5, 9.0, 200.0)
        assert indexed
        assert set(indexed) <= {14, 15, 16, 17}


def test_zooms_and_rejoin(tmp_path):
    tracks = walks(8, 8)
    with made(tmp_path / "a.db", tracks, settings=Settings(zooms=(12, 14))) as library:
        with pytest.raises(BadOption, match="zooms 12 to 14"):
            draw(library, window(15), parse_measure("passes"))
        reindex(library, zooms=(10, 16))
        for zoom in (10, 16):
            ours = draw(library, window(zoom), parse_measure("passes")).total
            assert np.array_equal(ours, draw_tracks(tracks, window(zoom), parse_measure("passes"), 1).total)
        before = draw(library, window(16), parse_measure("passes")).total.sum()
        reindex(library, rejoin=200.0)
        assert draw(library, window(16), parse_measure("passes")).total.sum() < before
        assert check(library, None) == []
        bytes_before = rows(library)
        with pytest.raises(BadOption):
            reindex(library, zooms=(10, 30))
        assert rows(library) == bytes_before


def test_a_reindex_without_settings_makes_all_of_it(tmp_path):
    """Whoever types it doubts the index; with a setting, only what it changes is made."""
    tracks = walks(8, 8)
    with made(tmp_path / "a.db", tracks, settings=Settings(zooms=(12, 14))) as library:
        before = draw(library, window(14), parse_measure("passes")).total
        with library.write() as link:
            link.execute("DELETE FROM passages WHERE key < (SELECT avg(key) FROM passages)")
        assert reindex(library, clip_ends=0.0) == 0
        assert check(library, None) != []
        assert reindex(library) == 8
        assert check(library, None) == []
        assert np.array_equal(draw(library, window(14), parse_measure("passes")).total, before)
        assert reindex(library, rejoin=200.0) == 8
        assert reindex(library, rejoin=200.0) == 0


def test_a_reindex_that_is_stopped_changes_nothing(tmp_path):
    def stop(stage, done, total):
        if done:
            raise KeyboardInterrupt

    with made(tmp_path / "a.db", walks(8, 3)) as library:
        before = rows(library)
        with pytest.raises(KeyboardInterrupt):
            reindex(library, clip_ends=100.0, zones={"home": Zone(*PLACE, 50.0)}, context=Context(progress=stop))
        assert rows(library) == before
        assert list_zones(library) == {}
        assert check(library, None) == []


def test_another_secret_is_refused_until_all_is_cut_anew(tmp_path, secret):
    tracks = walks(8, 6)
    with made(tmp_path / "a.db", tracks, settings=Settings(clip_ends=80.0)) as library:
        assert SECRET.hex().encode() not in (tmp_path / "a.db").read_bytes()
        assert SECRET not in (tmp_path / "a.db").read_bytes()
        secret.write_text("ab" * 32)
        with pytest.raises(BadOption, match="another secret"):
            put(library, walks(9, 2))
        with pytest.raises(BadOption, match="another secret"):
            check(library)
        assert draw(library, window(14), parse_measure("passes")).filled.any()  # what is cut already may be drawn
        reindex(library)
        shown = cut(tracks, Privacy(80.0, (), bytes.fromhex("ab" * 32)))
        drawn = draw(library, window(16), parse_measure("passes")).total
        assert np.array_equal(drawn, draw_tracks(shown, window(16), parse_measure("passes"), 1).total)
        put(library, walks(9, 2))
        assert check(library, None) == []


@pytest.mark.parametrize(
    "circle", [(91, 0, 10), (0, 181, 10), (0, 0, 0), (0, 0, -5), (0, 0, float("nan")), (float("inf"), 0, 1)]
)
def test_zones_that_are_none(tmp_path, circle):
    with made(tmp_path / "a.db", walks(8, 2)) as library:
        with pytest.raises(BadOption, match="circle"):
            add_zone(library, "x", *circle)
        with pytest.raises(BadOption, match="needs a name"):
            add_zone(library, " ", *PLACE, 50.0)
        with pytest.raises(BadOption, match="there is no zone"):
            remove_zone(library, "x")
        with pytest.raises(BadOption, match="circle"):
            passing(library, *circle)


@settings(max_examples=15)
@given(
    east=st.floats(-300, 300), south=st.floats(-300, 300), radius=st.floats(5, 400),
    chosen=st.lists(st.booleans(), min_size=10, max_size=10),
)  # fmt: skip
def test_who_passes_is_who_a_plain_search_finds(passed, east, south, radius, chosen):
    library, tracks = passed
    u, v = from_lonlat(PLACE[1], PLACE[0])
    per_u, per_v = (float(metres) for metres in ground_metres(v))
    u, v = u + east / per_u, v + south / per_v
    lon, lat = (float(degrees) for degrees in to_lonlat(u, v))
    keep = np.array([False, *chosen])
    found = {p.number: p for p in passing(library, lat, lon, radius, keep)}
    for number, (track, wanted) in enumerate(zip(tracks, chosen, strict=True), 1):
        # A slow search along the lines, a sample each tenth of a metre.
        near = np.inf
        seconds = 0.0
        for first, last in zip(track.segments[:-1], track.segments[1:], strict=True):
            for i in range(first, last - 1):
                share = np.linspace(0, 1, 50)
                x = (track.u[i] + share * (track.u[i + 1] - track.u[i]) - u) * per_u
                y = (track.v[i] + share * (track.v[i + 1] - track.v[i]) - v) * per_v
                away = np.hypot(x, y)
                near = min(near, away.min())
                seconds += np.mean(away <= radius) * (track.time[i + 1] - track.time[i])
        if not wanted or near > radius + 1.2:
            assert number not in found
        elif near < radius - 1.2:
            one = found[number]
            timed = np.isfinite(track.time).all()
            assert bool(one.visits) == bool(timed)
            assert (one.speed is None) == (one.seconds == 0)  # several fixes of one second may jump across
            assert timed or one.speed is None
            assert not timed or seconds < 1 or one.seconds > 0
            if timed:
                inside = sum(last - first for first, last in one.visits)
                assert inside >= 0.9 * seconds - 10
                assert one.visits == tuple(sorted(one.visits))
                assert track.time[0] <= one.visits[0][0] <= one.visits[-1][1] <= track.time[-1]
            if seconds > 100 and near < radius / 3:
                assert abs(one.seconds - seconds) < 0.15 * seconds + 10


@pytest.fixture(scope="module")
def passed(tmp_path_factory):
    tracks = walks(11, 10)
    with made(tmp_path_factory.mktemp("passing") / "a.db", tracks) as library:
        yield library, tracks


def test_what_is_measured_in_a_circle(tmp_path):
    n = 200
    lon = 10.9 + np.arange(n) * 3.0 / 74860.0  # 3 m a second
    track = make_batch(
        lon, np.full(n, 47.8), 1.7e9 + np.arange(n), columns={"heart_rate": np.full(n, 151.0)}, start=1.7e9
    )
    with made(tmp_path / "a.db", [track]) as library:
        (one,) = passing(library, 47.8, float(lon[100]), 60.0)
        assert one.activity == track.activities[0]
        assert one.seconds == pytest.approx(40, abs=1)
        assert one.metres == pytest.approx(120, abs=3)
        assert one.speed == pytest.approx(3, rel=0.02)
        assert one.pace == pytest.approx(1 / 3, rel=0.02)
        assert one.heart_rate == 151.0
        ((enter, leave),) = one.visits
        assert (enter, leave) == pytest.approx((1.7e9 + 80, 1.7e9 + 120), abs=0.5)
        assert passing(library, 47.81, float(lon[100]), 60.0) == []


def test_passing_tells_nothing_of_what_is_cut(tmp_path):
    with made(tmp_path / "a.db", walks(7, 12)) as library:
        assert passing(library, *PLACE, 30.0)
        add_zone(library, "home", *PLACE, 100.0)
        assert passing(library, *PLACE, 95.0) == []


def from_home(seed, count, home=PLACE, far=1500.0):
    """Runs that begin at one door, in directions as streets allow."""
    rng = np.random.default_rng(seed)
    found = []
    east, north = (float(metres) for metres in ground_metres(from_lonlat(home[1], home[0])[1]))
    u, v = from_lonlat(home[1], home[0])
    for k in range(count):
        angle = rng.choice([0.2, 1.8, 3.3, 4.9]) + rng.normal(0, 0.25)
        way = np.linspace(0, far, 400)
        bend = np.cumsum(rng.normal(0, 0.02, 400)) + angle
        x = np.cumsum(np.cos(bend)) * far / 400 + rng.normal(0, 5)
        y = np.cumsum(np.sin(bend)) * far / 400 + rng.normal(0, 5)
        lon, lat = to_lonlat(u + x / east, v + y / north)
        batch = make_batch(lon, lat, 1.7e9 + 86400.0 * k + way / 3, start=1.7e9 + 86400.0 * k)
        found.append(replace(batch, activities=(replace(batch.activities[0], source=f"run{k}"),)))
    return found


def test_an_audit_tells_what_is_open_from_what_is_hidden(tmp_path):
    with made(tmp_path / "a.db", from_home(1, 40)) as library:
        bare = audit(library)
        (spot,) = bare.spots
        assert spot.ends == 40
        assert spot.shown == 40
        assert spot.off < 10
        assert not spot.safe
        assert "can be guessed" in bare.verdict
        advice = f"heatlas zones add home --at {spot.lat:.5f},{spot.lon:.5f} --radius 500m -l {tmp_path / 'a.db'}"
        assert bare.verdict.endswith(advice)
        assert (spot.lat, spot.lon) == pytest.approx(PLACE, abs=2e-4)
        add_zone(library, "home", *PLACE, 600.0)
        hidden = audit(library)
        (spot,) = hidden.spots
        assert spot.ends == 40
        assert spot.nearest_shown > 590
        assert spot.off == min(spot.guesses.values())
        assert set(spot.guesses) >= {
            "middle of the ends", "circle through the ends", "where the lines meet", "empty circle between pixels",
        }  # fmt: skip
        reindex(library, zones={})
        assert audit(library).spots[0].off < 10


def test_an_audit_of_all_that_is_hidden_or_of_nothing(tmp_path):
    with made(tmp_path / "a.db", from_home(2, 6)) as library:
        reindex(library, clip_ends=5000.0)
        (spot,) = audit(library).spots
        assert spot.shown == 0
        assert spot.off is None
        assert spot.safe
        assert "no guess" in audit(library).verdict
    with open_library(tmp_path / "b.db", create=True) as library:
        assert audit(library).spots == ()
        assert "nothing to guess" in audit(library).verdict
