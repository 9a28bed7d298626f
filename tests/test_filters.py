"""Filters of PNG: as the specification says them, and which is chosen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from heatlas.kernels.filters import NONE, PAETH, SOME, UP, WEIGHTS, best_filter, filter_rows
from heatlas.writers.deflate import compressed

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


def slow_rows(pixels, above, kind):
    height, width, step = pixels.shape
    out = np.empty(pixels.shape, np.uint8)
    known = np.zeros((height + 1, width + 1, step), int)
    known[0, 1:], known[1:, 1:] = above, pixels
    for y, x, channel in np.ndindex(out.shape):
        a, b, c = known[y + 1, x, channel], known[y, x + 1, channel], known[y, x, channel]
        predicted = {NONE: 0, UP: b, PAETH: predictor(a, b, c)}[kind]
        out[y, x, channel] = (known[y + 1, x + 1, channel] - predicted) % 256
    return out


def slow_choice(pixels, above):
    height = len(pixels)
    counts = []
    for kind, weight in zip((NONE, UP, PAETH), WEIGHTS, strict=True):
        some = slow_rows(pixels, above, kind)[min(SOME // 2, height - 1) :: SOME, :, 0].tolist()
        counts.append(weight * sum(a != b != c for row in some for a, b, c in zip(row, row[1:], row[2:], strict=False)))
    return (NONE, UP, PAETH)[counts.index(min(counts))]


def flat(pixels, above):
    return pixels.reshape(len(pixels), -1), above.reshape(-1), pixels.shape[2]


def filtered(rows, above, step, kind):
    out = np.empty((len(rows), rows.shape[1] + 1), np.uint8)
    filter_rows(rows, above, step, kind, out)
    return out


def choice(rows, above):
    return best_filter(rows, above, np.empty(rows.shape[1], np.uint8))


@given(pictures(), st.sampled_from([NONE, UP, PAETH]))
def test_rows_are_those_of_the_specification(case, kind):
    rows, above, step = flat(*case)
    out = filtered(rows, above, step, kind)
    assert set(out[:, 0]) == {kind}
    np.testing.assert_array_equal(out[:, 1:], slow_rows(*case, kind).reshape(rows.shape))


def test_all_neighbours():
    """All that can be left, above and above left of a byte of 0."""
    b, c = (part.reshape(-1).astype(np.uint8) for part in np.mgrid[:256, :256])
    above = np.stack([c, b], axis=1).reshape(-1)  # pairs: the second of each pair is predicted
    for a in range(256):
        row = np.zeros((1, len(above)), np.uint8)
        row[0, ::2] = a
        out = filtered(row, above, 1, PAETH)
        p = a + b.astype(int) - c
        pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
        wanted = np.where((pa <= pb) & (pa <= pc), a, np.where(pb <= pc, b, c))
        np.testing.assert_array_equal(-out[0, 2::2].astype(int) % 256, wanted)


@given(pictures([1]))
def test_the_choice_is_that_of_the_slow_way(case):
    rows, above, _ = flat(*case)
    assert choice(rows, above) == slow_choice(*case)


def spots(y, x):
    """Equal spots anywhere, also between pixels, as of points."""
    rng = np.random.default_rng(1)
    out = np.zeros(y.shape)
    for top, left in rng.uniform(0, 256, (40, 2)):
        out = np.maximum(out, 90 * np.maximum(0, 1 - ((y - top) ** 2 + (x - left) ** 2) / 400.0))
    return out


def ways(y, x):
    """Narrow ways of one colour each."""
    rng = np.random.default_rng(2)
    out = np.zeros(y.shape)
    for _ in range(12):
        at, slope, bend = rng.uniform(0, 256), rng.uniform(-1, 1), rng.uniform(5, 30)
        out[abs(x - at - slope * (y - 128) - bend * np.sin(y / bend)) < 1] = rng.integers(60, 110)
    return out


SHAPES = {
    "hills": lambda y, x: np.maximum(0, 110 * np.sin(x / 40) * np.cos(y / 30)),
    "ways": ways,
    "spots": spots,
    "one spot": lambda y, x: np.where((y == 9) & (x == 9), 5, 0),
}


@pytest.mark.parametrize("ground", [0, 14, 255])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_choice_is_about_as_small_as_the_smallest(shape, ground):
    y, x = np.indices((256, 256))
    rows = abs(ground - SHAPES[shape](y, x).astype(int)).astype(np.uint8)
    above = np.zeros_like(rows[0])
    sizes = {
        kind: sum(map(len, compressed(iter([filtered(rows, above, 1, kind).reshape(-1).data]), 1)))
        for kind in (NONE, UP, PAETH)
    }
    assert sizes[choice(rows, above)] <= 1.1 * min(sizes.values()), sizes
