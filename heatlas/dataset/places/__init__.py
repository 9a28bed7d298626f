"""Where the tracks are: the busiest place, the others, and windows over them.

========= ==================================================================
`visits`  which activities go through which cells, from tracks or an index
`regions` what lies together
`framing` which box of a region to show
`windows` boxes in degrees, and windows over them
========= ==================================================================
"""

from heatlas.dataset.places.regions import Place, find_places
from heatlas.dataset.places.visits import Visits, visits_of
from heatlas.dataset.places.windows import MAX_SIDE, around, bbox_window, extent, padded

__all__ = [
    "MAX_SIDE", "Place", "Visits", "around", "bbox_window", "extent", "find_places", "padded", "visits_of",
]  # fmt: skip
