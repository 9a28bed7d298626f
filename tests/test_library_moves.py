"""Pixels of the index as codes of moves, against plain twins: `library_moves` reads what the page says."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from library_moves import CODES, LENGTHS, moves_of
from library_reader import pixels_of

from heatlas.core.errors import SourceFailed
from heatlas.kernels.encode import encode_headers, encode_pixels
from heatlas.kernels.move_writing import encode_moves
from heatlas.kernels.moves import decode_coded_header, decode_moves
from heatlas.library.file.packing import pack_two
from heatlas.library.file.pixels import ChunkPixels, head_of, join_pixels, pack_pixels

STEPS = (1, 256, -1, -256)


def line(first, across, down, moves):
    """A digital line, mostly in two directions."""
    return [first, *(STEPS[across if (k * (down + 1)) % 7 < 4 else down] for k in range(moves))]


def walked(steps):
    """Pixels from a first one on, each in the tile."""
    pixels = [steps[0]]
    for step in steps[1:]:
        there = pixels[-1] + step
        row, column = there >> 8, there & 255
        near = abs(column - (pixels[-1] & 255)) < 200
        if 0 <= row < 256 and near:
            pixels.append(there)
    return pixels


LINES = st.builds(
    lambda first, across, down, moves: walked(line(first, across, down, moves)),
    st.integers(0, 65535), st.integers(0, 3), st.integers(0, 3), st.integers(0, 90),
)  # fmt: skip
WALKS = st.builds(
    lambda first, steps: walked([first, *steps]),
    st.one_of(st.integers(0, 65535), st.sampled_from([0, 255, 65280, 65535, 7, 700, 3 * 256, 4 * 256 + 255])),
    st.lists(st.sampled_from([1, -1, 256, -256, 1, 256, 257, -255, 7 * 256, -8, 9, 3000, 0]), max_size=40),
)
RUNS = st.lists(st.one_of(LINES, WALKS, st.builds(lambda a, b: a + b, LINES, WALKS)), min_size=1, max_size=5)


def as_bytes(runs):
    """Header and bytes of pixels of runs of the activities 1, 2 ..."""
    lengths = np.array([len(run) for run in runs])
    at = np.append(0, np.cumsum(lengths))
    tiles = np.array([0, len(runs)])
    header, _ = encode_headers(np.arange(1, len(runs) + 1), lengths, tiles)
    pixels = np.array([pixel for run in runs for pixel in run], np.uint16)
    body, _ = encode_pixels(pixels, np.stack([at[:-1], at[1:]], axis=1), np.arange(len(runs) + 1), tiles)
    return header, body


def slow_place(pixel):
    row, column = divmod(pixel, 256)
    sides = ((row == 0, column), (column == 255, row), (row == 255, column), (column == 0, row))
    for side, (edge, along) in enumerate(sides):
        if edge:
            return "1" + f"{side:02b}"[::-1] + f"{along:08b}"[::-1]
    return "0" + f"{pixel:016b}"[::-1]


def slow_way(moves):
    """Number of the way with which some moves begin, and the way: the present direction and the other one."""
    if not moves or moves[0] not in STEPS:
        return 0, (0, 1)
    first = STEPS.index(moves[0])
    for move in moves:
        if move not in STEPS:
            break
        other = STEPS.index(move)
        if (other - first) % 4 == 3:
            return other + 4, (first, other)
        if (other - first) % 4 == 1:
            break
    return first, (first, (first + 1) % 4)


def slow_step(here, there):
    """Rows and columns from one pixel to another as a number, as `STEPS` has them; None where it is farther."""
    rows, columns = (there >> 8) - (here >> 8), (there & 255) - (here & 255)
    return rows * 256 + columns if max(abs(rows), abs(columns)) <= 7 else None


def slow_moves(runs):
    """Bytes of runs as the page says, with a way that makes the first decision 0."""
    codes = [{decisions: code for code, decisions in some.items()} for some in CODES]
    bits = ""
    for run in runs:
        steps = [slow_step(here, there) for here, there in pairwise(run)]
        number, (present, other) = slow_way(steps)
        bits += slow_place(run[0]) + f"{number:03b}"[::-1]
        context, held = 0, ""
        for k, step in enumerate(steps):
            if step == STEPS[present]:
                held += "0"
            elif step == STEPS[other]:
                held, present, other = held + "1", other, present
            else:
                bits += codes[context][held + "T"]
                if step == -STEPS[other]:
                    bits += "0"
                    context = int(f"{context:04b}{held}1"[-4:], 2)
                    present, other = (other + 2) % 4, present
                else:
                    b = (
                        None
                        if step is None
                        else (((run[k + 1] >> 8) - (run[k] >> 8) + 8) << 4) + ((run[k + 1] & 255) - (run[k] & 255) + 8)
                    )
                    number, (present, other) = slow_way(steps[k + 1 :])
                    bits += "10" + slow_place(run[k + 1]) if b is None else "11" + f"{b:08b}"[::-1]
                    bits += f"{number:03b}"[::-1]
                    context = 0
                held = ""
            if len(held) == 4:
                bits, context, held = bits + codes[context][held], int(held, 2), ""
        if held:
            some = [decisions for decisions in codes[context] if decisions.startswith(held) and "T" not in decisions]
            bits += codes[context][min(some, key=lambda one: (len(codes[context][one]), int(one, 2)))]
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[k : k + 8][::-1], 2) for k in range(0, len(bits), 8))


def test_codes_are_complete():
    for lengths in LENGTHS:
        assert sum(2.0 ** -int(length) for length in lengths) == 1


@given(runs=RUNS)
def test_moves_are_written_and_read(runs):
    header, body = as_bytes(runs)
    coded = encode_moves(header, body)
    flat = [pixel for run in runs for pixel in run]
    assert coded.tobytes() == slow_moves(runs)
    assert moves_of(coded.tobytes(), [len(run) for run in runs]) == flat
    assert decode_moves(coded, 0, np.array([len(run) for run in runs])).tolist() == flat
    whole = np.concatenate([header, coded])
    ids, lengths, at = decode_coded_header(whole)
    assert (ids.tolist(), lengths.tolist(), at) == ([*range(1, len(runs) + 1)], [len(run) for run in runs], len(header))
    assert decode_moves(whole, at, lengths).tolist() == flat


@given(runs=RUNS)
def test_either_form_of_a_chunk_says_the_same(runs):
    header, body = as_bytes(runs)
    for blob in (pack_pixels(header.tobytes(), body.tobytes()), pack_two(header.tobytes(), body.tobytes())):
        chunk = ChunkPixels(blob)
        assert [part.tolist() for part in head_of(blob)] == [part.tolist() for part in chunk.header]
        assert chunk.plain() == body.tobytes()
        ids, lengths, pixels = pixels_of(blob)
        assert pixels.tolist() == chunk.places.tolist() == [pixel for run in runs for pixel in run]
        assert (ids.tolist(), lengths) == (chunk.header[0].tolist(), chunk.header[1].tolist())


@given(some=st.lists(st.tuples(RUNS, st.sampled_from([pack_pixels, pack_two])), max_size=4))
def test_chunks_are_joined_as_each_is_read(some):
    blobs = [pack(*(part.tobytes() for part in as_bytes(runs))) for runs, pack in some]
    data, ends, coded = join_pixels(blobs)
    chunks = [ChunkPixels(blob) for blob in blobs]
    assert coded.tolist() == [chunk.coded for chunk in chunks]
    assert [data[a:b].tobytes() for a, b in pairwise(ends.tolist())] == [b"".join(chunk.parts) for chunk in chunks]
    assert ends[-1] == len(data)


@pytest.mark.parametrize("damaged", [7, b"\x01\x02"])
def test_what_is_no_chunk_is_not_joined(damaged):
    with pytest.raises(SourceFailed):
        join_pixels([damaged])


@given(data=st.binary(max_size=60), lengths=st.lists(st.integers(0, 70), max_size=5))
def test_any_bits_are_some_moves(data, lengths):
    found = decode_moves(np.frombuffer(data, np.uint8), 0, np.array(lengths, np.int64))
    expected = moves_of(data, [length for length in lengths if length])
    assert found.tolist() == [pixel % 65536 for pixel in expected]


@pytest.mark.parametrize("leaps", [False, True])
def test_what_leaps_is_packed_the_way_that_is_smaller(leaps):
    rng = np.random.default_rng(3)
    steps = rng.integers(0, 65536, 900) if leaps else np.cumsum(rng.choice([1, 256], 900, p=[0.9, 0.1])) % 65536
    header, body = as_bytes([np.tile(steps[:300], 3).tolist() if leaps else walked([0, *np.diff(steps).tolist()])])
    blob = pack_pixels(header.tobytes(), body.tobytes())
    assert ChunkPixels(blob).coded != leaps
    assert len(blob) <= len(pack_two(header.tobytes(), body.tobytes()))
