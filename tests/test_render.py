"""The main job from files to pictures, in Python."""

from __future__ import annotations

import json
import shutil
import zipfile

import made
import numpy as np
import pytest
from PIL import Image

import heatlas
from heatlas.core.errors import BadOption, HeatlasError, NothingToDraw, TooLarge
from heatlas.tracks.privacy import Privacy, Zone


@pytest.fixture(autouse=True)
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "settings"))


@pytest.fixture
def export(tmp_path):
    return made.export(tmp_path / "export")


def test_an_export_becomes_a_picture_and_a_report(export, tmp_path):
    out = tmp_path / "heat.png"
    report = heatlas.render(export, output=out)
    assert report["files"]["read"] == 6
    assert [item["file"].rpartition("/")[2] for item in report["files"]["failed"]] == ["7.fit"]
    assert [item["file"].rpartition("/")[2] for item in report["files"]["warnings"]] == ["6.gpx"]
    assert report["activities"] == 4
    assert report["dropped"]["activities that were virtual or indoors"] == 1
    assert report["dropped"]["rows of a table that name no file"] == 1
    assert report["dropped"]["rows of a table whose file is not there"] == 1
    assert report["choice"] == "busiest place"
    assert [place["drawn"] for place in report["places"]] == [True, False]
    assert report["outputs"][0] == str(out)
    with Image.open(out) as image:
        assert image.size == (report["window"]["width"], report["window"]["height"])
        assert image.convert("RGBA").getpixel((0, 0))[3] == 0
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_the_table_gives_attributes_to_the_files(export):
    activities = {a.id: a for a in heatlas.open(export).activities}
    assert activities["92"].name == "Run, with\na line break"
    assert activities["93"].sport == "Ride"
    assert activities["93"].distance == 5000
    assert activities["91"].start == 1.7e9


def test_a_zip_a_folder_and_the_files_alone_give_the_same(export, tmp_path):
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        for path in sorted(export.rglob("*")):
            archive.write(path, path.relative_to(export))
    one = heatlas.open(export)
    other = heatlas.open(tmp_path / "export.zip")
    window = one.window()
    assert np.array_equal(one.heat(window=window).bare.total, other.heat(window=window).bare.total)
    assert [a.id for a in one.activities] == [a.id for a in other.activities]
    alone = heatlas.open(*sorted((export / "activities").iterdir(), reverse=True))
    assert np.array_equal(one.heat(window=window).bare.total, alone.heat(window=window).bare.total)


def test_the_same_activity_in_two_exports_counts_once(export, tmp_path):
    shutil.copytree(export, tmp_path / "again")
    both = heatlas.open(export, tmp_path / "again")
    assert len(both) == 4
    assert both.report.dropped["activities found twice"] == 4


@pytest.mark.parametrize("measure", ["passes", "activities", "seconds", "metres", "fixes", "pace", "max(heart_rate)"])
def test_workers_and_order_change_nothing(export, tmp_path, measure):
    pictures = []
    for workers, sources in ((1, [export]), (3, sorted((export / "activities").iterdir())[::-1])):
        heatlas.render(*sources, output=tmp_path / "heat.png", measure=measure, workers=workers, width=300)
        pictures.append((tmp_path / "heat.png").read_bytes())
    assert pictures[0] == pictures[1]


def test_totals(export, tmp_path):
    def total(measure, **options):
        return heatlas.render(export, output=tmp_path / "x.npy", measure=measure, all=True, width=900, **options)[
            "total"
        ]

    runs = {"sport": ["Run"]}
    assert total("seconds", **runs) == pytest.approx(333 + 333 + 666, rel=1e-6)
    assert total("metres", **runs) == pytest.approx(999 + 999 + 1998, rel=3e-3)
    assert total("fixes", **runs) == 334 + 334 + 667
    assert total("fixes", where="distance >= 2000 AND sport = 'Run'") == 667


def test_values_of_means_are_what_was_recorded(export, tmp_path):
    heatlas.render(export, output=tmp_path / "hr.npy", measure="heart_rate", around="47.8,10.905,2km", smooth="0")
    values = np.load(tmp_path / "hr.npy")
    assert np.nanmin(values) == pytest.approx(120, abs=0.5)
    assert np.nanmax(values) == pytest.approx(160, abs=0.5)
    heatlas.render(export, output=tmp_path / "pace.npy", measure="pace", sport=["Ride"], around="47.805,10.92,3km")
    assert np.nanmedian(np.load(tmp_path / "pace.npy")) == pytest.approx(1 / 8, rel=0.01)


def test_a_fixed_range_is_in_the_unit_of_the_legend(export, tmp_path):
    report = heatlas.render(export, output=tmp_path / "p.png", measure="pace", tone="4:8", width=200)
    assert report["range"] == [4, 8]
    assert report["range_text"] == ["4:00", "8:00"]
    assert report["unit"] == "min/km"


