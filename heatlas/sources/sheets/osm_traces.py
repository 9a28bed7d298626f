"""Read `metadata.xml` of OpenStreetMap's public dump of GPX traces: who uploaded which file.

Its element for a file is ``<gpxFile id= visibility= uid= user= filename="public/000/000/000000912.gpx">``; a file of
visibility "trackable" has no uid (wiki.openstreetmap.org/wiki/Planet.gpx).
"""

from __future__ import annotations

import html

from heatlas.core.regex import regex

__all__ = ["uploaders"]

_FILE = regex(rb"<gpxFile\s([^>]*+)>")
_VALUE = regex(rb"\b(uid|filename)\s*=\s*(?:\"([^\"]*+)\"|'([^']*+)')")


def uploaders(data: bytes, root: str) -> dict[str, str]:
    """Number of the uploader of each file, by its whole name; empty if it is no such list.

    Parameters
    ----------
    data : bytes
        The file.
    root : str
        Prefix of the names of files, ending in a slash.
    """
    found: dict[str, str] = {}
    for element in _FILE.finditer(data):
        values = {
            name.decode(): html.unescape((a or b).decode("utf-8", "replace"))
            for name, a, b in _VALUE.findall(element[1])
        }
        if values.get("uid") and values.get("filename"):
            found[f"{root}{values['filename'].lstrip('/')}"] = values["uid"]
    return found
