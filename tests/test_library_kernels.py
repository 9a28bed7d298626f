"""Kernels of the index against plain twins."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from library_made import walks
from slow import snapped, wander

from heatlas.core.errors import SourceFailed
from heatlas.core.workspace import Workspace
from heatlas.kernels import encode
from heatlas.kernels import index as codec
from heatlas.kernels.changes import ALL, FEW, WIDEST, note_amounts, note_values
from heatlas.kernels.join import join_chunks
from heatlas.kernels.lattice import frame_of
from heatlas.kernels.lines import join_fixes
from heatlas.kernels.moves import decode_coded_header, decode_moves
from heatlas.kernels.numbers import number_bytes
from heatlas.kernels.path import metres_along
from heatlas.kernels.rounding import round_means
from heatlas.kernels.tiles import add_activities_of, add_amounts, add_values, count_passes_of
from heatlas.kernels.trace import list_passages
from heatlas.kernels.unfold import unfold_column
from heatlas.library.file.bundles import BUNDLE, pack_bundle, unpack_columns
from heatlas.library.file.columns import AMOUNTS, VALUES, rules_of, width_of
from heatlas.library.file.folding import folding, pack_columns, unfold, with_sources
from heatlas.library.file.pixels import ChunkPixels
from heatlas.library.index.encoding import EncodedTiles
from heatlas.library.rows.passages import PreparedTrack, PreparedTracks
from heatlas.tracks.metrics import METRICS


def varint(number):
    out = []
    while number >= 128:
        out.append(number % 128 + 128)
        number //= 128
    return [*out, number]


def slow_pixels(run):
    """A run as the kernel's page says."""
    out = [run[0] % 256, run[0] // 256]
    for here, there in pairwise(run):
        rows, columns = there // 256 - here // 256, there % 256 - here % 256
        near = max(abs(rows), abs(columns)) <= 7
        out += [(rows + 8) * 16 + columns + 8] if near else [0, there % 256, there // 256]
    return out


def slow_places(data, lengths):
    """Pixels of runs from their bytes."""
    places, at = [], 0
    for length in lengths:
        for k in range(length):
            if k == 0 or data[at] == 0:
                at += k > 0
                places.append(data[at] | data[at + 1] << 8)
                at += 2
            else:
                places.append(places[-1] + (data[at] // 16 - 8) * 256 + data[at] % 16 - 8)
                at += 1
    return places


def wandered(length, rng):
    """Pixels of a run that mostly goes on as before, but stays, turns and leaps at times."""
    row, column, steps = 100, 250, [(0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (0, 0), (3, -40)]
    ways = rng.permutation(len(steps))[:2]
    run = []
    for turn in (rng.random(length) < 0.05).tolist():
        run.append(row * 256 + column)
        ways = rng.permutation(len(steps))[:2] if turn else ways
        south, east = steps[ways[rng.integers(2)]]
        row, column = min(max(row + south, 0), 255), min(max(column + east, 0), 255)
    return run


def slow_values(run):
    out, last = [], 0
    for value in run:
        step = value - last
        out += [0] if value == codec.UNKNOWN else varint(1 + (2 * step if step >= 0 else -2 * step - 1))
        last = last if value == codec.UNKNOWN else value
    return out


near = st.builds(
    lambda first, steps: [p % 65536 for p in np.cumsum([first, *steps]).tolist()],
    st.integers(0, 65535),
    st.lists(st.sampled_from([1, -1, 256, -256, 257, 7 * 256, -8, 9, 3000]), max_size=30),
)
some_runs = st.lists(near, min_size=1, max_size=6)
ascending = st.lists(st.integers(0, 10**6), min_size=6, max_size=6, unique=True).map(sorted)


def flat(runs):
    return np.array([value for run in runs for value in run])


def laid(runs):
    """Stretches, runs and tiles of runs in one tile that lie one after the other."""
    at = np.append(0, np.cumsum([len(run) for run in runs]))
    return np.stack([at[:-1], at[1:]], axis=1), np.arange(len(runs) + 1), np.array([0, len(runs)])


@given(runs=some_runs, ids=ascending)
def test_pixels_as_bytes(runs, ids):
    ids = np.array(ids[: len(runs)])
    lengths = np.array([len(run) for run in runs])
    stretches, offsets, tiles = laid(runs)
    header, _ = encode.encode_headers(ids, lengths, tiles)
    body, _ = encode.encode_pixels(flat(runs).astype(np.uint16), stretches, offsets, tiles)
    steps = np.diff(ids, prepend=0).tolist()
    expected = [len(runs), *steps, *lengths.tolist()]
    assert header.tolist() == [byte for number in expected for byte in varint(number)]
    assert body.tolist() == [byte for run in runs for byte in slow_pixels(run)]
    data = np.concatenate((header, body))
    read_ids, read_lengths, at = codec.decode_header(data)
    assert (read_ids.tolist(), read_lengths.tolist(), at) == (ids.tolist(), lengths.tolist(), len(header))
    assert codec.decode_pixels(data, at, read_lengths).tolist() == flat(runs).tolist()
    cuts = codec.pixel_bytes(body, 0, lengths).tolist()
    assert cuts == np.append(0, np.cumsum([len(slow_pixels(run)) for run in runs])).tolist()


known = st.one_of(st.integers(-(2**30), 2**30), st.integers(-3, 3), st.just(codec.UNKNOWN))


@given(runs=st.lists(st.lists(known, min_size=1, max_size=20), min_size=1, max_size=6))
def test_values_as_bytes(runs):
    lengths = np.array([len(run) for run in runs])
    stretches, offsets, _ = laid(runs)
    each = np.arange(len(runs) + 1)  # a tile of its own for each run
    data, at, some = encode.encode_values(flat(runs).astype(np.int32), stretches, offsets, each)
    assert some.tolist() == [any(value != codec.UNKNOWN for value in run) for run in runs]
    assert data.tolist() == [byte for run in runs for byte in slow_values(run)]
    assert codec.decode_values(data, lengths).tolist() == flat(runs).tolist()
    assert number_bytes(data, lengths).tolist() == at.tolist()


@given(steps=st.lists(st.one_of(st.integers(0, 200), st.integers(0, 2**40)), min_size=1, max_size=40))
def test_amounts_as_bytes(steps):
    data, at, some = encode.encode_amounts(np.array(steps), *laid([steps]))
    assert some.tolist() == [any(steps)]
    assert data.tolist() == [byte for step in steps for byte in varint(step)]
    assert at.tolist() == [0, len(data)]
    assert codec.decode_amounts(data, len(steps)).tolist() == steps


def runs_in_tiles(tile, bounds):
    """Stretches, runs and tiles of tracks as kernels take them; and of each tile the passages of its runs, wherever
    they lie: all passages of one track in one tile are a run."""
    stretches, track = encode.find_stretches(tile.astype(np.int64), bounds)
    where = [(int(tile[first]), k) for (first, _), k in zip(stretches.tolist(), track.tolist(), strict=True)]
    order = sorted(range(len(where)), key=where.__getitem__)
    keys = sorted(set(where))
    runs = np.cumsum([0, *(where.count(key) for key in keys)])
    there = sorted({t for t, _ in keys})
    tiles = np.cumsum([0, *(sum(t == one for t, _ in keys) for one in there)])
    labels = list(zip(tile.tolist(), np.repeat(np.arange(len(bounds) - 1), np.diff(bounds)).tolist(), strict=True))
    mine = [[[p for p, label in enumerate(labels) if label == key] for key in keys if key[0] == t] for t in there]
    return (stretches[order], runs, tiles), mine


@given(tracks=st.lists(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 65535), known), max_size=20), max_size=5))
def test_runs_are_gathered_from_the_stretches_of_tracks(tracks):
    tile, pixel, value = (flat([[passage[which] for passage in track] for track in tracks]) for which in range(3))
    bounds = np.append(0, np.cumsum([len(track) for track in tracks])).astype(np.int64)
    stretches, track = encode.find_stretches(tile.astype(np.int64), bounds)
    # Each passage is in one stretch, whose neighbours are of another tile or track.
    labels = [(k, passage[0]) for k, one in enumerate(tracks) for passage in one]
    expected = [
        (k, key) for k, (key, _) in enumerate(zip(labels, labels, strict=True)) if k == 0 or labels[k - 1] != key
    ]
    assert stretches[:, 0].tolist() == [k for k, _ in expected]
    assert track.tolist() == [key[0] for _, key in expected]
    assert stretches[:, 1].tolist() == [*stretches[1:, 0].tolist(), *[len(labels)] * (len(labels) > 0)]
    laid_out, in_tiles = runs_in_tiles(tile, bounds)
    mine, there = [run for runs in in_tiles for run in runs], sorted({*tile.tolist()})
    keys = [(int(tile[run[0]]), run) for run in mine]
    body, bodies = encode.encode_pixels(pixel.astype(np.uint16), *laid_out)
    assert body.tolist() == [byte for run in mine for byte in slow_pixels(pixel[run].tolist())]
    assert bodies[-1] == len(body)
    data, at, some = encode.encode_values(value.astype(np.int32), *laid_out)
    assert data.tolist() == [byte for run in mine for byte in slow_values(value[run].tolist())]
    assert some.tolist() == [bool((value[tile == one] != codec.UNKNOWN).any()) for one in there]
    amounts = np.abs(value.astype(np.int64)) * (tile != 1)
    more, _, spent = encode.encode_amounts(amounts, *laid_out)
    assert more.tolist() == [byte for run in mine for amount in amounts[run].tolist() for byte in varint(amount)]
    assert spent.tolist() == [bool(amounts[tile == one].any()) for one in there]
    assert at.tolist() == [
        sum(len(slow_values(value[run].tolist())) for t, run in keys if t < one) for one in [*there, 4]
    ]


def slow_joined(tile, columns, most):
    """Rows of one tile, with the length of a header of all runs before the pixels; other columns are folded, and
    bundled where they are small."""
    runs = [run for entry, _ in tile for run in entry]
    ids, lengths = (list(part) for part in zip(*runs, strict=True))
    numbers = [len(runs), *np.diff(ids, prepend=0).tolist(), *lengths]
    header = bytes(b for n in numbers for b in varint(n))
    rows = [(columns[0], header + b"".join(data[0][0] for _, data in tile), len(header))]
    plain = {}
    for c in range(1, len(columns)):
        if any(data[c] is not None and data[c][1] for _, data in tile):
            parts = [bytes(sum(n for _, n in entry)) if data[c] is None else data[c][0] for entry, data in tile]
            plain[columns[c]] = b"".join(parts)
    others = slow_folded(plain, lengths, slow_places(b"".join(data[0][0] for _, data in tile), lengths))
    if len(others) < 2 or sum(map(len, others.values())) > most:
        return [*rows, *((column, data, 0) for column, data in others.items())]
    head = [len(others), *(word for column, data in others.items() for word in (column, len(data)))]
    bundle = b"".join([*(word.to_bytes(4, "little") for word in head), *others.values()])
    return [*rows, (15, bundle, 0)]


def numbers_of(data):
    numbers, at = [], 0
    while at < len(data):
        end = at
        while data[end] >= 128:
            end += 1
        numbers.append(sum((byte & 127) << 7 * k for k, byte in enumerate(data[at : end + 1])))
        at = end + 1
    return numbers


def folded_number(number):
    return 2 * number if number >= 0 else -2 * number - 1


def slow_steps(codes, lengths):
    """Values of the codes of a column, None where unknown."""
    found, at = [], 0
    for length in lengths:
        value = 0
        for code in codes[at : at + length]:
            value += (code // 2 if code % 2 else -(code // 2)) if code else 0
            found.append(value if code else None)
        at += length
    return found


def slow_guessed(column, codes, paces, metres, lengths):
    """Codes of seconds (1), paces (4) or speeds (5) as differences to a guess."""
    steps = codes if column == 1 else slow_steps(codes, lengths)
    out, at = [], 0
    for length in lengths:
        before, slope, rest, pace = 0, 0, 0, 314573
        for k in range(at, at + length):
            pace = paces[k] or pace
            if column == 1:
                exact = 2 * metres[k] * pace + rest
                out.append(folded_number(steps[k] - math.floor(exact / 2**20 + 0.5)))
                rest = min(max(exact - steps[k] * 2**20, -629146), 629146)
            elif steps[k] is None:
                out.append(0)
            elif column == 4:
                out.append(folded_number(steps[k] - before - slope) + 1)
                before, slope = steps[k], steps[k] - before
            else:
                guess = round(2**27 / paces[k]) if paces[k] else before
                out.append(folded_number(steps[k] - guess) + 1)
                before = steps[k]
        at += length
    return out


def slow_digits(numbers, base, each):
    """Numbers as digits of a base, so many to a byte, and what is beyond the greatest digit."""
    digits = [min(number, base - 1) for number in numbers]
    bytes_ = [sum(d * base**k for k, d in enumerate(digits[at : at + each])) for at in range(0, len(digits), each)]
    return [*bytes_, *(byte for number in numbers if number >= base - 1 for byte in varint(number - base + 1))]


def slow_along(numbers, lengths, places):
    """Metres or seconds as differences to what is guessed from the pixels."""
    out, total = [], 0
    for length in lengths:
        gone, crossed = 0, {}
        for k in range(length):
            at = len(out)
            step = (0, 0)
            if k + 1 < length:
                (row, column), (south, east) = divmod(places[at], 256), divmod(places[at + 1], 256)
                step = south - row, east - column
            straight = sorted(map(abs, step)) == [0, 1]
            axis = step[0] == 0
            way, edges = crossed.get(axis, (None, []))
            guess = total // at if at else 0
            if straight and way == step and len(edges) > 1 and edges[-1] > edges[-2]:
                guess = max(2 * edges[-1] - edges[-2] - gone, 0)
            out.append(folded_number(numbers[at] - guess))
            gone, total = gone + numbers[at], total + numbers[at]
            if not straight:
                crossed = {}
            else:
                crossed[axis] = step, [*(edges if way == step else []), gone]
    return out


def slow_folded(plain, lengths, places):
    """Columns as the page of the kernel says."""
    codes = {column: numbers_of(data) for column, data in plain.items()}
    table = np.rint(VALUES["pace"].table * 2**20).astype(int).tolist()
    paces = [
        0 if step is None else table[min(max(step - VALUES["pace"].least, 0), len(table) - 1)]
        for step in slow_steps(codes[4], lengths)
    ] if 4 in codes else None  # fmt: skip
    out = {}
    for column, numbers in codes.items():
        few = column == 1 and 2 in codes and len(numbers) <= 16384
        guessed = 2 * (paces is not None and (column in (4, 5) or few))
        if column in (1, 2) and not guessed:
            guessed, numbers = 16, slow_along(numbers, lengths, places)
        elif guessed:
            numbers = slow_guessed(column, numbers, paces, codes.get(2), lengths)
        marked, known = [], True
        for number in numbers:
            if column in (1, 2, 3):
                marked.append(number)
            else:
                marked.append(0 if number == known else number or 1)
                known = number != 0
        count, changes = len(numbers), [(k, number) for k, number in enumerate(marked) if number]
        if 5 * len(changes) < count:
            gaps = [k - before - 1 for (k, _), before in zip(changes, [-1, *(k for k, _ in changes)], strict=False)]
            of_gaps = [byte for gap in gaps for byte in [255] * (gap // 255) + [gap % 255]]
            rest = [byte for _, number in changes for byte in varint(number - 1)]
            out[column] = bytes([1 + guessed, *varint(len(of_gaps)), *of_gaps, *rest])
        elif 32 * sum(number >= 3 for number in marked) < count:
            out[column] = bytes([12 + guessed, *slow_digits(marked, 4, 4)])
        elif 16 * sum(number >= 5 for number in marked) < count:
            out[column] = bytes([8 + guessed, *slow_digits(marked, 6, 3)])
        elif 8 * sum(number >= 15 for number in marked) < count:
            out[column] = bytes([4 + guessed, *slow_digits(marked, 16, 2)])
        else:
            out[column] = bytes([guessed, *(byte for number in numbers for byte in varint(number))])
    return out


@st.composite
def an_entry(draw):
    """Runs, and the bytes of their columns: of most passages nothing changes."""
    runs = draw(st.lists(st.tuples(st.integers(1, 300), st.integers(1, 300)), min_size=1, max_size=3))
    count, rng = sum(length for _, length in runs), np.random.default_rng(draw(st.integers(0, 2**32)))

    def column():
        if draw(st.integers(0, 3)) == 0:
            return None
        share, reach = draw(st.sampled_from([0.02, 0.3, 1.0])), draw(st.sampled_from([4, 200, 2**20]))
        numbers = np.where(rng.random(count) < share, rng.integers(0, reach, count), draw(st.integers(0, 1)))
        return bytes(byte for number in numbers.tolist() for byte in varint(number)), draw(st.booleans())

    pixels = bytes(byte for _, length in runs for byte in slow_pixels(wandered(length, rng)))
    return runs, ((pixels, True), *(column() for _ in JOINED[1:]))


def slow_noted(column, plain, form):
    """A column as the page of `heatlas.kernels.changes` says, in one of the two forms."""
    numbers, out, gap, known = numbers_of(plain), [form], 0, 1
    for k, number in enumerate(numbers):
        if form == ALL or k == 0 or number != known:
            while form == FEW and k and gap >= 255:
                out, gap = [*out, 255], gap - 255
            out += [gap] * (form == FEW and k > 0) + [number] * (number < 255)
            out += [255, *number.to_bytes(8, "little")] * (number >= 255)
            gap = 0
        else:
            gap += 1
        known = int(column not in (1, 2, 3) and number != 0)
    return bytes(out)


def slow_numbers(data, count, valued):
    """Undo `slow_noted`."""

    def number(at):
        return (int.from_bytes(data[at + 1 : at + 9], "little"), at + 9) if data[at] == 255 else (data[at], at + 1)

    first, at = number(1)
    found = [first]
    while at < len(data):
        gap = 0
        while data[0] == FEW and data[at] == 255:
            gap, at = gap + 255, at + 1
        if data[0] == FEW:
            gap, at = gap + data[at], at + 1
        found += [int(valued and found[-1] != 0)] * gap
        one, at = number(at)
        found.append(one)
    return found + [int(valued and found[-1] != 0)] * (count - len(found))


@given(
    tracks=st.lists(st.lists(st.tuples(st.integers(0, 3), known, st.integers(1, 300)), max_size=20), max_size=5),
    huge=st.sampled_from([1, 2**20, 2**40]),
)
def test_columns_wait_as_what_changes(tracks, huge):
    tile, value = (
        flat([[one for *passage, many in track for one in [passage[which]] * many] for track in tracks])
        for which in range(2)
    )
    bounds = np.cumsum([0, *(sum(many for *_, many in track) for track in tracks)])
    laid_out, mine = runs_in_tiles(tile.astype(np.int64), bounds)
    amounts = np.where(value == codec.UNKNOWN, 0, np.abs(value).astype(np.int64) % 3 * huge)
    for note, steps, slow in (
        (note_values, value.astype(np.int32), slow_values),
        (note_amounts, amounts, lambda run: [byte for step in run for byte in varint(step)]),
    ):
        out = np.full(WIDEST * (len(tile) + len(mine)) + 7, 7, np.uint8)
        ends, some = np.zeros(len(mine), np.int64), np.zeros(len(mine), bool)
        assert note(steps, *laid_out, out, 7, ends, some) == (ends[-1] if len(mine) else 7)
        for runs, begin, end, told in zip(mine, [7, *ends], ends, some, strict=False):
            numbers = numbers_of(bytes(byte for run in runs for byte in slow(steps[run].tolist())))
            assert slow_numbers(out[begin:end].tolist(), len(numbers), note is note_values) == numbers
            assert told == any(numbers)


JOINED = [0, 1, 2, 4, 5, 7, 16]


@given(made=st.lists(st.lists(an_entry(), min_size=1, max_size=3), min_size=1, max_size=3), most=st.integers(0, 900))
def test_groups_of_tracks_are_joined_to_chunks(made, most):
    columns, last, tiles = JOINED, 0, []
    for tile in made:
        tiles.append([])
        for steps, data in tile:
            ids = np.cumsum([last, *(step for step, _ in steps)])[1:].tolist()
            last = ids[-1]
            tiles[-1].append(([(k, n) for k, (_, n) in zip(ids, steps, strict=True)], data))
    entries, forms = [entry for tile in tiles for entry in tile], np.random.default_rng(most + 1)
    order = np.random.default_rng(most).permutation(len(entries))  # as they lie in memory
    runs, begins, data = np.zeros((len(entries), 2), np.int64), np.zeros((len(JOINED), len(entries)), np.int64), b""
    ends, some, flat_runs = begins.copy(), begins.astype(bool), []
    for place, k in zip(order.tolist(), range(len(entries)), strict=True):
        runs[place] = len(flat_runs), len(flat_runs) + len(entries[k][0])
        flat_runs += entries[k][0]
        for c, column in enumerate(entries[k][1]):
            if column is not None:
                own, some[c, place] = column
                if c:
                    own = slow_noted(columns[c], own, int(forms.integers(2)))
                begins[c, place], ends[c, place] = len(data), len(data) + len(own)
                data += own
    ids, lengths = np.array(flat_runs, np.int64).T.copy()
    bounds = np.cumsum([0, *map(len, tiles)])
    out, rows = join_chunks(
        order, bounds, runs, ids, lengths, np.frombuffer(data, np.uint8), begins, ends, some, np.array(columns),
        folding(), 15, most,
    )  # fmt: skip
    found = [(t, column, bytes(out[begin:end]), middle - begin) for t, column, begin, middle, end in rows.tolist()]
    assert found == [(t, *row) for t, tile in enumerate(tiles) for row in slow_joined(tile, columns, most)]


def slow_head(lengths):
    """Header, and bytes of pixels, of runs of the activities 1, 2 ... that wander."""
    rng, numbers = np.random.default_rng(sum(lengths)), [len(lengths), *(1 for _ in lengths), *lengths]
    header = bytes(byte for number in numbers for byte in varint(number))
    return header, bytes(byte for length in lengths for byte in slow_pixels(wandered(length, rng)))


def fold_and_look(plain, lengths):
    """Fold columns of such runs as the slow twin does, and unfold them again; returns the folded ones."""
    header, pixels = slow_head(lengths.tolist())
    packed = pack_columns(header, {0: pixels, **plain}, lengths)
    chunk, stored = ChunkPixels(packed[0][1]), unpack_columns(packed[1:])
    folded = slow_folded(plain, lengths.tolist(), slow_places(pixels, lengths.tolist()))
    assert {column: data for column, (data, _) in stored.items()} == folded
    assert {column: data.tobytes() for column, data in unfold(stored, plain, chunk).items()} == plain
    for column, data in plain.items():  # one alone, with what it is guessed from
        some = {k: stored[k] for k in with_sources([column]) & stored.keys()}
        assert unfold(some, [column], chunk)[column].tobytes() == data
    return folded


@given(entry=an_entry())
def test_folded_columns_come_back(entry):
    runs, columns = entry
    lengths = np.array([length for _, length in runs])
    plain = {column: data[0] for column, data in zip(JOINED, columns, strict=True) if data is not None}
    header, plain[0] = slow_head(lengths.tolist())
    packed = pack_columns(header, plain, lengths)
    chunk = ChunkPixels(packed[0][1])
    assert chunk.plain() == plain[0]
    assert [part.tolist() for part in chunk.header] == [[*range(1, len(lengths) + 1)], lengths.tolist()]
    del plain[0]
    fold_and_look(plain, lengths)


@pytest.mark.parametrize(
    ("reach", "form"), [(3, 12), (5, 8), (15, 4), (300, 0)], ids=["fours", "triples", "pairs", "varints"]
)
def test_numbers_are_as_many_to_a_byte_as_fit(reach, form):
    count = 5000
    lengths, rng = np.array([1000, 1, 6, count - 1007]), np.random.default_rng(reach)
    numbers = np.where(rng.random(count) < 0.01, rng.integers(0, 2**20, count), rng.integers(0, reach, count)).tolist()
    plain = {
        3: b"".join(bytes(varint(number)) for number in numbers),
        7: b"".join(bytes(varint(number)) for number in numbers),
    }
    assert {column: data[0] for column, data in fold_and_look(plain, lengths).items()} == {3: form, 7: form}


@pytest.mark.parametrize("count", [10, 16384, 16385])
def test_seconds_metres_paces_and_speeds_are_guessed(count):
    lengths, rng = np.array([count // 3, count - count // 3]), np.random.default_rng(count)
    plain = {
        column: bytes(byte for number in rng.integers(0, 300, count).tolist() for byte in varint(number))
        for column in (1, 2, 4, 5)
    }
    forms = {column: data[0] & 18 for column, data in fold_and_look(plain, lengths).items()}
    assert forms == {1: 2 if count <= 16384 else 16, 2: 16, 4: 2, 5: 2}


@given(
    columns=st.dictionaries(st.integers(1, 63), st.binary(min_size=1, max_size=300), min_size=1),
    more=st.integers(0, 2000),
    wanted=st.sets(st.integers(1, 63)),
    cut=st.integers(0, 200),
)
def test_bundles_come_back_by_parts(columns, more, wanted, cut):
    columns[1] = bytes(more) + b"x"  # long enough to be compressed
    blob = pack_bundle(columns.items())
    assert {k: data for k, (data, _) in unpack_columns([(BUNDLE, blob)]).items()} == columns
    some = unpack_columns([(BUNDLE, blob)], wanted)
    assert some == {k: (data, True) for k, data in columns.items() if k in wanted}
    with pytest.raises(SourceFailed, match="the library is damaged"):
        unpack_columns([(BUNDLE, blob[: max(len(blob) - 1 - cut, 4)])])


@given(data=st.binary(max_size=80), form=st.integers(0, 31), column=st.sampled_from(JOINED[1:]))
def test_damaged_columns_are_unfolded_to_as_many_numbers(data, form, column):
    lengths, some = np.array([3, 40]), np.frombuffer(data, np.uint8)
    found = unfold_column(
        np.append(np.uint8(form), some), column, lengths, some, some, np.zeros(43, np.uint16), folding()
    )
    assert len(numbers_of(found.tobytes())) == 43


def test_guesses_are_the_same_everywhere():
    # Paces in whole 2**-20 s/m follow from whole numbers alone: no machine rounds one of them otherwise.
    pace = VALUES["pace"]
    for step, found in enumerate(folding().paces.tolist(), pace.least):
        # 2**(20 + step / 512), to which `found` is nearest.
        assert (2 * found - 1) ** 512 < 2 ** (21 * 512 + step) < (2 * found + 1) ** 512


@given(
    sizes=st.lists(st.tuples(st.sampled_from([7, 14, 21, 49]), st.integers(1, 30)), max_size=6),
    seed=st.integers(0, 2**32),
    before=st.integers(0, 9),
)
def test_numbers_are_read_one_after_the_other(sizes, seed, before):
    # Stretches of one byte, of two, and of more, which are read in different ways, wherever they begin.
    rng = np.random.default_rng(seed)
    numbers = [int(number) for bits, count in sizes for number in rng.integers(0, 2**bits, count)]
    data = np.array([255] * before + [byte for number in numbers for byte in varint(number)], np.uint8)
    data = data[before:]
    assert codec.decode_amounts(data, len(numbers)).tolist() == numbers
    # Of what is cut off there is 0.
    assert codec.decode_amounts(data, len(numbers) + 3).tolist() == [*numbers, 0, 0, 0]
    cut = data[: len(data) // 2]
    found = codec.decode_amounts(cut, len(numbers))
    whole = sum(np.cumsum([len(varint(number)) for number in numbers]) <= len(cut))
    assert found[:whole].tolist() == numbers[:whole]
    assert not found[whole + 1 :].any()


def passes_of(tiles, keep, coded=False):
    """Passes by pixel of tiles, each of some chunks, all coded or all bytes."""
    counts, words = np.zeros(65536, np.uint32), np.zeros(2048, np.uint64)
    chunks = [chunk for some in tiles for chunk in some]
    ends = np.cumsum([0, *map(len, chunks)])
    data = np.concatenate([np.zeros(0, np.uint8), *chunks])
    begins = np.cumsum([0, *map(len, tiles)])
    pixels, passes, bounds = count_passes_of(
        data, ends, begins, np.full(len(chunks), coded), np.array(keep, bool), counts, words.view(np.uint8), words
    )
    assert not counts.any()
    assert not words.any()
    assert len(pixels) == len(passes) == bounds[-1]
    found = []
    for first, last in pairwise(bounds.tolist()):
        assert pixels[first:last].tolist() == sorted({*pixels[first:last].tolist()})
        found.append(dict(zip(pixels[first:last].tolist(), passes[first:last].tolist(), strict=True)))
    return found


@given(data=st.binary(min_size=1, max_size=80))
def test_damaged_bytes_do_no_harm(data):
    data = np.frombuffer(data, np.uint8)
    ids, lengths, at = codec.decode_header(data)
    assert len(ids) == len(lengths)
    assert lengths.sum() <= len(data)
    pixels = codec.decode_pixels(data, at, lengths)
    found = codec.decode_values(data, lengths)
    spent = codec.decode_amounts(data, len(pixels))
    assert len(pixels) == len(found) == len(spent) == lengths.sum()
    total = np.zeros(65536)
    for keep in ([], [True], [False, True, True]):
        kept = np.array([not keep or (k < len(keep) and keep[k]) for k in ids.tolist()], bool)
        assert passes_of([[data]], keep) == [Counter(pixels[np.repeat(kept, lengths)].tolist())]
        ids_then, lengths_then, at_then = decode_coded_header(data)
        assert lengths_then.sum() <= 32 * len(data)
        moves = decode_moves(data, at_then, lengths_then)
        kept = np.array([not keep or (k < len(keep) and keep[k]) for k in ids_then.tolist()], bool)
        assert passes_of([[data]], keep, coded=True) == [Counter(moves[np.repeat(kept, lengths_then)].tolist())]
    add_amounts(pixels, ids, lengths, np.ones(3, bool), data, total)
    codec.pixel_bytes(data, at, lengths)
    number_bytes(data, lengths)


def test_activities_that_cannot_be_are_left_out():
    beyond = [3, *varint(2**31 + 7), 1, 1, 1, 1, 1] + [0] * 12
    around = [3, *varint(2**55), *[255] * 8, 127, 1, 1, 1, 1] + [0] * 12  # differences that add up to less than 0
    for data in (np.array(beyond, np.uint8), np.array(around, np.uint8)):
        ids, lengths, _ = codec.decode_header(data)
        assert len(ids) == len(lengths) == 0
    total = np.zeros(65536)
    add_amounts(np.zeros(1, np.uint16), np.array([-5]), np.array([1]), np.ones(3, bool), np.ones(1, np.uint8), total)
    assert not total.any()


@given(runs=some_runs, keep=st.lists(st.booleans(), max_size=7), data=st.data())
def test_reducing(runs, keep, data):
    ids, lengths = np.arange(len(runs)), np.array([len(run) for run in runs])
    pixels = flat(runs).astype(np.uint16)
    kept = [k for k in range(len(runs)) if not keep or (k < len(keep) and keep[k])]
    mask = np.array(keep, bool)
    passes = Counter(pixel for k in kept for pixel in runs[k])
    activities = Counter(pixel for k in kept for pixel in set(runs[k]))
    counts = np.zeros(65536, np.uint32)
    together = np.array([0, len(runs)])
    header, _ = encode.encode_headers(ids, lengths, together)
    body, _ = encode.encode_pixels(pixels, *laid(runs))
    chunk = np.concatenate([header, body])
    twice = Counter({pixel: 2 * count for pixel, count in passes.items()})
    assert passes_of([[chunk], [], [chunk, chunk], [chunk]], keep) == [passes, {}, twice, passes]
    stamps = np.zeros(65536, np.int64)
    ordinal = add_activities_of(pixels, ids, lengths, mask, 5, stamps, counts)
    assert ordinal == 5 + len(runs)
    assert {int(p): int(counts[p]) for p in np.flatnonzero(counts)} == activities
    some = st.lists(st.one_of(st.just(codec.UNKNOWN), st.integers(-50, 50)), min_size=len(pixels), max_size=len(pixels))
    steps = data.draw(some)
    count, total, square, extreme = (np.full(65536, fill) for fill in (0.0, 0.0, 0.0, np.nan))
    told, _, _ = encode.encode_values(np.array(steps, np.int32), *laid(runs))
    add_values(pixels, ids, lengths, mask, told, 0.25, np.zeros(0), 0, count, total, square, extreme, True)
    by_pixel = {}
    for pixel, owner, step in zip(pixels.tolist(), np.repeat(ids, lengths).tolist(), steps, strict=True):
        if owner in kept and step != codec.UNKNOWN:
            by_pixel.setdefault(pixel, []).append(step * 0.25)
    assert set(np.flatnonzero(count).tolist()) == set(by_pixel)
    for pixel, true in by_pixel.items():
        assert (count[pixel], total[pixel], extreme[pixel]) == (len(true), sum(true), max(true))
        assert square[pixel] == sum(value * value for value in true)


def slow_means(name, total, weight, across):
    """Means of a metric over passages in whole steps, as `heatlas.library.file.columns` says; plainly."""
    _, step, table, least = VALUES[name]
    steps = []
    for x, w, y in zip(total.tolist(), weight.tolist(), across.tolist(), strict=True):
        mean = x / w if w > 0 else math.nan
        if math.isnan(mean) or (len(table) and mean <= 0):
            steps.append(codec.UNKNOWN)
        elif METRICS[name].cyclic:
            turn, share = round(360 / step), math.atan2(y, x) / (2 * math.pi)
            steps.append(round((share % 1) * turn) % turn)
        elif len(table):
            steps.append(round(min(max(-math.log2(mean) * 512, least), least + len(table) - 1)))
        else:
            steps.append(round(min(max(mean / step, -(2**30)), 2**30)))
    return steps


def slow_amounts(spent, step):
    """Amounts of passages in whole steps, whose sums along the track are rounded."""
    sums, total = [0.0], 0.0
    for one in spent.tolist():
        total += one
        sums.append(float(np.rint(total / step)))
    return [int(b - a) for a, b in pairwise(sums)]


def slow_passages(track, zoom):
    """Tile and pixel of each passage of a track, and the steps of each column: what tracing lists for each metric."""
    scale = 256 << zoom
    metres = metres_along(track.u, track.v, track.segments)
    x0, y0 = math.floor(track.u.min() * scale) - 1, math.floor(track.v.min() * scale) - 1
    width, height = math.ceil(track.u.max() * scale) + 2 - x0, math.ceil(track.v.max() * scale) + 2 - y0
    least = max(25.0, 2 * track.ground[0, 0] / scale)

    def listed(metric):
        frame = frame_of(float(scale), x0, y0, width, height)
        of = track.u, track.v, track.progress, track.time, metres, np.ascontiguousarray(metric)
        return list_passages(*of, track.segments, frame, least, min(10, max(width, height).bit_length()))

    cells, spent = listed(np.zeros(0))
    column, row = cells % width + x0, cells // width + y0
    tile, pixel = (row >> 8) << 20 | column % scale >> 8, (row & 255) << 8 | column & 255
    columns = {name: slow_amounts(spent[:, k], AMOUNTS[name][1]) for k, name in enumerate(("seconds", "metres"))}
    for name, metric in PreparedTrack(track, 25.0).metrics.items():
        parts = metric.reshape(len(metric), -1)
        (_, _, total, weight), *more = (listed(part)[1].T for part in parts.T)
        columns[name] = slow_means(name, total, weight, more[0][2] if more else total)
    here = (row >= 0) & (row < scale)
    return tile[here], pixel[here], {name: np.array(steps)[here] for name, steps in columns.items()}


def told(rng, track, *names):
    """A track with columns, some of whose values are missing."""
    columns = {name: rng.normal(120, 30, track.fixes).astype(np.float32) for name in names}
    for values in columns.values():
        values[rng.random(track.fixes) < 0.3] = np.nan
    return replace(track, columns={**track.columns, **columns})


@pytest.mark.parametrize("zoom", [3, 9, 13, 15, 17])
@pytest.mark.parametrize("seed", range(5))
def test_visits_make_the_passages_that_tracing_lists(zoom, seed, monkeypatch):
    """Of tracks with other columns, one without any fix, one without times; also beyond the edges of the world."""
    rng = np.random.default_rng(seed)
    lat, lon = ((47.8, 10.9), (-65.0, 179.9995), (5.0, -60.0), (80.0, 10.0), (85.0508, 0.0))[seed]
    first, second = walks(seed, 2, lat=lat, n=400)
    tracks = [
        told(rng, first, "heart_rate", "power"), told(rng, wander(rng, n=150, lat=lat, lon=lon), "temperature"),
        replace(second, time=np.full(second.fixes, np.nan)), wander(rng, n=1, lat=lat, lon=lon),
        told(rng, wander(rng, n=700, lat=lat, lon=lon, step=2), "cadence"),
    ]  # fmt: skip
    prepared = [PreparedTrack(track, 25.0) for track in tracks]
    found = PreparedTracks(prepared).at(zoom)
    assert found.bounds[0] == 0
    assert found.bounds[-1] == len(found.tile)
    for track, begin, end in zip(tracks, found.bounds, found.bounds[1:], strict=False):
        part = slice(begin, end)
        tile, pixel, columns = slow_passages(track, zoom)
        assert found.tile[part].tolist() == tile.tolist()
        assert found.pixel[part].tolist() == pixel.tolist()
        for name, steps in found.columns.items():
            nothing = np.full(len(tile), 0 if name in AMOUNTS else codec.UNKNOWN)
            if name != "fixes":
                assert steps[part].tolist() == columns.get(name, nothing).tolist(), name
        assert columns.keys() <= found.columns.keys()
    # Each fix is counted in the pixel in which it lies.
    scale = 256 << zoom
    by_cell, counted = Counter(), Counter()
    for u, v in zip(*(np.concatenate([getattr(t, c) for t in tracks]).tolist() for c in "uv"), strict=True):
        by_cell[math.floor(snapped(v, scale)), math.floor(snapped(u, scale)) % scale] += 1
    row, column = (found.tile >> 20) * 256 + (found.pixel >> 8), (found.tile & 0xFFFFF) * 256 + (found.pixel & 255)
    for place, many in zip(zip(row.tolist(), column.tolist(), strict=True), found.columns["fixes"], strict=True):
        counted[place] += int(many)
    assert +counted == Counter({place: many for place, many in by_cell.items() if 0 <= place[0] < scale})


def test_only_what_is_wanted_is_listed():
    rng = np.random.default_rng(3)
    track = told(rng, wander(rng, n=300), "heart_rate", "cadence")
    for zoom in (4, 16):
        whole = PreparedTrack(track, 25.0).at(zoom)
        for wanted in ((), ("fixes",), ("metres",), ("pace", "seconds"), ("heart_rate", "bearing", "power")):
            found = PreparedTrack(track, 25.0).at(zoom, wanted)
            assert found.pixel.tolist() == whole.pixel.tolist()
            assert found.columns.keys() == whole.columns.keys() & set(wanted)
            assert all(found.columns[name].tolist() == whole.columns[name].tolist() for name in found.columns)


def test_a_track_that_comes_back_very_late():
    """Jitter of 9 m is no progress: whoever wanders about so comes back to each of thousands of pixels."""
    rng = np.random.default_rng(8)
    still = wander(rng, 2)
    metres = 1 / still.ground[0, 0]
    u, v = (still_at[0] + rng.uniform(-4, 4, 3000) * metres for still_at in (still.u, still.v))
    track = replace(
        still, u=u, v=v, time=np.arange(3000.0), progress=np.zeros(3000, np.float32), columns={},
        segments=np.array([0, 3000]), tracks=np.array([0, 1]),
    )  # fmt: skip
    for number in (18, 20):
        found = PreparedTrack(track, 25.0).at(number)
        assert len(found.tile) > 300  # more than are held to be rounded
        tile, pixel, columns = slow_passages(track, number)
        assert (found.tile.tolist(), found.pixel.tolist()) == (tile.tolist(), pixel.tolist())
        assert all(found.columns[name].tolist() == steps.tolist() for name, steps in columns.items())


@given(
    fixes=st.lists(st.lists(st.one_of(st.just(math.nan), st.floats(-1e3, 1e4, width=32)), min_size=3, max_size=3)),
    share=st.floats(0, 1),
)
def test_what_is_known_at_one_end_of_a_line_holds_for_it(fixes, share):
    lines = join_fixes(np.array(fixes, np.float64).reshape(-1, 3))
    assert lines.shape == (len(fixes), 9)
    assert not lines[-1:].any()
    for line, ends in zip(lines.tolist(), pairwise(fixes), strict=False):
        for m, (here, there) in enumerate(zip(*ends, strict=True)):
            known = [value for value in (here, there) if not math.isnan(value)]
            assert line[6 + m] == bool(known)
            expected = here + (there - here) * share if len(known) == 2 else sum(known)
            assert line[m] + line[3 + m] * share == expected


@pytest.mark.parametrize("zoom", [5, 14, 17])
def test_amounts_lose_nothing_along_a_track(zoom):
    for track in walks(6, 4):
        columns = PreparedTrack(track, 25.0).at(zoom).columns
        whole = {"fixes": track.fixes, "metres": metres_along(track.u, track.v, track.segments).sum()}
        if not np.isnan(track.time).any():
            whole["seconds"] = sum(np.diff(track.time[a:b]).sum() for a, b in pairwise(track.segments))
        for name, amount in whole.items():
            step = AMOUNTS[name][1]
            assert (columns[name] >= 0).all()
            assert abs(columns[name].sum() * step - amount) <= step / 2 + 1e-6


def value_steps(names, sums, weights):
    """Steps of metrics by name, of sums (k, m) and weights (k, m), as `round_means` gives them."""
    count, many = np.shape(sums)
    padded = -many % 4
    spent = np.concatenate([np.pad(part, ((0, 0), (0, padded))) for part in (sums, weights)], axis=1)
    places = np.cumsum([0, *map(width_of, names)])[:-1]
    steps = np.empty((len(names), count), np.int32)
    round_means(spent.ravel(), many + padded, rules_of(tuple(names)), places, codec.UNKNOWN, steps)
    return dict(zip(names, steps, strict=True))


def spent_on(*passages):
    """Sums and weights of passages: for each a list of (sum, weight), one for each metric."""
    return [[[pair[k] for pair in one] for one in passages] for k in range(2)]


@given(st.sampled_from(sorted(set(VALUES) - {"bearing"})), st.floats(0.07, 900), st.floats(0.1, 100))
def test_values_are_as_fine_as_is_said(name, mean, weight):
    steps = value_steps([name], *spent_on([(mean * weight, weight)], [(0.0, 0.0)]))[name]
    scale = VALUES[name]
    assert steps[1] == codec.UNKNOWN
    if scale.step:
        assert abs(steps[0] * scale.step - mean) <= scale.step / 2 + 1e-9
    else:
        assert abs(scale.table[steps[0] - scale.least] - 1 / mean) <= 0.7e-3 / mean + 2**-21


@given(st.floats(0, 360), st.floats(0.1, 100), st.floats(0.1, 1))
def test_angles_are_as_fine_as_is_said(degrees, weight, length):
    north, east = length * math.cos(math.radians(degrees)), length * math.sin(math.radians(degrees))
    passages = spent_on([(north * weight, weight), (east * weight, weight)], [(0.0, 0.0), (0.0, 0.0)])
    steps = value_steps(["bearing"], *passages)["bearing"]
    apart = (steps[0] * VALUES["bearing"].step - degrees + 180) % 360 - 180
    assert abs(apart) <= VALUES["bearing"].step / 2 + 1e-9
    assert 0 <= steps[0] < round(360 / VALUES["bearing"].step)
    assert steps[1] == codec.UNKNOWN


_PARTS = st.one_of(
    st.floats(), st.integers(-9, 9).map(float), st.integers(0, 127).map(lambda k: math.tan(k * math.pi / 64))
)


@given(st.lists(st.tuples(_PARTS, _PARTS), min_size=1))
def test_angles_are_those_of_the_arctangent(parts):
    """Also next to the middle between two steps, and of no direction."""
    bearing = VALUES["bearing"]
    whole = round(360 / bearing.step)
    steps = value_steps(["bearing"], *spent_on(*[[(x, 1.0), (y, 1.0)] for x, y in parts]))["bearing"].tolist()
    for (x, y), step in zip(parts, steps, strict=True):
        share = math.atan2(y, x) / (2 * math.pi)
        exact = (share + 1.0 if share < 0 else share) * whole
        assert step == (codec.UNKNOWN if math.isnan(x) else 0 if math.isnan(exact) else round(exact) % whole)


@given(
    names=st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=4, unique=True),
    count=st.sampled_from([0, 1, 3, 255, 256, 257, 600]),
    seed=st.integers(0, 2**32),
)
def test_metrics_are_rounded_together_as_each_by_itself(names, count, seed):
    rng = np.random.default_rng(seed)
    many = [2 if METRICS[name].cyclic else 1 for name in names]
    weights = np.repeat(rng.choice([0.0, 0.3, 2.0], (count, len(names))), many, axis=1)
    sums = rng.normal(2, 3, (count, sum(many))) * weights
    together = value_steps(names, sums, weights)
    assert list(together) == names
    for name, first, last in zip(names, np.cumsum([0, *many]), np.cumsum(many), strict=False):
        alone = value_steps([name], sums[:, first:last], weights[:, first:last])
        assert together[name].tolist() == alone[name].tolist()
        known = weights[:, first] > 0
        if name != "pace":  # there is no pace without a speed
            assert ((together[name] != codec.UNKNOWN) == known).all()


def test_what_cannot_be_is_unknown():
    spent = spent_on([(np.nan, 1.0)], [(np.inf, 1.0)], [(-1.0, 1.0)], [(5.0, 0.0)])
    assert value_steps(["pace"], *spent)["pace"].tolist()[2:] == [codec.UNKNOWN, codec.UNKNOWN]
    assert value_steps(["power"], *spent)["power"].tolist() == [codec.UNKNOWN, 1 << 30, -1, codec.UNKNOWN]


def test_a_track_is_traced_around_the_world():
    track = wander(np.random.default_rng(1), 50, lon=179.9999)
    found = PreparedTrack(track, 25.0).at(12)
    columns = set((found.tile & 0xFFFFF).tolist())
    assert columns <= {0, 4095}
    assert found.columns["fixes"].sum() == 50


def test_passages_in_memory_that_was_used_before():
    spaces = Workspace(), Workspace()
    for tracks in (walks(5, 9), walks(4, 3)):
        alone, prepared = (
            PreparedTracks([PreparedTrack(track, 25.0) for track in tracks], *some) for some in ((), spaces[:1])
        )
        for zoom in (17, 9, 14):
            for wanted in (None, ("fixes", "pace"), ("fixes",)):
                expected, found = alone.at(zoom, wanted), prepared.at(zoom, wanted, space=spaces[1])
                parts = [EncodedTiles.of(range(len(tracks)), one, Workspace()) for one in (expected, found)]
                assert found.columns.keys() == expected.columns.keys()
                assert all((found.columns[name] == steps).all() for name, steps in expected.columns.items())
                assert (found.tile == expected.tile).all()
                assert (found.pixel == expected.pixel).all()
                again = EncodedTiles.of(range(len(tracks)), found, spaces[1])
                for part in (parts[1], again):
                    assert part.data.tobytes() == parts[0].data.tobytes()
                    assert part.at.tolist() == parts[0].at.tolist()


def test_memory_of_a_rare_job_is_not_kept(monkeypatch):
    monkeypatch.setattr("heatlas.core.workspace._KEPT", 80)
    space = Workspace()
    small = space.array("one", (2, 5), np.float64)
    assert small.shape == (2, 5)
    assert np.shares_memory(small, space.array("one", (3,), np.float64))
    assert not np.shares_memory(small, space.array("other", (3,), np.float64))
    large = space.array("one", (11,), np.float64)
    assert not np.shares_memory(large, space.array("one", (11,), np.float64))
