"""Clean recordings: drop impossible values, break lines at gaps, and count what was left out.

============ ==================================================================
`cleaning`   a recording made into a clean batch
`clocks`     times of a clock that was never set
`rhythm`     usual steps of a recording, and steps that stand out
`outings`    long logs cut into outings at stops of hours
============ ==================================================================
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from heatlas.tracks.clean.cleaning import MAX_GAP, MAX_STEP, SLACK, clean
    from heatlas.tracks.clean.clocks import EARLIEST, is_believable, limits, sane_times
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
    "sane_times",
]

_ROOMS = {
    "cleaning": ("MAX_GAP", "MAX_STEP", "SLACK", "clean"),
    "clocks": ("EARLIEST", "is_believable", "limits", "sane_times"),
    "rhythm": ("Gaps",),
}
_HOMES = {name: module for module, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a name when it is first used: one who draws a library cleans no recording."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
