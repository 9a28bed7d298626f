"""One self-contained HTML file: map, tiles, legend and the outlines of the world.

It opens from disk in any modern browser, without a server and without the internet. Archives of tiles (PMTiles) are
stored in it as base64, in pieces that the page decodes when it needs them. Its Content Security Policy allows no other
script.
"""

from __future__ import annotations

import base64
import json
import re
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from heatlas.core.errors import BadOption, SourceFailed, TooLarge
from heatlas.core.frozen import frozen
from heatlas.core.scratch import scratch_folder
from heatlas.core.version import __version__
from heatlas.gazetteer.towns import labels_around
from heatlas.pmtiles.basemap import OSM, parse_basemap
from heatlas.pmtiles.streets import Streets
from heatlas.publish import assets
from heatlas.publish.page_streets import no_room, street_data, streets_of, write_cut
from heatlas.publish.pieces import archive_data, pieces, written
from heatlas.writers.atomic import atomic_write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray


__all__ = ["MOST_BYTES", "WARN_BYTES", "MapLayer", "page_bytes", "too_large", "write_html"]

WARN_BYTES = 50_000_000
"""Bytes of a file above which it opens slowly, and many mailboxes refuse it."""
MOST_BYTES = 300_000_000
"""Bytes of a file above which browsers silently lose its contents."""
_GROUNDS = {"dark": "#0a0d12", "light": "#d9e2e9"}
_HELP = "take fewer zooms (--zoom), fewer layers, a smaller selection (--where, --sport, --after), or write a folder"


@frozen(kw_only=True)
class MapLayer:
    """One layer of a page: a pyramid of tiles and its scales."""

    title: str
    """Text of its button: "Run", "2024"."""
    group: str
    """Heading above its button: "Sport", "Year", "Measure"."""
    archive: Path
    """PMTiles of 256 px tiles."""
    scales: Mapping[int, Mapping[str, Any]]
    """Zoom -> `heatlas.tiles.scales.scale_data`, for each zoom of the archive."""
    activities: int
    """Number of activities in it."""
    bounds: tuple[float, float, float, float]
    """West, south, east, north, degrees."""
    zooms: tuple[int, int]
    """First and last zoom of the archive; equal for all layers of a page."""
    colours: tuple[NDArray[np.uint8], NDArray[np.uint8]] | None = None
    """(256, 4) RGBA from the lowest to the highest value: colours of its tiles (PNGs), and those that replace them on a
    light ground; opacity stays. None: the same colours on any ground."""


