"""Libraries as plain functions.

============ ==============================================================
`importing`  recordings and points imported
`reading`    contents of a library, and its faults
`editing`    zones added and removed, activities removed, the file maintained
`temporary`  a given library, or a temporary one
============ ==============================================================
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from heatlas.library.manage.editing import (
        back_up_library,
        compact_library,
        edit_athlete,
        hide_zone,
        name_person,
        reindex_library,
        remove_activities,
        remove_points,
        renew_cuts,
        repair_library,
        show_zone,
    )
    from heatlas.library.manage.importing import import_into
    from heatlas.library.manage.reading import (
        audit_library,
        check_library,
        count_activities,
        library_tracks,
        open_places_of,
        point_sets_of,
        refuse_gaps,
        renewal_of,
        zones_of,
    )
    from heatlas.library.manage.temporary import library_for, library_of

__all__ = [
    "audit_library", "back_up_library", "check_library", "compact_library", "count_activities", "edit_athlete",
    "hide_zone", "import_into", "library_for", "library_of", "library_tracks", "name_person", "open_places_of",
    "point_sets_of", "refuse_gaps", "reindex_library", "remove_activities", "remove_points", "renew_cuts", "renewal_of",
    "repair_library", "show_zone", "zones_of",
]  # fmt: skip

_ROOMS = {
    "editing": (
        "back_up_library", "compact_library", "edit_athlete", "hide_zone", "name_person", "reindex_library",
        "remove_activities", "remove_points", "renew_cuts", "repair_library", "show_zone",
    ),
    "importing": ("import_into",),
    "reading": (
        "audit_library", "check_library", "count_activities", "library_tracks", "open_places_of", "point_sets_of",
        "refuse_gaps", "renewal_of", "zones_of",
    ),
    "temporary": ("library_for", "library_of"),
}  # fmt: skip
_HOMES = {name: module for module, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a function when it is first used: one who draws a library needs nothing of what changes it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
