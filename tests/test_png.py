"""PNG: what Pillow reads is what was written, and small things stay small."""

from __future__ import annotations

import io
import struct
import sys
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from heatlas.core.errors import BadOption
from heatlas.style.colormaps import colormap
from heatlas.style.image import Picture
from heatlas.writers.png import FILE_LEVEL, TILE_LEVEL, encode_png, write_png

SIDES = st.tuples(st.integers(1, 40), st.integers(1, 40))


def decoded(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.array(image.convert("RGBA"))


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 8
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", data, at + 8 + length)[0] == zlib.crc32(kind + body)
        found.append((kind, body))
        at += 12 + length
    return found


@given(
    SIDES.flatmap(lambda shape: hnp.arrays(np.uint8, shape)),
    hnp.arrays(np.uint8, (256, 4)),
    st.integers(0, 9),
)
def test_a_palette_picture_is_read_back(pixels, palette, level):
    picture = Picture(pixels, palette)
    assert np.array_equal(decoded(encode_png(picture, level=level)), picture.rgba)


@given(SIDES.flatmap(lambda shape: hnp.arrays(np.uint8, (*shape, 4))), st.booleans(), st.integers(0, 9))
def test_rgba_is_read_back(pixels, opaque, level):
    if opaque:
        pixels[..., 3] = 255
    data = encode_png(Picture(pixels), level=level)
    assert np.array_equal(decoded(data), pixels)
    assert data[25] == (2 if (pixels[..., 3] == 255).all() else 6)


@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("smooth", [False, True])
def test_many_strips_with_either_filter_are_read_back(channels, smooth):
    rng = np.random.default_rng(3)
    shape = (1500, 1201)
    pixels = rng.integers(0, 9, shape, np.uint8) if not smooth else np.zeros(shape, np.uint8)
    if smooth:
        y, x = np.indices(shape)
        pixels = (120 + 100 * np.sin(x / 90 + y / 70) * np.cos(y / 130)).astype(np.uint8)
        pixels += rng.integers(0, 2, shape, np.uint8)
    palette = colormap("ember_r")
    palette[:40, 3] = np.arange(40)
    picture = Picture(pixels, palette)
    if channels == 4:
        picture = Picture(picture.rgba)
    data = encode_png(picture)
    assert np.array_equal(decoded(data), picture.rgba)
    assert sum(kind == b"IDAT" for kind, _ in chunks(data)) > 1


def test_smoothed_pictures_are_stored_as_differences():
    y, x = np.indices((256, 256))
    smooth = (120 + 100 * np.sin(x * y / 3000) * np.cos(y / 37)).astype(np.uint8)
    lines = np.zeros((256, 256), np.uint8)
    lines[np.arange(256), (np.arange(256) * 97) % 256] = 200
    filters = []
    for pixels in (smooth, lines):
        rows = zlib.decompress(
            b"".join(b for k, b in chunks(encode_png(Picture(pixels, colormap("ember")))) if k == b"IDAT")
        )
        filters.append(set(rows[::257]))
    assert filters == [{2}, {0}]


def test_an_empty_tile_is_tiny_and_transparent():
    palette = colormap("ember")
    palette[0] = 0
    data = encode_png(Picture(np.zeros((256, 256), np.uint8), palette), text={})
    assert len(data) <= 116
    assert not decoded(data).any()


@pytest.mark.parametrize("value", [0, 77, 255])
def test_a_picture_of_one_colour_shrinks_to_a_bit(value):
    picture = Picture(np.full((33, 9), value, np.uint8), colormap("ice"))
    data = encode_png(picture)
    assert data[24] == 1
    assert np.array_equal(decoded(data), picture.rgba)


def test_only_the_palette_that_is_used_is_written():
    palette = colormap("ember")
    palette[:3, 3] = 10
    data = dict(chunks(encode_png(Picture(np.array([[0, 20]], np.uint8), palette))))
    assert len(data[b"PLTE"]) == 21 * 3
    assert data[b"tRNS"] == bytes([10, 10, 10])
    opaque = dict(chunks(encode_png(Picture(np.array([[0, 20]], np.uint8), colormap("ember")))))
    assert b"tRNS" not in opaque


def test_text_is_stored():
    text = {"Software": "heatlas", "Title": "Läufe", "Copyright": "© 地図"}
    picture = Picture(np.zeros((2, 2), np.uint8), colormap("ember"))
    with Image.open(io.BytesIO(encode_png(picture, text=text))) as image:
        assert image.text == text
    with Image.open(io.BytesIO(encode_png(picture))) as image:
        assert image.text == {"Software": "heatlas"}
    assert {kind for kind, _ in chunks(encode_png(picture, text={}))} == {b"IHDR", b"PLTE", b"IDAT", b"IEND"}


@pytest.mark.parametrize("level", [TILE_LEVEL, FILE_LEVEL])
def test_zlib_stands_in_for_isal(level, monkeypatch):
    monkeypatch.setitem(sys.modules, "isal", None)
    pixels = np.random.default_rng(0).integers(0, 255, (60, 50), np.uint8)
    picture = Picture(pixels, colormap("ice"))
    assert np.array_equal(decoded(encode_png(picture, level=level)), picture.rgba)


@pytest.mark.parametrize("shape", [(0, 4), (4, 0)])
def test_a_picture_without_pixels_is_refused(shape):
    with pytest.raises(BadOption, match="cannot be written as PNG"):
        encode_png(Picture(np.zeros(shape, np.uint8), colormap("ember")))


@pytest.mark.parametrize("level", [TILE_LEVEL, FILE_LEVEL])
def test_a_picture_has_the_same_bytes_wherever_it_lies_and_whatever_memory_held_before(level):
    rng = np.random.default_rng(4)
    smooth = np.add.outer(np.arange(256), np.arange(256)) * rng.random((256, 256)) / 4
    shapes = [smooth.astype(np.uint8), np.where(rng.random((256, 256)) < 0.97, 0, 9).astype(np.uint8), smooth[:40, :50]]
    palette = colormap("ember")
    first = [encode_png(Picture(pixels.astype(np.uint8), palette), level=level) for pixels in shapes]

    def again(seed):
        draws, equal = np.random.default_rng(seed), True
        for _ in range(60):
            # Freed memory full of noise, of the sizes that a compressor takes.
            for size in draws.choice([1 << 12, 1 << 16, 100_000, 300_000], 4):
                np.frombuffer(bytearray(int(size)), np.uint8)[:] = draws.integers(0, 256)
            which = int(draws.integers(len(shapes)))
            pixels, offset = shapes[which], int(draws.integers(64))
            moved = np.empty(offset + pixels.size, np.uint8)[offset:].reshape(pixels.shape)
            moved[:] = pixels
            equal &= encode_png(Picture(moved, palette), level=level) == first[which]
        return equal

    with ThreadPoolExecutor(3) as pool:
        assert all(pool.map(again, range(3)))


def test_levels_outside_are_refused():
    with pytest.raises(BadOption, match="compression level 10"):
        encode_png(Picture(np.array([[0, 1]], np.uint8), colormap("ember")), level=10)


def test_memory_does_not_grow_with_the_picture(tmp_path):
    picture = Picture(np.random.default_rng(0).integers(0, 4, (4096, 4096), np.uint8), colormap("ember"))
    with (tmp_path / "big.png").open("wb") as file:
        tracemalloc.start()
        write_png(file, picture)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 8 << 20
