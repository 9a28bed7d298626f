"""A page with several layers of one library: by sport, year, month, gear or measure, of tracks or of points."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from heatlas.core.context import NOBODY, Context
from heatlas.core.errors import BadOption, NothingToDraw, unworded
from heatlas.core.frozen import frozen
from heatlas.core.scratch import scratch_folder
from heatlas.core.window import Window
from heatlas.dataset import viewport
from heatlas.gazetteer.naming import with_place
from heatlas.library.file.opening import open_library
from heatlas.library.points.point_tables import split_measure, stored_points
from heatlas.options import (
    FilterOptions,
    KernelOptions,
    LabelOptions,
    PageOptions,
    RenderOptions,
    ViewportOptions,
)
from heatlas.options.parsing import parse_zooms, split_list
from heatlas.publish.crowded import titles_of
from heatlas.publish.explorer_layer import explorer_data
from heatlas.publish.extent import places_of
from heatlas.publish.groups import GROUPS, parts_of_points, refuse_groups_of_points
from heatlas.publish.html import MapLayer, write_html
from heatlas.publish.pmtiles import read_metadata
from heatlas.publish.publishing import publish
from heatlas.publish.request import few_words, parse_request, refuse_none_chosen, view_of
from heatlas.publish.size_estimate import check_weight, fitting_zooms
from heatlas.raster.grid import Grid
from heatlas.raster.measure import parse_measure
from heatlas.raster.threshold import nowhere_enough
from heatlas.style.defaults import bright_colours, suiting_colours
from heatlas.tiles.fields import signs_matter_in
from heatlas.tiles.notes import notes_of
from heatlas.tiles.scales import field_title
from heatlas.tiles.view import close, known_in
from heatlas.writers import check_place

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from heatlas.core.batch import Activity
    from heatlas.publish.request import PublishRequest
    from heatlas.tiles.fields import Field
    from heatlas.tiles.view import View

__all__ = ["GROUPS", "publish_html"]

_WHITE = (255, 255, 255)
_PLAIN = RenderOptions()


def publish_html(
    library_path: str | Path, output: str | Path, options: RenderOptions = _PLAIN, context: Context = NOBODY
) -> dict[str, Any]:
    """Write one HTML file that shows a library without a server and without the internet.

    It holds no name, date or number of a single activity: layers are totals of what the library does not hide.

    Parameters
    ----------
    library_path : str or Path
        The library.
    output : str or Path
        File to write.
    options : RenderOptions
        Options of pages. If `layers` names groups, there is a layer of everything too. By default zooms end at 16, or
        earlier if the file would exceed `heatlas.publish.html.WARN_BYTES`. Colours that suit a dark ground alone
        have others for a light one, unless a colour map is given.
    context : Context
        Workers, and callbacks for progress.

    Returns
    -------
    dict
        Result of `heatlas.publish.html.write_html`, and `estimated`, the expected bytes.

    Raises
    ------
    BadOption
        For options that cannot be used.
    NothingToDraw
        When nothing is chosen.
    TooLarge
        When the file would be larger than browsers can open; before drawing if that is foreseen.
    """
    path = Path(output)
    check_place(path)
    zooms = parse_zooms(options.frame.zoom)
    opening = None if options.frame.bbox is None else viewport.box_of(options.frame.bbox)
    with open_library(library_path) as library, scratch_folder() as folder:
        view = view_of(library, options)
        try:
            context.progress("looking what there is", 0, 0)
            plans, left_out = _plans(view, options)
            fields = [plan.request.field(view, view.snapshot) for plan in plans]
            if not any(field.look.point_set or field.chosen.count for field in fields):
                refuse_none_chosen(fields[0], plans[0].request)
                raise NothingToDraw(f"{library_path} holds no activity that could be shown")
            explorer = explorer_data(fields[0], options.page.explorer)
            first, last, size = fitting_zooms(fields, zooms, context)
            check_weight(path, (first, last), size)
            drawn, warnings = [], []
            for number, (plan, field) in enumerate(zip(plans, fields, strict=True)):
                archive = folder / f"{number}.pmtiles"
                layer = _drawn(field, archive, plan, (first, last), context)
                if layer is None:
                    warnings.append(f"there is nothing to see of {plan.title}: it is left out")
                else:
                    drawn.append(layer)
                    warnings += [note for note in notes_of(field, last) if note not in warnings]
            if not drawn and view.snapshot.threshold.people:
                raise NothingToDraw(nowhere_enough(view.snapshot.threshold, view.snapshot.activities.values()))
            if not drawn:
                raise NothingToDraw(f"nothing that could be shown was recorded in {library_path}")
            context.progress("writing", 0, 0)
            opened = [] if opening is None else [{"name": "First view", "bbox": list(opening)}]
            places = [*opened, *places_of(fields[0])]
            title = with_place(options.labels.title or "Heat map", tuple(places[0]["bbox"]))
            report = write_html(
                path, drawn, title=title, attribution=options.labels.attribution or "",
                background=options.style.background or "dark", places=places,
                basemap=options.page.basemap, explorer=explorer,
            )  # fmt: skip
        finally:
            close(view)
    return {
        **report,
        "estimated": size,
        "warnings": [*left_out, *warnings, *_threshold_words(view, options), *report["warnings"]],
    }


def _threshold_words(view: View, options: RenderOptions) -> list[str]:
    return view.snapshot.threshold.words(span=bool(options.filter.after or options.filter.before))


@frozen
class _Plan:
    """One layer before it is drawn."""

    title: str
    group: str
    options: RenderOptions
    """Options for `heatlas.publish.publish`."""
    request: PublishRequest


def _plans(view: View, options: RenderOptions) -> tuple[list[_Plan], list[str]]:
    """Layers that are requested, and messages about those that are left out."""
    layers = options.page.layers
    words = _words(layers or "")
    groups = [word for word in words if word in GROUPS]
    measures = [word for word in words if word not in GROUPS]
    path = view.library.path
    if options.measure and measures and not groups:
        raise BadOption(
            f"--measure is for one layer, and --layers={quote(str(layers))} names measures itself: add it there"
        )
    asked = [*([options.measure] if groups or not measures else []), *measures]
    of_points = [stored_points(path, measure) is not None for measure in asked]
    for word, points in zip(measures, of_points[len(asked) - len(measures) :], strict=True):
        if not points:
            _check_measure(word)
    if groups and of_points[0]:
        refuse_groups_of_points(groups)
    plans: list[_Plan] = []
    left_out: list[str] = []
    for measure, points in zip(asked, of_points, strict=True):
        # If layers are of both kinds, options of the other kind are dropped; else they stay, and are refused.
        one = options if len(set(of_points)) == 1 else _of_points(options) if points else _of_tracks(options)
        one = replace(one, measure=measure)
        request = parse_request(path, one)
        field = request.field(view, view.snapshot)
        plans.append(_Plan(field_title(field), "Measure" if measures else "", one, request))
        if groups and len(plans) == 1:
            plans[0] = replace(plans[0], title="All", group="")
            parts, left_out = (_split_points if points else _split)(field, groups, one)
            plans += parts
    return plans, left_out


def _of_points(options: RenderOptions) -> RenderOptions:
    """Options of a layer of points beside layers of tracks."""
    public = replace(options.public, at_least=None, round=None)
    return replace(options, smooth=None, filter=FilterOptions(utc=options.filter.utc), public=public)


def _of_tracks(options: RenderOptions) -> RenderOptions:
    """Options of a layer of tracks beside layers of points."""
    return replace(options, points=KernelOptions())


def _split(field: Field, groups: list[str], options: RenderOptions) -> tuple[list[_Plan], list[str]]:
    """Layers of parts of the activities, and messages about those that are left out."""
    path, activities, plans, left_out = field.view.library.path, _activities(field), [], []
    at_least = field.snapshot.threshold.people if field.view.public else 0
    shown = titles_of(activities, groups, field.view.least if field.view.public else 1, at_least)
    for word in groups:
        name, split = GROUPS[word]
        parts = split(activities, options.filter)
        for title, part in parts:
            if title in shown[word]:
                one = replace(options, filter=part)
                plans.append(_Plan(title, name, one, parse_request(path, one)))
        if few := sum(title not in shown[word] for title, _ in parts):
            left_out.append(
                f"of {len(parts)} layers by {word} {few} are left out: a public map shows no fewer than "
                f"{few_words(field)} by themselves, nor what could be told from the others (--public-least)"
            )
    return plans, left_out


def _split_points(field: Field, groups: list[str], options: RenderOptions) -> tuple[list[_Plan], list[str]]:
    """Layers of years or months of points that have times."""
    path, stored = field.view.library.path, field.snapshot.point_sets[field.look.point_set]
    plans = []
    for word in groups:
        for title, part in parts_of_points(stored, field.look.during, word, options.filter):
            one = replace(options, filter=part)
            plans.append(_Plan(title, GROUPS[word][0], one, parse_request(path, one)))
    return plans, []


def _words(text: str) -> list[str]:
    words = [_word(part) for part in split_list(text)]
    twice = [word for word, count in Counter(words).items() if count > 1]
    if twice:
        raise BadOption(f"--layers names {twice[0]} twice")
    return words


def _check_measure(word: str) -> None:
    try:
        parse_measure(word)
    except BadOption as error:
        near = get_close_matches(word, GROUPS, 1)
        said = f"there is no {word!r}: did you mean {near[0]}?" if near else unworded(error)
        raise BadOption(f"--layers knows {', '.join(GROUPS)} and measures: {said}") from None


def _word(text: str) -> str:
    """A group or a measure in lower case; names of point sets, and what filters ask for, stay as they are written."""
    parts = split_measure(text)
    if parts is not None and parts[1]:
        return f"{parts[0]}({parts[1]})"
    return text if ";" in text else text.lower()


def _activities(field: Field) -> list[Activity]:
    """Chosen activities; on a public map only those for which the measure is known."""
    chosen = field.chosen.keep[field.snapshot.numbers]
    if field.view.public:
        chosen &= known_in(field.view, field.snapshot, field.look.measure.recorded)
    return [one for one, has in zip(field.snapshot.activities.values(), chosen.tolist(), strict=True) if has]


def _drawn(field: Field, archive: Path, plan: _Plan, zooms: tuple[int, int], context: Context) -> MapLayer | None:
    """Draw a layer; None if there is nothing to see in it."""
    options = replace(
        plan.options,
        frame=ViewportOptions(zoom=f"{zooms[0]}-{zooms[1]}"),
        labels=LabelOptions(),
        public=replace(
            plan.options.public, public_least=1 if field.view.public else None
        ),  # layers with too few are left out already
        page=PageOptions(),
    )
    try:
        report = publish(field.view.library.path, archive, options, context.within(plan.title))
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
    """Default colours on a dark and on a light ground; None if a colour map is given, or if they suit any ground."""
    measure = field.look.measure
    if field.look.colormap is not None or signs_matter_in(field) or not bright_colours(measure):
        return None
    one = Grid.empty(Window(256.0, 0, 0, 1, 1), measure)
    return suiting_colours(one, None), suiting_colours(one, _WHITE)
