"""Hide home, and find places that should be hidden.

============ ==================================================================
`cuts`       ends of tracks and fixes in zones cut, before anything is counted
`secret`     the owner's secret, from which lengths and shifts are drawn
`gathering`  positions grouped around frequent places
`advice`     commands and options that hide a place
`frequented` places that should be hidden
============ ==================================================================

Every drawing needs the first two, which are given here. The others are imported where they are used.
"""

from heatlas.tracks.privacy.cuts import RULE, Privacy, Zone, far_from, hide
from heatlas.tracks.privacy.secret import owner_secret

__all__ = ["RULE", "Privacy", "Zone", "far_from", "hide", "owner_secret"]
