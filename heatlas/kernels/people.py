"""Count the people who passed a pixel or the pixels around it."""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import helper, kernel

__all__ = ["add_people", "count_bits", "mark_people"]


@kernel("const i8[:]", "const i8[:]", "const i8[:]", "const i8[:]", "i8", "i8", "i8[:, :]", "u4[:, :]")
def add_people(cells, bounds, order, people, width, reach, stamps, counts):
    """Count each person once in each pixel within `reach` pixels of one that the person passed.

    Parameters
    ----------
    cells : ndarray of int64 (k,)
        Pixels of passages, row * width + column of a window that is larger than `counts` by `reach` on all sides.
    bounds : ndarray of int64 (r + 1,)
        Offsets of the runs, each of one person.
    order : ndarray of int64 (r,)
        Runs, those of one person after each other.
    people : ndarray of int64 (r,)
        Number of the person of each run, 0 or more.
    width : int
        Of the larger window.
    reach : int
        0: the pixel alone; 1: the 3 x 3 pixels around it.
    stamps : ndarray of int64 (height, width - 2 reach)
        Person counted last in each pixel; -1 before the first.
    counts : ndarray of uint32 (height, width - 2 reach)
        Is increased.
    """
    height, inner = counts.shape
    for run in order:
        person = people[run]
        for k in range(bounds[run], bounds[run + 1]):
            row = cells[k] // width
            column = cells[k] - row * width
            # In the smaller window the pixel lies at (row - reach, column - reach), and is felt `reach` around.
            for y in range(max(row - 2 * reach, 0), min(row + 1, height)):
                for x in range(max(column - 2 * reach, 0), min(column + 1, inner)):
                    if stamps[y, x] != person:
                        stamps[y, x] = person
                        counts[y, x] += 1


@kernel("const u2[:]", "const i8[:]", "const i8[:]", "i8", "i8", "u8[:, :, :]")
def mark_people(pixels, lengths, people, left, top, bits):
    """Set the bit of each person in each pixel that they pass.

    Parameters
    ----------
    pixels : ndarray of uint16 (k,)
        Row * 256 + column of a tile, run after run.
    lengths : ndarray of int64 (r,)
        Passages of each run.
    people : ndarray of int64 (r,)
        Bit of the person of each run; one that `bits` has no room for, or below 0, is left out.
    left, top : int
        Column and row of the tile's corner in the window of `bits`.
    bits : ndarray of uint64 (height, width, words)
        Is changed.
    """
    height, width, words = bits.shape
    k = 0
    for run in range(lengths.shape[0]):
        end = min(k + lengths[run], pixels.shape[0])
        person = people[run]
        if 0 <= person < 64 * words:
            word, bit = person >> 6, np.uint64(1) << np.uint64(person & 63)
            for j in range(k, end):
                column, row = (pixels[j] & 255) + left, (pixels[j] >> 8) + top
                if 0 <= column < width and 0 <= row < height:
                    bits[row, column, word] |= bit
        k = end


@helper()
def _ones(word):
    """Count the bits that are set."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (word * np.uint64(0x0101010101010101)) >> np.uint64(56)


@kernel("const u8[:, :]", "i8", "i8", "u8[:]", "u4[:, :]")
def count_bits(bits, words, reach, line, counts):
    """Add to each pixel the people of it and of those within `reach` pixels.

    Parameters
    ----------
    bits : ndarray of uint64 (height + 2 reach, (width + 2 reach) * words)
        As `mark_people` sets them, the words of each row one after the other.
    words : int
        Words of a pixel.
    reach : int
        0 or 1.
    line : ndarray of uint64 ((width + 2 reach) * words,)
        Scratch.
    counts : ndarray of uint32 (height, width)
        Is increased.
    """
    height, width = counts.shape
    for row in range(height):
        for k in range(line.shape[0]):
            line[k] = bits[row, k]
        for y in range(row + 1, row + 2 * reach + 1):
            for k in range(line.shape[0]):
                line[k] |= bits[y, k]
        if reach == 0:
            for column in range(width):
                people = np.uint64(0)
                for k in range(column * words, (column + 1) * words):
                    people += _ones(line[k])
                counts[row, column] += np.uint32(people)
            continue
        for column in range(width):
            people = np.uint64(0)
            for k in range(column * words, (column + 1) * words):
                people += _ones(line[k] | line[k + words] | line[k + 2 * words])
            counts[row, column] += np.uint32(people)
