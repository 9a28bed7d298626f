"""From a recording as it was read to clean batches, and the count of what was left out.

============ ==================================================================
`cleaning`   what cannot be true is dropped, and the track broken where no line should be drawn
`clocks`     times that are those of a clock that was never set
`rhythm`     how long a step must be to stand out of a recording
`outings`    a year in one track is cut at stops of hours
============ ==================================================================
"""

from heatlas.tracks.clean.cleaning import MAX_GAP, MAX_STEP, SLACK, clean
from heatlas.tracks.clean.clocks import EARLIEST, is_believable, limits, sane_times
from heatlas.tracks.clean.outings import outings
from heatlas.tracks.clean.rhythm import Gaps

__all__ = [
    "EARLIEST",
    "MAX_GAP",
    "MAX_STEP",
    "SLACK",
    "Gaps",
    "clean",
    "is_believable",
    "limits",
    "outings",
    "sane_times",
]