def test_what_is_hidden_is_nowhere(export, tmp_path):
    zone = "47.8,10.905,100m"
    box = "10.89,47.79,10.93,47.81"
    report = heatlas.render(export, output=tmp_path / "x.npy", bbox=box, clip_ends="150m", zone=[zone], smooth="0")
    assert report["dropped"]["fixes hidden for privacy"] > 100
    again = heatlas.open(export).hidden(Privacy(150, (Zone(47.8, 10.905, 100),), heatlas.owner_secret()))
    assert report["total"] == again.heat(window=again.window((10.89, 47.79, 10.93, 47.81)), smooth="0").bare.total.sum()
    shown = np.concatenate([batch.u for batch in again.batches])
    whole = np.concatenate([batch.u for batch in heatlas.open(export).batches])
    assert not np.isin(whole.min(), shown)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"measure": "passess"}, "did you mean passes"),
        ({"bbox": "1,2,3"}, "--bbox"),
        ({"bbox": "1,2,3,4", "all": True}, "cannot go together"),
        ({"zoom": 3, "width": 100}, "cannot go together"),
        ({"smooth": "wide"}, "--smooth"),
        ({"tone": "loud"}, "tone"),
        ({"colormap": "embre"}, "ember"),
        ({"background": "pitch"}, "background"),
        ({"where": "sport ="}, "filter"),
        ({"where": "sprot = 'Run'"}, "did you mean sport"),
        ({"after": "soon"}, "is no date"),
        ({"sport": ["Golf"]}, "no activity is a Golf"),
        ({"clip_ends": "some"}, "--clip-ends"),
        ({"zone": ["here"]}, "--zone"),
        ({"resolution": "0m"}, "--resolution"),
    ],
)
def test_wrong_options_are_refused_in_one_sentence(export, tmp_path, options, says):
    with pytest.raises(BadOption, match=says) as caught:
        heatlas.render(export, output=tmp_path / "x.png", **options)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "x.png").exists()


def test_nothing_to_draw_is_said(export, tmp_path):
    for options, says in (
        ({"where": "distance > 99999"}, "the filter leaves none of 4 activities"),
        ({"bbox": "0,0,1,1"}, "no track goes through the window; the busiest place is around 47.80"),
        ({"measure": "power"}, r"no track in the window has what power needs"),
        ({"zone": ["47.8,10.9,9000km"]}, "leaves nothing"),
    ):
        with pytest.raises(NothingToDraw, match=says):
            heatlas.render(export, output=tmp_path / "x.png", **options)
    (tmp_path / "empty").mkdir()
    with pytest.raises(NothingToDraw, match="no file"):
        heatlas.render(tmp_path / "empty", output=tmp_path / "x.png")
    with pytest.raises(BadOption, match="there is no file or folder"):
        heatlas.render(tmp_path / "nowhere", output=tmp_path / "x.png")
    with pytest.raises(BadOption, match="ending"):
        heatlas.render(export, output=tmp_path / "x.bmp")
    assert not list(tmp_path.glob("x*"))


def test_a_window_too_large_is_refused_before_anything_is_read(tmp_path):
    (tmp_path / "never-read").mkdir()
    with pytest.raises(TooLarge, match=r"needs .* GB of memory .*--width"):
        heatlas.render(tmp_path / "never-read", output=tmp_path / "x.png", bbox="-180,-80,180,80", zoom=20)


def test_every_sink_writes(export, tmp_path):
    for ending in (".png", ".webp", ".tif", ".kmz", ".npy"):
        report = heatlas.render(export, output=tmp_path / f"heat{ending}", legend=True, width=500)
        assert report["outputs"][0].endswith(ending)
    assert not list(tmp_path.glob(".heatlas*"))


def test_an_error_while_writing_leaves_nothing_behind(export, tmp_path, monkeypatch):
    def fail(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("heatlas.writers.png.write_png", fail)
    (tmp_path / "heat.png").write_bytes(b"older")
    with pytest.raises((HeatlasError, OSError), match="No space left"):
        heatlas.render(export, output=tmp_path / "heat.png", width=100)
    assert (tmp_path / "heat.png").read_bytes() == b"older"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_inspect(export):
    report = heatlas.inspect(export)
    assert report["sports"]["Run"]["activities"] == 3
    assert report["first"] == "2023-11-14T23:13:20+01:00"
    assert report["columns"]["elevation"] == pytest.approx(1)
    assert len(report["places"]) == 2


def test_public_names_are_there():
    for name in heatlas.__all__:
        assert getattr(heatlas, name) is not None
    assert callable(heatlas.render)
    assert callable(heatlas.open)
    with pytest.raises(AttributeError):
        heatlas.nothing  # noqa: B018
