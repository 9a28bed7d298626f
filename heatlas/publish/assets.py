"""Parts of a published page that are the same for all maps: script, style, world and licences."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from pathlib import Path

from heatlas import web
from heatlas.core.regex import regex
from heatlas.web.bundle import bundle

__all__ = ["icon", "licences", "policy", "script", "style", "template", "worker", "world"]

_PAGE = Path(__file__).with_name("page")
_ENDS = regex(r"</script|</style|<!--", re.IGNORECASE)
"""Text that would end the element it is inserted into, or extend beyond it."""


def _read(name: str) -> str:
    return web.page_text(_PAGE, name)


def _sound(text: str) -> str:
    found = _ENDS.search(text)
    if found:
        raise ValueError(f"{found[0]} stands in what is put into a page")
    return text


def _module(name: str) -> str:
    """Source of a module of the page."""
    text = _read(name)
    # The PMTiles reader is not a module: it declares one global name.
    return f"{text}\nexport {{ pmtiles }};" if name == "vendor/pmtiles.js" else text


@lru_cache(1)
def script() -> str:
    """All modules of the page as one script, with the PMTiles reader and MapLibre."""
    return _sound(bundle("app.js", _module))


@lru_cache(1)
def style() -> str:
    """Style sheets of MapLibre, of all pages with a panel, and of this page."""
    return _sound("\n".join(map(_read, ("web/vendor/maplibre-gl.css", "web/frame.css", "page.css"))))


def worker() -> str:
    """Script of MapLibre's worker."""
    return _sound(_read("web/vendor/maplibre-gl-worker.mjs"))


def world() -> str:
    """Coasts, borders and names of Natural Earth, as JSON."""
    return _sound(_read("web/vendor/world.json"))


def licences() -> str:
    """Full licences of all third-party parts of the page, as the licences require."""
    names = [*(f"web/{name}" for name in web.LICENCES), "vendor/pmtiles.LICENSE.txt"]
    return _sound("\n\n".join(_read(name).strip() for name in names))


def icon() -> str:
    """Icon as a data: URL."""
    return "data:image/svg+xml;base64," + base64.b64encode((web.STATIC / "icon.svg").read_bytes()).decode()


def template() -> str:
    """Template of the page, with a {{name}} for each part."""
    return _read("index.html")


def policy(base_map: str) -> str:
    """Content Security Policy: no network, except for pictures from the base map's host (an origin).

    On file:// MapLibre reads its worker from one kind of URL and runs it from another. Therefore blob: and data: are
    both allowed; both are inside the page, and neither reaches the network.
    """

    def digest(text: str) -> str:
        return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"

    return (
        f"default-src 'none'; script-src {digest(script())}; style-src {digest(style())}; "
        f"img-src data: blob: {base_map}; connect-src blob:; worker-src blob: data:; "
        "base-uri 'none'; form-action 'none'"
    )
