"""Libraries as plain functions.

============ ==============================================================
`bringing`   recordings and points come in
`looking`    what is in a library, and what is wrong with it
`changing`   places are hidden, activities removed, the file is looked after
`serving`    a library, or one that is made for the while
============ ==============================================================
"""

from heatlas.library.manage.editing import (
    compact_library,
    hide_zone,
    reindex_library,
    remove_activities,
    remove_points,
    renew_cuts,
    show_zone,
)
from heatlas.library.manage.importing import import_into, refuse_gaps
from heatlas.library.manage.reading import (
    audit_library,
    check_library,
    library_tracks,
    open_places_of,
    point_sets_of,
    zones_of,
)
from heatlas.library.manage.temporary import library_for, library_of

__all__ = [
    "audit_library", "check_library", "compact_library", "hide_zone", "import_into",
    "library_for", "library_of",
    "library_tracks", "open_places_of", "point_sets_of", "refuse_gaps", "reindex_library", "remove_activities",
    "remove_points",
    "renew_cuts", "show_zone", "zones_of",
]  # fmt: skip
