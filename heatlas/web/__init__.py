"""Files that all pages with a map share (modules, the world, MapLibre), and how a page gets them.

The live page, the page in one file, the page of a folder and the notebook's widget each have a folder of their own
files. Modules in these folders import shared modules as ``./web/NAME``. The shared files lie in the folder ``static``:
plain ES modules without a build.

============== ==============================================================
`bundle`       a page's modules as one script
============== ==============================================================
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from heatlas.web.bundle import bundle as _bundle
from heatlas.web.bundle import modules as _modules

__all__ = ["LICENCES", "STATIC", "page_text", "script", "shared_modules"]

STATIC = Path(__file__).with_name("static")
"""Folder of the shared files. A server serves it unchanged, under the name web."""
LICENCES = tuple(
    f"vendor/{name}"
    for name in (
        "maplibre-gl.LICENSE.txt", "world-atlas.LICENSE", "geonames.LICENSE.txt", "protomaps-basemaps.LICENSE.txt",
    )
)  # fmt: skip
"""Licences of the vendored files, below `STATIC`."""
_SHARED = "web/"


def page_text(page: Path, name: str) -> str:
    """Return the text of a page's file.

    Parameters
    ----------
    page : Path
        Folder of the page's own files.
    name : str
        Name by which the page's modules import it: ``app.js``, or ``web/heat.js`` for a shared file.

    Returns
    -------
    str
        Text with line ends of one kind.
    """
    path = STATIC / name.removeprefix(_SHARED) if name.startswith(_SHARED) else page / name
    return path.read_text(encoding="utf-8").replace("\r\n", "\n")


def script(page: Path, entry: str) -> str:
    """Bundle a page's module and all that it imports into one script, itself a module."""
    return _bundle(entry, partial(page_text, page))


def shared_modules(page: Path, entry: str) -> list[str]:
    """List the shared modules that a page's module needs, as names below `STATIC`."""
    names = _modules(entry, partial(page_text, page))
    return [name.removeprefix(_SHARED) for name in names if name.startswith(_SHARED)]
