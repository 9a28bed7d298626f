"""What the browser needs to draw a map: MapLibre, its worker, the world; all of it from this package."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import heatlas

__all__ = ["NAMES", "part", "script", "style"]

_OWN = Path(__file__).with_name("static")
_LIVE = Path(heatlas.__file__).parent / "server" / "static"
"""The live map's page, whose map and world serve here too as they are."""
_FILES = {
    "maplibre": "vendor/maplibre-gl.mjs",
    "worker": "vendor/maplibre-gl-worker.mjs",
    "style": "vendor/maplibre-gl.css",
    "world": "world.js",
    "countries": "vendor/world.json",
}
NAMES = tuple(_FILES)
"""Parts in the order in which they are sent."""
_OUTSIDE = "import.meta.url"


@lru_cache(len(_FILES))
def part(name: str) -> bytes:
    """Text of one of `NAMES`, UTF-8."""
    text = (_LIVE / _FILES[name]).read_text(encoding="utf-8")
    if name == "world":
        # It fetches the countries from beside itself. Here it has no address, and they come with it.
        if text.count(_OUTSIDE) != 1:
            raise ValueError(f"world.js no longer says {_OUTSIDE} once")
        text = text.replace(_OUTSIDE, '"file:///"')
        text = f'const fetch = async () => ({{ json: () => globalThis[Symbol.for("heatlas.countries")] }});\n{text}'
    return text.encode()


def script() -> str:
    """Text of the widget's own module."""
    return (_OWN / "widget.js").read_text(encoding="utf-8")


def style() -> str:
    """Text of the widget's own style."""
    return (_OWN / "widget.css").read_text(encoding="utf-8")
