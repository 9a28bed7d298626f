"""Connected components of squares."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["connected"]


def connected(squares: Sequence[int], across: int) -> list[int]:
    """Number the connected components of some squares, which touch by edges or corners.

    Parameters
    ----------
    squares : sequence of int
        row << 32 | column of each, ascending.
    across : int
        Squares around the world: the last column lies beside the first.

    Returns
    -------
    list of int
        Number of the component of each square, from 0 in the order of their first squares.
    """
    name = dict.fromkeys(squares, -1)
    count = 0
    for square in squares:
        if name[square] >= 0:
            continue
        name[square] = count
        stack = [square]
        while stack:
            x, y = stack[-1] & 0xFFFFFFFF, stack.pop() >> 32
            for i, j in ((i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)):
                near = (y + j) << 32 | (x + i) % across
                if name.get(near, 0) < 0:
                    name[near] = count
                    stack.append(near)
        count += 1
    return list(name.values())