def write_html(
    path: Path,
    layers: Sequence[MapLayer],
    *,
    title: str,
    attribution: str,
    background: str,
    places: Sequence[Mapping[str, Any]],
    basemap: Mapping[str, str] | str | None,
    explorer: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write a page with one or more layers.

    Parameters
    ----------
    path : Path
        File to write; it gets this name only when it is complete.
    layers : sequence of MapLayer
        The first is shown first; those of a group are listed together.
    title : str
        Heading of the page.
    attribution : str
        Attribution of the data; may be empty.
    background : str
        "dark" or "light": theme of the page until its viewer changes it.
    places : sequence of mapping
        Places to jump to, the first being the first view: `bbox` (west, south, east, north), and where there are
        several also `activities` and `name`.
    basemap : mapping or str, optional
        Tiles that the viewer may switch on: a URL with {z}, {x} and {y}, or `url` and `attribution`. By default those
        of OpenStreetMap, which serves only pages on the web: from disk the switch is disabled and says so. Or a file
        of streets: those around what is shown go into the page, as far as it does not exceed `WARN_BYTES`.
    explorer : mapping, optional
        Explorer tiles that the viewer may switch on (`heatlas.explorer.report.map_data`).

    Returns
    -------
    dict
        `output`, `bytes`, `layers` (their titles), `zooms`, `warnings`, sentences, and `streets` where there are
        any: their `tiles`, `bytes`, `zooms`, and the tiles of the file that are left out.

    Raises
    ------
    BadOption
        When an option is invalid.
    SourceFailed
        When an archive is unreadable or no archive.
    TooLarge
        When the file would have more than `MOST_BYTES`.
    """
    _check(layers, background)
    base = OSM if basemap is None else parse_basemap(basemap)
    more = {
        "places": _named_places(places), "names": labels_around(_whole(layers), (place["bbox"] for place in places)),
        **({} if explorer is None else {"explorer": explorer}),
    }  # fmt: skip
    archives = {f"a{number}": layer.archive for number, layer in enumerate(layers)}
    size = page_bytes(len(layers)) + sum(written(name, archive) for name, archive in archives.items())
    with scratch_folder() as folder:
        cut = (
            None
            if not isinstance(base, Streets)
            else streets_of(base, list(archives.values()), layers[0].zooms, places, WARN_BYTES - size)
        )
        if cut is not None:
            archives["streets"] = folder / "streets.pmtiles"
            write_cut(cut, archives["streets"])
        more["basemap"] = base if not isinstance(base, Streets) else street_data(cut, archives.get("streets"))
        head, tail = _frame(layers, title, attribution, background, more)
        size = len(head) + len(tail) + sum(written(name, archive) for name, archive in archives.items())
        if size > MOST_BYTES:
            raise TooLarge(too_large(path, size, layers[0].zooms))
        with atomic_write(path) as file, file.open("wb") as page:
            page.write(head)
            for name, archive in archives.items():
                page.writelines(pieces(name, archive))
            page.write(tail)
            assert page.tell() == size
    told = (
        []
        if not isinstance(base, Streets)
        else [
            f"{no_room(base)}, as it has {WARN_BYTES / 1e6:,.0f} MB without them: {_HELP}"
            if cut is None
            else cut.sentence()
        ]
    )
    return {
        "output": str(path),
        "bytes": size,
        "layers": [layer.title for layer in layers],
        "zooms": list(layers[0].zooms),
        **({} if cut is None else {"streets": cut.data()}),
        "warnings": [*_warnings(path, size), *told],
    }


def _warnings(path: Path, size: int) -> list[str]:
    """Warnings about the size of a file."""
    if size <= WARN_BYTES:
        return []
    return [f"{path} has {size / 1e6:,.0f} MB, which takes a while to open: to make it smaller, {_HELP}"]


def too_large(path: Path, size: int, zooms: tuple[int, int], *, about: bool = False) -> str:
    """Message that a page would be too large, and what to do."""
    amount = f"{'more than ' if about else ''}{size / 1e6:,.0f} MB"
    return (
        f"{path} would have {amount} with zooms {zooms[0]}-{zooms[1]}, and browsers fail above "
        f"{MOST_BYTES / 1e6:,.0f} MB: {_HELP}"
    )


def page_bytes(layers: int) -> int:
    """Bytes of a page without its tiles, about."""
    parts = (assets.script(), assets.style(), assets.worker(), assets.world(), assets.licences(), assets.template())
    return sum(len(part.encode()) for part in parts) + 8000 * layers


def _check(layers: Sequence[MapLayer], background: str) -> None:
    if not layers:
        raise BadOption("a page needs at least one layer")
    if background not in _GROUNDS:
        raise BadOption(f"the background of a page is dark or light, not {background!r}")
    if len({layer.zooms for layer in layers}) > 1:
        raise BadOption("all layers of a page must have the same zooms")
    for layer in layers:
        first, last = layer.zooms
        missing = sorted(set(range(first, last + 1)) - set(layer.scales))
        if missing:
            raise BadOption(f"the layer {layer.title!r} has no scale for zoom {missing[0]}")
        kind = _tile_kind(layer.archive)
        if layer.colours is not None and kind != _PNG:
            raise BadOption(f"the layer {layer.title!r} is not of PNG tiles, whose colours alone can be exchanged")


_PNG = 2
"""Tile type of PNG in the header of PMTiles (version 3, https://github.com/protomaps/PMTiles/blob/main/spec/v3)."""


def _tile_kind(archive: Path) -> int:
    try:
        with archive.open("rb") as file:
            head = file.read(127)
    except OSError as error:
        raise SourceFailed(f"{archive} cannot be read: {error.strerror or error}") from None
    if len(head) < 127 or not head.startswith(b"PMTiles\x03"):
        raise SourceFailed(f"{archive} is no archive of tiles (PMTiles 3)")
    return head[99]


def _frame(
    layers: Sequence[MapLayer], title: str, attribution: str, background: str, more: Mapping[str, Any]
) -> tuple[bytes, bytes]:
    """Parts of the page before and after the archives; `more` is further data that the page reads."""
    data, palettes = _layers_data(layers)
    base = more["basemap"]
    # Streets that are in the page are asked of nobody.
    origin = "" if base is None or base.get("streets") else "{0.scheme}://{0.netloc}".format(urlsplit(base["url"]))
    parts = {
        "theme": background,
        "ground": _GROUNDS[background],
        "policy": escape(assets.policy(origin), quote=False),
        "version": __version__,
        "title": escape(title),
        "icon": assets.icon(),
        "style": assets.style(),
        "data": _json(
            {
                "background": background,
                "attribution": attribution,
                "zooms": layers[0].zooms,
                "palettes": palettes,
                **more,
                "layers": data,
            }
        ),
        "world": assets.world(),
        "worker": assets.worker(),
        "licences": assets.licences(),
        "script": assets.script(),
        "archives": "{{archives}}",
    }
    # In one pass, so that inserted text is not expanded again.
    page = re.sub(r"\{\{([a-z]+)\}\}", lambda match: parts[match[1]], assets.template())
    head, _, tail = page.rpartition("{{archives}}")
    return head.encode(), tail.encode()


def _whole(layers: Sequence[MapLayer]) -> tuple[float, float, float, float]:
    """Box of all layers, degrees."""
    west, south, east, north = zip(*(layer.bounds for layer in layers), strict=True)
    return min(west), min(south), max(east), max(north)


def _named_places(places: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Places with the facts that a page tells."""
    return [{name: place[name] for name in ("name", "bbox", "activities") if name in place} for place in places]


def _json(data: Any) -> str:
    """JSON that is safe in a script element: nothing in it ends the element."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _layers_data(layers: Sequence[MapLayer]) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Data of the layers, and palettes by the names that layers refer to."""
    palettes: dict[bytes, str] = {}
    found, slugs = [], _slugs(layers)
    for layer, slug in zip(layers, slugs, strict=True):
        first, last = layer.zooms
        scales = {zoom: dict(layer.scales[zoom]) for zoom in range(first, last + 1)}
        colors = [scale.pop("colors") for scale in scales.values()]
        one: dict[str, Any] = {
            "slug": slug, "title": layer.title, "group": layer.group, "activities": layer.activities,
            "bounds": layer.bounds, "colors": colors[0], "scales": scales,
            "archive": archive_data(layer.archive),
        }  # fmt: skip
        if layer.colours is not None:
            one["palettes"] = {
                theme: palettes.setdefault(colours[:, :3].tobytes(), f"p{len(palettes)}")
                for theme, colours in zip(("dark", "light"), layer.colours, strict=True)
            }
        found.append(one)
    return found, {name: base64.b64encode(colours).decode() for colours, name in palettes.items()}


def _slugs(layers: Sequence[MapLayer]) -> list[str]:
    """Short unique names for URLs."""
    found: list[str] = []
    for layer in layers:
        slug = re.sub(r"[^a-z0-9]+", "-", layer.title.lower()).strip("-") or "layer"
        same = sum(1 for other in found if re.fullmatch(rf"{slug}(~\d+)?", other))
        found.append(f"{slug}~{same + 1}" if same else slug)
    return found
