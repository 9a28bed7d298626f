"""Source of a live map: a library, or a temporary one made of tracks or points."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from heatlas.core.batch import split
from heatlas.core.errors import BadOption, NothingToDraw
from heatlas.core.resources import processors
from heatlas.core.scratch import make_scratch
from heatlas.dataset.points import PointSet
from heatlas.dataset.shown_tracks import why_nothing
from heatlas.dataset.tracks import Tracks
from heatlas.library.file.identity import identity
from heatlas.library.file.opening import open_library
from heatlas.library.file.settings import read_settings, write_settings
from heatlas.library.maintenance import index
from heatlas.library.points.point_sets import import_points, name_from
from heatlas.library.rows.activities import insert_activity

if TYPE_CHECKING:
    from heatlas.core.scratch import Scratch
    from heatlas.library.file.store import Library

__all__ = ["opened"]

_FINEST = 16
"""Finest zoom to index: with the smoothing of 4 m, one more would take twice as long and show nothing new."""
_OUTCOME = {"read": 0, "unread": [], "warnings": [], "dropped": {}}


def opened(source: str | Path | Tracks | PointSet) -> tuple[Library, Scratch | None]:
    """Open a library, or make a temporary one of tracks or points.

    Parameters
    ----------
    source : str, Path, Tracks or PointSet
        File of a library, which is only read; or tracks or points, of which filtered and hidden parts stay out.

    Returns
    -------
    Library, Scratch or None
        The library, and the folder to remove when it is no longer needed.

    Raises
    ------
    BadOption, SourceFailed, NothingToDraw
        When there is no such library, no track, or no point.
    """
    if isinstance(source, (Tracks, PointSet)):
        if isinstance(source, Tracks) and not len(source):
            raise NothingToDraw(why_nothing(source.report))
        scratch = make_scratch()
        path = scratch.path / "heatlas.db"
        try:
            made = _library_of(source, path) if isinstance(source, Tracks) else _library_of_points(source, path)
        except BaseException:
            scratch.close()
            raise
        return made, scratch
    if not isinstance(source, (str, os.PathLike)):
        raise BadOption(f"{source!r:.60} is no library: show heatlas.LiveMap('heatlas.db') or heatlas.LiveMap(tracks)")
    path = Path(source)
    if identity(path) in {"folder", "empty", "other"}:
        raise BadOption(f"{path} is no library: show heatlas.LiveMap(heatlas.open({str(path)!r}))")
    return open_library(path), None


def _library_of_points(points: PointSet, path: Path) -> Library:
    """Index points under the name of their table."""
    name = "points"
    if len(points.parts) == 1 and Path(points.name).is_file():
        with suppress(BadOption):  # speed.csv has the name of a measure of tracks: "points" will do
            name = name_from(points.name)
    library = open_library(path, create=True)
    try:
        import_points(library, name, points)
    except BaseException:
        library.close()
        raise
    return library


def _library_of(tracks: Tracks, path: Path) -> Library:
    """Index tracks without cutting anything: private parts are already cut."""
    library = open_library(path, create=True)
    with library.write() as connection:
        settings = read_settings(connection)
        write_settings(connection, replace(settings, zooms=(settings.zooms[0], _FINEST)))
        file = connection.execute(
            "INSERT INTO files (name, size, changed, digest, said, outcome) VALUES ('', 0, 0, x'', x'', ?)",
            (json.dumps(_OUTCOME),),
        ).lastrowid
        assert file is not None
        batches = tracks.localised().batches
        singles = [single for batch in batches for single in split(batch, [tuple(batch.columns)] * len(batch))]
        index(connection, {insert_activity(connection, file, single): single for single in singles}, processors())
    return library
