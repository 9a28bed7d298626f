"""Walk the bytes of FIT files: list the messages with their places and times, then decode their numbers.

``walk`` knows how messages are framed, not what they mean. ``decode`` turns fields into columns by a table of rows.
Python decides what the fields mean, once for each definition (``heatlas.sources.formats.fit.messages``). Framing
follows the FIT protocol, version 2.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.instructions import float32_of, float64_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "CUT",
    "FULL",
    "NO_TIME",
    "NUL",
    "UNDEFINED",
    "WHOLE",
    "decode",
    "walk",
]

WHOLE, CUT, UNDEFINED, NUL, FULL = range(5)
"""How a walk ended: at the end; inside a message; at a message of an undefined type; at a
run of zero bytes; because an output array was full."""

NO_TIME = np.int64(-1)
"""Device time of a message that has none."""

_LARGEST = 3.4e38  # what a column of float32 holds
_NUL_RUN = 512  # zero bytes beyond the current message that no recorder writes on purpose


@helper()
def _nul_run(data: NDArray[np.uint8], pos: np.int64, stop: int) -> np.int64:
    """Count the zero bytes from ``pos`` on."""
    end = pos
    while end < stop and data[end] == 0:
        end += 1
    return end - pos


@kernel("const u1[:]", "i8", "i8", "const u1[:]", "i8[:, :]", "i8[:, :]", "i8[:, :]", "i8[:, :]")
def walk(
    data: NDArray[np.uint8],
    start: int,
    stop: int,
    wanted: NDArray[np.uint8],
    local: NDArray[np.int64],
    definitions: NDArray[np.int64],
    records: NDArray[np.int64],
    others: NDArray[np.int64],
) -> tuple[int, int, int, np.int64, int]:
    """List the messages of one FIT file between its header and its checksum.

    Parameters
    ----------
    data
        The bytes of the whole file.
    start, stop
        First byte after the header, and the first that no message may reach.
    wanted : (256,) uint8
        For each global message number: 0 skip, 1 list among the records, 2 list among the others.
    local : (16, 5) int64
        Scratch, zero: of each local type its definition + 1, size, wanted, place of the time, byte order.
    definitions : (d, 2) int64
        Out: first byte and end of each definition of a wanted message.
    records : (3, r) int64
        Out: first byte of the content, definition, device time in seconds.
    others : (4, m) int64
        Out: the same and the number of records before it.

    Returns
    -------
    definitions, records, others, pos, state
        Number of each; where the walk ended and why: WHOLE, CUT, UNDEFINED, NUL or FULL.
    """
    n_definitions = n_records = n_others = 0
    pos = np.int64(start)
    now = NO_TIME
    last_end = np.int64(-1)
    state = WHOLE
    while pos < stop:
        head = np.int64(data[pos])
        if head & 0xC0 == 0x40:
            if pos + 6 > stop:
                state = CUT
                break
            big = data[pos + 2] == 1
            first, second = np.int64(data[pos + 3]), np.int64(data[pos + 4])
            number = first << 8 | second if big else second << 8 | first
            fields = pos + 6
            end = fields + 3 * np.int64(data[pos + 5])
            if end > stop:
                state = CUT
                break
            size = np.int64(0)
            time_at = np.int64(-1)
            for field in range(fields, end, 3):
                if data[field] == 253 and data[field + 1] == 4:
                    time_at = size
                size += data[field + 1]
            if head & 0x20:  # developer fields follow
                developer = end + 1
                if developer > stop or developer + 3 * np.int64(data[end]) > stop:
                    state = CUT
                    break
                end = developer + 3 * np.int64(data[end])
                for field in range(developer, end, 3):
                    size += data[field + 1]
            kind = wanted[number] if number < wanted.size and size > 0 else 0
            if kind:
                if n_definitions == definitions.shape[0]:
                    state = FULL
                    break
                definitions[n_definitions, 0] = pos
                definitions[n_definitions, 1] = end
                n_definitions += 1
            slot = head & 15
            local[slot, 0] = n_definitions if kind else 1
            local[slot, 1] = size
            local[slot, 2] = kind
            local[slot, 3] = time_at
            local[slot, 4] = big
            pos = end
            continue
        slot = (head >> 5) & 3 if head & 0x80 else head & 15
        if local[slot, 0] == 0:
            state = UNDEFINED
            break
        size = local[slot, 1]
        content = pos + 1
        end = content + size
        if end > stop:
            state = CUT
            break
        if head == 0 and size > 0 and data[content] == 0:
            run = _nul_run(data, pos, min(stop, end + _NUL_RUN))
            if end < stop == pos + run or pos + run == end + _NUL_RUN:
                state = NUL
                # The last record may be half written: its end may be zeros of the run.
                if n_records and last_end == pos and data[pos - 1] == 0:
                    n_records -= 1
                break
        time = NO_TIME
        if head & 0x80:  # five bits of time, on from the last full one
            if now != NO_TIME:
                now += ((head & 31) - now) & 31
            time = now
        elif local[slot, 3] >= 0:
            at = content + local[slot, 3]
            for i in range(4):
                byte = np.int64(data[at + i if local[slot, 4] else at + 3 - i])
                time = byte if i == 0 else time << 8 | byte
            if time == 0xFFFFFFFF:
                time = NO_TIME
            else:
                now = time
        kind = local[slot, 2]
        if kind == 1:
            if n_records == records.shape[1]:
                state = FULL
                break
            records[0, n_records] = content
            records[1, n_records] = local[slot, 0] - 1
            records[2, n_records] = time
            n_records += 1
            last_end = end
        elif kind == 2:
            if n_others == others.shape[1]:
                state = FULL
                break
            others[0, n_others] = content
            others[1, n_others] = local[slot, 0] - 1
            others[2, n_others] = time
            others[3, n_others] = n_records
            n_others += 1
        pos = end
    return n_definitions, n_records, n_others, pos, state


@kernel("const u1[:]", "const i8[:]", "const i8[:]", "const i8[:, :]", "const i8[:, :]", "const f8[:, :]", "f8[:, :]")
def decode(
    data: NDArray[np.uint8],
    content: NDArray[np.int64],
    definition: NDArray[np.int64],
    spans: NDArray[np.int64],
    rows: NDArray[np.int64],
    scales: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Write the fields of messages into columns; the last valid one wins where several rows share a column.

    Parameters
    ----------
    data
        The bytes of the whole file.
    content, definition : (n,) int64
        First byte and definition of each message.
    spans : (d, 2) int64
        First row and end of rows of each definition.
    rows : (r, 9) int64
        The fields: offset in the message, width in bytes, big-endian or not, the sign bit, the invalid value,
        shift, mask, floating or not, column of the output. value = ((raw >> shift) & mask) / scale - offset
        where raw is valid. ``offset + width`` must lie within the message.
    scales : (r, 2) float64
        scale, offset.
    out : (k, n) float64
        In: NaN. Out: the columns.
    """
    for i in range(content.size):
        for row in range(spans[definition[i], 0], spans[definition[i], 1]):
            at = content[i] + rows[row, 0]
            width = rows[row, 1]
            big = rows[row, 2]
            raw = np.int64(0)
            for k in range(width):
                raw = raw << 8 | np.int64(data[at + k if big else at + width - 1 - k])
            if rows[row, 7]:
                value = np.float64(float32_of(raw)) if width == 4 else float64_of(raw)  # type: ignore[operator]
                if not abs(value) < _LARGEST:  # also for NaN, which compares false
                    continue
            else:
                if raw & rows[row, 3]:
                    raw -= rows[row, 3] << 1
                if raw == rows[row, 4]:
                    continue
                value = np.float64((raw >> rows[row, 5]) & rows[row, 6])
            out[rows[row, 8], i] = value / scales[row, 0] - scales[row, 1]
