"""Metrics that people define: text and functions, wrong ones, and the same from a library as from tracks."""

from __future__ import annotations

import json

import made
import numpy as np
import pytest
from click.testing import CliRunner
from library_made import cut, walks
from library_made import made as made_library

import heatlas
from heatlas.core.batch import join
from heatlas.core.errors import BadOption
from heatlas.core.window import Window
from heatlas.library.index.drawing import draw as draw_from_index
from heatlas.options.parsing import split_list
from heatlas.publish.request import look_words
from heatlas.raster.draw_tracks import draw
from heatlas.raster.left_out import left_out
from heatlas.raster.measure import Measure, parse_measure
from heatlas.raster.offered import about, group_of, measures_of, name_of
from heatlas.raster.reductions import LAYOUTS
from heatlas.server.site.openness import parse_public_measures, shows
from heatlas.style.defaults import measure_unit, titled
from heatlas.tiles.request import TileRequest, parse_look
from heatlas.tracks.metrics import GROUPS, METRICS
from heatlas.tracks.metrics.own import RESERVED, forget, metrics_defined


@pytest.fixture(autouse=True)
def undone():
    before = dict(METRICS)
    yield
    forget()
    assert before == METRICS


def test_a_formula_is_a_metric_like_any_other():
    entry = heatlas.metric("cost", "heart_rate * pace / 60", unit="beats/m", title="Beats per metre")
    assert entry.inputs == ("heart_rate", "pace")
    assert entry.group in GROUPS
    measure = parse_measure("cost")
    assert (str(measure), measure.reads) == ("mean(cost)", {"heart_rate", "pace"})
    assert titled(measure) == "Beats per metre, beats/m"
    assert str(parse_measure("max(cost)")) == "max(cost)"
    assert parse_measure("corr(grade, cost)").reads >= {"grade", "pace"}
    assert parse_measure("share(cost > 1 and dark)").reads >= {"heart_rate", "elapsed"}
    assert about(measure) == "cost = heart_rate * pace / 60"
    assert group_of(measure) == "Own"
    assert measure in measures_of(["heart_rate", "pace"])
    assert measure not in measures_of(["pace"])


def test_a_condition_is_shown_by_its_share():
    heatlas.metric("hard", "heart_rate >= 150 and grade > 2", about="Uphill and hard")
    measure = parse_measure("hard")
    assert measure == parse_measure("share(hard)")
    assert measure_unit(measure).symbol == "%"
    assert about(measure) == "Uphill and hard"
    assert [name_of(one) for one in measures_of(["heart_rate", "grade"])].count("share(hard)") == 1


def test_a_function_takes_columns_by_name_and_what_it_reads_is_found():
    entry = heatlas.metric("twice", lambda columns: 2 * columns["gap"], unit="min/km")
    assert entry.inputs == ("flat_pace",)
    assert entry.unit.style == "pace"
    columns = {"flat_pace": np.array([0.3, np.nan, np.inf])}
    np.testing.assert_array_equal(entry.formula(columns), [0.6, np.nan, np.nan])
    hard = heatlas.metric("hard", lambda columns: columns["heart_rate"] > 150)
    np.testing.assert_array_equal(hard.formula({"heart_rate": np.array([160, 140, np.nan])}), [1, 0, np.nan])


