"""Hide home, and find places that should be hidden.

============ ==================================================================
`cuts`       ends of tracks and fixes in zones cut, before anything is counted
`secret`     the owner's secret, from which lengths and shifts are drawn
`gathering`  positions grouped around frequent places
`advice`     commands and options that hide a place
`frequented` places that should be hidden
============ ==================================================================
"""

from heatlas.tracks.privacy.advice import ADVISED, as_option, covering, how_to_hide, zone_name
from heatlas.tracks.privacy.cuts import RULE, Privacy, Zone, far_from, hide
from heatlas.tracks.privacy.frequented import Frequented, find_open, marks_of, shown_near
from heatlas.tracks.privacy.gathering import CLUSTER, gather, metres_from
from heatlas.tracks.privacy.secret import owner_secret

__all__ = [
    "ADVISED", "CLUSTER", "RULE", "Frequented", "Privacy", "Zone", "as_option", "covering",
    "far_from", "find_open", "gather", "hide", "how_to_hide", "marks_of", "metres_from", "owner_secret", "shown_near",
    "zone_name",
]  # fmt: skip
