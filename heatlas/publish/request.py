"""The request of a publication, read from options as users write them."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import BadOption, NothingToDraw
from heatlas.core.frozen import frozen
from heatlas.library.points.point_tables import stored_points
from heatlas.options import TileOptions, least_of, options_of, refuse
from heatlas.options.parsing import parse_zooms
from heatlas.pmtiles.basemap import streets_beside
from heatlas.publish.default_zoom import last_zoom_of_points
from heatlas.raster.threshold import Limits, Threshold
from heatlas.tiles.fields import Field, first_zoom
from heatlas.tiles.look import Filter
from heatlas.tiles.notes import old_notes
from heatlas.tiles.request import LAST_ZOOM, TileRequest, Wording, parse_look
from heatlas.tiles.scales import colours_of
from heatlas.tiles.snapshot import choose, chosen_of, refuse_absent
from heatlas.tiles.view import known_in, open_view
from heatlas.tracks.privacy import owner_secret

if TYPE_CHECKING:
    from pathlib import Path

    from heatlas.library.file.store import Library
    from heatlas.options import RenderOptions
    from heatlas.pmtiles.streets import Streets
    from heatlas.tiles.look import Look
    from heatlas.tiles.snapshot import Chosen, Snapshot
    from heatlas.tiles.view import View

__all__ = [
    "FORMS",
    "WORDS",
    "PublishRequest",
    "asked_of",
    "few_words",
    "last_zoom",
    "look_words",
    "parse_request",
    "refuse_none_chosen",
    "view_of",
]

FORMS = options_of(TileOptions)["format"].choices
"""Formats of tiles, the default first."""
_DRAWING = ("2", "0.1.0")
"""A number, raised by hand when the same request is drawn differently, so that all published tiles are drawn again; and
the version of the first release that drew tiles as today. A release changes neither."""
WORDS = Wording(
    prefix="--",
    for_points="{name} is for points, and this shows tracks: leave it out, or say --measure=sum(NAME)",
    for_tracks="{name} is for tracks: the points of {points} are added up already; choose rows when they are imported",
    smooth_of_points=None,
    too_wide="{name} {given} is too wide for tiles: take at most {most}",
)


@frozen
class PublishRequest:
    """Look, filter, format, zooms and texts of tiles to publish."""

    look: Look
    chosen: Filter
    form: str
    """One of FORMS."""
    zooms: tuple[int, int] | None
    """First and last; None: all that the library can show without enlarging; for points see `last_zoom`."""
    title: str
    """Empty: the title of the measure."""
    attribution: str
    url: str = ""
    """URL of a folder of tiles once it is on the web; empty: beside its tiles.json."""
    refit: bool = False
    """Fit all tones anew."""
    explorer: int | None = None
    """Zoom of explorer tiles beside a folder of tiles; None: none."""
    streets: Streets | None = None
    """Base map of which streets go beside a folder of tiles; None: none."""

    def field(self, view: View, snapshot: Snapshot, *, absent: bool = False) -> Field:
        """Source of the tiles; `absent` as for `heatlas.tiles.snapshot.choose`.

        Raises
        ------
        BadOption
            When the filter names an attribute or sport that no activity has, or the point set no longer exists.
        """
        if self.look.point_set and self.look.point_set not in snapshot.point_sets:
            raise BadOption(f"{view.library.path} has no point set {self.look.point_set!r} any more")
        chosen = _choose(view, snapshot, self, absent)
        if _is_too_few(view, snapshot, self.chosen, chosen):
            chosen = chosen_of(snapshot, np.zeros(len(snapshot.activities), np.bool_))
        return Field(view, snapshot, chosen, self.look)

    def range_of(self, field: Field) -> range:
        """Zooms of the tiles, without those that the library cannot show.

        Raises
        ------
        BadOption
            When none is left.
        """
        coarsest = 0 if self.look.point_set else first_zoom(field.snapshot)
        first, last = self.zooms or (coarsest, last_zoom(field))
        if last < coarsest:
            raise BadOption(f"the library can show no zoom below {coarsest}: ask for a last zoom of {coarsest} or more")
        return range(max(first, coarsest), last + 1)

    @property
    def said(self) -> str:
        """The filter in words, which must not change: ledgers hold their digest (see `mark`)."""
        each = self.chosen
        return f"Filter(where={each.where!r}, sports={each.sports!r}, after={each.after!r}, before={each.before!r})"

    def mark(self) -> str | None:
        """Keyed digest of the filter: it distinguishes filters, and reveals nothing without the owner's secret.

        Empty if there is no filter; None if no secret can be stored.
        """
        if self.chosen == Filter():
            return ""
        try:
            secret = owner_secret()
        except BadOption:
            return None
        said = self.said.encode("utf-8", "surrogatepass")
        return hmac.digest(secret, b"heatlas filter" + said, "sha256")[:16].hex()

    def style(self, field: Field) -> bytes:
        """Digest of the style of tiles: all that decides how they look, without data, filter and tone."""
        digest = hashlib.blake2b(look_words(self.look, self.form).encode(), digest_size=16)
        digest.update(colours_of(field).tobytes())
        if threshold := field.snapshot.threshold:
            digest.update(f"people {threshold.people} round {threshold.step}".encode())
        return digest.digest()


def look_words(look: Look, form: str) -> str:
    """Describe a look in words; ledgers hold their digest, and all published tiles are drawn again if they change.

    The words are spelled out here, as they must not change when classes or fields are renamed.
    """
    width, tone, kernel = look.smoothing, look.tone, look.kernel
    smoothing = f"Smoothing(metres={width.metres!r}, pixels={width.pixels!r})"
    thirds = "" if tone is None or tone.thirds is None else f", thirds={tone.thirds!r}"
    local = "" if tone is None or tone.local is None else f", local={tone.local.share!r} {tone.local.up!r}"
    scale = None if tone is None else f"Scale(curve={tone.curve!r}, range={tone.range!r}{thirds}{local})"
    spread = kernel and f"Kernel(shape={kernel.shape!r}, metres={kernel.metres!r}, pixels={kernel.pixels!r})"
    said = (*map(repr, (*_DRAWING, look.measure.key)), smoothing, scale, repr(look.point_set), spread, repr(form))
    return f"({', '.join(map(str, said))})"


def _choose(view: View, snapshot: Snapshot, request: PublishRequest, absent: bool) -> Chosen:
    """Activities that the filter leaves; on a public map only those for which the measure is known."""
    chosen = choose(snapshot, request.chosen, absent=absent)
    if not view.public or request.chosen == Filter():
        return chosen
    return chosen_of(snapshot, chosen.keep[snapshot.numbers] & known_in(view, snapshot, request.look.measure.recorded))


def _is_too_few(view: View, snapshot: Snapshot, wanted: Filter, chosen: Chosen) -> bool:
    """Whether a filter leaves so few activities that a public map shows none of them."""
    if not view.public or wanted == Filter() or not chosen.count:
        return False
    whose = snapshot.people[: len(chosen.keep)][chosen.keep[: len(snapshot.people)]]
    return chosen.count < view.least or len(np.unique(whose[whose >= 0])) < snapshot.threshold.people


def view_of(library: Library, options: RenderOptions) -> View:
    """Open a library as it is published."""
    public = options.public
    return open_view(
        library, public.public, shown_only=True, least=least_of(public), utc=options.filter.utc,
        limits=Limits(public.at_least, public.round),
    )  # fmt: skip


def few_words(field: Field) -> str:
    """Fewest activities, and people, that a public map shows by themselves."""
    people = field.snapshot.threshold.people
    return f"{field.view.least} activities{f' of {people} people' if people else ''}"


def refuse_none_chosen(field: Field, request: PublishRequest) -> None:
    """Refuse a filter that leaves nothing of a library that is not empty: a typing error must not empty a map.

    Raises
    ------
    NothingToDraw, BadOption
        With the messages that pictures have.
    """
    held = len(field.snapshot.activities)
    if held and not field.chosen.count and not field.look.point_set:
        refuse_absent(field.snapshot, request.chosen.sports)
        few = _choose(field.view, field.snapshot, request, absent=True)
        metric = request.look.measure.metric if field.view.public else ""
        having = f" with {metric}" if metric else ""
        if _is_too_few(field.view, field.snapshot, request.chosen, few):
            raise NothingToDraw(
                f"the filter leaves {few.count}{having} of {held} activities, and --public shows no fewer than "
                f"{few_words(field)} by themselves: take a wider filter, or say --public-least or --at-least"
            )
        old = "".join(f"; {sentence}" for sentence in old_notes(field, field.view.library.path))
        raise NothingToDraw(f"the filter leaves none{having} of {held} activities{old}")


def last_zoom(field: Field) -> int:
    """Default last zoom: that of the index; for points see `last_zoom_of_points`."""
    return last_zoom_of_points(field) if field.look.point_set else field.snapshot.settings.zooms[1]


def parse_request(library_path: str | Path, options: RenderOptions, *, beside: bool = False) -> PublishRequest:
    """Check and parse options.

    Parameters
    ----------
    library_path : str or Path
        The library, which decides whether a measure such as "sum(NAME)" is of points: see
        `heatlas.library.points.point_tables.stored_points`. The default is passes, or the sum of weights if the library
        holds one point set and no tracks.
    options : RenderOptions
        Options of tiles; hiding and the reading of tables are settings of the library.
    beside : bool
        Whether a base map lies beside the tiles, in a folder; that of a page lies in the page.

    Raises
    ------
    BadOption
        For options that cannot be used.
    """
    asked, form, zooms = asked_of(options)
    look = parse_look(asked, stored_points(library_path, options.measure), WORDS)
    if look.point_set:
        refuse(options.public, "tracks, and this shows points: leave it out", "at_least", "round")
    Threshold(step=options.public.round or 1).check(look.measure)
    title, attribution, tiles = options.labels.title or "", options.labels.attribution or "", options.tiles
    return PublishRequest(
        look, asked.filter, form, zooms, title, attribution, tiles.url or "", tiles.refit, options.page.explorer,
        streets_beside(options.page.basemap) if beside else None,
    )  # fmt: skip


def asked_of(options: RenderOptions) -> tuple[TileRequest, str, tuple[int, int] | None]:
    """Return what is asked of tiles, as written; their form, and their zooms, None where these are left open.

    Raises
    ------
    BadOption
        For a form or zooms that cannot be published.
    """
    form, zooms = options.tiles.format or FORMS[0], parse_zooms(options.frame.zoom)
    if form not in FORMS:
        raise BadOption(f"tiles are written as {' or '.join(FORMS)}, not as {form!r}")
    if zooms is not None and not 0 <= zooms[0] <= zooms[1] <= LAST_ZOOM:
        raise BadOption(f"zooms {zooms[0]}-{zooms[1]} cannot be published: choose from 0 to {LAST_ZOOM}, such as 0-16")
    chosen, points, style = options.filter, options.points, options.style
    asked = TileRequest(
        measure=options.measure or None, where=chosen.where or None, sports=chosen.sport, after=chosen.after or None,
        before=chosen.before or None, smooth=options.smooth, radius=points.radius, kernel=points.kernel or None,
        density=points.density or None, tone=style.tone, colormap=style.colormap,
    )  # fmt: skip
    return asked, form, zooms
