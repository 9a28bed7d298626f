"""A reader of libraries, written from docs/reference/library-format.md alone.

It uses SQLite, zstd and NumPy, and nothing of heatlas: when what it finds is not what heatlas does, the page or the
file is wrong.
"""

from __future__ import annotations

import struct

import numpy as np
import pyarrow as pa
from library_moves import moves_of

AMOUNTS = {"seconds": (1, 1 / 16), "metres": (2, 1 / 8), "fixes": (3, 1.0)}
VALUES = {
    "speed": (5, 1 / 128),
    "grade": (6, 1 / 8),
    "heart_rate": (7, 1 / 2),
    "cadence": (8, 1 / 2),
    "power": (9, 1.0),
    "elevation": (10, 1 / 4),
    "temperature": (11, 1 / 4),
    "elapsed": (13, 8.0),
    "steady_heart_rate": (14, 1 / 2),
    "grade_100": (16, 1 / 4),
}
BEARING = (12, 45 / 8)
TRACK = {"u": (0, "f8"), "v": (1, "f8"), "time": (2, "f8"), "progress": (3, "f4"), "segments": (4, "i8")}


def unpacked(blob):
    size = int.from_bytes(blob[:4], "little")
    if size >> 31:
        first = 4 + size - (1 << 31)
        return unpacked(blob[4:first]) + unpacked(blob[first:])
    size &= (1 << 30) - 1
    return pa.decompress(blob[4:], decompressed_size=size, codec="zstd", asbytes=True) if size else blob[4:]


def varints(data, count, at):
    found = []
    for _ in range(count):
        number, shift = 0, 0
        while True:
            byte = data[at]
            at, number, shift = at + 1, number | (byte & 127) << shift, shift + 7
            if byte < 128:
                break
        found.append(number)
    return found, at


def unzigzag(number):
    return -(number + 1) // 2 if number & 1 else number // 2


def key(column, z, x, y, chunk):
    if column >= 16:
        return -(1 << 63) | (1 << z | x) << 39 | y << 19 | chunk << 6 | column
    return (column != 0) << 62 | z << 57 | x << 37 | y << 17 | chunk << 4 | column


def pixels_of(blob):
    """Activity and passages of each run, and the pixels of all of them."""
    moves = blob[3] >> 6 == 3
    data = blob[4:] if moves else unpacked(blob)
    (runs,), at = varints(data, 1, 0)
    steps, at = varints(data, runs, at)
    lengths, at = varints(data, runs, at)
    if moves:
        assert at == int.from_bytes(blob[:4], "little") & (1 << 30) - 1
        return np.cumsum(steps), lengths, np.array(moves_of(data[at:], lengths))
    pixels = []
    for length in lengths:
        for k in range(length):
            if k == 0 or data[at] == 0:
                at += k > 0
                here = data[at] | data[at + 1] << 8
                at += 2
            else:
                here += ((data[at] >> 4) - 8) * 256 + (data[at] & 15) - 8
                at += 1
            pixels.append(here)
    assert at == len(data)
    return np.cumsum(steps), lengths, np.array(pixels)


def folded(blob):
    return int.from_bytes(blob[:4], "little") >> 30 & 1


def columns_of(link, z, x, y, chunk, lengths, pixels):
    """Bytes of the columns of a chunk but the pixels."""
    found, folds = {}, {}
    for column in range(1, 64):
        row = link.execute("SELECT data FROM passages WHERE key = ?", (key(column, z, x, y, chunk),)).fetchone()
        if row is not None and column != 15:
            found[column], folds[column] = unpacked(row[0]), folded(row[0])
        elif row is not None and row[0][3] >> 6 == 3:
            found |= parts_of(row[0])
            folds |= dict.fromkeys(found, 1)
        elif row is not None:
            data = unpacked(row[0])
            heads = np.frombuffer(data, "<u4", 1 + 2 * int.from_bytes(data[:4], "little"))[1:].reshape(-1, 2)
            at = 4 + heads.nbytes
            for number, length in heads.tolist():
                found[number], folds[number] = data[at : at + length], folded(row[0])
                at += length
    for column in sorted(found, key=(1, 5).__contains__):  # what others are guessed from comes first
        if folds[column]:
            found[column] = unfolded(column, found[column], {**found, 0: pixels}, lengths)
    return found


