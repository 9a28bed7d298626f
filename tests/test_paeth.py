"""Rows as differences from Paeth's prediction: as the specification of PNG says it, and where they pay."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from heatlas.kernels.paeth import SOME, paeth_pays, paeth_rows

BYTES = st.one_of(st.integers(0, 255), st.integers(0, 3), st.integers(252, 255))


@st.composite
def pictures(draw, steps=(1, 3, 4)):
    """Rows of pixels (h, w, step), and the row above them."""
    height, width, step = draw(st.integers(1, 20)), draw(st.integers(1, 40)), draw(st.sampled_from(steps))
    pixels = draw(hnp.arrays(np.uint8, (height + 1, width, step), elements=BYTES, fill=BYTES))
    return pixels[1:], pixels[0]


def predictor(a, b, c):
    """Paeth's prediction, as section 9.4 of the specification has it."""
    p = a + b - c
    pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
    if pa <= pb and pa <= pc:
        return a
    return b if pb <= pc else c


def slow_rows(pixels, above):
    height, width, step = pixels.shape
    out = np.empty(pixels.shape, np.uint8)
    known = np.zeros((height + 1, width + 1, step), int)
    known[0, 1:], known[1:, 1:] = above, pixels
    for y, x, channel in np.ndindex(out.shape):
        a, b, c = known[y + 1, x, channel], known[y, x + 1, channel], known[y, x, channel]
        out[y, x, channel] = (known[y + 1, x + 1, channel] - predictor(a, b, c)) % 256
    return out


def slow_pays(pixels, above):
    height = len(pixels)
    rows = range(min(SOME // 2, height - 1), height, SOME)
    size = np.minimum(np.arange(256), 256 - np.arange(256))
    differences = slow_rows(pixels, above)
    predicted = sum(int(size[differences[y, 1:]].sum()) for y in rows)
    some = np.concatenate([pixels[y, ::SOME, 0] for y in rows]).astype(int)
    ground = np.bincount(some).argmax()
    plain = int(size[(some - ground) % 256].sum())
    return 4 * predicted < SOME * plain


def flat(pixels, above):
    return pixels.reshape(len(pixels), -1), above.reshape(-1), pixels.shape[2]


@given(pictures())
def test_rows_are_those_of_the_specification(case):
    rows, above, step = flat(*case)
    out = np.empty((len(rows), rows.shape[1] + 1), np.uint8)
    paeth_rows(rows, above, step, out)
    assert set(out[:, 0]) == {4}
    np.testing.assert_array_equal(out[:, 1:], slow_rows(*case).reshape(rows.shape))


def test_all_neighbours():
    """All that can be left, above and above left of a byte of 0."""
    b, c = (part.reshape(-1).astype(np.uint8) for part in np.mgrid[:256, :256])
    above = np.stack([c, b], axis=1).reshape(-1)  # pairs: the second of each pair is predicted
    for a in range(256):
        row = np.zeros((1, len(above)), np.uint8)
        row[0, ::2] = a
        out = np.empty((1, len(above) + 1), np.uint8)
        paeth_rows(row, above, 1, out)
        p = a + b.astype(int) - c
        pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
        wanted = np.where((pa <= pb) & (pa <= pc), a, np.where(pb <= pc, b, c))
        np.testing.assert_array_equal(-out[0, 2::2].astype(int) % 256, wanted)


@given(pictures([1]))
def test_it_pays_as_by_the_slow_way(case):
    rows, above, _ = flat(*case)
    assert bool(paeth_pays(rows, above, np.empty(256, np.int64))) == slow_pays(*case)


@pytest.mark.parametrize("ground", [0, 14, 255])
@pytest.mark.parametrize("height", [1, 3, 256])
def test_it_pays_for_hills_and_not_for_lines_on_any_ground(ground, height):
    y, x = np.indices((height, 256))
    hills = np.maximum(0, 110 * np.sin(x / 40) * np.cos(y / 30))
    lines = np.where((x * 7 + y * 3) % 31 == 0, 100 + x % 3 * 20, 0)
    for heat, wanted in ((hills, True), (lines, False)):
        rows = abs(ground - heat.astype(int)).astype(np.uint8)
        assert bool(paeth_pays(rows, np.full_like(rows[0], ground), np.empty(256, np.int64))) == wanted
