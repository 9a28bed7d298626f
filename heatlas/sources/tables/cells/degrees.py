"""Read positions in all their written forms: hemispheres, degrees and minutes, whole numbers of small units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from heatlas.core.frozen import frozen
from heatlas.sources.tables.cells.text import UNKNOWN_TEXTS, as_text, numbers
from heatlas.sources.tables.columns import plain_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Form", "angles", "form_of", "is_hemispheres", "signs"]

LIMITS = {"lat": 90.0, "lon": 180.0}
_SIDES = {
    "lat": {**dict.fromkeys(("n", "north", "nord", "norte", "norden"), 1.0),
            **dict.fromkeys(("s", "south", "sud", "sur", "süd", "sul", "süden"), -1.0)},
    "lon": {**dict.fromkeys(("e", "east", "est", "ost", "este", "leste", "osten"), 1.0),
            **dict.fromkeys(("w", "west", "ouest", "oeste", "ovest", "westen"), -1.0)},
}  # fmt: skip
"""Words for hemispheres, in lower case. A lone O is left out: it is east in one language and west in another."""
_NUMBER = r"(?:\d+(?:[.,]\d+)?|[.,]\d+)"
_ANGLE = (
    rf"^\s*(?P<lead>\pL*)\.?\s*(?P<sign>[-+\x{{2212}}]?)\s*(?P<degrees>{_NUMBER})\s*(?:°|º|˚|[Dd][Ee][Gg]\.?|d)?"
    rf"(?:(?:\s*[°º˚d:]\s*|\s*[Dd][Ee][Gg]\.?\s*|\s+)(?P<minutes>{_NUMBER})\s*(?:'|′|’|´|min\.?|m)?"
    rf"(?:(?:\s*['′’´m:]\s*|\s*min\.?\s*|\s+)(?P<seconds>{_NUMBER})\s*(?:\"|″|”|''|′′|sec\.?|s)?)?)?"
    r"\s*(?P<trail>\pL*)\.?\s*$"
)
"""Degrees with optional minutes and seconds, and a hemisphere before or behind them."""
_PARTS = ("lead", "sign", "degrees", "minutes", "seconds", "trail")
_SEMICIRCLES = 2**31 / 180
_SEMICIRCLE_NAMES = frozenset({"positionlat", "positionlatitude", "positionlong", "positionlongitude", "positionlon"})


@frozen
class Form:
    """How the positions of a table are written; one form holds for all of its rows."""

    per_degree: float = 1.0
    """Units of a degree."""
    minutes: bool = False
    """Degrees and minutes in one number, as in NMEA 0183: 4807.038 is 48 degrees and 7.038 minutes."""
    said: str = ""
    """The form in words, if it is unusual; else empty."""


def signs(column: pa.Array, side: str) -> NDArray[np.float64]:
    """Sign of each hemisphere in a column: 1 or -1, 0 for a blank cell, NaN for anything else."""
    text = as_text(column.dictionary_decode() if pa.types.is_dictionary(column.type) else column)
    if text is None:
        return np.where(column.is_valid().to_numpy(zero_copy_only=False), np.nan, 0.0)
    coded = pc.utf8_lower(pc.utf8_trim_whitespace(text.cast(pa.large_string()))).dictionary_encode()
    words = [0.0 if not word else _SIDES[side].get(word.strip("."), np.nan) for word in coded.dictionary.to_pylist()]
    found = np.zeros(len(text))
    known = coded.is_valid().to_numpy(zero_copy_only=False)
    if words:
        found[known] = np.array(words)[coded.indices.drop_null().to_numpy()]
    return found


def is_hemispheres(column: pa.Array, side: str) -> bool:
    """Whether some rows of a column name a hemisphere, and none holds anything else."""
    found = signs(column, side)
    return bool((found != 0).any()) and not bool(np.isnan(found).any())


def angles(column: pa.Array, side: str) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]:
    r"""Read a column of latitudes or longitudes, each written in any way.

    Parameters
    ----------
    column : pyarrow.Array
        Numbers, or text: "60.17", "60,17", "60.17N", "W 24.9", "60 10.2N", "60°10'12″N", "60d10m".
    side : str
        "lat" or "lon": the hemispheres that it may name.

    Returns
    -------
    ndarray of float64 (n,)
        Degrees without the sign of the hemisphere that the cell names; NaN where there is no angle.
    ndarray of bool (n,)
        Cells that hold something other than an angle, or an angle of the other coordinate.
    ndarray of float64 (n,)
        Sign of the hemisphere that the cell names; 0 if it names none.
    """
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    text = as_text(column)
    values, bad = numbers(column)
    named, odd = np.zeros(len(values)), np.zeros(len(values), bool) if bad is None else bad.copy()
    if text is None or bad is None:
        return values, odd, named
    rows = np.flatnonzero(odd)
    parts = pc.extract_regex(text.take(pa.array(rows)).cast(pa.large_string()), _ANGLE)
    lead, sign, degrees, minutes, seconds, trail = (pc.fill_null(pc.struct_field(parts, name), "") for name in _PARTS)
    whole, sixty, small = (_decimal(part) for part in (degrees, minutes, seconds))
    fits = np.isfinite(whole) & ~(sixty >= 60) & ~(small >= 60)
    first, last = signs(lead, side), signs(trail, side)
    # Two hemispheres, or a letter that is not a hemisphere, are an error.
    fits &= np.isfinite(first + last) & ((first == 0) | (last == 0))
    values = values.copy()
    minus = pc.is_in(sign, pa.array(["-", "\u2212"], sign.type)).to_numpy(zero_copy_only=False)
    size = np.where(np.isnan(sixty), whole, (whole * 3600 + np.nan_to_num(sixty) * 60 + np.nan_to_num(small)) / 3600)
    values[rows] = np.where(fits, np.where(minus, -size, size), np.nan)
    named[rows] = np.where(fits, first + last, 0.0)
    odd[rows] = ~fits
    return values, odd, named


def _decimal(text: pa.Array) -> NDArray[np.float64]:
    """Parse numbers with a point or a comma; NaN for empty text."""
    known = pc.if_else(pc.equal(text, ""), None, pc.replace_substring(text, ",", "."))
    found: NDArray[np.float64] = known.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return found


def form_of(
    names: tuple[str, str], columns: tuple[pa.Array, pa.Array], hemispheres: tuple[pa.Array | None, pa.Array | None]
) -> Form:
    """Detect the form of positions from a sample.

    Parameters
    ----------
    names : (str, str)
        Of the columns of latitudes and longitudes.
    columns : (pyarrow.Array, pyarrow.Array)
        Some of their rows.
    hemispheres : (pyarrow.Array or None, pyarrow.Array or None)
        The same rows of the columns of hemispheres beside them.
    """
    found = [angles(column, side) for column, side in zip(columns, LIMITS, strict=True)]
    values = [value[np.isfinite(value)] for value, _, _ in found]
    if not all(len(value) for value in values):
        return Form()
    beyond = any(np.abs(value).max() > 2 * limit for value, limit in zip(values, LIMITS.values(), strict=True))
    lettered = [
        held is not None or bool((named != 0).any()) for held, (_, _, named) in zip(hemispheres, found, strict=True)
    ]
    if all(lettered) and all(map(_has_minutes, columns, values, LIMITS.values())):
        return Form(minutes=True, said="degrees and minutes in one number (NMEA): 4807.038 is 48° 7.038'")
    if not beyond or not all((value == np.floor(value)).all() for value in values):
        return Form()
    return _whole(names, [float(np.abs(value).max()) for value in values])


def _has_minutes(column: pa.Array, values: NDArray[np.float64], limit: float) -> bool:
    """Whether numbers are degrees and minutes: minutes are below 60, and a number is off the globe or zeros pad all."""
    sizes = np.abs(values)
    if not ((sizes % 100 < 60).all() and (sizes // 100 <= limit).all()):
        return False
    if sizes.max() > limit:
        return True
    text = as_text(column)
    digits = r"^\D*\d{4}(?:\.\d+)?\D*$" if limit == LIMITS["lat"] else r"^\D*\d{5}(?:\.\d+)?\D*$"
    if text is None:
        return False
    text = text.cast(pa.large_string()).drop_null()
    known = text.filter(pc.invert(pc.is_in(pc.utf8_lower(text), UNKNOWN_TEXTS)))
    return len(known) > 0 and bool(pc.all(pc.match_substring_regex(known, digits)).as_py())


def _whole(names: tuple[str, str], most: list[float]) -> Form:
    """Detect the unit of whole numbers beyond the globe by the names of their columns, else by their size."""
    plain = [plain_name(name) for name in names]
    for unit, per_degree in (("e7", 1e7), ("e6", 1e6)):
        if all(name.endswith(unit) for name in plain):
            return Form(per_degree, said=f"degrees times {per_degree:,.0f}, as their names say")
    if all(name in _SEMICIRCLE_NAMES for name in plain) or all("semicircle" in name.lower() for name in names):
        return Form(_SEMICIRCLES, said="semicircles, as FIT counts them: 2147483648 is 180 degrees")
    fit = [high <= limit * 1e7 for high, limit in zip(most, (90.0, 360.0), strict=True)]
    small = [high <= limit * 1e6 for high, limit in zip(most, (90.0, 360.0), strict=True)]
    if all(fit) and not all(small):
        return Form(1e7, said="whole numbers beyond the globe, which fit as degrees times 10,000,000")
    return Form()
