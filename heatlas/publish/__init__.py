"""Tiles and pages that leave a library: written once, and kept fresh at little cost.

============================ ==============================================================
`publishing`, `request`        publish and watch; what is to be published, from options
`occupied`, `plan`, `tones`  which tiles hold anything; which must be drawn again, and in which tones
`blocks`, `pyramid`          drawn in threads, several at once
`sink`, `ledger`             where tiles go, and what is known of those that went there
`folder`, `databases`        folders for web servers; MBTiles, and OsmAnd's sqlitedb
`archive`, `pmtiles`         PMTiles; `hilbert` is their order
`layers`, `html`, `weight`   one page with its tiles, of several layers, of a size that browsers bear
`basemap`, `assets`          what else the page holds; `bundle` makes one script of modules
============================ ==============================================================
"""

from heatlas.publish.layers import publish_html
from heatlas.publish.publishing import ENDINGS, check, publish, watch

__all__ = ["ENDINGS", "check", "publish", "publish_html", "watch"]
