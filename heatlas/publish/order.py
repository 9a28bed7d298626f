"""What is to be published, read from options as people write them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from heatlas import __version__
from heatlas.colormaps import colormap as named_colours
from heatlas.errors import BadOption
from heatlas.finish import in_base_unit, measure_unit
from heatlas.grid import parse_measure
from heatlas.options import parse_smoothing
from heatlas.tiling.fields import Field, first_zoom
from heatlas.tiling.look import Filter, Look
from heatlas.tiling.scales import colours_of
from heatlas.tiling.snapshot import choose
from heatlas.tone import parse_scale

if TYPE_CHECKING:
    from collections.abc import Collection

    from heatlas.tiling.snapshot import Snapshot
    from heatlas.tiling.view import View

__all__ = ["FINEST", "FORMS", "Order", "parse_order"]

FORMS = ("png", "webp")
"""Forms of tiles."""
FINEST = 22
"""Finest zoom that can be published, as it is the finest that is served."""
_DRAWING = "1"
"""Changes when the same order is drawn otherwise."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be published."""

    look: Look
    chosen: Filter
    form: str
    """One of FORMS."""
    zooms: tuple[int, int] | None
    """First and last; None: all that the library can show without enlarging."""
    title: str
    """Empty: what the measure is called."""
    attribution: str

    def field(self, view: View, snapshot: Snapshot) -> Field:
        """What the tiles are cut from.

        Raises
        ------
        BadOption
            When the filter asks for what no activity has.
        """
        return Field(view, snapshot, choose(snapshot, self.chosen), self.look)

    def range_of(self, snapshot: Snapshot) -> range:
        """Zooms of tiles, of which those are left out that the library cannot show.

        Raises
        ------
        BadOption
            When none is left.
        """
        coarsest = 0 if self.look.point_set else first_zoom(snapshot)
        first, last = self.zooms or (coarsest, snapshot.settings.zooms[1])
        if last < coarsest:
            raise BadOption(f"the library can show no zoom below {coarsest}: ask for a last zoom of {coarsest} or more")
        return range(max(first, coarsest), last + 1)

    def style(self, field: Field) -> bytes:
        """Digest of all that decides how a tile looks, beside what lies in it and the tone; the filter is no part."""
        look = self.look
        said = (_DRAWING, __version__, str(look.measure), look.smoothing, look.tone, look.point_set, look.kernel)
        digest = hashlib.blake2b(repr((*said, self.form)).encode(), digest_size=16)
        digest.update(colours_of(field).tobytes())
        return digest.digest()


def parse_order(
    *,
    zooms: tuple[int, int] | None = None,
    measure: str = "passes",
    tone: str | None = None,
    colormap: str | None = None,
    smooth: str = "auto",
    where: str | None = None,
    sports: Collection[str] = (),
    after: str | None = None,
    before: str | None = None,
    form: str = "png",
    title: str = "",
    attribution: str = "",
) -> Order:
    """Check options, and read them (see `heatlas.publish.publish`).

    Raises
    ------
    BadOption
        For what cannot be used.
    """
    if form not in FORMS:
        raise BadOption(f"tiles are written as {' or '.join(FORMS)}, not as {form!r}")
    if zooms is not None and not 0 <= zooms[0] <= zooms[1] <= FINEST:
        raise BadOption(f"zooms {zooms[0]}-{zooms[1]} cannot be published: choose from 0 to {FINEST}, such as 0-16")
    parsed = parse_measure(measure)
    if colormap is not None:
        named_colours(colormap)
    scale = in_base_unit(parse_scale(tone), measure_unit(parsed)) if tone else None
    look = Look(parsed, parse_smoothing(smooth), scale, colormap)
    chosen = Filter(where or None, tuple(sorted(set(sports))), after or None, before or None)
    return Order(look, chosen, form, zooms, title, attribution)
