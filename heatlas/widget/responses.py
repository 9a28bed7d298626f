"""Responses to a map in a notebook: its parts, tiles, scales, contents of the library, passing activities."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import BadOption, NothingToDraw
from heatlas.core.frozen import frozen
from heatlas.core.mercator import from_lonlat, ground_metres
from heatlas.explorer.chosen import ZOOMS, explorer_of_view
from heatlas.explorer.explored import Counting
from heatlas.gazetteer.towns import NAMES_ZOOM, labels_of_tile
from heatlas.library.index.passages_at import passing
from heatlas.style.defaults import bright_colours
from heatlas.tiles.fields import SIDE, Field, first_zoom, signs_matter_in
from heatlas.tiles.look import Filter
from heatlas.tiles.metadata import latest_first, measures_of_tracks, name_of, places_in, point_measures
from heatlas.tiles.notes import legend_data
from heatlas.tiles.painting import tile_bytes
from heatlas.tiles.point_places import box_of
from heatlas.tiles.request import LAST_ZOOM, TileRequest, named_points, parse_kernel_of, parse_look, unfit_for
from heatlas.tiles.scales import title_of
from heatlas.tiles.snapshot import choose
from heatlas.tiles.view import now
from heatlas.tracks.filters import EFFORT, parse_where
from heatlas.tracks.local_time import parse_moment, start_of
from heatlas.widget.parts import NAMES, part

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from heatlas.explorer.chosen import VisitsCache
    from heatlas.library.index.passages_at import PassingActivity
    from heatlas.tiles.look import Look
    from heatlas.tiles.snapshot import Snapshot
    from heatlas.tiles.view import View

__all__ = ["Answer", "WidgetRequest", "answer", "explored", "field_of", "home", "passed", "request_of"]

_RADIUS_PX = 8.0
"""Radius around a clicked spot, pixels of the screen."""
_LEAST, _MOST = 10.0, 2000.0
"""Least and greatest radius, metres."""

Answer = tuple[dict[str, Any], list[bytes]]
"""Response: plain data, and binary buffers."""


@frozen
class WidgetRequest:
    """Requested heat, as text from traits; empty values mean the default that suits."""

    measure: str = "passes"
    where: str = ""
    sport: tuple[str, ...] = ()
    after: str = ""
    before: str = ""
    colormap: str = ""
    tone: str = ""
    smooth: str = "auto"
    radius: str = ""
    kernel: str = ""
    density: bool = False
    theme: str = "dark"

    def request(self) -> TileRequest:
        """Convert to a request for tiles."""
        return TileRequest(
            measure=self.measure or None, where=self.where or None, sports=self.sport, after=self.after or None,
            before=self.before or None, smooth=self.smooth or None, radius=self.radius or None,
            kernel=self.kernel or None, density=self.density or None, tone=self.tone or None,
            colormap=self.colormap or None,
        )  # fmt: skip

    def look(self, snapshot: Snapshot) -> Look:
        """Parse the measure and its style; options for the other kind of measures are ignored.

        Raises
        ------
        BadOption
            For an invalid option.
        """
        asked = self.request()
        points = named_points(snapshot, asked.measure)
        return parse_look(asked.without(*unfit_for(points)), points)

    def check(self, snapshot: Snapshot) -> None:
        """Refuse invalid values, without reading data."""
        self.look(snapshot)
        parse_kernel_of(self.request().without("smooth"))
        if self.where:
            parse_where(self.where)
        for date in filter(None, (self.after, self.before)):
            parse_moment(date)


def request_of(given: Mapping[str, Any]) -> WidgetRequest:
    """Read a request from a message or from traits."""
    texts = {
        name: str(given.get(name, ""))
        for name in WidgetRequest.__dataclass_fields__
        if name not in {"sport", "density"}
    }
    return WidgetRequest(**texts, sport=tuple(map(str, given.get("sport", ()))), density=bool(given.get("density")))


def answer(view: View, message: Mapping[str, Any]) -> Answer:
    """Answer one message.

    Parameters
    ----------
    view : View
        The library.
    message : mapping
        `kind`: parts, about, tile (`z`, `x`, `y`, `dense`, `wish`), scale (`z`, `wish`), or names (`z`, `x`, `y`).
        `wish` has the fields of `WidgetRequest`.

    Returns
    -------
    dict, list of bytes
        Plain data, and binary buffers.

    Raises
    ------
    HeatlasError
        With one sentence, for the legend.
    """
    make = _KINDS.get(str(message.get("kind")))
    if make is None:
        raise BadOption(f"there is no answer to {message.get('kind')!r}")
    return make(view, message)


def _parts(view: View, message: Mapping[str, Any]) -> Answer:  # noqa: ARG001 - one way to answer
    return {"names": list(NAMES)}, [part(name) for name in NAMES]


def field_of(view: View, request: WidgetRequest) -> Field:
    """Field from which tiles are cut, in colours that suit the theme.

    Raises
    ------
    BadOption
        For an invalid request, or one of something that does not exist.
    """
    snapshot = now(view)
    look = request.look(snapshot)
    wanted = Filter() if look.point_set else request.request().filter
    field = Field(view, snapshot, choose(snapshot, wanted), look)
    # Default colours of counts, sums and relations get paler or darker: on a light ground they would vanish.
    if request.theme == "light" and look.colormap is None and not signs_matter_in(field):
        field = replace(field, look=replace(look, colormap=bright_colours(look.measure) or None))
    return field


def _whole(message: Mapping[str, Any], name: str, most: int) -> int:
    value = message.get(name)
    if not isinstance(value, int) or not 0 <= value <= most:
        raise BadOption(f"{name} must be a whole number from 0 to {most}")
    return value


def _tile(view: View, message: Mapping[str, Any]) -> Answer:
    zoom = _whole(message, "z", LAST_ZOOM)
    x, y = (_whole(message, name, 2**zoom - 1) for name in "xy")
    return {}, [tile_bytes(field_of(view, request_of(message["wish"])), zoom, x, y, dense=bool(message.get("dense")))]


def _scale(view: View, message: Mapping[str, Any]) -> Answer:
    field = field_of(view, request_of(message["wish"]))
    return legend_data(field, _whole(message, "z", LAST_ZOOM)), []


def _about(view: View, message: Mapping[str, Any]) -> Answer:  # noqa: ARG001 - one way to answer
    """Describe the library: sports by frequency, measures (with the point set of each), dates and zooms."""
    snapshot = now(view)
    counts = Counter(activity.sport for activity in snapshot.activities.values())
    starts = filter(None, map(start_of, snapshot.activities.values()))
    days = [start.date().isoformat() for start in starts]
    of_tracks = measures_of_tracks(view, snapshot) if snapshot.activities or not snapshot.point_sets else []
    return {
        "sports": [[sport, count] for sport, count in counts.most_common()],
        "measures": [
            *([name_of(measure), title_of(measure)] for measure in of_tracks),
            *([each["name"], each["title"], each["points"]] for each in point_measures(snapshot)),
        ],
        "first": min(days, default=""),
        "last": max(days, default=""),
        "minzoom": first_zoom(snapshot),
        "maxzoom": LAST_ZOOM,
    }, []


def _names(view: View, message: Mapping[str, Any]) -> Answer:  # noqa: ARG001 - one way to answer
    """Names of towns of a tile: longitude, latitude, name and people of each, the largest first."""
    zoom = _whole(message, "z", NAMES_ZOOM)
    return {"names": labels_of_tile(zoom, *(_whole(message, name, 2**zoom - 1) for name in "xy"))}, []


_KINDS: dict[str, Callable[[View, Mapping[str, Any]], Answer]] = {
    "parts": _parts, "about": _about, "tile": _tile, "scale": _scale, "names": _names,
}  # fmt: skip


def home(view: View) -> tuple[float, float, float, float]:
    """Box of the busiest place without hidden parts, degrees; with points alone, the box of nearly all of them.

    Raises
    ------
    NothingToDraw
        When there is neither.
    """
    snapshot = now(view)
    places = places_in(view, snapshot)
    if places:
        return places[0].bbox
    for stored in snapshot.point_sets.values():
        return box_of(stored)
    raise NothingToDraw("there is no track in the library that is not hidden")


def explored(view: View, request: WidgetRequest, zoom: Any, cache: VisitsCache) -> dict[str, Any]:
    """Explorer tiles of the chosen activities: of whole tracks, as the map is its owner's.

    Raises
    ------
    BadOption
        For an invalid zoom or filter, or for points, which visit no tiles.
    """
    snapshot = now(view)
    if named_points(snapshot, request.measure) is not None:
        raise BadOption("explorer tiles are of tracks, and points are shown")
    zoom = _whole({"zoom": zoom}, "zoom", ZOOMS[1])
    if zoom < ZOOMS[0]:
        raise BadOption(f"zoom must be a whole number from {ZOOMS[0]} to {ZOOMS[1]}")
    return explorer_of_view(view, snapshot, request.request().filter, zoom, Counting(whole=True), cache)


def passed(view: View, request: WidgetRequest, lat: float, lon: float, zoom: float) -> list[dict[str, Any]]:
    """Find activities that pass a spot, the latest first, as plain data; hidden parts do not count.

    Parameters
    ----------
    view : View
        The library.
    request : WidgetRequest
        Request with the filter to apply.
    lat, lon : float
        Degrees.
    zoom : float
        Zoom of the screen, of 256 px tiles.
    """
    ground = float(ground_metres(from_lonlat(lon, lat)[1])[0])
    radius = min(max(_RADIUS_PX * ground / (SIDE * 2.0**zoom), _LEAST), _MOST)
    found = passing(view.library, lat, lon, radius, choose(now(view), request.request().filter).keep)
    return [_passing_data(one) for one in latest_first(found)]


def _passing_data(one: PassingActivity) -> dict[str, Any]:
    activity, start = one.activity, start_of(one.activity)
    return {
        "name": activity.name,
        "sport": activity.sport,
        "start": None if start is None else start.isoformat(timespec="seconds"),
        "id": activity.id,
        "passes": max(1, len(one.visits)),
        "seconds": one.seconds,
        "metres": one.metres,
        "pace": one.pace,
        "flat_pace": one.flat_pace,
        "heart_rate": one.heart_rate,
        "power": one.power,
        "waited": one.waited,
        **{name: one.effort.get(name) for name in EFFORT},
    }
