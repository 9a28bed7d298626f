"""Sinks in common: the right file for an ending, all of it or nothing; WebP and NumPy files."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import heatlas.writers
from heatlas.core.errors import BadOption, HeatlasError, MissingExtra
from heatlas.core.window import Window
from heatlas.style.colormaps import colormap
from heatlas.style.image import Picture
from heatlas.writers import WRITERS, check, write
from heatlas.writers.atomic import atomic_write
from heatlas.writers.rendered_map import RenderedMap
from heatlas.writers.webp import MAX_SIDE

WINDOW = Window(256 * 2**10, 135_000, 90_000, 400, 300)


def made(**more) -> RenderedMap:
    values = np.random.default_rng(1).gamma(1, 30, (300, 400)).astype(np.float32)
    values[values < 20] = np.nan
    palette = colormap("ember")
    palette[0] = 0
    picture = Picture(np.nan_to_num(values).clip(0, 255).astype(np.uint8), palette)
    return RenderedMap(window=WINDOW, picture=picture, values=values, measure="passes", **more)


FILES = {
    ".png": ["heat.png", "heat.png.json", "heat.pgw", "heat.png.aux.xml"],
    ".webp": ["heat.webp", "heat.webp.json", "heat.wld", "heat.webp.aux.xml"],
    ".tif": ["heat.tif"],
    ".tiff": ["heat.tiff"],
    ".kmz": ["heat.kmz"],
    ".npy": ["heat.npy", "heat.npy.json"],
    ".pdf": ["heat.pdf", "heat.pdf.json"],
}


def test_every_sink_is_tested():
    assert set(FILES) == set(WRITERS)


@contextlib.contextmanager
def at_most(size):
    """No file may grow larger, as on a full disk."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("rgba", [False, True])
@pytest.mark.parametrize("ending", FILES)
def test_a_full_disk_is_one_sentence_and_nothing_is_left(tmp_path, capfd, ending, rgba):
    path, rendered = tmp_path / f"heat{ending}", made(rgba=rgba and ending.startswith(".tif"))
    whole = {file.name: file.read_bytes() for file in write(path, rendered)}
    capfd.readouterr()
    largest = max(map(len, whole.values()))
    refused = 0
    for size in (0, 200, largest // 2, largest - 1, 2 * largest):
        for file in tmp_path.iterdir():
            file.unlink()
        try:
            with at_most(size):
                write(path, rendered)
        except HeatlasError as error:
            refused += 1
            assert str(error).startswith(f"cannot write {path}: ")  # noqa: PT017 - it may also go well
            assert "File too large" in str(error)  # noqa: PT017
            assert list(tmp_path.iterdir()) == []
        else:
            assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == whole
    assert refused >= 4
    told = capfd.readouterr()
    assert (told.out, told.err) == ("", "")


def test_other_words_on_standard_error_are_not_swallowed(capfd):
    from heatlas.writers.gdal import held_to_its_word

    with held_to_its_word():
        os.write(2, b"by the way\n")
    assert capfd.readouterr().err == "by the way\n"
    with pytest.raises(OSError, match="No space left on device"), held_to_its_word():
        os.write(2, b"one\n_tiffWriteProc: No space left on device.\ntwo\n")
    assert capfd.readouterr().err == "one\ntwo\n"


@pytest.mark.parametrize("ending", FILES)
def test_what_is_reported_is_what_is_there(tmp_path, ending):
    for _ in range(2):  # the second time over the first
        written = write(tmp_path / f"heat{ending}", made())
        assert [path.name for path in written] == FILES[ending]
        assert {path.name for path in tmp_path.iterdir()} == set(FILES[ending])
        assert all(path.parent == tmp_path and path.stat().st_size for path in written)


@pytest.mark.parametrize("ending", FILES)
def test_modes_follow_the_umask(tmp_path, ending):
    before = os.umask(0o027)
    try:
        written = write(tmp_path / f"heat{ending}", made())
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in written} == {0o640}


@pytest.mark.parametrize("ending", FILES)
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_leaves_what_was_there(tmp_path, ending, error, monkeypatch):
    path = tmp_path / f"heat{ending}"
    path.write_bytes(b"old")
    real = WRITERS[ending]

    def fails(draft, rendered):
        real(draft, rendered)
        raise error

    monkeypatch.setitem(WRITERS, ending, fails)
    with pytest.raises(error):
        write(path, made())
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_main_file_comes_last(tmp_path):
    with atomic_write(tmp_path / "m.png") as draft:
        draft.write_bytes(b"new")
        draft.with_name("a.json").write_bytes(b"new")
        draft.with_name("z.json").mkdir()
        (tmp_path / "z.json").write_bytes(b"in the way")
        assert not (tmp_path / "m.png").exists()
        draft.with_name("z.json").rmdir()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "m.png", "z.json"]


