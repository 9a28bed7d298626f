"""Clean recordings: drop impossible values, break lines at gaps, and count what was left out.

============ ==================================================================
`cleaning`   a recording made into a clean batch
`clocks`     times of a clock that was never set
`rhythm`     usual steps of a recording, and steps that stand out
`outings`    long logs cut into outings at stops of hours
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
