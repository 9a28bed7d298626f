"""Rows that are put into databases and must come out as they went in."""

from __future__ import annotations

import datetime as dt
import math
import random
import struct
from decimal import Decimal

COLUMNS = ("id", "lat", "lon", "weight", "price", "note", "digits", "seen", "day", "big")
COUNT = 12_000


def made_rows(count: int = COUNT) -> list[tuple[object, ...]]:
    """Rows with NULLs in every column but the first, negative weights, texts of all lengths and far dates."""
    draw = random.Random(7)

    def or_null(value: object) -> object:
        return None if draw.random() < 0.1 else value

    return [
        (
            2**62 + number,
            or_null(draw.uniform(-85, 85)),
            or_null(draw.uniform(-180, 180)),
            or_null(draw.choice([-3.5, 0.0, 1e-300, -1e300, draw.gauss(0, 10)])),
            or_null(Decimal(draw.randrange(-(10**9), 10**9)).scaleb(-4)),
            or_null("ä☃😀 '\"\\%s\n" * draw.choice([0, 1, 3, 30]) + str(number)),
            or_null(f"{draw.gauss(0, 1):.3f}"),
            or_null(
                dt.datetime(1001, 2, 3, 4, 5, 6) + dt.timedelta(microseconds=draw.randrange(2 * 10**16) * (number % 3))
            ),
            or_null(dt.date(1970, 1, 1) + dt.timedelta(days=draw.randrange(-100_000, 100_000))),
            or_null(draw.randrange(2**63)),
        )
        for number in range(count)
    ]


def read_rows(table, columns=None) -> list[tuple[object, ...]]:
    """All rows that a table gives, as Python values."""
    names = list(columns or table.schema.names)
    rows: list[tuple[object, ...]] = []
    for batch in table.read(names):
        assert batch.schema.names == names
        rows += zip(*(column.to_pylist() for column in batch.columns), strict=True)
    return rows


def as_read(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Rows with decimals as the floats that they become."""
    return [tuple(float(value) if isinstance(value, Decimal) else value for value in row) for row in rows]


def secret_free(failed: BaseException, *secrets: str) -> None:
    """Walk all that hangs on an exception: none of it may hold a secret, raw or as a URL writes it."""
    from urllib.parse import quote, quote_plus

    seen: list[BaseException] = []
    waiting: list[BaseException | None] = [failed]
    while waiting:
        error = waiting.pop()
        if error is not None and error not in seen:
            seen.append(error)
            waiting += [error.__cause__, error.__context__]
    text = "\n".join(f"{error!r} {error} {vars(error)} {getattr(error, '__notes__', '')}" for error in seen)
    for secret in secrets:
        for spelling in {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1]}:
            assert spelling not in text
    assert "\n" not in str(failed)


def point(wkb: bytes) -> tuple[float, float]:
    """Position of a WKB point."""
    order, kind = wkb[0], int.from_bytes(wkb[1:5], "little")
    assert (order, kind, len(wkb)) == (1, 1, 21)
    x, y = struct.unpack("<2d", wkb[5:])
    assert math.isfinite(x + y)
    return x, y
