"""Parts that the browser needs to draw a map: MapLibre, its worker, the world; all from this package."""

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
"""Names of the parts, in the order of sending."""


@lru_cache(len(_FILES))
def part(name: str) -> bytes:
    """Contents of a part of `NAMES`, UTF-8."""
    return (web.STATIC / _FILES[name]).read_bytes()


def script() -> str:
    """Text of the widget's script, with the shared modules that it imports."""
    return web.script(_OWN, "widget.js")


def style() -> str:
    """Text of the widget's own style."""
    return web.page_text(_OWN, "widget.css")
