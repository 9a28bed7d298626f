"""Widget with a live map of a library in a notebook."""

from __future__ import annotations

import warnings
import weakref
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets as t

from heatlas.core.errors import HeatlasError
from heatlas.core.words import counted
from heatlas.dataset.heat.html import dates_of, sports_of
from heatlas.explorer.chosen import ZOOMS, VisitsCache
from heatlas.options.renamed import warn_of, with_new_names
from heatlas.raster.threshold import Limits
from heatlas.tiles.metadata import point_measures
from heatlas.tiles.snapshot import choose
from heatlas.tiles.view import close, now, open_view, renewed
from heatlas.widget.parts import script, style
from heatlas.widget.responses import Answer, WidgetRequest, answer, explored, home, passed, request_of
from heatlas.widget.source import opened

if TYPE_CHECKING:
    from pathlib import Path

    from heatlas.core.scratch import Scratch
    from heatlas.dataset.points import PointSet
    from heatlas.dataset.tracks import Tracks
    from heatlas.library.file.store import Library
    from heatlas.tiles.view import View

__all__ = ["LiveMap"]

_FINEST = 22.5
"""Finest zoom of the map."""
_REQUESTED = tuple(field.name for field in fields(WidgetRequest))


class LiveMap(anywidget.AnyWidget):
    """A live map in a notebook. Each trait can be read and set from Python and, where it makes sense, on the map.

    The kernel draws tiles and sends them as messages. There is no server and no port, so the map works on remote hubs
    too, and nothing is downloaded. While a cell runs, the map waits.

    Parameters
    ----------
    source : str, Path, Tracks or PointSet
        A library; or tracks or points, which are indexed in a temporary library, as in
        ``heatlas.LiveMap(heatlas.open("export.zip"))``.
    at_least : int, optional
        Show only pixels that at least so many different people passed (`heatlas.raster.threshold`).
    **traits
        Initial values of the traits below.

    Raises
    ------
    BadOption, NothingToDraw, SourceFailed
        When there is nothing to show.
    traitlets.TraitError
        For an invalid value; also when a trait is set later.
    """

    _esm = script()
    _css = style()

    measure = t.Unicode(
        "passes", help="What is counted: passes, seconds, pace, max(power) ...; of points sum(NAME), count(NAME) ..."
    ).tag(sync=True)
    where = t.Unicode("", help="Filter in CQL2 text, such as \"sport = 'Run' AND distance > 10000\".").tag(sync=True)
    sport = t.List(t.Unicode(), help="Sports that count; none: all do.").tag(sync=True)
    after = t.Unicode("", help="Only activities that start at this date or later.").tag(sync=True)
    before = t.Unicode("", help="Only activities that start earlier.").tag(sync=True)
    colormap = t.Unicode("", help="A name or stops; empty: what suits the measure.").tag(sync=True)
    tone = t.Unicode("", help="log, linear, sqrt, rank, local, or a range such as 1:200.").tag(sync=True)
    smooth = t.Unicode("auto", help="Of tracks: standard deviation of a Gaussian: 8m, 2px, 0.").tag(sync=True)
    radius = t.Unicode("", help="Of points: how far each is felt: 500m, 40px; empty: 15px.").tag(sync=True)
    kernel = t.Unicode("", help="Of points: the shape of that: gaussian, quartic, linear ...").tag(sync=True)
    density = t.Bool(False, help="Of points: sums and counts per square kilometre.").tag(sync=True)
    opacity = t.Float(1.0, min=0.0, max=1.0, help="Of the heat.").tag(sync=True)
    explorer = t.Int(
        None,
        allow_none=True,
        help="Zoom of explorer tiles, 10 to 17, with square and cluster of whole tracks; None: none.",
    ).tag(sync=True)
    theme = t.Enum(["dark", "light"], "dark", help="Of the ground below the heat.").tag(sync=True)
    legend = t.Bool(True, help="Whether the bar with numbers is shown.").tag(sync=True)
    controls = t.Bool(True, help="Whether measure, sport and dates can be chosen on the map.").tag(sync=True)
    height = t.Int(480, min=120, help="Pixels.").tag(sync=True)
    center = t.Tuple(t.Float(), t.Float(), default_value=None, allow_none=True, help="Latitude, longitude.").tag(
        sync=True
    )
    zoom = t.Float(None, allow_none=True, help="Of 256 px tiles, as on most web maps.").tag(sync=True)
    bbox = t.Tuple(
        t.Float(), t.Float(), t.Float(), t.Float(), help="West, south, east, north of what is seen, degrees."
    ).tag(sync=True)
    clicked: Any = t.Tuple(default_value=None, allow_none=True, help="Latitude, longitude of the last click.")
    at: Any = t.List(help="Activities that pass where was clicked, the latest first, as plain data.")
    _stamp = t.Unicode("").tag(sync=True)

    _visits: VisitsCache
    _closing: weakref.finalize[..., Any] | None = None

    def __init__(self, source: str | Path | Tracks | PointSet, *, at_least: int | None = None, **traits: Any) -> None:
        traits = with_new_names(traits, type(self).class_traits(), "LiveMap")
        library, scratch = opened(source)
        self._name = "" if scratch else library.path.name
        self._view, self._visits = open_view(library, limits=Limits(at_least)), VisitsCache()
        self._closing = weakref.finalize(self, _tidy, self._view, scratch)
        try:
            snapshot = self._view.snapshot
            if not snapshot.activities and (of_points := point_measures(snapshot)):
                traits = {"measure": of_points[0]["name"], **traits}
            super().__init__(bbox=home(self._view), _stamp=snapshot.version, **traits)
        except BaseException:
            self._tidied()
            raise
        self.on_msg(self._asked)

    @t.validate(*_REQUESTED)
    def _usable(self, proposal: Any) -> Any:
        name, value = proposal["trait"].name, proposal["value"]
        try:
            request = request_of({"measure": "passes", name: value})
            request.check(self._view.snapshot)
            if name in {"where", "sport"}:  # only the library knows which sports and attributes exist
                choose(self._view.snapshot, request.request().filter)
        except HeatlasError as error:
            raise t.TraitError(str(error)) from None
        return value

    @t.validate("center", "zoom")
    def _on_the_map(self, proposal: Any) -> Any:
        name, value = proposal["trait"].name, proposal["value"]
        if name == "zoom" and value is not None and not 0 <= value < _FINEST + 1e-6:
            raise t.TraitError(f"zoom {value:g} is outside of 0 to {_FINEST:g}")
        # A map that was moved around the world may be off by a world.
        if name == "center" and value is not None and not (abs(value[0]) <= 90 and abs(value[1]) <= 540):
            raise t.TraitError(f"center {value} is no place: give latitude (-90 to 90) and longitude (-180 to 180)")
        return value

    @t.validate("explorer")
    def _in_range(self, proposal: Any) -> Any:
        if proposal["value"] is not None and not ZOOMS[0] <= proposal["value"] <= ZOOMS[1]:
            raise t.TraitError(
                f"explorer {proposal['value']} is no zoom of tiles: take {ZOOMS[0]} to {ZOOMS[1]}, or None"
            )
        return proposal["value"]

    @property
    def sports(self) -> list[str]:
        """Old name of `sport`."""
        warn_of("the trait sports is called sport now")
        return list(self.sport)

    @sports.setter
    def sports(self, names: list[str]) -> None:
        warn_of("the trait sports is called sport now")
        self.sport = names

    @property
    def library(self) -> Library:
        """Library of the map; for tracks or points a temporary one that is removed with the map."""
        return self._view.library

    def refresh(self) -> None:
        """Redraw the map if the library has changed, or if another has taken its place."""
        self._stamp = now(self._current()).version

    def close(self) -> None:
        """Close the map and the library; a temporary library is removed."""
        super().close()
        self._tidied()

    def __repr__(self) -> str:
        activities = list(self._view.snapshot.activities.values())
        sets = self._view.snapshot.point_sets
        facts = [self._name, *([counted(len(activities), "activities"), dates_of(activities)] if activities else [])]
        facts += [f"{counted(stored.points, 'points')} of {name}" for name, stored in sets.items()]
        sports = f": {sports_of(activities)}" if activities else ""
        return f"<LiveMap of {', '.join(fact for fact in facts if fact)}{sports}>"

    def _tidied(self) -> None:
        if self._closing is not None:  # None when opening failed
            self._closing()

    def _current(self) -> View:
        """View of the library; a new one, said once, if another file has taken its place."""
        if self._view.library.whereabouts != "there":
            new = renewed(self._view)
            warnings.warn(f"the library {self._name} was replaced: from now on the new one is shown", stacklevel=3)
            self._tidied()
            self._view = new
            self._closing = weakref.finalize(self, _tidy, new, None)
            self._stamp = new.snapshot.version
        return self._view

    def _asked(self, widget: Any, message: Any, buffers: Any) -> None:  # noqa: ARG002 - ipywidgets' signature
        try:
            own = {"who": self._passed, "explorer": self._explored}.get(str(message.get("kind")))
            data, attached = answer(self._current(), message) if own is None else own(message)
        except HeatlasError as error:
            data, attached = {"error": str(error)}, []
        self.send({**data, "id": message.get("id")}, attached)

    def _passed(self, message: Any) -> Answer:
        """Answer which activities pass the clicked spot, and set `clicked` and `at`."""
        lat, lon = float(message["lat"]), float(message["lon"])
        found = passed(self._current(), request_of(message["wish"]), lat, lon, float(message["zoom"]))
        self.clicked, self.at = (lat, lon), found
        return {"found": found}, []

    def _explored(self, message: Any) -> Answer:
        """Answer with the explorer tiles of the chosen activities."""
        return explored(self._current(), request_of(message["wish"]), message.get("zoom"), self._visits), []


def _tidy(view: View, scratch: Scratch | None) -> None:
    close(view)
    if scratch is not None:
        scratch.close()
