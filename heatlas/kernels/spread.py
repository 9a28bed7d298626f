"""Spread the values of pixels over their surroundings. Each source row has its own true shape."""

from __future__ import annotations

import math

import numpy as np

from heatlas.kernels.compiled import helper, kernel

__all__ = [
    "EPANECHNIKOV", "LINEAR", "QUARTIC", "UNIFORM", "disc_norms", "gauss_across", "gauss_along", "gauss_norms",
    "spread_disc", "spread_extremes",
]  # fmt: skip

UNIFORM, LINEAR, EPANECHNIKOV, QUARTIC = range(4)


@helper()
def _profile(source, row, along, across, lateral, unit, ground, shape, profile):
    """Fill in the kernel on one row, from its centre outwards; return how many pixels it covers on one side.

    See `spread_disc` for the arguments.
    """
    away = along[source] - along[row]
    upright = math.sin(away) ** 2 if ground else away * away
    factor = across[source] * across[row]
    for step in range(lateral.shape[0]):
        far = upright + factor * lateral[step]
        if ground:
            # The square of asin(sqrt(far)), by its series where that is exact to a hundred thousandth.
            if far < 0.04:
                far *= 1.0 + far * (1.0 / 3.0 + far * (8.0 / 45.0 + far * (4.0 / 35.0)))
            else:
                far = math.asin(math.sqrt(min(far, 1.0))) ** 2
        far *= unit
        if far > 1.0:
            return step
        if shape == UNIFORM:
            profile[step] = 1.0
        elif shape == LINEAR:
            profile[step] = 1.0 - math.sqrt(far)
        elif shape == EPANECHNIKOV:
            profile[step] = 1.0 - far
        else:
            profile[step] = (1.0 - far) * (1.0 - far)
    return lateral.shape[0]


@helper()
def _goes_round(count, lateral, ground):
    """Whether `count` pixels to either side meet in one column on the opposite side of the world."""
    return ground and count == lateral.shape[0] and lateral[count - 1] == 1.0


@kernel(
    "const f8[:]", "const f8[:]", "const f8[:]", "f8", "b1", "i8", "const f8[:]", "i8", "i8", "i8", "f8[:]",
    allocates=True,
)  # fmt: skip
def disc_norms(along, across, lateral, unit, ground, shape, area, reach, first, last, norms):
    """Sum the kernel times the area of each pixel, for sources in rows `first` to `last`.

    Parameters
    ----------
    along, across, lateral, unit, ground, shape
        As for `spread_disc`, but with `reach` more rows above and below.
    area : ndarray of float64 (rows + 2 * reach,)
        Area of one pixel of each row.
    reach : int
        Rows that the kernel reaches.
    first, last : int
        Rows to fill.
    norms : ndarray of float64 (rows,)
        Is overwritten from first to last.
    """
    profile = np.empty(lateral.shape[0])
    for source in range(first, last):
        total = 0.0
        for row in range(source, source + 2 * reach + 1):
            count = _profile(source + reach, row, along, across, lateral, unit, ground, shape, profile)
            if count > 0:
                twice = profile[count - 1] if _goes_round(count, lateral, ground) else 0.0
                total += (2.0 * profile[:count].sum() - profile[0] - twice) * area[row]
        norms[source] = total


@helper()
def _add(target, values, factor):
    for x in range(target.shape[0]):
        target[x] += values[x] * factor


