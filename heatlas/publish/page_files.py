"""The page of a folder of tiles, which is the same for all of them: what differs it reads from tiles.json."""

from __future__ import annotations

from pathlib import Path

import heatlas

__all__ = ["page_files"]

_PAGE = Path(__file__).with_name("folder_page")
_LIVE = Path(heatlas.__file__).parent / "server" / "static"
"""The live map's page, whose map and world serve here too."""
_OWN = ("here.js", "page.js", "page.css")
_SHARED = (
    "icon.svg", "world.js", "vendor/maplibre-gl.mjs", "vendor/maplibre-gl-worker.mjs", "vendor/maplibre-gl.css",
    "vendor/maplibre-gl.LICENSE.txt", "vendor/world.json", "vendor/world-atlas.LICENSE",
)  # fmt: skip


def page_files() -> dict[str, bytes]:
    """Files of a page that shows the tiles beside it, by their names; the page itself comes last."""
    files = {f"assets/{name}": (_PAGE / name).read_bytes() for name in _OWN}
    files |= {f"assets/{name}": (_LIVE / name).read_bytes() for name in _SHARED}
    return {**files, "index.html": (_PAGE / "index.html").read_bytes()}
