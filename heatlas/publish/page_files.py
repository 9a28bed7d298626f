"""Page of a folder of tiles. It is the same for all folders, and reads what differs from tiles.json.

Opened from disk it can fetch nothing: scripts bring what it needs, and tiles are pictures (`folder_page/disk.js`).
"""

from __future__ import annotations

from pathlib import Path

from heatlas import web

__all__ = ["FORMER", "page_files"]

_PAGE = Path(__file__).with_name("folder_page")
_OWN = ("here.js", "page.js", "folder.js", "page.css")
_BESIDE = ("icon.svg", "vendor/maplibre-gl-worker.mjs", "vendor/maplibre-gl.css", "vendor/world.json", *web.LICENCES)
"""Shared files that the page needs beside the shared modules that it imports."""
FORMER = tuple(
    f"assets/{name}"
    for name in (
        "icon.svg", "world.js", "vendor/maplibre-gl.mjs", "vendor/maplibre-gl-worker.mjs", "vendor/maplibre-gl.css",
        "vendor/maplibre-gl.LICENSE.txt", "vendor/world.json", "vendor/world-atlas.LICENSE",
    )
)  # fmt: skip
"""Files that earlier versions wrote and no page uses any more."""


def page_files() -> dict[str, bytes]:
    """Files of the page by name; the page itself comes last."""
    shared = [*web.shared_modules(_PAGE, "page.js"), *_BESIDE]
    files = {f"assets/{name}": (_PAGE / name).read_bytes() for name in _OWN}
    files |= {f"assets/web/{name}": (web.STATIC / name).read_bytes() for name in shared}
    # A script is no module: it has no address of its own, and what lies beside it is not fetched.
    files["assets/disk.js"] = web.script(_PAGE, "disk.js").replace("import.meta.url", "document.baseURI").encode()
    files["assets/ground.js"] = b"heatlas.world = " + (web.STATIC / "vendor/world.json").read_bytes() + b";\n"
    return {**files, "index.html": (_PAGE / "index.html").read_bytes()}
