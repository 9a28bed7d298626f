"""Publish the tiles of a library to a folder or a file, or update them."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from heatlas.core.context import NOBODY, Context
from heatlas.core.errors import BadOption, NothingToDraw
from heatlas.core.paths import parents_made
from heatlas.library.file.opening import open_library
from heatlas.options import RenderOptions
from heatlas.publish.archive import is_our_archive, open_archive
from heatlas.publish.databases import MBTILES, SQLITEDB, is_our_database, open_database
from heatlas.publish.dependencies import hold_model
from heatlas.publish.explorer_layer import explorer_data
from heatlas.publish.extent import beginning_of, bounds_of, places_of
from heatlas.publish.folder import check_folder, open_folder
from heatlas.publish.pyramid import write_pyramid
from heatlas.publish.request import parse_request, refuse_none_chosen, view_of
from heatlas.publish.sink import Metadata
from heatlas.raster.threshold import nowhere_enough
from heatlas.tiles.fields import index_in
from heatlas.tiles.notes import notes_of
from heatlas.tiles.scales import field_title, tone_data
from heatlas.tiles.shown_totals import activities_shown
from heatlas.tiles.view import close
from heatlas.writers import check_place

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from heatlas.publish.pyramid import PyramidReport
    from heatlas.publish.request import PublishRequest
    from heatlas.publish.sink import Sink
    from heatlas.tiles.fields import Field
    from heatlas.tiles.snapshot import Snapshot
    from heatlas.tiles.view import View

__all__ = ["ENDINGS", "check", "is_pyramid", "publish", "publish_view"]

ENDINGS: dict[str, Callable[[Path, bytes, str], AbstractContextManager[Sink]]] = {
    ".pmtiles": open_archive,
    ".mbtiles": partial(open_database, MBTILES),
    ".sqlitedb": partial(open_database, SQLITEDB),
}
"""Ending in lower case -> function that opens such a file; any other output is a folder."""
_PLAIN = RenderOptions()


def is_pyramid(output: str | Path) -> bool:
    """Whether an output is for tiles: it has one of ENDINGS, is a folder, or ends with a slash."""
    text = os.fspath(output)
    return Path(text).suffix.lower() in ENDINGS or text.endswith(("/", os.sep)) or Path(text).is_dir()


def check(output: Path, url: str | None = None) -> None:
    """Refuse an output that cannot be written, or an invalid URL, before any work is done.

    Raises
    ------
    BadOption
        Naming the output or URL and the reason.
    """
    if url is not None:
        _check_url(url)
    if output.suffix.lower() not in ENDINGS:
        check_folder(output)
        return
    check_place(output)
    final = output.resolve()
    ours = is_our_archive if output.suffix.lower() == ".pmtiles" else is_our_database
    if final.exists() and final.stat().st_size > 0 and not ours(final):
        raise BadOption(f"cannot write {output}: it holds other things; name a new file")


def _check_url(url: str) -> None:
    """Refuse a URL from which no program could fetch tiles."""
    try:
        parts = urlsplit(url)
        sound = parts.scheme.lower() in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        sound = False
    if not sound or any(char.isspace() or char in '"<>\\' for char in url):
        raise BadOption(f"--url {url!r} is no address of the web: say one such as https://example.org/heat/")


def publish(
    library_path: str | Path, output: str | Path, options: RenderOptions = _PLAIN, context: Context = NOBODY
) -> dict[str, Any]:
    """Write the tiles of a library, or update those that were written before.

    Only tiles that hold heat are written. A later run draws the tiles that depend on changes in the library or in the
    filter, and writes those that differ. Tiles that have become empty are removed. A run that was stopped, by whatever
    means, is continued by the next call.

    One more activity would change the colours of every tile slightly. The tone of a zoom is therefore stored and used
    again until a new fit would move a value by more than 2 % of the colours; then all its tiles are drawn again.

    Parameters
    ----------
    library_path : str or Path
        The library.
    output : str or Path
        ``.pmtiles``, ``.mbtiles``, ``.sqlitedb`` (OsmAnd, Locus), or a folder: ``{z}/{x}/{y}.png`` for web servers,
        with tiles.json and index.html.
    options : RenderOptions
        Options of tiles; with `refit` tiles equal those of the live map.
    context : Context
        Workers, and callbacks for progress.

    Returns
    -------
    dict
        ``tiles`` (written, unchanged, removed, empty), ``bytes``, ``zooms``, ``seconds``, ``outputs`` and more.

    Raises
    ------
    BadOption
        For options and outputs that cannot be used.
    NothingToDraw
        When the filter leaves nothing, unless the last run had the same filter; published tiles stay as they are. When
        the library is empty and nothing was published before; else published tiles are removed.
    SourceFailed, HeatlasError
        When the library cannot be read, or the output cannot be written.
    """
    output = Path(output)
    check(output, options.tiles.url)
    request = parse_request(library_path, options, beside=True)
    with open_library(library_path) as library:
        view = view_of(library, options)
        try:
            return publish_view(view, view.snapshot, output, request, context)
        finally:
            close(view)


def publish_view(
    view: View, snapshot: Snapshot, output: Path, request: PublishRequest, context: Context
) -> dict[str, Any]:
    """Publish one state of a library; see `publish`."""
    started = time.perf_counter()
    field = request.field(view, snapshot, absent=True)
    zooms = request.range_of(field)
    beginning = beginning_of(field)
    if beginning is None and not output.exists():
        refuse_none_chosen(field, request)
        if snapshot.threshold.people and snapshot.activities:
            raise NothingToDraw(nowhere_enough(snapshot.threshold, snapshot.activities.values()))
        raise NothingToDraw(f"{view.library.path} holds nothing that could be shown: there is nothing to publish")
    style, explorer = request.style(field), explorer_data(field, request.explorer)
    opened = ENDINGS.get(output.suffix.lower(), open_folder)
    with parents_made(output), opened(output, style, request.form) as sink:
        _remember_filter(sink, request, field)
        field = hold_model(field, sink, refit=request.refit)
        outcome = write_pyramid(field, zooms, sink, request, context)
        finishing = time.perf_counter()
        context.progress("finishing", 0, 0)
        held = sink.ledger.held(zooms[-1])
        metadata = _metadata(field, request, zooms, bounds_of(zooms[-1], held), beginning or (0.0, 0.0, 0), outcome)
        if opened is open_folder:
            from heatlas.publish.ground import with_ground

            metadata = with_ground(metadata, field, request.streets, held)
        outputs = sink.finish(replace(metadata, explorer=explorer))
    done = time.perf_counter()
    counts = {name: outcome.counts[name] for name in ("written", "unchanged", "removed", "empty")}
    return {
        "measure": str(request.look.measure),
        **_shown(field),
        "tiles": counts,
        "bytes": outcome.bytes,
        "zooms": [zooms.start, zooms.stop - 1],
        "bbox": list(metadata.bounds),
        **({} if metadata.streets is None else {"streets": metadata.streets.data()}),
        "warnings": [
            *notes_of(field, zooms.stop - 1),
            *_threshold_words(field, request),
            *([] if metadata.streets is None else [metadata.streets.sentence()]),
        ],
        "seconds": {**outcome.seconds, "finish": done - finishing, "all": done - started},
        "outputs": [str(path) for path in outputs],
    }


def _threshold_words(field: Field, request: PublishRequest) -> list[str]:
    chosen = request.chosen
    return field.snapshot.threshold.words(span=bool(chosen.after or chosen.before))


def _remember_filter(sink: Sink, request: PublishRequest, field: Field) -> None:
    """Store the filter; refuse a new one if it leaves nothing. If the same one leaves nothing, the library changed."""
    said, before = request.mark(), sink.ledger.get("chosen")
    if said is not None and before == said:
        return
    if before != request.said:  # older ledgers hold the words of the filter, which must not be published
        refuse_none_chosen(field, request)
    sink.ledger.begin()
    sink.ledger.put("chosen", said)
    sink.ledger.commit()


def _shown(field: Field) -> dict[str, Any]:
    """Amounts that are shown, for the report."""
    stored = field.snapshot.point_sets.get(field.look.point_set)
    if stored is None:
        return {"activities": activities_shown(field)}
    return {"activities": 0, "point_set": stored.name, "points": index_in(field).points}


def _metadata(
    field: Field,
    request: PublishRequest,
    zooms: range,
    bounds: tuple[float, float, float, float],
    beginning: tuple[float, float, int],
    outcome: PyramidReport,
) -> Metadata:
    url = request.url
    return Metadata(
        title=_title(field, request.title, bounds),
        attribution=request.attribution,
        form=request.form,
        zooms=(zooms[0], zooms[-1]),
        bounds=bounds,
        center=(*beginning[:2], min(max(beginning[2], zooms[0]), zooms[-1])),
        legend={str(zoom): tone_data(field, tone) for zoom, tone in outcome.tones.items()},
        url=url if not url or url.endswith("/") else f"{url}/",
    )


def _title(field: Field, asked: str, bounds: tuple[float, float, float, float]) -> str:
    if "{" not in asked:
        return asked or field_title(field)
    from heatlas.gazetteer.naming import with_place

    places = places_of(field)
    return with_place(asked, tuple(places[0]["bbox"]) if places else bounds)
