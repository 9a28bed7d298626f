"""Compressing: what comes out again is what went in, and the same bytes come from the same input."""

from __future__ import annotations

import hashlib
import itertools
import os
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heatlas.style.colormaps import colormap
from heatlas.style.image import Picture
from heatlas.writers.deflate import compressed
from heatlas.writers.png import FILE_LEVEL, TILE_LEVEL, encode_png

isal_zlib = pytest.importorskip("isal.isal_zlib")

LEVELS = [TILE_LEVEL, FILE_LEVEL]


def whole(data, level, *cuts):
    ends = [0, *cuts, len(data)]
    strips = [memoryview(data)[first:last] for first, last in itertools.pairwise(ends)]
    return b"".join(compressed(iter(strips), level))


@given(
    st.lists(st.one_of(st.binary(max_size=400), st.integers(0, 3000).map(bytes)), max_size=6),
    st.integers(0, 9),
)
def test_what_comes_out_again_is_what_went_in(strips, level):
    assert zlib.decompress(b"".join(compressed(iter(strips), level))) == b"".join(strips)


@pytest.mark.parametrize("size", [0, 1, 16, 17, 288, 289, 290, 100_000])
@pytest.mark.parametrize("level", LEVELS)
def test_any_size_and_any_first_strip(size, level):
    data = np.random.default_rng(size).integers(0, 4, size, np.uint8).tobytes()
    for cut in {0, 1, 288, 289, 290, size} & set(range(size + 1)):
        assert zlib.decompress(whole(data, level, cut)) == data


def crc32c(word):
    """The hash of isal, of 4 bytes, by the instruction of SSE 4.2: CRC-32C (polynomial 0x1EDC6F41) from 0."""
    for _ in range(32):
        word = word >> 1 ^ (0x82F63B78 if word & 1 else 0)
    return word


def revealing(address, hashes, seed):
    """Data whose bytes 2 to 5 have the hash of an address, and come again in new company."""
    wanted = crc32c(address >> 16 & 0xFFFFFFFF) % hashes
    rng = np.random.default_rng(seed)
    first = bytearray(rng.integers(0, 256, 100, np.uint8).tobytes())
    first[2:6] = next(
        word.to_bytes(4, "little")
        for word in map(int, rng.integers(0, 1 << 32, 1 << 20))
        if crc32c(word) % hashes == wanted
    )
    return bytes(first) + b"".join(bytes(first[2 : 8 + k]) + rng.bytes(5) for k in range(40))


@pytest.mark.parametrize(("level", "hashes"), [(TILE_LEVEL, 1 << 13), (FILE_LEVEL, 1 << 15)])
def test_bytes_do_not_depend_on_where_the_compressor_lies(level, hashes, monkeypatch):
    """isal, left alone, enters the third byte under a hash of its address: the data is made for one of four."""
    made = [isal_zlib.compressobj(level) for _ in range(4)]
    data = revealing(id(made[0]), hashes, level)
    monkeypatch.setattr(isal_zlib, "compressobj", lambda _: made.pop(0))
    found = {whole(data, level) for _ in range(4)}
    assert not made
    assert len(found) == 1


def tiles():
    """Pictures of many kinds, always the same."""
    rng = np.random.default_rng(4)
    smooth = np.add.outer(np.arange(256), np.arange(256)) * rng.random((256, 256)) / 4
    lines = np.where(rng.random((256, 256)) < 0.97, 0, 9)
    for pixels in (smooth, lines, smooth[:40, :50], lines[:17, :20], lines[:3, :4]):
        steps = pixels.astype(np.uint8)
        yield Picture(steps, colormap("ember"))
        yield Picture(Picture(steps, colormap("ice")).rgba)


def digest():
    """Digest of all pictures at both levels."""
    found = hashlib.sha256()
    for picture in tiles():
        for level in LEVELS:
            found.update(encode_png(picture, level=level))
    return found.hexdigest()


def test_bytes_are_the_same_in_every_process_whatever_memory_held_before():
    """Each process has its own addresses, and its allocator fills memory with a byte of its own (glibc)."""
    here = str(Path(__file__).parent)
    code = f"import sys; sys.path.insert(0, {here!r}); import test_deflate as t; print(t.digest())"
    wanted = digest()
    for byte in ("0", "85", "255"):
        environment = {**os.environ, "MALLOC_PERTURB_": byte}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == wanted


def test_bytes_are_the_same_in_threads_at_once():
    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(lambda _: digest(), range(60))) == {digest()}
