"""Positions of a track as whole steps of the grid on which its recorder writes degrees.

Degrees are written with some decimals, or as multiples of 180 / 2**31. World coordinates of such degrees are float64
whose low bits look random, so their differences take two to four times as many bytes as those of the steps. A position
is worked out of its step by a polynomial that is stored with it. Only additions and multiplications of float64 are in
that, which are rounded alike on any machine. What its last bits are wrong by is stored too, so positions are exact.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import SourceFailed
from heatlas.core.mercator import from_lonlat, to_lonlat
from heatlas.kernels.planes import place_steps
from heatlas.library.file.number_columns import Reader, whole_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["grid_bytes", "read_grid"]

_GRIDS = (1e5, 1e6, 1e7, 2.0**31 / 180, 1e8, 1e9)
"""Steps of a degree, the coarsest first."""
_FEWEST, _SAMPLE = 16, 32
"""Fixes from which a grid pays, and by which one is recognised."""
_NEAR = 1e-13
"""Degrees by which a position may miss the grid: a few units in the last place of a world coordinate."""
_DEGREE, _LEAST = 12, 2.0**-60
"""Greatest degree of the polynomial, and the world units from which a term of it counts."""
_SLOPES = [[1]]
"""Derivatives of arctanh(sin(x)) are p(tan(x)) / cos(x): numbers of the powers of tan(x) in each p. After p comes
t p + (1 + t^2) p', as 1 / cos has the derivative tan / cos, and tan 1 + tan^2."""
for _ in range(1, _DEGREE):
    _last = [0, *_SLOPES[-1], 0, 0]
    _SLOPES.append([k * _last[k] + (k + 1) * _last[k + 2] for k in range(len(_last) - 2)])
_MOST = 127
"""Most units in the last place by which the polynomial may be wrong."""
_HEAD = struct.Struct("<IB")


def grid_bytes(column: NDArray[np.float64], southward: bool) -> bytes | None:
    """Bytes of the world coordinates (n,) of a track, u or `southward` v; None where they lie on no grid."""
    if len(column) < _FEWEST or not np.isfinite(column).all():
        return None
    half = np.full(len(column), 0.5)
    degrees = to_lonlat(half, column)[1] if southward else to_lonlat(column, half)[0]
    for grid in _GRIDS:
        if np.abs(np.rint(degrees[:_SAMPLE] * grid) / grid - degrees[:_SAMPLE]).max() > _NEAR:
            continue
        steps = np.rint(degrees * grid).astype(np.int64)
        middle = int(steps.min() + steps.max()) // 2
        steps -= middle
        terms = np.array(_terms(middle / grid, 1 / grid, southward, float(np.abs(steps).max())))
        turns = np.diff(steps, prepend=0)
        wrong = column.view(np.int64) - _places(turns, np.zeros_like(turns), terms).view(np.int64)
        if np.abs(wrong).max() <= _MOST:
            packed = whole_bytes(turns)
            if not packed[0]:
                return None  # so a reader can tell too great a number of fixes
            head = _HEAD.pack(len(steps), len(terms)) + terms.astype("<f8").tobytes()
            return head + packed + whole_bytes(np.cumsum(wrong))
    return None


def read_grid(data: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Undo `grid_bytes`.

    Raises
    ------
    SourceFailed
        When the bytes are damaged.
    """
    if len(data) < _HEAD.size:
        raise SourceFailed("the library is damaged: a track's column is cut off")
    count, number = _HEAD.unpack(data[: _HEAD.size].tobytes())
    first = _HEAD.size + 8 * number
    terms = np.frombuffer(data[_HEAD.size : first].tobytes(), "<f8") if first <= len(data) else np.zeros(0)
    if not 0 < count <= len(data) or not len(terms):
        raise SourceFailed("the library is damaged: a track's column is cut off")
    rest = Reader(data[first:])
    return _places(rest.whole(count), rest.whole(count), terms)


def _places(turns: NDArray[np.int64], errors: NDArray[np.int64], terms: NDArray[np.float64]) -> NDArray[np.float64]:
    found = np.empty(len(turns))
    place_steps(turns, errors, terms, found)
    return found


def _terms(middle: float, step: float, southward: bool, farthest: float) -> list[float]:
    """Terms of the polynomial that gives the world coordinate at some steps from `middle`; `step` in degrees.

    The coordinate v is 1/2 - y / (2 pi) with y = arctanh(sin(latitude)), of which `_SLOPES` are the derivatives: these
    are the terms of its Taylor series.
    """
    u, v = from_lonlat(0.0 if southward else middle, middle if southward else 0.0)
    if not southward:
        return [float(u), step / 360]
    angle, reach = math.radians(middle), math.radians(step)
    tangent, factor, terms = math.tan(angle), -1 / (math.cos(angle) * 2 * math.pi), [float(v)]
    for k, slope in enumerate(_SLOPES, 1):
        factor *= reach / k
        terms.append(factor * sum(number * tangent**power for power, number in enumerate(slope)))
        if abs(terms[-1]) * farthest**k < _LEAST:
            break
    return terms
