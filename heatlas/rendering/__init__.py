"""What `render` writes: pictures, films, tiles and pages, each with the options that make sense for it.

============ ==============================================================
`kinds`      which kind a name asks for; options that it has not are refused
`pictures`   of tracks and of points
`films`      of tracks
`tiles`      folders and archives of tiles, and pages that hold them
============ ==============================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from heatlas.core.context import Context, silent
from heatlas.options import RenderOptions, gather
from heatlas.options.signature import with_keywords

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from heatlas.core.context import Progress
    from heatlas.options.keywords import RenderKeywords

__all__ = ["render"]


@with_keywords(RenderOptions)
def render(
    *sources: Any,
    output: str | Path,
    told: Callable[[dict[str, Any]], None] | None = None,
    workers: int | None = None,
    progress: Progress = silent,
    **options: Unpack[RenderKeywords],
) -> dict[str, Any]:
    """Draw recordings or points as a heat map.

    Parameters
    ----------
    *sources : str, Path or object
        Strava exports, folders, archives, and files of .gpx, .fit and .tcx; a library; or tables (see
        `heatlas.open_points`), whose rows are points, or, with `track`, the fixes of tracks.
    output : str or Path
        What to write; its ending decides how. Pictures: .png, .webp, .tif, .kmz, .npy, .pdf. Films: .mp4, .gif,
        and .webp with an option of films. Tiles: .pmtiles, .mbtiles, .sqlitedb, or a folder. A page: .html.
    told : callable, optional
        Of tiles that are watched: is given the report of each run, until KeyboardInterrupt.
    workers : int, optional
        Threads; by default one for each processor.
    progress : callable, optional
        Is told the stage, and how much of how much is done.
    **options
        Those of the command line, under the names of `heatlas.options.RenderOptions`. What is text there may be a
        number of metres, a row of numbers, or an object of `datetime` here.

    Returns
    -------
    dict
        The report: what was read, drawn and written, as plain data.

    Raises
    ------
    HeatlasError
        With one sentence that says what to do.
    """
    from heatlas.rendering.kinds import make
    from heatlas.sources.resolve import refuse_odd

    refuse_odd(sources)
    return make(sources, output, gather(RenderOptions, options), Context(workers, progress, told))
