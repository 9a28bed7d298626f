"""A page with several maps of one library: of its sports, years, months, gear, or measures, of tracks or of points."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heatlas.errors import BadOption, NothingToDraw
from heatlas.finish import suiting_colours
from heatlas.grid import Grid, parse_measure
from heatlas.library.point_tables import split_measure, stored_points
from heatlas.library.store import open_library
from heatlas.point_set import framed
from heatlas.publish.crowded import titles_of
from heatlas.publish.html import MapLayer, write_html
from heatlas.publish.order import parse_order, refuse_none_chosen
from heatlas.publish.pmtiles import read_metadata
from heatlas.publish.publishing import publish
from heatlas.publish.weight import check_weight, fitting_zooms
from heatlas.report import place_data
from heatlas.scratch import scratch_folder
from heatlas.tiling.crowds import LEAST
from heatlas.tiling.facts import places_in
from heatlas.tiling.fields import signs_matter_in
from heatlas.tiling.scales import field_title
from heatlas.tiling.view import close, known_in, open_view
from heatlas.where import parse_moment, start_of
from heatlas.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from heatlas.batch import Activity
    from heatlas.publish.order import Order
    from heatlas.tiling.fields import Field
    from heatlas.tiling.view import View

__all__ = ["GROUPS", "publish_html"]

_PLACES = 12
_WHITE = (255, 255, 255)
_OF_TRACKS, _OF_POINTS = ("where", "sports", "after", "before"), ("radius", "kernel", "density")
"""Options of layers of the one kind, and of the other."""


def publish_html(
    library_path: str | Path,
    output: str | Path,
    *,
    layers: str | None = None,
    zooms: tuple[int, int] | None = None,
    where: str | None = None,
    sports: Collection[str] = (),
    after: str | None = None,
    before: str | None = None,
    title: str = "",
    attribution: str = "",
    background: str = "dark",
    basemap: Mapping[str, str] | str | None = None,
    public: bool = False,
    least: int = LEAST,
    utc: bool = False,
    workers: int | None = None,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
    **look: Any,
) -> dict[str, Any]:
    """Write one HTML file that shows a library without a server, and without the internet.

    Of single activities it holds no name, date or number: layers are totals, of what the library does not hide.

    Parameters
    ----------
    library_path : str or Path
        The library.
    output : str or Path
        File to write.
    layers : str, optional
        What can be switched between, in a comma list: sport, year, month, gear, and measures (passes,pace,max(power)).
        With the former there is a layer of everything as well. Point sets have measures such as "sum(NAME)".
    zooms : (int, int), optional
        First and last zoom of the 256 px tiles; beyond, they are enlarged. By default 0 to 16, or to less where the
        file would have more than `heatlas.publish.html.WARN_BYTES`.
    where, sports, after, before
        Which activities count in layers of tracks, as for `heatlas.publish.publish`.
    title : str
        Heading of the page.
    attribution : str
        Whose data it shows.
    background : str
        "dark" or "light", until the viewer says otherwise. Counts have colours for either, unless a colour map is
        given.
    basemap : mapping or str, optional
        As for `heatlas.publish.html.write_html`.
    public : bool
        Leave out the activities that are marked as private, and layers of a few.
    least : int
        Activities that a layer of some of them must have when it is public, as well as all that can be told from
        several layers (`heatlas.publish.crowded`).
    utc : bool
        Whether years, months and filters are those of UTC; else of the place where each activity began.
    workers : int, optional
        Threads; by default one for each processor.
    progress : callable, optional
        Is told the stage, and how much of how much is done.
    **look
        measure, tone, colormap, smooth, as for `heatlas.publish.publish`; of layers of points radius, kernel, density.

    Returns
    -------
    dict
        What `heatlas.publish.html.write_html` gives, and `estimated`, the bytes that were expected.

    Raises
    ------
    BadOption
        For options that cannot be used.
    NothingToDraw
        When nothing is chosen.
    TooLarge
        When the file would be larger than browsers can open; where that is foreseen, before it is drawn.
    """
    path = Path(output)
    if not path.resolve().parent.is_dir() or path.is_dir():
        raise BadOption(f"cannot write {path}: {'it is a folder' if path.is_dir() else 'its folder does not exist'}")
    chosen: dict[str, Any] = {"where": where, "sports": sports, "after": after, "before": before}
    with open_library(library_path) as library, scratch_folder() as folder:
        view = open_view(library, public, shown_only=True, least=least, utc=utc)
        try:
            progress("looking what there is", 0, 0)
            plans, left_out = _plans(view, layers, chosen, look)
            fields = [plan.order.field(view, view.snapshot) for plan in plans]
            if not any(field.look.point_set or field.chosen.count for field in fields):
                refuse_none_chosen(fields[0], plans[0].order)
                raise NothingToDraw(f"{library_path} holds no activity that could be shown")
            first, last, size = fitting_zooms(fields, zooms, progress)
            check_weight(path, (first, last), size)
            drawn, warnings = [], []
            for number, (plan, field) in enumerate(zip(plans, fields, strict=True)):
                archive = folder / f"{number}.pmtiles"
                layer = _drawn(field, archive, plan, (first, last), workers, progress)
                if layer is None:
                    warnings.append(f"there is nothing to see of {plan.title}: it is left out")
                else:
                    drawn.append(layer)
            if not drawn:
                raise NothingToDraw(f"nothing that could be shown was recorded in {library_path}")
            progress("writing", 0, 0)
            report = write_html(
                path, drawn, title=title or "Heat map", attribution=attribution, background=background,
                places=_places(fields[0]), basemap=basemap,
            )  # fmt: skip
        finally:
            close(view)
    return {**report, "estimated": size, "warnings": [*left_out, *warnings, *report["warnings"]]}


@dataclass(frozen=True, slots=True)
class _Plan:
    """One layer before it is drawn."""

    title: str
    group: str
    options: dict[str, Any]
    """What `heatlas.publish.publish` is told."""
    order: Order


def _plans(
    view: View, layers: str | None, chosen: dict[str, Any], look: dict[str, Any]
) -> tuple[list[_Plan], list[str]]:
    """List the layers that are asked for, and say which are left out."""
    words = _words(layers or "")
    groups = [word for word in words if word in GROUPS]
    measures = [word for word in words if word not in GROUPS]
    path = view.library.path
    if look.get("measure") and measures and not groups:
        raise BadOption(f"--measure is for one layer, and --layers {layers} names measures itself: add it there")
    asked = [*([look.get("measure")] if groups or not measures else []), *measures]
    of_points = [stored_points(path, measure) is not None for measure in asked]
    for word, points in zip(measures, of_points[len(asked) - len(measures) :], strict=True):
        if not points:
            _check_measure(word)
    if groups and of_points[0]:
        raise BadOption(f"--layers {groups[0]} splits tracks, and points are shown: take measures such as count(NAME)")
    plans: list[_Plan] = []
    left_out: list[str] = []
    for measure, points in zip(asked, of_points, strict=True):
        # Options of the other kind are for the other layers; where there are none, they are refused.
        unfit = () if len(set(of_points)) == 1 else (*_OF_TRACKS, "smooth") if points else _OF_POINTS
        options = {k: v for k, v in {**chosen, **look, "measure": measure}.items() if k not in unfit}
        order = parse_order(path, **options)
        field = order.field(view, view.snapshot)
        plans.append(_Plan(field_title(field), "Measure" if measures else "", options, order))
        if groups and len(plans) == 1:
            plans[0] = replace(plans[0], title="All", group="")
            parts, left_out = _split(field, groups, chosen, options)
            plans += parts
    return plans, left_out


def _split(
    field: Field, groups: list[str], chosen: dict[str, Any], options: dict[str, Any]
) -> tuple[list[_Plan], list[str]]:
    """Layers of parts of the activities, and what is to be said of those that are left out."""
    path, activities, plans, left_out = field.view.library.path, _activities(field), [], []
    shown = titles_of(activities, groups, field.view.least if field.view.public else 1)
    for word in groups:
        name, split = GROUPS[word]
        parts = split(activities, chosen)
        for title, part in parts:
            if title in shown[word]:
                one = {**options, **part}
                plans.append(_Plan(title, name, one, parse_order(path, **one)))
        if few := sum(title not in shown[word] for title, _ in parts):
            left_out.append(
                f"of {len(parts)} layers by {word} {few} are left out: a public map shows no fewer than "
                f"{field.view.least} activities by themselves, nor what could be told from the others (--public-least)"
            )
    return plans, left_out


def _words(text: str) -> list[str]:
    words = [_word(part.strip()) for part in text.split(",") if part.strip()]
    twice = [word for word, count in Counter(words).items() if count > 1]
    if twice:
        raise BadOption(f"--layers names {twice[0]} twice")
    return words


def _check_measure(word: str) -> None:
    try:
        parse_measure(word)
    except BadOption as error:
        raise BadOption(f"--layers knows {', '.join(GROUPS)} and measures: {error}") from None


def _word(text: str) -> str:
    """A group or a measure in lower case; names of point sets stay as they are written."""
    parts = split_measure(text)
    return text.lower() if parts is None or not parts[1] else f"{parts[0]}({parts[1]})"


def _activities(field: Field) -> list[Activity]:
    """What is chosen; when it is for everybody, those alone of which the measure is known."""
    chosen = field.chosen.keep[field.snapshot.numbers]
    if field.view.public:
        chosen &= known_in(field.view, field.snapshot, field.look.measure.metric)
    return [one for one, has in zip(field.snapshot.activities.values(), chosen.tolist(), strict=True) if has]


Parts = list[tuple[str, dict[str, Any]]]
"""Titles, and the options by which each differs."""


def _by_sport(activities: list[Activity], chosen: dict[str, Any]) -> Parts:  # noqa: ARG001 - one way to split
    counts = Counter(one.sport for one in activities)
    return [(sport, {"sports": (sport,)}) for sport, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]


def _by_gear(activities: list[Activity], chosen: dict[str, Any]) -> Parts:
    counts = Counter(one.gear for one in activities if one.gear)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(gear, _also(chosen, "gear = '{}'".format(gear.replace("'", "''")))) for gear, _ in ordered]


def _also(chosen: dict[str, Any], test: str) -> dict[str, Any]:
    return {"where": f"({chosen['where']}) AND {test}" if chosen["where"] else test}


def _by_year(activities: list[Activity], chosen: dict[str, Any]) -> Parts:
    years = sorted({moment.year for moment in _starts(activities)})
    return [(str(year), _span(chosen, f"{year:04}-01-01", f"{year + 1:04}-01-01", f"year = {year}")) for year in years]


def _by_month(activities: list[Activity], chosen: dict[str, Any]) -> Parts:
    parts = []
    for year, month in sorted({(moment.year, moment.month) for moment in _starts(activities)}):
        following = f"{year + month // 12:04}-{month % 12 + 1:02}-01"
        name = dt.date(year, month, 1).strftime("%b %Y")
        test = f"year = {year} AND month = {month}"
        parts.append((name, _span(chosen, f"{year:04}-{month:02}-01", following, test)))
    return parts


def _starts(activities: list[Activity]) -> list[dt.datetime]:
    return [start for start in map(start_of, activities) if start is not None]


def _span(chosen: dict[str, Any], after: str, before: str, test: str) -> dict[str, Any]:
    """What two ranges of time have in common; `test` says the same as `after` and `before`."""
    given = [parse_moment(text) for text in (chosen["after"], chosen["before"]) if text]
    if any(moment.tzinfo for moment in given):
        return _also(chosen, test)  # a moment everywhere, and a month by local clocks: neither holds the other
    first = max((text for text in (after, chosen["after"]) if text), key=parse_moment)
    last = min((text for text in (before, chosen["before"]) if text), key=parse_moment)
    return {"after": first, "before": last}


GROUPS: dict[str, tuple[str, Callable[[list[Activity], dict[str, Any]], Parts]]] = {
    "sport": ("Sport", _by_sport),
    "year": ("Year", _by_year),
    "month": ("Month", _by_month),
    "gear": ("Gear", _by_gear),
}
"""What activities can be split by -> the name of the group, and how."""


def _drawn(
    field: Field, archive: Path, plan: _Plan, zooms: tuple[int, int], workers: int | None,
    progress: Callable[[str, int, int], None],
) -> MapLayer | None:  # fmt: skip
    """Draw a layer; None: there is nothing to see in it."""
    try:
        report = publish(
            field.view.library.path, archive, zooms=zooms, public=field.view.public, utc=field.view.utc,
            least=1,  # it was seen to which layers have enough
            workers=workers, **plan.options,
            progress=lambda stage, done, total: progress(f"{plan.title}: {stage}", done, total),
        )  # fmt: skip
    except NothingToDraw:
        return None
    with archive.open("rb") as file:
        legend = read_metadata(file)["legend"]
    scales = {int(zoom): scale for zoom, scale in legend.items()}
    if all(scale["low"] is None for scale in scales.values()):
        return None
    first, last = report["zooms"]
    return MapLayer(
        title=plan.title, group=plan.group, archive=archive, scales=scales, activities=report["activities"],
        bounds=tuple(report["bbox"]), zooms=(first, last), colours=_colours(field),
    )  # fmt: skip


def _colours(field: Field) -> tuple[NDArray[np.uint8], NDArray[np.uint8]] | None:
    """Colours that suit a dark ground and a light one; None where they are given, or tiles have no palette."""
    measure = field.look.measure
    of_weights = measure.points and measure.reduction == "sum" and not signs_matter_in(field)
    if field.look.colormap is not None or (measure.metric and not of_weights):
        return None
    one = Grid.empty(Window(256.0, 0, 0, 1, 1), measure)
    return suiting_colours(one, None), suiting_colours(one, _WHITE)


def _places(field: Field) -> list[dict[str, Any]]:
    """Regions that hold what is chosen, or enough of it; of points one that holds all, as none of them is home."""
    stored = field.snapshot.point_sets.get(field.look.point_set)
    if stored is not None:
        return [{"bbox": list(framed(stored.bbox))}]
    found, view = places_in(field.view, field.snapshot, field.chosen), field.view
    told = [place for k, place in enumerate(found) if not (view.public and k) or place.activities >= view.least]
    return [place_data(place) for place in told[:_PLACES]]