@kernel(
    "const i8[:]", "const i8[:]", "const f8[:]", "const f8[:]", "const f8[:]", "const f8[:]", "f8", "b1", "i8", "i8",
    "i8", "i8", "i8", "f4[:, :]", allocates=True, error_model="numpy",
)  # fmt: skip
def spread_disc(starts, columns, weights, along, across, lateral, unit, ground, shape, reach, margin, first, last, out):
    """Give each pixel of rows `first` to `last` the sum of all sources near it, weighted by a kernel that ends.

    Parameters
    ----------
    starts : ndarray of int64 (height + 2 * reach + 1,)
        Offsets of each source row into `columns`.
    columns : ndarray of int64 (k,)
        Columns of the pixels that hold anything, ascending in each row, counted from the window's left edge less
        `margin`.
    weights : ndarray of float64 (k,)
        Their weights.
    along : ndarray of float64 (height + 2 * reach,)
        Position of each row along a meridian: half the angle (ground), or its number (pixels).
    across : ndarray of float64 (height + 2 * reach,)
        Cosine of each row's reduced latitude (ground), or 1 (pixels).
    lateral : ndarray of float64 (s,)
        For 0, 1, 2 ... columns sideways: the squared sine of half the angle (ground), or their square (pixels). Its
        length bounds how far the kernel reaches sideways. A last value of 1 is the opposite side
        of the world, one column to the east and to the west.
    unit : float
        Factor from the square of a distance to the square of its share of the radius: the square of twice the earth's
        radius over the kernel's (ground), or one over the square of the radius (pixels).
    ground : bool
        Whether distances are those on the ground, not pixels.
    shape : int
        UNIFORM, LINEAR, EPANECHNIKOV or QUARTIC.
    reach : int
        Rows that the kernel reaches at most; source rows begin that much above the window.
    margin : int
        Columns that sources reach beyond the window on either side.
    first, last : int
        Rows of the window to fill.
    out : ndarray of float32 (height, width)
        Is overwritten in rows first to last.
    """
    width = out.shape[1]
    profile = np.empty(lateral.shape[0])
    mirrored = np.empty(2 * lateral.shape[0])
    line = np.empty(width)
    for y in range(first, last):
        line[:] = 0.0
        for source in range(y, y + 2 * reach + 1):
            if starts[source] == starts[source + 1]:
                continue
            count = _profile(source, y + reach, along, across, lateral, unit, ground, shape, profile)
            for step in range(count):
                mirrored[count - 1 + step] = profile[step]
                mirrored[count - 1 - step] = profile[step]
            skipped = 1 if _goes_round(count, lateral, ground) else 0
            for k in range(starts[source], starts[source + 1]):
                left = columns[k] - margin - count + 1
                begin, end = max(left + skipped, 0), min(left + 2 * count - 1, width)
                if begin < end:
                    _add(line[begin:end], mirrored[begin - left : end - left], weights[k])
        out[y] = line


@kernel(
    "const i8[:]", "const i8[:]", "const f8[:]", "const f8[:]", "const f8[:]", "const f8[:]", "f8", "b1", "i8", "i8",
    "b1", "i8", "i8", "f4[:, :]", allocates=True, error_model="numpy",
)  # fmt: skip
def spread_extremes(
    starts, columns, values, along, across, lateral, unit, ground, reach, margin, greatest, first, last, out
):
    """Give each pixel of rows `first` to `last` the least or greatest value within the radius, NaN without any.

    Parameters as for `spread_disc`; `values` are those of the pixels, and `greatest` selects the greatest.
    """
    width = out.shape[1]
    profile = np.empty(lateral.shape[0])
    for y in range(first, last):
        out[y] = np.nan
        for source in range(y, y + 2 * reach + 1):
            if starts[source] == starts[source + 1]:
                continue
            count = _profile(source, y + reach, along, across, lateral, unit, ground, UNIFORM, profile)
            for k in range(starts[source], starts[source + 1]):
                left = columns[k] - margin - count + 1
                value = np.float32(values[k])
                for x in range(max(left, 0), min(left + 2 * count - 1, width)):
                    old = out[y, x]
                    if np.isnan(old) or (value > old) == greatest:
                        out[y, x] = value


