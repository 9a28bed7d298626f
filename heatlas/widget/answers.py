"""Answers to what a map in a notebook asks for: its parts, tiles, scales, what there is, and who passed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from heatlas.errors import BadOption, NothingToDraw
from heatlas.finish import in_base_unit, measure_unit
from heatlas.grid import parse_measure
from heatlas.library.passing import passing
from heatlas.mercator import from_lonlat, ground_metres
from heatlas.parsing import parse_smoothing
from heatlas.tiling.encoding import empty, encode
from heatlas.tiling.facts import latest_first, measures_of_tracks, name_of, places_in
from heatlas.tiling.fields import SIDE, Field, field_window, first_zoom
from heatlas.tiling.look import Filter, Look
from heatlas.tiling.scales import colours_of, scale_data, title_of, tone_of
from heatlas.tiling.snapshot import choose
from heatlas.tiling.view import now
from heatlas.tone import parse_scale
from heatlas.where import parse_moment, parse_where, start_of
from heatlas.widget.parts import NAMES, part
from heatlas.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from heatlas.library.passing import Passing
    from heatlas.tiling.view import View

__all__ = ["LAST_ZOOM", "Answer", "Wish", "answer", "home", "passed", "wish_of"]

LAST_ZOOM = 22
"""Finest zoom of tiles."""
_RADIUS_PX = 8.0
"""Pixels of the screen around a spot that is asked about."""
_LEAST, _MOST = 10.0, 2000.0
"""And at least, and at most, so many metres."""

Answer = tuple[dict[str, Any], list[bytes]]
"""What goes back: plain data, and bytes beside it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be seen, as it is written; empty for what suits."""

    measure: str = "passes"
    where: str = ""
    sports: tuple[str, ...] = ()
    after: str = ""
    before: str = ""
    colormap: str = ""
    tone: str = ""
    smooth: str = "auto"
    theme: str = "dark"

    def filter(self) -> Filter:
        """Which activities count."""
        return Filter(self.where or None, tuple(sorted(self.sports)), self.after or None, self.before or None)

    def look(self) -> Look:
        """What is counted and how it is shown.

        Raises
        ------
        BadOption
            For what cannot be used.
        """
        measure = parse_measure(self.measure or "passes")
        scale = in_base_unit(parse_scale(self.tone), measure_unit(measure)) if self.tone else None
        # What suits counts and sums on a dark ground gets paler where there is more: on a light one it would vanish.
        suiting = "wine" if self.theme == "light" and not measure.metric else None
        look = Look(measure, parse_smoothing(self.smooth or "auto"), scale, self.colormap or suiting)
        _ = look.colours  # refuses a name that is none
        return look

    def check(self) -> None:
        """Refuse what cannot be used, without looking at any data."""
        self.look()
        if self.where:
            parse_where(self.where)
        for date in filter(None, (self.after, self.before)):
            parse_moment(date)


def wish_of(given: Mapping[str, Any]) -> Wish:
    """Read a wish from a message or from traits."""
    texts = {name: str(given.get(name, "")) for name in Wish.__dataclass_fields__ if name != "sports"}
    return Wish(**texts, sports=tuple(map(str, given.get("sports", ()))))


def answer(view: View, message: Mapping[str, Any]) -> Answer:
    """Answer one message.

    Parameters
    ----------
    view : View
        The library.
    message : mapping
        `kind`: parts, about, tile (`z`, `x`, `y`, `dense`, `wish`), or scale (`z`, `wish`).

    Returns
    -------
    dict, list of bytes
        Plain data, and bytes beside it.

    Raises
    ------
    HeatlasError
        In one sentence, for the legend.
    """
    make = _KINDS.get(str(message.get("kind")))
    if make is None:
        raise BadOption(f"there is no answer to {message.get('kind')!r}")
    return make(view, message)


def _parts(view: View, message: Mapping[str, Any]) -> Answer:  # noqa: ARG001 - one way to answer
    return {"names": list(NAMES)}, [part(name) for name in NAMES]


def _field(view: View, message: Mapping[str, Any]) -> Field:
    snapshot, wish = now(view), wish_of(message["wish"])
    return Field(view, snapshot, choose(snapshot, wish.filter()), wish.look())


def _whole(message: Mapping[str, Any], name: str, most: int) -> int:
    value = message.get(name)
    if not isinstance(value, int) or not 0 <= value <= most:
        raise BadOption(f"{name} must be a whole number from 0 to {most}")
    return value


def _tile(view: View, message: Mapping[str, Any]) -> Answer:
    """Draw a tile; for a dense screen as its four tiles of the next zoom, in the colours of its own."""
    zoom = _whole(message, "z", LAST_ZOOM)
    x, y = (_whole(message, name, 2**zoom - 1) for name in "xy")
    side, finer = (2 * SIDE, zoom + 1) if message.get("dense") else (SIDE, zoom)
    field = _field(view, message)
    grid = field_window(field, Window(SIDE * 2.0**finer, x * side, y * side, side, side))
    if grid is None:
        return {}, [empty(side, "png")]
    return {}, [encode(grid, tone_of(field, zoom), colours_of(field), "png")]


def _scale(view: View, message: Mapping[str, Any]) -> Answer:
    return scale_data(_field(view, message), _whole(message, "z", LAST_ZOOM)), []


def _about(view: View, message: Mapping[str, Any]) -> Answer:  # noqa: ARG001 - one way to answer
    """What the library holds: sports by how frequent they are, measures, dates."""
    snapshot = now(view)
    counts = Counter(activity.sport for activity in snapshot.activities.values())
    starts = filter(None, map(start_of, snapshot.activities.values()))
    days = [start.date().isoformat() for start in starts]
    return {
        "sports": [[sport, count] for sport, count in counts.most_common()],
        "measures": [[name_of(measure), title_of(measure)] for measure in measures_of_tracks(view, snapshot)],
        "first": min(days, default=""),
        "last": max(days, default=""),
        "minzoom": first_zoom(snapshot),
        "maxzoom": LAST_ZOOM,
    }, []


_KINDS: dict[str, Callable[[View, Mapping[str, Any]], Answer]] = {
    "parts": _parts, "about": _about, "tile": _tile, "scale": _scale,
}  # fmt: skip


def home(view: View) -> tuple[float, float, float, float]:
    """West, south, east, north of the busiest place, without what is hidden.

    Raises
    ------
    NothingToDraw
        When there is none.
    """
    places = places_in(view, now(view))
    if not places:
        raise NothingToDraw("there is no track in the library that is not hidden")
    return places[0].bbox


def passed(view: View, wish: Wish, lat: float, lon: float, zoom: float) -> list[dict[str, Any]]:
    """Activities that pass a spot on the screen, the latest first, as plain data; never by what is hidden.

    Parameters
    ----------
    view : View
        The library.
    wish : Wish
        Whose filter is taken.
    lat, lon : float
        Degrees.
    zoom : float
        Of the screen, of 256 px tiles.
    """
    ground = float(ground_metres(from_lonlat(lon, lat)[1])[0])
    radius = min(max(_RADIUS_PX * ground / (SIDE * 2.0**zoom), _LEAST), _MOST)
    found = passing(view.library, lat, lon, radius, choose(now(view), wish.filter()).keep)
    return [_told(one) for one in latest_first(found)]


def _told(one: Passing) -> dict[str, Any]:
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
        "heart_rate": one.heart_rate,
    }
