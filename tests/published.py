"""Pyramids that tests draw for themselves and pack with the reference library; pages that they open from disk."""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import numpy as np
from chromium import Glass
from PIL import Image

from heatlas.core.mercator import from_lonlat
from heatlas.core.window import Window
from heatlas.options.parsing import parse_smoothing
from heatlas.publish.html import MapLayer
from heatlas.raster.measure import parse_measure
from heatlas.style.colormaps import colormap
from heatlas.tiles.encoding import encode
from heatlas.tiles.fields import SIDE, Field, field_window
from heatlas.tiles.look import Filter, Look
from heatlas.tiles.scales import colours_of, scale_data, tone_of
from heatlas.tiles.snapshot import choose

if TYPE_CHECKING:
    from pathlib import Path


def field_of(view, measure="passes", colormap=None, **chosen):
    """What tiles are cut from."""
    look = Look(parse_measure(measure), parse_smoothing("auto"), None, colormap)
    return Field(view, view.snapshot, choose(view.snapshot, Filter(**chosen)), look)


def tiles_over(zoom, box):
    """Columns and rows of the tiles of a box."""
    west, south, east, north = box
    (left, top), (right, bottom) = (
        [int(part * 2**zoom) for part in from_lonlat(*at)] for at in ((west, north), (east, south))
    )
    return [(x, y) for x in range(left, right + 1) for y in range(top, bottom + 1)]


def window_picture(field, zoom, left, top, width, height):
    """RGBA of any window of a zoom, with straight alpha."""
    grid = field_window(field, Window(SIDE * 2.0**zoom, left, top, width, height))
    data = encode(grid, tone_of(field, zoom), colours_of(field), "png")
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"), np.int16)


def pyramid(path: Path, field, zooms, box):
    """Draw all tiles of a box into an archive."""
    from pmtiles.tile import Compression, TileType, zxy_to_tileid
    from pmtiles.writer import write

    tiles = {}
    for zoom in range(zooms[0], zooms[1] + 1):
        for x, y in tiles_over(zoom, box):
            grid = field_window(field, Window(SIDE * 2.0**zoom, x * SIDE, y * SIDE, SIDE, SIDE))
            if grid is not None:
                tiles[zxy_to_tileid(zoom, x, y)] = encode(grid, tone_of(field, zoom), colours_of(field), "png")
    e7 = [round(edge * 1e7) for edge in box]
    names = ("min_lon_e7", "min_lat_e7", "max_lon_e7", "max_lat_e7")
    with write(str(path)) as archive:
        for number in sorted(tiles):
            archive.write_tile(number, tiles[number])
        archive.finalize(
            {
                "tile_type": TileType.PNG, "tile_compression": Compression.NONE, "min_zoom": zooms[0],
                "max_zoom": zooms[1], **dict(zip(names, e7, strict=True)), "center_zoom": zooms[0],
                "center_lon_e7": e7[0], "center_lat_e7": e7[1],
            },
            {},
        )  # fmt: skip
    return path


def layer_of(path, field, title, group="", zooms=(2, 14), box=(10.8, 47.7, 11.0, 47.9)):
    """A layer of a page; counts can be shown in other colours on a light ground."""
    counted = not field.look.measure.metric
    return MapLayer(
        title=title,
        group=group,
        archive=pyramid(path, field, zooms, box),
        scales={zoom: scale_data(field, zoom) for zoom in range(zooms[0], zooms[1] + 1)},
        activities=field.chosen.count,
        bounds=box,
        zooms=zooms,
        colours=(colormap("ember"), colormap("wine")) if counted else None,
    )


WAIT = 30_000
SIZE = (900, 600)


class Opened:
    """A page from disk, and all that went wrong or away while it was open."""

    def __init__(self, browser, path, said="", size=SIZE, offline=True, **options):
        self.size = size
        self.context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce", **options
        )
        self.context.set_offline(offline)
        self.page = self.context.new_page()
        self.glass = Glass(self.page, options.get("color_scheme", "light"))
        self.glass.show(False)
        self.troubles, self.away = [], []
        self.page.on("console", lambda told: told.type in {"error", "warning"} and self.troubles.append(told.text))
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("request", self._watch)
        self.page.goto(path.as_uri() + said)
        self.settle()

    @contextmanager
    def at(self, said):
        """The same page at another address."""
        self.page.evaluate("(said) => (location.hash = said)", said)
        self.settle()
        yield self
        assert self.troubles == []
        assert self.away == []

    def _watch(self, request):
        if urlsplit(request.url).scheme not in {"data", "blob", "file"}:
            self.away.append(request.url)

    def settle(self):
        self.page.wait_for_selector("body.ready", timeout=WAIT)
        self.page.wait_for_timeout(250)
        self.page.wait_for_selector("#busy", state="hidden", timeout=WAIT)
        self.page.wait_for_timeout(250)

    def choose(self, number):
        self.page.click(f"label:has(input[value='{number}'])")
        self.settle()

    def shot(self):
        return np.asarray(Image.open(io.BytesIO(self.page.screenshot())).convert("RGB"), np.int16)

    def glow(self):
        """Which pixels of the map glow; panels are left out."""
        shot = self.shot()
        glows = (shot[..., 0] > 110) & (shot[..., 0] - shot[..., 2] > 60)
        glows[-140:] = glows[:, :350] = glows[:, -80:] = False
        return glows

    def said(self):
        return parse_qs(urlsplit(self.page.url).fragment)

    def corner(self):
        """World pixel, at zoom 0, of the top left corner of the picture, and pixels per world pixel."""
        zoom, lat, lng = (float(part) for part in self.said()["map"][0].split(","))
        u, v = from_lonlat(lng, lat)
        scale = 512 * 2**zoom
        return u * scale - self.size[0] / 2, v * scale - self.size[1] / 2, scale

    def where(self, lat, lon):
        left, top, scale = self.corner()
        u, v = from_lonlat(lon, lat)
        return round(u * scale - left), round(v * scale - top)

    def ticks(self):
        return self.page.locator("#legend-ticks span").all_inner_texts()

    def close(self):
        self.context.close()
        assert self.troubles == []
        assert self.away == []


@contextmanager
def opened(browser, path, *args, **options):
    seen = Opened(browser, path, *args, **options)
    yield seen
    seen.close()
