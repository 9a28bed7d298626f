"""Plan the work at one zoom: draw tiles that may hold anything, except those that exist and have not changed."""

from __future__ import annotations

import hashlib
from dataclasses import astuple, replace
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.distinct import distinct
from heatlas.core.frozen import frozen
from heatlas.publish.dependencies import facts_words
from heatlas.publish.dirty_tiles import cell_signatures, occupied
from heatlas.publish.ledger import NOTHING
from heatlas.publish.tones import fitted, read_fitted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.library.points.point_times import Span
    from heatlas.library.points.stored_points import StoredPoints
    from heatlas.publish.sink import Sink
    from heatlas.style.tone import Tone
    from heatlas.tiles.fields import Field

__all__ = ["UNKNOWN", "ZoomTask", "plan"]

UNKNOWN = b"?"
"""Digest of a tile that exists but is not in the ledger."""


@frozen
class ZoomTask:
    """The work at one zoom."""

    zoom: int
    tone: Tone | None
    """None: there is nothing to see."""
    draw: NDArray[np.int64]
    """(n,) numbers of tiles to draw, ascending."""
    signatures: NDArray[np.uint64]
    """(n,) signatures of the data and the style of each."""
    digests: dict[int, bytes]
    """Number -> digest, for those of them that exist."""
    drop: list[int]
    """Numbers of tiles that exist or are in the ledger, and cannot hold anything any more."""
    gone: int
    """Number of tiles in `drop` that exist."""
    unchanged: int
    """Number of tiles that exist and stay."""


def plan(field: Field, zoom: int, sink: Sink, marks: NDArray[np.uint64], style: bytes, refit: bool) -> ZoomTask:
    """Compare the tiles that a zoom may hold with the published ones.

    Parameters
    ----------
    field : Field
        Source of the tiles.
    zoom : int
        Zoom of the tiles.
    sink : Sink
        Output; the tone is stored in its ledger.
    marks : ndarray of uint64
        Result of `heatlas.publish.dirty_tiles.marks_of`.
    style : bytes
        Digest of the style of the tiles.
    refit : bool
        Fit the tone anew.
    """
    found, tone = occupied(field, zoom, marks), _tone(field, zoom, sink, style, refit)
    signatures = found.signatures ^ _salt(field, style, tone)
    if tone is not None and tone.local is not None:
        signatures ^= cell_signatures(tone.local, zoom, found.numbers)
    known, present = sink.ledger.known(zoom), sink.present(zoom)
    holds = np.fromiter((digest != NOTHING for digest in known.digests), np.bool_, len(known.digests))
    digests = dict(zip(known.numbers[holds].tolist(), (d for d in known.digests if d != NOTHING), strict=True))
    if present is not None:  # files that others removed are drawn again, and unknown ones are drawn again or removed
        digests = {number: digests.get(number, UNKNOWN) for number in present.tolist()}
        sound = ~holds | np.isin(known.numbers, present, assume_unique=True)
    else:
        sound = np.ones(len(holds), np.bool_)
    same = np.zeros(len(found.numbers), np.bool_)
    where = np.minimum(np.searchsorted(known.numbers, found.numbers), max(len(known.numbers) - 1, 0))
    if len(known.numbers):
        same = (known.numbers[where] == found.numbers) & (known.signatures[where] == signatures) & sound[where]
    there = np.fromiter(digests, np.int64, len(digests))
    every = distinct(np.append(there, known.numbers))
    drop = every[~np.isin(every, found.numbers, assume_unique=True)].tolist()
    draw = found.numbers[~same]
    return ZoomTask(
        zoom, tone, draw, signatures[~same],
        {number: digests[number] for number in draw.tolist() if number in digests},
        drop, sum(number in digests for number in drop),
        int(holds[where[same]].sum()) if len(known.numbers) else 0,
    )  # fmt: skip


def _salt(field: Field, style: bytes, tone: Tone | None) -> np.uint64:
    """Hash of style, tone and model, which affect all tiles of a zoom; cells of a local tone affect those near."""
    said = "" if tone is None else repr((tone.curve, tone.low, tone.high, tone.fade, tone.diverging))
    knots = b"" if tone is None or tone.knots is None else tone.knots.tobytes()
    found = b"" if tone is None or tone.fitted is None else np.array(tone.fitted, "<f8").tobytes()
    model = b"" if field.model is None else np.array(astuple(field.model), "<f8").tobytes()
    digest = hashlib.blake2b(style + said.encode() + knots + found + model, digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def _points_words(stored: StoredPoints, during: Span | None) -> str:
    """Digest of the points that are shown; without those, nobody can tell the span of time from it."""
    if during is None:
        return stored.digest.hex()
    return hashlib.blake2b(stored.digest + repr(during).encode(), digest_size=16).hexdigest()


def _tone(field: Field, zoom: int, sink: Sink, style: bytes, refit: bool) -> Tone | None:
    """Tone of a zoom, from the ledger or fitted."""
    kept = sink.ledger.get(f"tone {zoom}")
    stored = field.snapshot.point_sets.get(field.look.point_set)
    points = "" if stored is None else _points_words(stored, field.look.during)
    beside = {"points": points, "facts": facts_words(field)}
    before = read_fitted(kept) if kept is not None and kept["style"] == style.hex() else None
    if before is not None and any(kept.get(name, "") != said for name, said in beside.items()):
        # Weights and facts may change while counts stay equal, so the tone is fitted again and compared.
        before = replace(before, total=0, in_cells=(0,) * len(before.in_cells))
    now = fitted(field, zoom, before, refit)
    if now is not before:
        sink.ledger.begin()
        sink.ledger.put(f"tone {zoom}", {**now.data(), "style": style.hex(), **beside})
    return now.tone