@kernel("const f4[:, :] | const f8[:, :]", "const f8[:]", "const f8[:]", "i8", "i8", "i8", "f4[:, :]", allocates=True)
def gauss_across(field, sigma, gain, halo, first, last, out):
    """Blur rows `first` to `last` sideways, each with its own width; sums are conserved but for `gain`.

    Parameters
    ----------
    field : ndarray of float64 or float32 (rows, width + 2 * halo)
        Values to blur.
    sigma, gain : ndarray of float64 (rows,)
        Standard deviation in pixels (0 copies), and what each row is multiplied by.
    halo : int
        Pixels, at least the reach of the widest row.
    first, last : int
        Rows to fill.
    out : ndarray of float32 (rows, width)
        Is overwritten in rows first to last.
    """
    width = out.shape[1]
    line = np.empty(width)
    for y in range(first, last):
        line[:] = 0.0
        reach = min(halo, math.ceil(4.0 * sigma[y]))
        total = 1.0
        for k in range(1, reach + 1):
            total += 2.0 * math.exp(-0.5 * (k / sigma[y]) ** 2)
        row = field[y]
        filled = np.nonzero(row)[0]
        if len(filled):
            low, high = filled[0], filled[-1] + 1
            for k in range(-reach, reach + 1):
                tap = gain[y] / total if k == 0 else gain[y] * math.exp(-0.5 * (k / sigma[y]) ** 2) / total
                begin, end = max(low - halo - k, 0), min(high - halo - k, width)
                if begin < end:
                    _add(line[begin:end], row[begin + halo + k : end + halo + k], tap)
        out[y] = line


@helper()
def _peak_inverse(sigma):
    """Sum of a sampled Gaussian whose peak is 1."""
    if sigma >= 0.9:
        return math.sqrt(2.0 * math.pi) * sigma
    total = 1.0
    if sigma > 0:
        for k in range(1, 5):
            total += 2.0 * math.exp(-0.5 * (k / sigma) ** 2)
    return total


@helper()
def _weight(source, row, along, deviation, sigma):
    """Value of a Gaussian of peak 1 on the meridian through its centre, times the sum of its row sideways."""
    far = (along[source] - along[row]) / deviation
    if abs(far) > 4.0:
        return 0.0
    return math.exp(-0.5 * far * far) * _peak_inverse(math.sqrt((sigma[source] ** 2 + sigma[row] ** 2) / 2.0))


@kernel("const f8[:]", "f8", "const f8[:]", "const f8[:]", "i8", "f8[:]")
def gauss_norms(along, deviation, sigma, area, reach, norms):
    """Sum a Gaussian of peak 1 times the area of each pixel, for sources in each row.

    Parameters
    ----------
    along : ndarray of float64 (rows + 2 * reach,)
        Position of each row along a meridian: metres, or its number.
    deviation : float
        Standard deviation in the same unit.
    sigma : ndarray of float64 (rows + 2 * reach,)
        Standard deviation sideways, pixels.
    area : ndarray of float64 (rows + 2 * reach,)
        Area of one pixel of each row.
    reach : int
        Rows.
    norms : ndarray of float64 (rows,)
        Is overwritten.
    """
    for source in range(norms.shape[0]):
        total = 0.0
        for row in range(source, source + 2 * reach + 1):
            total += _weight(source + reach, row, along, deviation, sigma) * area[row]
        norms[source] = total


@kernel("const f4[:, :]", "const f8[:]", "f8", "const f8[:]", "i8", "i8", "i8", "f4[:, :]", allocates=True)
def gauss_along(field, along, deviation, sigma, reach, first, last, out):
    """Blur the columns of a result of `gauss_across`: its rows `first` to `last` become Gaussians of peak 1.

    Parameters
    ----------
    field : ndarray of float32 (height + 2 * reach, width)
        Blurred sideways.
    along, deviation, sigma
        As for `gauss_norms`; arrays of float64 (height + 2 * reach,).
    reach : int
        Rows.
    first, last : int
        Rows of the window to fill.
    out : ndarray of float32 (height, width)
        Is overwritten in rows first to last.
    """
    filled = np.zeros(field.shape[0], np.bool_)
    for source in range(first, last + 2 * reach):
        filled[source] = np.any(field[source] != 0)
    for y in range(first, last):
        out[y] = 0
        for source in range(y, y + 2 * reach + 1):
            if filled[source]:
                weight = np.float32(_weight(source, y + reach, along, deviation, sigma))
                if weight > 0:
                    _add(out[y], field[source], weight)
