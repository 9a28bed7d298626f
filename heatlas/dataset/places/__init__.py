"""Places where the tracks are, the busiest first, and windows over them.

=========== ==================================================================
`visits`    cells that activities go through, from tracks or an index
`connected` components of squares that touch
`regions`   regions that hold activities
`framing`   box to show of a region
`composing` pictures of a given form around tracks
`windows`   boxes in degrees, and windows over them
=========== ==================================================================
"""

from heatlas.dataset.places.regions import Place, find_places, places_data
from heatlas.dataset.places.visits import Visits, visits_of
from heatlas.dataset.places.windows import MAX_SIDE, around, bbox_window, extent, padded, window_filling

__all__ = [
    "MAX_SIDE", "Place", "Visits", "around", "bbox_window", "extent", "find_places", "padded", "places_data",
    "visits_of", "window_filling",
]  # fmt: skip
