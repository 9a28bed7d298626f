"""What is to be done at one zoom: the tiles that may hold anything, less those that are there and have not changed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from heatlas.publish.dirty_tiles import occupied
from heatlas.publish.ledger import NOTHING
from heatlas.publish.tones import fitted, read_fitted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.publish.sink import Sink
    from heatlas.style.tone import Tone
    from heatlas.tiles.fields import Field

__all__ = ["UNKNOWN", "ZoomTask", "plan"]

UNKNOWN = b"?"
"""Digest of a tile that is there, while nothing is known of it."""


@dataclass(frozen=True, slots=True)
class ZoomTask:
    """What is to be done at one zoom."""

    zoom: int
    tone: Tone | None
    """None: there is nothing to see."""
    draw: NDArray[np.int64]
    """(n,) numbers of tiles to draw, ascending."""
    signatures: NDArray[np.uint64]
    """(n,) of what each is drawn from, and how."""
    digests: dict[int, bytes]
    """Number -> digest, of those among them that are there."""
    drop: list[int]
    """Numbers of tiles that are there or known, and cannot hold anything any more."""
    gone: int
    """How many of these are there."""
    unchanged: int
    """How many tiles are there, and stay."""


def plan(field: Field, zoom: int, sink: Sink, marks: NDArray[np.uint64], style: bytes, refit: bool) -> ZoomTask:
    """Compare what a zoom may hold with what was published.

    Parameters
    ----------
    field : Field
        What the tiles are cut from.
    zoom : int
        Of the tiles.
    sink : Sink
        Where they are; its ledger is told the tone.
    marks : ndarray of uint64
        What `heatlas.publish.dirty_tiles.marks_of` gave.
    style : bytes
        Digest of how tiles look.
    refit : bool
        Fit the tone anew.
    """
    found, tone = occupied(field, zoom, marks), _tone(field, zoom, sink, style, refit)
    signatures = found.signatures ^ _salt(style, tone)
    known, present = sink.ledger.known(zoom), sink.present(zoom)
    holds = np.fromiter((digest != NOTHING for digest in known.digests), np.bool_, len(known.digests))
    digests = dict(zip(known.numbers[holds].tolist(), (d for d in known.digests if d != NOTHING), strict=True))
    if present is not None:  # what somebody else removed is drawn again, and what nobody knows of goes
        digests = {number: digests.get(number, UNKNOWN) for number in present.tolist()}
        sound = ~holds | np.isin(known.numbers, present)
    else:
        sound = np.ones(len(holds), np.bool_)
    same = np.zeros(len(found.numbers), np.bool_)
    where = np.minimum(np.searchsorted(known.numbers, found.numbers), max(len(known.numbers) - 1, 0))
    if len(known.numbers):
        same = (known.numbers[where] == found.numbers) & (known.signatures[where] == signatures) & sound[where]
    there = np.fromiter(digests, np.int64, len(digests))
    drop = np.setdiff1d(np.union1d(there, known.numbers), found.numbers).tolist()
    draw = found.numbers[~same]
    return ZoomTask(
        zoom, tone, draw, signatures[~same],
        {number: digests[number] for number in draw.tolist() if number in digests},
        drop, sum(number in digests for number in drop),
        int(holds[where[same]].sum()) if len(known.numbers) else 0,
    )  # fmt: skip


def _salt(style: bytes, tone: Tone | None) -> np.uint64:
    """Number that changes with whatever changes all tiles of a zoom."""
    said = "" if tone is None else repr((tone.curve, tone.low, tone.high, tone.fade, tone.diverging))
    knots = b"" if tone is None or tone.knots is None else tone.knots.tobytes()
    digest = hashlib.blake2b(style + said.encode() + knots, digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def _tone(field: Field, zoom: int, sink: Sink, style: bytes, refit: bool) -> Tone | None:
    """The tone of a zoom as it was kept, or fitted."""
    kept = sink.ledger.get(f"tone {zoom}")
    stored = field.snapshot.point_sets.get(field.look.point_set)
    points = "" if stored is None else stored.digest.hex()
    before = read_fitted(kept) if kept is not None and kept["style"] == style.hex() else None
    if before is not None and kept.get("points", "") != points:
        # As many points may weigh otherwise, which no count tells: the tone is fitted again to see.
        before = replace(before, total=0)
    now = fitted(field, zoom, before, refit)
    if now is not before:
        sink.ledger.begin()
        sink.ledger.put(f"tone {zoom}", {**now.data(), "style": style.hex(), "points": points})
    return now.tone
