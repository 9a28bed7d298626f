"""What a map leaves out is said once in every output: other sports, elevations that leap, pixels with too little."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import made
import numpy as np
import pytest
from serving import client

import heatlas
from heatlas.core.batch import Activity, join
from heatlas.core.errors import NothingToDraw
from heatlas.library.manage import import_into
from heatlas.raster.draw_tracks import draw
from heatlas.raster.left_out import left_out, left_out_of_tracks
from heatlas.raster.measure import parse_measure
from heatlas.raster.offered import known_of, measures_of
from heatlas.sources.sports import SPORTS
from heatlas.tracks.metrics import METRICS
from heatlas.tracks.metrics.own import metrics_defined
from heatlas.tracks.metrics.sports import SPORTS_OF

FLAT = parse_measure("flat_pace")


@pytest.fixture(autouse=True)
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "settings"))


@pytest.fixture
def folder(tmp_path):
    """Two runs and a ride over one way, two runs beside it, all with elevations and heart rates."""
    folder = tmp_path / "some"
    folder.mkdir()
    lon, lat = made.straight(1500)
    rise = 100 + 5 * np.sin(np.arange(len(lon)) / 20)
    ways = (("running", 0), ("running", 0), ("cycling", 0), ("running", 0.003), ("running", 0.005))
    for k, (sport, shift) in enumerate(ways):
        text = made.gpx(
            lon, lat + shift, start=1.7e9 + 86400 * k, elevation=rise, kind=sport, heart_rate=np.full(len(lon), 140)
        )
        (folder / f"{k}.gpx").write_bytes(text)
    return folder


def test_sports_are_words_of_the_vocabulary():
    for sports, words in SPORTS_OF.values():
        assert sports <= SPORTS
        assert words
    for metric in METRICS.values():
        assert metric.sports in {"", *SPORTS_OF}
        assert not metric.sports or metric.formula is not None


@pytest.mark.parametrize(
    ("measure", "counts"),
    [
        ("flat_pace", {"Run": 1, "Hike": 1, "Unknown": 1, "Workout": 1, "Ride": 0, "Swim": 0, "Parkour": 0}),
        ("vam", {"Run": 1, "Ride": 1, "EBikeRide": 0, "AlpineSki": 0, "Unknown": 1}),
        ("watts_per_beat", {"Run": 0, "Ride": 1, "EBikeRide": 1, "": 1}),
        ("corr(flat_pace, heart_rate)", {"Run": 1, "Ride": 0}),
        ("max(efficiency)", {"Run": 1, "Rowing": 1, "Driving": 0}),
    ],
)
def test_passages_of_other_sports_are_unknown(folder, measure, counts):
    measure = parse_measure(measure)
    tracks = heatlas.open(folder)
    batch = join(tracks.batches)
    power = np.full(batch.fixes, 200, np.float32)
    slope = 100 + 0.05 * np.tile(np.arange(batch.fixes // 5), 5) * 3
    batch = replace(batch, columns={**batch.columns, "power": power, "elevation": slope.astype(np.float32)})
    for sport, wanted in counts.items():
        named = replace(batch, activities=tuple(replace(one, sport=sport) for one in batch.activities))
        assert draw([named], tracks.window(zoom=14), measure, 1).filled.any() == bool(wanted), sport
        (sentence,) = left_out_of_tracks(measure, [named]) or [""]
        assert (f"5 activities of other sports are left out (5 {sport})" in sentence) == (not wanted)


def test_metrics_of_ones_own_keep_to_the_sports_of_what_they_read(folder):
    with metrics_defined(["twice = 2 * flat_pace"]):
        rides = heatlas.open(folder).where("sport = 'Ride'")
        assert not draw(rides.batches, rides.window(zoom=14), parse_measure("twice"), 1).filled.any()
        assert left_out_of_tracks(parse_measure("twice"), rides.batches)
    assert parse_measure("share(on_foot)").reads == {"on_foot"}


def test_local_time_is_not_looked_up_for_a_sport():
    assert not FLAT.needs_local_time
    assert parse_measure("hour").needs_local_time


def test_menus_offer_what_suits_the_sports():
    def offered(*sports):
        activities = [Activity(source="x", sport=sport) for sport in sports]
        known = [name for name, metric in METRICS.items() if metric.at_fixes is not None]
        return {measure.metric for measure in measures_of([*known, *known_of(activities)])}

    assert {"flat_pace", "vam", "efficiency"} <= offered("Run")
    assert "watts_per_beat" not in offered("Run")
    assert {"watts_per_beat", "vam"} <= offered("Ride")
    assert "flat_pace" not in offered("Ride", "Swim")
    assert {"flat_pace", "watts_per_beat"} <= offered("Unknown")
    assert not {"flat_pace", "vam", "efficiency", "watts_per_beat"} & offered("Driving")


def test_sentences_name_the_most_frequent():
    activities = [Activity(source="x", sport=sport) for sport in ["Ride"] * 5 + ["Swim"] * 2 + ["Sail", "Golf", "Run"]]
    (sentence,) = left_out(FLAT, activities, [False] * 10)
    assert sentence == (
        "flat_pace makes sense of runs and walks alone: 9 activities of other sports are left out "
        "(5 Ride, 2 Swim, 1 Sail, ...)"
    )
    assert left_out(parse_measure("pace"), activities, [True] * 10) == []
    both = left_out(FLAT, activities[-2:], [True, True])
    assert both[0].endswith("1 activity of other sports is left out (1 Golf)")
    assert "1 activity whose elevations leap, as those of a phone without a barometer do, is left out" in both[1]


OUTPUTS = ("a.png", "a.gif", "a.mbtiles", "a.html", "tiles/")


@pytest.mark.parametrize("output", [*OUTPUTS, "facet"])
def test_every_output_says_it_once(folder, tmp_path, output):
    facets = {"facet": "year", "output": tmp_path / "a.png"}
    given = facets if output == "facet" else {"output": tmp_path / output}
    given |= {"zoom": "13-14"} if output.endswith(("mbtiles", "html", "/")) else {"width": 200}
    given |= {"duration": "1s", "fps": 5} if output.endswith("gif") else {}
    report = heatlas.render(folder, measure="flat_pace", **given)
    said = [sentence for sentence in report["warnings"] if "of other sports" in sentence]
    assert said == ["flat_pace makes sense of runs and walks alone: 1 activity of other sports is left out (1 Ride)"]
    report = heatlas.render(folder, measure="best", smooth="0", **given)
    (said,) = [sentence for sentence in report["warnings"] if "needs 3 passages" in sentence]
    share = int(said.split("pixel: ")[1].split("%")[0])
    assert 25 <= share <= 40
    assert ("at zoom 14" in said) == ("zoom" in given)


def test_a_map_that_leaves_out_all_says_why(folder, tmp_path):
    with pytest.raises(NothingToDraw, match=r"needs; flat_pace makes sense of runs and walks alone: 1 activity"):
        heatlas.render(folder, output=tmp_path / "a.png", measure="flat_pace", sport=["Ride"], width=100)


def test_a_library_counts_elevations_that_leap_as_tracing_does(tmp_path):
    folder = tmp_path / "rides"
    folder.mkdir()
    rng = np.random.default_rng(1)
    lon, lat = made.straight(9000, step=8.0)
    for k, noise in enumerate((8.0, 0.1, 8.0)):
        knots = np.interp(np.arange(len(lon)), np.arange(0, len(lon), 10), rng.normal(0, noise, -(-len(lon) // 10)))
        text = made.gpx(lon, lat, start=1.7e9 + 86400 * k, elevation=100 + knots, kind="cycling")
        (folder / f"{k}.gpx").write_bytes(text)
    import_into(tmp_path / "lib.db", folder)
    traced = heatlas.render(folder, output=tmp_path / "a.png", measure="up", width=100)["warnings"]
    stored = heatlas.render(tmp_path / "lib.db", output=tmp_path / "b.png", measure="up", width=100)["warnings"]
    tiles = heatlas.render(tmp_path / "lib.db", output=tmp_path / "b.mbtiles", measure="up", zoom="13")["warnings"]
    assert traced == stored == tiles
    assert "2 activities whose elevations leap" in traced[0]


OTHERS = "Makes sense of runs and walks alone: 1 activity of other sports is left out (1 Ride)"


@pytest.fixture
def path(folder, tmp_path):
    import_into(tmp_path / "lib.db", folder)
    return tmp_path / "lib.db"


def test_a_live_map_says_it_in_its_words(path):
    pytest.importorskip("starlette")
    with client(path) as web:

        def said(query):
            return web.get(f"/scale.json?z=14&{query}").json()["left_out"]

        assert said("measure=passes") == said("measure=pace") == []
        assert said("measure=flat_pace") == [OTHERS]
        assert said("measure=flat_pace&sport=Run") == said("measure=flat_pace&before=1990-01-01") == []
        (few,) = said("measure=best&smooth=0")
        assert few.startswith("Needs 3 passages in a pixel: ")
        assert few.endswith("at zoom 14; a wider smoothing, or a zoom farther out, shows more")
        assert said("measure=best&smooth=0&tone=4:7") == [few]
        alone = web.get("/scale.json?z=14&measure=flat_pace&sport=Ride").json()
        assert (alone["low"], alone["activities"], alone["left_out"]) == (None, 1, [OTHERS])


def test_a_map_in_a_notebook_says_it_too(path):
    pytest.importorskip("anywidget")
    from heatlas.widget import responses

    with closing(heatlas.LiveMap(path)) as live:
        answer, _ = responses.answer(live._view, {"kind": "scale", "z": 14, "wish": {"measure": "flat_pace"}})
        assert answer["left_out"] == [OTHERS]


def test_a_public_map_counts_no_activities(folder, tmp_path, path):
    """A group of five may hold one ride, or none: what is said is the same."""
    pytest.importorskip("starlette")
    (folder / "2.gpx").unlink()
    import_into(tmp_path / "runs.db", folder)
    told = []
    for library in (path, tmp_path / "runs.db"):
        with client(library, public=True, public_least=2) as web:
            told.append([
                web.get(f"/scale.json?z=14&measure={measure}").json()["left_out"]
                for measure in ("flat_pace", "up", "passes")
            ])  # fmt: skip
    flat, up, passes = told[0]
    assert told[0] == told[1]
    leaping = "activities whose elevations leap, as those of a phone without a barometer do, are left out"
    assert flat == [
        "Makes sense of runs and walks alone: activities of other sports are left out",
        f"Needs elevations that can be trusted: {leaping}",
    ]
    assert up == [f"Needs elevations that can be trusted: {leaping}"]
    assert passes == []