@pytest.mark.parametrize(
    ("name", "formula", "words"),
    [
        ("pace", "speed", "is taken"),
        ("gap", "speed", "is taken"),
        ("mean", "speed", "is taken"),
        ("Fast", "speed", "lower-case"),
        ("2x", "speed", "lower-case"),
        ("a" * 50, "speed", "lower-case"),
        ("fast", "", "needs a formula"),
        ("fast", 3, "needs a formula"),
        ("fast", "3", "reads no metric"),
        ("fast", "sped", "no metric 'sped'"),
        ("fast", "speed +", "no formula"),
        ("fast", "fast + speed", "no metric 'fast'"),
        ("fast", "().__class__", "more than"),
        ("fast", "open(speed)", "may call"),
        ("fast", lambda columns: columns["sped"], "no such column"),
        ("fast", lambda columns: columns["speed"].sum(), "one number for each"),
        ("fast", lambda columns: 1 // 0, "fails"),
        ("fast", lambda columns: np.array(["a"] * 3), "one number for each"),
    ],
)
def test_what_is_no_metric_is_refused_in_a_sentence(name, formula, words):
    with pytest.raises(BadOption, match=words):
        heatlas.metric(name, formula)
    assert name not in METRICS or not METRICS[name].definition


def test_no_circles():
    heatlas.metric("one", "speed + 1")
    heatlas.metric("two", "one * 2")
    with pytest.raises(BadOption, match="made of itself"):
        heatlas.metric("one", "two - 1")
    forget("one")
    assert "two" not in METRICS
    with pytest.raises(BadOption, match="was defined"):
        forget("pace")


@pytest.mark.parametrize(
    ("text", "words"),
    [("fast", "is none"), ("= speed", "is none"), ("fast == speed", "is none"), ("fast = ", "needs a formula"),
     ("so fast = speed", "is none"), ("fast >= 3", "is none")],
)  # fmt: skip
def test_texts_of_the_command_line(text, words):
    with pytest.raises(BadOption, match=words), metrics_defined([text]):
        pass


def test_definitions_last_as_long_as_a_run():
    heatlas.metric("fast", "speed > 4")
    with metrics_defined(["fast = speed > 5", "my-cost [J/m] = power / speed"]):
        assert measure_unit(parse_measure("my_cost")).label == "J/m"
        assert "5" in METRICS["fast"].definition
    assert "4" in METRICS["fast"].definition
    assert "my_cost" not in METRICS
    with pytest.raises(BadOption, match="twice"), metrics_defined(["a = speed", "a = pace"]):
        pass


def test_another_formula_is_another_signature():
    def words():
        return look_words(parse_look(TileRequest(measure="share(b > 3)"), None), "png")

    plain = look_words(parse_look(TileRequest(measure="pace"), None), "png")
    heatlas.metric("a", "speed * 2")
    heatlas.metric("b", "a + 1")
    first, measure = words(), parse_measure("b")
    heatlas.metric("a", "speed * 2.5")
    assert words() != first
    heatlas.metric("a", "speed*2")
    assert (words(), parse_measure("b")) == (first, measure)
    assert look_words(parse_look(TileRequest(measure="pace"), None), "png") == plain
    for factor in (2, 3):
        heatlas.metric("a", lambda columns, factor=factor: factor * columns["speed"])
        assert words() not in {first, plain}
        first = words()


def test_a_public_map_shows_none_that_is_not_named():
    heatlas.metric("fast", "speed > 4")
    assert not shows(parse_measure("fast"), frozenset())
    assert shows(parse_measure("fast"), parse_public_measures("fast, corr(pace, heart_rate)"))


def test_words_of_measures_are_reserved():
    assert LAYOUTS.keys() - METRICS.keys() <= RESERVED


@pytest.mark.parametrize(
    "measure", ["cost", "max(cost)", "std(cost)", "hard", "share(cost > 0.8)", "corr(cost, grade)"]
)
def test_an_index_gives_what_tracing_gives(tmp_path, measure):
    heatlas.metric("cost", "elevation / 600")
    heatlas.metric("hard", lambda columns: columns["heart_rate"] > 150)
    tracks = walks(4, 8)
    library = made_library(tmp_path / "lib.db", tracks)
    wanted = parse_measure(measure)
    shown = join(cut(tracks))
    u, v = shown.u.mean(), shown.v.mean()
    scale = 256 * 2.0**15
    window = Window(scale, int(u * scale) // 256 * 256, int(v * scale) // 256 * 256, 256, 256)
    traced, indexed = draw([shown], window, wanted, 1), draw_from_index(library, window, wanted)
    assert traced.filled.any()
    np.testing.assert_array_equal(traced.planes["n"], indexed.planes["n"])
    np.testing.assert_allclose(traced.values, indexed.values, atol=1.0 if wanted.reduction == "share" else 2e-2)


def test_render_defines_them_for_the_run(tmp_path, monkeypatch):
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "settings"))
    from heatlas.cli import group

    export = made.export(tmp_path / "export")
    command = ["render", str(export), "-o", str(tmp_path / "x.png"), "--metric", "cost [beats/m] = heart_rate * pace"]
    found = CliRunner().invoke(group, [*command, "--measure", "max(cost)", "--json", "--width", "200", "-q"])
    report = json.loads(found.stdout)
    assert (report["measure"], report["unit"]) == ("max(cost)", "beats/m")
    assert 30 < report["range"][0] <= report["range"][1] < 70
    assert "cost" not in METRICS
    report = heatlas.render(
        export,
        output=tmp_path / "page.html",
        layers="passes, cost, share(cost > 40)",
        metric=["cost = heart_rate*pace"],
    )
    assert report["layers"] == ["Passes", "Mean cost", "Passes with cost > 40"]
    with pytest.raises(BadOption, match="no measure 'cost'"):
        heatlas.render(export, output=tmp_path / "x.png", measure="cost")
    (tmp_path / "points.csv").write_text("lat,lon\n1,2\n")
    with pytest.raises(BadOption, match="--metric is for tracks"):
        heatlas.render(tmp_path / "points.csv", output=tmp_path / "x.png", metric=["cost = heart_rate * pace"])


def test_lists_are_split_outside_of_brackets():
    assert split_list("passes, corr(a, b),share(max(a, sqrt(b)) > 1 and c), ,x") == [
        "passes", "corr(a, b)", "share(max(a, sqrt(b)) > 1 and c)", "x",
    ]  # fmt: skip


def test_measures_of_points_know_nothing_of_them():
    heatlas.metric("beds", "speed + 1")
    assert Measure("mean", "beds", points=True).definition == ""


def test_what_people_define_can_be_added_up(tmp_path):
    heatlas.metric("beats", "heart_rate * seconds / 60", unit="beats")
    measure = parse_measure("sum(beats)")
    assert (titled(measure), measure.layout) == ("Sum of beats, beats", LAYOUTS["sum"])
    heatlas.metric("hard", "heart_rate >= 150")
    with pytest.raises(BadOption, match="no sum of hard: take share"):
        parse_measure("sum(hard)")
    tracks = walks(5, 4)
    library = made_library(tmp_path / "heatlas.db", tracks)
    window = Window(256.0 * 2**14, 0, 0, 1, 1)
    u, v = (np.concatenate([getattr(track, axis) for track in tracks]) * window.scale for axis in "uv")
    window = Window(window.scale, int(u.min()) - 1, int(v.min()) - 1, int(np.ptp(u)) + 3, int(np.ptp(v)) + 3)
    traced, indexed = draw([join(tracks)], window, measure), draw_from_index(library, window, measure)
    means, passes = (draw([join(tracks)], window, parse_measure(name)) for name in ("beats", "passes"))
    counted = means.planes["n"] == passes.planes["n"]
    np.testing.assert_array_equal(traced.planes["x"], means.planes["x"])
    assert counted.any()
    assert indexed.planes["x"].sum() == pytest.approx(traced.planes["x"].sum(), rel=0.01)
    assert left_out(measure, [], []) == ["sum(beats) shows sums above 0: pixels whose sum is 0 or less stay empty"]
    assert left_out(parse_measure("sum(wait)"), [], []) == []
