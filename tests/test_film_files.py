"""Films as files: what is written can be played, and nothing half-written is left."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from test_film import dated, film_job

from heatlas.core.batch import join
from heatlas.core.context import Context
from heatlas.core.errors import BadOption, HeatlasError, MissingExtra
from heatlas.dataset.tracks import Tracks
from heatlas.rendering.film import gif, mp4, webp
from heatlas.rendering.film.caption import Caption
from heatlas.rendering.film.frames import Frames, check_film

imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg")


def tracks():
    return Tracks((join(dated(6)),))


def bright(pixels, height):
    """Pixels of the map that stand out from the background."""
    return int((np.abs(pixels[:height].astype(int) - (14, 17, 22)).max(axis=-1) > 40).sum())


def decoded(path):
    """Frames of an MP4, and what is said of it."""
    done = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
        capture_output=True, check=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    about = done.stderr.decode().partition("Stream #0:0")[2].splitlines()[0]
    width, height = (int(side) for side in re.search(r", (\d+)x(\d+)", about).groups())
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, height, width, 3), about


def reel_of(frames, fps=10.0):
    height, width, _ = frames[0].shape
    colours = np.unique(np.concatenate([frame.reshape(-1, 3) for frame in frames]), axis=0)
    shared = np.empty_like(frames[0])

    def played():
        for frame in frames:
            shared[:] = frame  # one array for all, as in a film
            yield shared

    return Frames(played(), len(frames), height, width, fps, (colours[:1], colours[:127], colours[:96], colours[:31]))


def test_an_mp4_has_all_frames_even_sides_and_grows(tmp_path):
    report = film_job(tmp_path, name="heat.mp4", width=301, duration="1s").run(tracks(), Context(2))
    frames, about = decoded(tmp_path / "heat.mp4")
    assert report["outputs"] == [str(tmp_path / "heat.mp4")]
    assert len(frames) == report["frames"] == 12 + 24
    assert report["fps"] == 12
    assert report["duration"] == 3
    assert frames.shape[2] == 302
    assert frames.shape[1] % 2 == 0
    assert "Video: h264" in about
    assert "yuv420p(tv, bt709" in about
    assert ", 12 fps" in about
    height = report["window"]["height"]
    assert 0 < bright(frames[0], height) < bright(frames[-1], height)
    np.testing.assert_allclose(frames[-1][2, 2], (14, 17, 22), atol=3)
    moov, data = ((tmp_path / "heat.mp4").read_bytes().find(word) for word in (b"moov", b"mdat"))
    assert 0 < moov < data  # plays while it loads
    assert list(tmp_path.glob("*")) == [tmp_path / "heat.mp4"]
    assert (report["from"], report["to"]) == ("2023-11-14", "2023-12-01")


def test_colours_of_an_mp4_are_those_that_were_painted(tmp_path):
    frames = [np.full((64, 64, 3), colour, np.uint8) for colour in ((200, 30, 30), (20, 160, 40), (30, 60, 220))]
    mp4.write(tmp_path / "a.mp4", reel_of(frames))
    shown, _ = decoded(tmp_path / "a.mp4")
    assert len(shown) == 3
    for frame, seen in zip(frames, shown, strict=True):
        np.testing.assert_allclose(seen, frame, atol=6)


@pytest.mark.parametrize("name", ["heat.gif", "heat.webp"])
def test_moving_pictures_have_all_their_time_and_go_round(tmp_path, name):
    report = film_job(tmp_path, name=name, duration="1.5s", legend=True, width=320).run(tracks(), Context(2))
    with Image.open(tmp_path / name) as image:
        assert image.size == (320, image.size[1])
        assert image.size[1] > report["window"]["height"]
        assert image.info["loop"] == 0
        total, counts = 0, []
        for frame in range(image.n_frames):
            image.seek(frame)
            image.load()
            total += image.info["duration"]
            counts.append(bright(np.array(image.convert("RGB"))[:, :], report["window"]["height"] - 90))
    assert abs(total / 1000 - report["duration"]) < 0.02
    assert 18 <= len(counts) <= report["frames"]
    assert 0 < counts[0] < counts[-1]
    assert list(tmp_path.glob("*")) == [tmp_path / name]


@settings(max_examples=8)
@given(st.integers(0, 10**6), st.integers(1, 20), st.sampled_from([6.0, 10.0, 12.5, 30.0]))
def test_a_gif_of_few_colours_is_the_frames_themselves(tmp_path_factory, seed, count, fps):
    rng = np.random.default_rng(seed)
    colours = rng.integers(0, 64, (30, 3)).astype(np.uint8) * 4 + 2
    frames = [colours[rng.integers(0, 30, (9, 13))]]
    for _ in range(count - 1):
        new = frames[-1].copy()
        y, x = rng.integers(0, 9), rng.integers(0, 13)
        part = new[y : y + rng.integers(0, 4), x : x + rng.integers(0, 4)]
        part[:] = colours[rng.integers(0, 30, part.shape[:2])]
        frames.append(new)
    path = tmp_path_factory.mktemp("gif") / "a.gif"
    gif.write(path, reel_of(frames, fps))
    with Image.open(path) as image:
        moment = 0
        for k in range(image.n_frames):
            image.seek(k)
            number = min(range(count), key=lambda n: abs(n / fps - moment / 1000))
            np.testing.assert_array_equal(np.array(image.convert("RGB")), frames[number])
            moment += image.info.get("duration", 0)
    assert moment == round(100 * count / fps) * 10


def test_the_background_of_a_gif_is_exact():
    rng = np.random.default_rng(1)
    sample = tuple(rng.integers(0, 256, (k, 3)).astype(np.uint8) for k in (1, 3000, 3000, 3000))
    film = Frames(iter(()), 0, 1, 1, 10.0, sample)
    palette = gif.make_palette(film)
    table = gif.nearest(palette)
    np.testing.assert_array_equal(palette[0], sample[0][0])
    assert len(np.unique(palette, axis=0)) > 200
    keys = (sample[0][0] >> 2).astype(int)
    assert table[keys[0] << 12 | keys[1] << 6 | keys[2]] == 0
    assert table.max() < 255  # that one says "as before"


def test_a_webp_asks_for_frames_one_by_one(tmp_path):
    asked = []

    def frames():
        for k in range(5):
            asked.append(k)
            yield np.full((20, 30, 3), 50 * k, np.uint8)

    webp.write(tmp_path / "a.webp", Frames(frames(), 5, 20, 30, 10.0, ()))
    assert asked == list(range(5))
    with Image.open(tmp_path / "a.webp") as image:
        assert image.n_frames == 5
        image.seek(4)
        np.testing.assert_allclose(np.array(image.convert("RGB")), 200, atol=4)


@pytest.mark.parametrize("name", ["heat.mp4", "heat.gif", "heat.webp"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_what_is_interrupted_leaves_nothing(tmp_path, name, error):
    def told(stage, done, total):
        if stage == "filming" and done == 5:
            raise error

    (tmp_path / name).write_bytes(b"older")
    with pytest.raises(error):
        film_job(tmp_path, name=name, width=100).run(tracks(), Context(1, told))
    assert list(tmp_path.glob("*")) == [tmp_path / name]
    assert (tmp_path / name).read_bytes() == b"older"


def test_progress_tells_how_many_frames_are_done(tmp_path):
    told = []
    film_job(tmp_path, width=100).run(tracks(), Context(1, lambda *args: told.append(args)))
    assert [item for item in told if item[0] == "filming"] == [("filming", k, 36) for k in range(37)]


def test_a_failing_encoder_is_told_in_a_sentence(tmp_path, monkeypatch):
    broken = tmp_path / "broken"
    broken.write_text(f"#!{sys.executable}\nimport sys\nsys.stdin.close()\nsys.exit('no such codec')\n")
    broken.chmod(0o755)
    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", lambda: str(broken))
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(HeatlasError, match=r"ffmpeg could not write heat\.mp4: no such codec"):
        film_job(folder, name="heat.mp4", width=400).run(tracks(), Context(1))
    assert list(folder.glob("*")) == []


def test_without_ffmpeg_only_mp4_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("heatlas.rendering.film.frames.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"heatlas\[film\]"):
        check_film(tmp_path / "heat.mp4")
    check_film(tmp_path / "heat.gif")
    (tmp_path / "folder.gif").mkdir()
    with pytest.raises(BadOption, match=r"folder\.gif: it exists and is no file"):
        check_film(tmp_path / "folder.gif")
    with pytest.raises(BadOption, match=r"take a name that ends in \.mp4, \.gif, \.webp"):
        check_film(tmp_path / "heat.png")


def test_films_are_not_imported_with_heatlas():
    code = (
        "import sys, heatlas, heatlas.rendering.film.frames; "
        "print([m for m in sys.modules if m in ('PIL', 'imageio_ffmpeg')])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                           cwd=Path(__file__).parents[1])  # fmt: skip
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize("width", [120, 300, 800, 1280, 3000])
def test_nothing_in_a_caption_lies_on_anything_else(width):
    dates = ["September 2024", "28 February 2024"]
    largest = [("12,345", "activities"), ("98,765", "km"), ("11,111", "hours")]
    caption = Caption.lay_out(width, (14, 17, 22), (255, 160, 40), dates, largest, [0.5])
    lefts = [left for left, _ in caption.columns]
    assert all(left > caption.margin + caption.date.getlength(date) for left in lefts for date in dates)
    assert lefts == sorted(lefts)
    assert len(lefts) == 3 or width < 300
    numbers = [number for number, _ in largest]
    strip = caption.letter(dates[1], numbers)
    assert strip.shape == (caption.height, width, 3)
    outer = strip[:, width - max(1, caption.margin // 2) :]
    assert (outer == (14, 17, 22)).all()  # nothing is cut off at the right
    caption.run(strip, 0.25)
    lit = (strip[0] == (255, 160, 40)).all(axis=1)
    assert abs(lit.sum() - width / 4) <= 1
    assert (strip[0, round(width / 2)] == (14, 17, 22)).all()


@pytest.mark.parametrize("ending", [".mp4", ".gif", ".webp"])
def test_a_full_disk_is_one_sentence_and_nothing_is_left(tmp_path, capfd, ending):
    resource = pytest.importorskip("resource")
    job = film_job(tmp_path, name=f"film{ending}", width=300)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    try:
        with pytest.raises(HeatlasError, match=f"write .*film{ending}: .*File too large") as told:
            job.run(tracks(), Context(1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "\n" not in str(told.value)
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr().err == ""
