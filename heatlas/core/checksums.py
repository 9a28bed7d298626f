"""Checksums of formats that Python's own library does not know."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["crc16"]


def _table() -> NDArray[np.uint16]:
    """CRC of each single byte (polynomial 0x8005, bits reversed)."""
    crc = np.arange(256, dtype=np.uint16)
    for _ in range(8):
        crc = np.where(crc & 1, (crc >> 1) ^ 0xA001, crc >> 1).astype(np.uint16)
    return crc


_CRC = _table()


def crc16(data: bytes) -> int:
    """CRC-16 of the FIT protocol, in about sqrt(n) steps for n bytes.

    The data are laid out as a square. Since the CRC is linear and starts at 0, zeros may be put in front
    and the rows can be joined by shifting: crc(a + b) = crc(crc(a) moved over len(b) zeros) xor crc(b).
    """
    width = math.isqrt(len(data)) + 1
    padded = np.zeros(-(-len(data) // width) * width, np.uint8)
    padded[len(padded) - len(data) :] = np.frombuffer(data, np.uint8)
    rows = np.zeros(len(padded) // width, np.uint16)
    # The same steps over a row of zeros, from each single bit, give how a CRC moves over a whole row.
    bits = (1 << np.arange(16)).astype(np.uint16)
    state = np.concatenate((rows, bits))
    for column in np.concatenate((padded.reshape(-1, width), np.zeros((16, width), np.uint8))).T.astype(np.uint16):
        state = (state >> 8) ^ _CRC[(state ^ column) & 0xFF]
    moved = state[len(rows) :].tolist()
    total = 0
    for row in state[: len(rows)].tolist():
        shifted = 0
        for bit in range(16):
            if total >> bit & 1:
                shifted ^= moved[bit]
        total = shifted ^ row
    return total