def test_a_full_disk_is_one_sentence(tmp_path):
    with (
        pytest.raises(HeatlasError, match=r"cannot write .*heat.png: No space left"),
        atomic_write(tmp_path / "heat.png"),
    ):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_a_link_goes_on_pointing(tmp_path):
    (tmp_path / "there").mkdir()
    target = tmp_path / "there" / "real.npy"
    target.write_bytes(b"old")
    link = tmp_path / "heat.npy"
    link.symlink_to(target)
    written = write(link, made())
    assert link.is_symlink()
    assert np.load(target).shape == (300, 400)
    assert written == [link, target.with_name(f"{target.name}.json")]
    assert written[1].exists()


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("heat.jpg", r"'.jpg' is none of .png, .webp, .tif, .tiff, .kmz, .npy, .pdf"),
        ("heat", "without an ending"),
        ("file/heat.png", "is no folder"),
        ("file/more/heat.png", "is no folder"),
        ("folder.png", "is no file"),
    ],
)
def test_paths_are_refused_before_work(tmp_path, name, word):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(BadOption, match=word):
        check(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions of POSIX")
@pytest.mark.parametrize("closed", ["folder", "file"])
def test_closed_places_are_refused(tmp_path, closed, monkeypatch):
    path = tmp_path / "heat.png"
    path.touch()
    shut = tmp_path if closed == "folder" else path
    # The superuser may write anywhere: let the system's answer be that of anybody else.
    monkeypatch.setattr(heatlas.writers.os, "access", lambda asked, mode: asked != shut)
    with pytest.raises(BadOption, match="no permission"):
        check(path)


def test_missing_folders_are_made_and_removed_again_after_a_failure(tmp_path):
    path = tmp_path / "maps" / "town" / "heat.npy"
    check(path)
    assert not path.parent.exists(), "nothing is made before there is something to write"
    with pytest.raises(TypeError), atomic_write(path) as draft:
        draft.write_bytes("half")
    assert not list(tmp_path.iterdir())
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "old.txt").touch()
    with pytest.raises(TypeError), atomic_write(path) as draft:
        draft.write_bytes("half")
    assert [kept.name for kept in (tmp_path / "maps").iterdir()] == ["old.txt"]
    assert write(path, made())[0] == path
    assert path.exists()


def test_endings_may_be_in_capitals(tmp_path):
    written = write(tmp_path / "HEAT.PNG", made())
    assert [path.name for path in written] == ["HEAT.PNG", "HEAT.PNG.json", "HEAT.pgw", "HEAT.PNG.aux.xml"]


def test_a_missing_library_is_said_before_work(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rasterio", None)
    check(tmp_path / "heat.png")
    with pytest.raises(MissingExtra, match=r"heatlas\[geotiff\]"):
        check(tmp_path / "heat.TIF")


def test_nothing_heavy_is_imported():
    script = "import sys, heatlas.writers; print({'PIL', 'rasterio', 'numpy'} & set(sys.modules))"
    seen = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "set()"


def test_webp_is_lossless(tmp_path):
    work = made(legend=None)
    path, *_ = write(tmp_path / "heat.webp", work)
    with Image.open(path) as image:
        seen = np.array(image.convert("RGBA"))
    expected = work.picture.rgba
    shown = expected[..., 3] > 0
    assert np.array_equal(seen[..., 3], expected[..., 3])
    assert np.array_equal(seen[shown], expected[shown])


def test_webp_has_a_limit(tmp_path):
    side = MAX_SIDE + 1
    picture = Picture(np.zeros((1, side), np.uint8), colormap("ember"))
    with pytest.raises(BadOption, match=f"at most {MAX_SIDE} pixels"):
        write(tmp_path / "heat.webp", RenderedMap(window=Window(2**20, 0, 0, side, 1), picture=picture))
    fits = RenderedMap(window=Window(2**20, 0, 0, MAX_SIDE, 1), picture=Picture(picture.pixels[:, 1:], picture.palette))
    assert write(tmp_path / "heat.webp", fits)


def test_values_of_a_numpy_file_are_read_back(tmp_path):
    path, description = write(tmp_path / "heat.npy", made())
    seen = np.load(path, allow_pickle=False)
    assert seen.dtype == np.float32
    assert np.array_equal(seen, made().values, equal_nan=True)
    words = json.loads(description.read_text())
    assert words["array"] == "heat.npy"
    assert words["bbox"] == list(WINDOW.bbox)
    assert not {"image", "leaflet", "maplibre"} & set(words)


def test_a_legend_is_painted_on_pictures_and_laid_beside_data(tmp_path):
    legend = np.full((40, 100, 4), (1, 2, 3, 255), np.uint8)
    work = made(legend=legend, corner="top-left")
    for ending in (".png", ".webp"):
        path, *_ = write(tmp_path / f"heat{ending}", work)
        with Image.open(path) as image:
            seen = np.array(image.convert("RGBA"))
        changed = (seen != work.picture.rgba).any(-1) & (seen[..., 3] > 0)
        y, x = np.nonzero(changed)
        assert (y.min(), y.max(), x.min(), x.max()) == (16, 55, 16, 115)
        path.unlink()
    written = write(tmp_path / "heat.npy", work)
    with Image.open(written[-1]) as image:
        assert np.array_equal(np.array(image.convert("RGBA")), legend)


@pytest.mark.parametrize("ending", [".png", ".webp", ".kmz", ".npy", ".pdf"])
def test_what_is_missing_is_said(tmp_path, ending):
    with pytest.raises(BadOption, match="needs values" if ending == ".npy" else "needs a picture"):
        write(tmp_path / f"heat{ending}", RenderedMap(window=WINDOW))
    assert list(tmp_path.iterdir()) == []


def test_a_map_must_fit_its_window():
    with pytest.raises(BadOption, match="400 x 300 pixels, but its window 10 x 20"):
        RenderedMap(window=Window(256, 0, 0, 10, 20), values=made().values)
    with pytest.raises(BadOption, match="no corner"):
        RenderedMap(window=WINDOW, corner="middle")