def parts_of(blob):
    """Columns of a bundle in parts."""
    parts, found, at = [], {}, 5 + 3 * blob[4]
    for number, length in struct.iter_unpack("<BH", blob[5:at]):
        if number >= 128:
            parts.append([])
        parts[-1].append((number % 128, length))
    sizes = struct.unpack_from(f"<{len(parts)}H", blob, at)
    at += 2 * len(sizes)
    assert at == 4 + int.from_bytes(blob[:4], "little") % 2**30
    for part, size in zip(parts, sizes, strict=True):
        whole, data = sum(length for _, length in part), blob[at : at + size]
        if size < whole:
            data = pa.decompress(data, decompressed_size=whole, codec="zstd", asbytes=True)
        for number, length in part:
            found[number], data = data[:length], data[length:]
        at += size
    assert at == len(blob)
    return found


def unfolded(column, data, others, lengths):
    """Plain bytes of a folded column; `others` holds pixels, metres and paces."""
    form, count = data[0], sum(lengths)
    if form & 1:
        numbers = runs_of(data, column, count)
    elif form & 12:
        numbers = digits_of(data, column, count, form >> 2 & 3)
    else:
        numbers = varints(data, count, 1)[0]
    if form & 2:
        numbers = {1: seconds_of, 4: slopes_of, 5: speeds_of}[column](numbers, others, lengths)
    if form & 16:
        numbers = along(numbers, others, lengths)
    return bytes(byte for number in numbers for byte in varint(number))


def runs_of(data, column, count):
    (size,), at = varints(data, 1, 1)
    gaps, at = data[at : at + size], at + size
    numbers, gap, known = [], 0, True
    for byte in gaps:
        gap += byte
        if byte < 255:
            same = int(column > 3 and known)
            (number,), at = varints(data, 1, at)
            number = 0 if same and number == 0 else number + 1
            numbers += [same] * gap + [number]
            gap, known = 0, number != 0
    return numbers + [int(column > 3 and known)] * (count - len(numbers))


