"""Parse and limit requests for tiles, in one place for the server, maps in notebooks and publishing."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.dataset.viewport import at_most_one
from heatlas.library.points.point_tables import split_measure
from heatlas.options.parsing import kernel_of_smoothing, parse_kernel, parse_smoothing
from heatlas.raster.gaussian import Smoothing
from heatlas.raster.measure import parse_measure, parse_point_measure
from heatlas.raster.terciles import CLASSES
from heatlas.style.colormaps import colormap
from heatlas.style.defaults import refuse_colours, scale_for
from heatlas.tiles.look import Filter, Look
from heatlas.tracks.local_time import moment_seconds, parse_moment

if TYPE_CHECKING:
    from heatlas.library.points.point_times import Span
    from heatlas.library.points.stored_points import StoredPoints
    from heatlas.raster.measure import Measure
    from heatlas.raster.point_kernel import Kernel
    from heatlas.style.tone import ToneScale
    from heatlas.tiles.snapshot import Snapshot

__all__ = [
    "LAST_ZOOM", "OF_POINTS", "OF_TIME", "OF_TRACKS", "TileRequest", "Wording", "named_points", "parse_kernel_of",
    "parse_look", "read_look", "unfit_for",
]  # fmt: skip

LAST_ZOOM = 22
"""Finest zoom of tiles, served or published."""
OF_TRACKS = ("where", "sport", "smooth")
"""Parameters of tracks alone."""
OF_TIME = ("after", "before")
"""Parameters of tracks, and of points that have times."""
OF_POINTS = ("radius", "kernel", "density")
"""Parameters of points alone."""
RADIUS, SHAPE = "15px", "gaussian"
"""Default kernel of points."""


@frozen
class _Widest:
    """Widest smoothing or kernel that tiles allow."""

    pixels: float
    metres: float

    def excludes(self, width: Smoothing | Kernel) -> bool:
        return width.pixels > self.pixels or width.metres > self.metres

    def said(self, times: int = 1) -> str:
        return f"{self.pixels / times:.0f}px or {self.metres / times / 1000:.0f}km"


_WIDEST_SMOOTHING = _Widest(16.0, 100_000.0)
_WIDEST_KERNEL = _Widest(64.0, 1_000_000.0)


@frozen(kw_only=True)
class TileRequest:
    """A request for tiles, as written; None where a value is left open."""

    measure: str | None = None
    where: str | None = None
    sports: tuple[str, ...] = ()
    after: str | None = None
    before: str | None = None
    smooth: str | None = None
    """For tracks: standard deviation of a Gaussian, "4m", "2px", "0" or "auto"."""
    radius: str | None = None
    """For points: radius of the kernel, "15px" or "500m"."""
    kernel: str | None = None
    density: bool | None = None
    tone: str | None = None
    colormap: str | None = None
    classes: str | None = None
    """For two metrics at once: the classes that are shown, "0,4,8"."""

    @property
    def filter(self) -> Filter:
        """Filter of activities."""
        sports = tuple(sorted({sport for sport in self.sports if sport}))
        return Filter(self.where or None, sports, self.after or None, self.before or None)

    def without(self, *names: str) -> TileRequest:
        """Copy with some of `OF_TRACKS` and `OF_POINTS` left open."""
        fields = {"sports" if name == "sport" else name for name in names}
        return replace(self, **{name: () if name == "sports" else None for name in fields})  # type: ignore[arg-type]

    def given(self, name: str) -> bool:
        """Whether one of `OF_TRACKS` and `OF_POINTS` is given."""
        return bool(self.sports) if name == "sport" else getattr(self, name) is not None


@frozen(kw_only=True)
class Wording:
    """Texts of error messages; the defaults are for parameters of a URL."""

    prefix: str = ""
    """Before the name of an option."""
    for_points: str = "{name} is for points, and {measure} is of tracks: they take smooth"
    for_tracks: str = (
        "{name} is for tracks: the points of {points} are added up already, and can be filtered by time alone"
    )
    timeless: str = (
        "the points of {points} have no times, which {name} asks for: heatlas import FILE --time COLUMN reads them"
    )
    smooth_of_points: str | None = "smooth is for tracks: points have a radius, such as 15px or 500m, and a kernel"
    """None: smooth is allowed for points too, as the width of a Gaussian kernel."""
    too_wide: str = "{name} is too wide: at most {most}"


PARAMETERS = Wording()


def read_look(asked: TileRequest, snapshot: Snapshot) -> Look:
    """Parse the look of tracks, or of the point set that the measure names.

    Raises
    ------
    BadOption
        As `named_points` and `parse_look` do.
    """
    return parse_look(asked, named_points(snapshot, asked.measure))


def named_points(snapshot: Snapshot, measure: str | None) -> tuple[StoredPoints, str] | None:
    """Find the point set that a measure such as "sum(NAME)" names, and its reduction; None for a measure of tracks.

    Raises
    ------
    BadOption
        For a point set that does not exist.
    """
    parts = None if measure is None else split_measure(measure)
    if parts is None:
        return None
    reduction, name = parts
    stored = snapshot.point_sets.get(name)
    if stored is None and reduction in {"sum", "count"}:  # mean(pace) is of tracks, or invalid
        known = ", ".join(snapshot.point_sets) or "none"
        raise BadOption(f"there is no point set {name!r}: there are {known}; write {reduction}(NAME)")
    return None if stored is None else (stored, reduction)


def unfit_for(points: tuple[StoredPoints, str | None] | None) -> tuple[str, ...]:
    """Parameters that do not apply to what a measure is of: tracks, or a point set with a reduction."""
    if points is None:
        return OF_POINTS
    stored, reduction = points
    timeless = OF_TIME if stored.time is None else ()
    return (*OF_TRACKS, *timeless, *(() if reduction in {None, "sum", "count"} else ("density",)))


def parse_look(asked: TileRequest, points: tuple[StoredPoints, str | None] | None, words: Wording = PARAMETERS) -> Look:
    """Parse measure, smoothing or kernel, tone and colours, and check their limits.

    Parameters
    ----------
    asked : TileRequest
        The request, as written.
    points : (StoredPoints, str or None), optional
        The point set that is shown, and the reduction of its weights; None: tracks are shown.
    words : Wording
        Texts of error messages.

    Raises
    ------
    BadOption
        For a value that is invalid, too wide, or not for tracks or points as shown; and for filters of points other
        than their time, as the points of a pixel are summed already.
    """
    return _of_tracks(asked, words) if points is None else _of_points(asked, *points, words)


def _of_tracks(asked: TileRequest, words: Wording) -> Look:
    measure = parse_measure("passes" if asked.measure is None else asked.measure)
    smoothing = parse_smoothing(asked.smooth or "auto")
    if _WIDEST_SMOOTHING.excludes(smoothing):
        raise _too_wide("smooth", asked.smooth, _WIDEST_SMOOTHING.said(), words)
    for name in OF_POINTS:
        if asked.given(name):
            raise BadOption(words.for_points.format(name=words.prefix + name, measure=measure))
    refuse_colours(measure, f"{words.prefix}colormap" if asked.colormap else None)
    colours = _colours(asked)
    classes = _classes(asked, measure.reduction == "both")
    return Look(measure, smoothing, _scale(asked, measure, words), colours, classes=classes)


def _of_points(asked: TileRequest, stored: StoredPoints, reduction: str | None, words: Wording) -> Look:
    for name in OF_TRACKS:
        if name != "smooth" and asked.given(name):
            raise BadOption(words.for_tracks.format(name=words.prefix + name, points=stored.name))
    during = _during(asked, stored, words)
    kernel = parse_kernel_of(asked, words)
    if reduction not in {None, "count"} and stored.weight is None:
        raise BadOption(f"the points of {stored.name} have no weights: take count({stored.name})")
    if asked.density and reduction not in {None, "sum", "count"}:
        raise BadOption(f"{words.prefix}density makes sense for sum and count, not for {reduction}")
    _classes(asked, False)
    measure = parse_point_measure(reduction, stored.weight, bool(asked.density))
    colours = _colours(asked)
    return Look(measure, Smoothing(), _scale(asked, measure, words), colours, stored.name, kernel, during)


def _during(asked: TileRequest, stored: StoredPoints, words: Wording) -> Span | None:
    """Span of time of points; days are those of their tables."""
    given = [name for name in OF_TIME if asked.given(name)]
    if not given:
        return None
    if stored.time is None:
        raise BadOption(words.timeless.format(name=words.prefix + given[0], points=stored.name))
    after = -math.inf if asked.after is None else moment_seconds(parse_moment(asked.after))
    before = math.inf if asked.before is None else moment_seconds(parse_moment(asked.before))
    return after, before


def parse_kernel_of(asked: TileRequest, words: Wording = PARAMETERS) -> Kernel:
    """Parse the radius and the shape of a kernel.

    Raises
    ------
    BadOption
        For an invalid kernel, or one that is too wide.
    """
    name, given, times, smooth = "radius", asked.radius, 1, asked.smooth
    if smooth is not None:
        if words.smooth_of_points is not None:
            raise BadOption(words.smooth_of_points)
        for other in ("radius", "kernel"):
            at_most_one({words.prefix + other: getattr(asked, other), f"{words.prefix}smooth": smooth})
    if smooth is None or smooth.strip().lower() == "auto":
        kernel = parse_kernel(asked.radius or RADIUS, SHAPE if asked.kernel is None else asked.kernel)
    else:
        name, given, times = "smooth", smooth, 3  # a radius is three standard deviations
        kernel = kernel_of_smoothing(smooth)
    if _WIDEST_KERNEL.excludes(kernel):
        raise _too_wide(name, given, _WIDEST_KERNEL.said(times), words)
    return kernel


def _too_wide(name: str, given: str | None, most: str, words: Wording) -> BadOption:
    return BadOption(words.too_wide.format(name=words.prefix + name, given=given, most=most))


def _classes(asked: TileRequest, known: bool) -> frozenset[int]:
    """Classes that are shown; empty where all are."""
    if not asked.classes:
        return frozenset()
    words = asked.classes.split(",")
    if not known or not all(word in map(str, range(CLASSES)) for word in words):
        raise BadOption(f"classes are of both(X, Y), 0 to {CLASSES - 1}, such as 0,4: {asked.classes!r} is none")
    return frozenset(map(int, words))


def _colours(asked: TileRequest) -> str | None:
    """Name of the colour map, None where it is left open."""
    if not asked.colormap:
        return None
    colormap(asked.colormap)
    return asked.colormap


def _scale(asked: TileRequest, measure: Measure, words: Wording) -> ToneScale | None:
    """Tone scale in the base unit of a measure, None where it is left open."""
    if not asked.tone:
        return None
    scale = scale_for(asked.tone, measure, f"{words.prefix}tone")
    if scale.range is not None and not _can_be_drawn(scale.curve, *scale.range):
        raise BadOption(f"the range of {words.prefix}tone {asked.tone!r} is too wide or too narrow to be drawn")
    return scale


def _can_be_drawn(curve: str, low: float, high: float) -> bool:
    """Whether single precision can separate the values of a range."""
    least, most = 1e-9, 1e12
    return max(abs(low), abs(high)) <= most and high - low >= least and (curve != "log" or low >= least)
