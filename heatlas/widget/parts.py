"""What the browser needs to draw a map: MapLibre, its worker, the world; all of it from this package."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from heatlas import web

__all__ = ["NAMES", "part", "script", "style"]

_OWN = Path(__file__).with_name("static")
_FILES = {
    "maplibre": "vendor/maplibre-gl.mjs",
    "worker": "vendor/maplibre-gl-worker.mjs",
    "style": "vendor/maplibre-gl.css",
    "world": "vendor/world.json",
}
NAMES = tuple(_FILES)
"""Parts in the order in which they are sent."""


@lru_cache(len(_FILES))
def part(name: str) -> bytes:
    """Text of one of `NAMES`, UTF-8."""
    return (web.STATIC / _FILES[name]).read_bytes()


def script() -> str:
    """Text of the widget's module, with the shared ones that it imports."""
    return web.script(_OWN, "widget.js")


def style() -> str:
    """Text of the widget's own style."""
    return web.page_text(_OWN, "widget.css")