def digits_of(data, column, count, kind):
    base, each = {1: (16, 2), 2: (6, 3), 3: (4, 4)}[kind]
    at = 1 + (count + each - 1) // each
    numbers, known = [], True
    for k in range(count):
        number = data[1 + k // each] // base ** (k % each) % base
        if number == base - 1:
            (more,), at = varints(data, 1, at)
            number += more
        same = int(column > 3 and known)
        numbers.append(same if number == 0 else 0 if number == same else number)
        known = numbers[-1] != 0
    return numbers


def along(numbers, others, lengths):
    """Metres or seconds that are guessed from the pixels."""
    places, found, total = others[0].tolist(), [], 0
    for length in lengths:
        gone, noted = 0, {}
        for last in [False] * (length - 1) + [True]:
            k = len(found)
            here, there = divmod(places[k], 256), divmod(places[k if last else k + 1], 256)
            way = there[0] - here[0], there[1] - here[1]
            edges = "rows" if way[0] else "columns"
            before = noted.get(edges, (None, 0, 0))
            if before[0] == way and before[2] > 0 and way in ((0, 1), (0, -1), (1, 0), (-1, 0)):
                guess = max(before[1] + before[2] - gone, 0)
            else:
                guess = total // k if k else 0
            found.append(guess + unzigzag(numbers[k]))
            gone, total = gone + found[-1], total + found[-1]
            if way in ((0, 1), (0, -1), (1, 0), (-1, 0)):
                noted[edges] = way, gone, gone - before[1] if before[0] == way else 0
            else:
                noted = {}
    return found


def slopes_of(numbers, others, lengths):
    """Paces as they are written where nothing is guessed."""
    found = []
    for length in lengths:
        step = 0
        for number in numbers[len(found) : len(found) + length]:
            if number:
                step += unzigzag(number - 1)
                number = 1 + (2 * step if step >= 0 else -2 * step - 1)
            found.append(number)
    return found


def paces_of(others, lengths):
    """In whole 2**-20 s/m, None where unknown."""
    steps = values_of(others[4], lengths)
    return [None if s is None else round(2 ** (min(max(s, -5120), 2047) / 512) * 2**20) for s in steps]


def seconds_of(numbers, others, lengths):
    paces, metres, found = paces_of(others, lengths), varints(others[2], sum(lengths), 0)[0], []
    for length in lengths:
        rest, pace = 0, 314573
        for _ in range(length):
            k = len(found)
            pace = paces[k] or pace
            exact = 2 * metres[k] * pace + rest
            found.append((exact + 2**19) // 2**20 + unzigzag(numbers[k]))
            rest = min(max(exact - 2**20 * found[-1], -629146), 629146)
    return found


def speeds_of(numbers, others, lengths):
    """As they are written where nothing is guessed."""
    paces, found = paces_of(others, lengths), []
    for length in lengths:
        before = 0
        for _ in range(length):
            k = len(found)
            if numbers[k] == 0:
                found.append(0)
                continue
            speed = (before if paces[k] is None else round(2**27 / paces[k])) + unzigzag(numbers[k] - 1)
            step, before = speed - before, speed
            found.append(1 + (2 * step if step >= 0 else -2 * step - 1))
    return found


def varint(number):
    out = []
    while number >= 128:
        out.append(number % 128 + 128)
        number //= 128
    return [*out, number]


def values_of(data, lengths):
    """Steps of all runs, None where unknown."""
    found, at = [], 0
    for length in lengths:
        numbers, at = varints(data, length, at)
        before = 0
        for number in numbers:
            before += unzigzag(number - 1) if number else 0
            found.append(before if number else None)
    return found


def tile(link, z, x, y):
    """Passes, activities, sums of amounts, and sums and counts of values of all pixels of a tile, by name."""
    names = ["passes", "activities", *AMOUNTS, *VALUES, *(f"known {name}" for name in VALUES)]
    planes = {name: np.zeros(65536) for name in names}
    rows = link.execute(
        "SELECT key, data FROM passages WHERE key BETWEEN ? AND ?", (key(0, z, x, y, 0), key(0, z, x, y, 8191))
    )
    for number, blob in rows.fetchall():
        _, lengths, pixels = pixels_of(blob)
        np.add.at(planes["passes"], pixels, 1)
        for run in np.split(pixels, np.cumsum(lengths)[:-1]):
            planes["activities"][np.unique(run)] += 1
        others = columns_of(link, z, x, y, number >> 4 & 8191, lengths, pixels)
        for name, (column, step) in AMOUNTS.items():
            if column in others:
                np.add.at(planes[name], pixels, np.array(varints(others[column], len(pixels), 0)[0]) * step)
        for name, (column, step) in VALUES.items():
            for pixel, value in zip(pixels, values_of(others.get(column, b"\0" * len(pixels)), lengths), strict=True):
                if value is not None:
                    planes[name][pixel] += value * step
                    planes[f"known {name}"][pixel] += 1
    return {name: plane.reshape(256, 256) for name, plane in planes.items()}


def bearings(link, z, x, y):
    """Pixels of passages with a known bearing, and the bearings in degrees."""
    where, degrees = [], []
    rows = link.execute(
        "SELECT key, data FROM passages WHERE key BETWEEN ? AND ?", (key(0, z, x, y, 0), key(0, z, x, y, 8191))
    )
    for number, blob in rows.fetchall():
        _, lengths, pixels = pixels_of(blob)
        column = columns_of(link, z, x, y, number >> 4 & 8191, lengths, pixels).get(BEARING[0], b"\0" * len(pixels))
        for pixel, value in zip(pixels, values_of(column, lengths), strict=True):
            if value is not None:
                where.append(pixel)
                degrees.append(value * BEARING[1])
    return np.array(where), np.array(degrees)


def means_of(link, activity):
    """Means of columns over an activity, by the columns' numbers, and its moments."""
    (data,) = link.execute("SELECT data FROM activity_means WHERE number = ?", (activity,)).fetchone()
    numbers = np.frombuffer(data, "<f8")
    return numbers[:-36], numbers[-36:].reshape(6, 6)


def marks_of(link, activity):
    """Places where an activity begins and ends, and where it stops."""
    (data,) = link.execute("SELECT data FROM activity_marks WHERE number = ?", (activity,)).fetchone()
    places = [tuple(place) for place in np.frombuffer(data, "<f8").reshape(-1, 2).tolist()]
    return places[:2], places[2:]


def track_column(link, activity, column, kind):
    (blob,) = link.execute("SELECT data FROM tracks WHERE key = ?", (activity * 64 + column,)).fetchone()
    if blob[3] & 0xC0 == 0x40 and column < 2:
        return grid_of(unpacked(blob))
    if blob[3] & 0xC0 == 0x40 and column > 4:
        data = unpacked(blob)
        numbers, at = whole_of(data, 1, len(track_column(link, activity, 0, np.float64)))
        assert at == len(data)
        return np.where(numbers == -(2**31), np.nan, numbers / 10.0 ** data[0]).astype(np.float32)
    if blob[3] & 0xC0 == 0x40:
        return progress_of(unpacked(blob), *(track_column(link, activity, place, np.float64) for place in (0, 1)))
    size = np.dtype(kind).itemsize
    words = np.frombuffer(unpacked(blob), np.uint8).reshape(size, -1).T.copy().view(f"<u{size}").ravel()
    return np.cumsum(words, dtype=words.dtype).view(kind)


def grid_of(data):
    """Positions that are steps of a grid."""
    count, terms = struct.unpack("<IB", data[:5])
    at = 5 + 8 * terms
    first, *others = struct.unpack(f"<{terms}d", data[5:at])
    turns, at = whole_of(data, at, count)
    errors, at = whole_of(data, at, count)
    assert at == len(data)
    found, step, before = [], 0, 0
    for turn, error in zip(turns.tolist(), errors.tolist(), strict=True):
        step += turn
        value = 0.0
        for term in reversed(others):
            value = (value + term) * step
        (bits,) = struct.unpack("<q", struct.pack("<d", first + value))
        found += struct.unpack("<d", struct.pack("<q", bits + error - before))
        before = error
    return np.array(found)


def progress_of(data, u, v):
    """Progress that is guessed from the positions."""
    tolerance, middle, half, *terms = struct.unpack("<15d", data[:120])
    errors, at = whole_of(data, 120, len(u))
    assert at == len(data)

    def metres(k, some):
        value = 0.0
        for term in reversed(some):
            value = value * ((v[k] - middle) / half) + term
        return value

    found, anchor, base, reach = np.empty(len(u), np.float32), 0, 0.0, 0.0
    for k in range(len(u)):
        x = (u[k] - u[anchor]) * metres(anchor, terms[:6])
        y = (v[k] - v[anchor]) * metres(anchor, terms[6:])
        reach = max(reach, np.sqrt(x * x + y * y))
        found[k] = base + reach
        if reach > tolerance:
            base, reach, anchor = base + reach, 0.0, k
    return (found.view(np.int32) + np.diff(errors, prepend=0)).astype(np.int32).view(np.float32)


def whole_of(data, at, count):
    """Whole numbers, and where the next column begins."""
    width, at = data[at], at + 1
    planes = np.zeros((8, count), np.uint8)
    planes[:width] = np.frombuffer(data, np.uint8, count * width, at).reshape(width, count)
    steps = [unzigzag(number) for number in planes.T.copy().view("<u8").ravel().tolist()]
    numbers, before = [], 0
    for step in steps:
        before = (before + step + 2**63) % 2**64 - 2**63
        numbers.append(before)
    return np.array(numbers, np.int64), at + count * width


def decimals_of(data, at, count):
    decimals = data[at]
    numbers, at = whole_of(data, at + 1, count)
    return (numbers.view(np.float64) if decimals == 255 else numbers / 10.0**decimals), at


def cells_of(data):
    """Numbers, counts, sums, least and greatest weights of cells."""
    size, flags = int.from_bytes(data[:4], "little"), data[4]
    code, at = whole_of(data, 5, size)
    count, at = whole_of(data, at, size) if flags & 1 else (np.ones(size, np.int64), at)
    total, at = decimals_of(data, at, size) if flags & 2 else (count.astype(float), at)
    least, greatest = total.copy(), total.copy()
    if flags == 3:
        several = count > 1
        least[several], at = decimals_of(data, at, int(several.sum()))
        greatest[several], at = decimals_of(data, at, int(several.sum()))
    assert at == len(data)
    return code, count, total, least, greatest


def points_of(link, number, columns):
    """All points: longitudes, latitudes and weights; and how many are in each row."""
    parts, counts = [], []
    rows = link.execute("SELECT count, data FROM points WHERE point_set = ? ORDER BY chunk", (number,))
    for count, blob in rows.fetchall():
        data, at, part = unpacked(blob), 0, []
        for _ in range(columns):
            values, at = decimals_of(data, at, count)
            part.append(values)
        assert at == len(data)
        parts.append(part)
        counts.append(count)
    return [np.concatenate(column) for column in zip(*parts, strict=True)], counts


def cells_between(link, number, level, begin, end):
    """Numbers of a level from `begin` to before `end`, and counts, sums, least and greatest weights of these cells."""
    (kept,) = link.execute(
        "SELECT min(level) FROM point_cells WHERE point_set = ? AND level >= ?", (number, level)
    ).fetchone()
    finer = 2 * (kept - level)
    begin, end = begin << finer, end << finer
    rows = link.execute(
        "SELECT data FROM point_cells WHERE point_set = :number AND level = :kept AND first < :end "
        "AND first >= coalesce((SELECT max(first) FROM point_cells "
        "WHERE point_set = :number AND level = :kept AND first <= :begin), :begin) ORDER BY first",
        {"number": number, "kept": kept, "begin": begin, "end": end},
    ).fetchall()
    found = {}
    for (blob,) in rows:
        for code, *values in zip(*cells_of(unpacked(blob)), strict=True):
            if begin <= code < end:
                count, total, least, greatest = found.get(code >> finer, (0, 0.0, np.inf, -np.inf))
                found[code >> finer] = (
                    count + values[0], total + values[1], min(least, values[2]), max(greatest, values[3]),
                )  # fmt: skip
    return np.array(list(found), np.int64), np.array(list(found.values())).reshape(-1, 4).T


def woven(column, row):
    return sum((column >> bit & 1) << 2 * bit | (row >> bit & 1) << 2 * bit + 1 for bit in range(31))


def point_tile(link, number, z, x, y):
    """Count, sum, least and greatest weight of all pixels of a tile, NaN where there is no point."""
    begin = woven(x, y) << 16
    code, values = cells_between(link, number, z + 8, begin, begin + 65536)
    planes = np.full((4, 65536), np.nan)
    place = code & 65535
    column, row = (sum((place >> 2 * bit + odd & 1) << bit for bit in range(8)) for odd in (0, 1))
    planes[:, row * 256 + column] = values
    return planes.reshape(4, 256, 256)
