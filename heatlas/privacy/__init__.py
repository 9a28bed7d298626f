"""Hide home, and find what should be hidden.

=========== ==================================================================
`cuts`      ends of tracks and what lies in a zone are cut, before anything is counted
`secret`    the owner's secret, from which lengths and shifts are drawn
`gathering` places become frequent ones
`advice`    what to type to hide a place
=========== ==================================================================
"""

from heatlas.privacy.advice import ADVISED, covering, how_to_hide
from heatlas.privacy.cuts import RULE, Privacy, Zone, hide
from heatlas.privacy.gathering import CLUSTER, gather, metres_from
from heatlas.privacy.secret import config_folder, owner_secret

__all__ = [
    "ADVISED", "CLUSTER", "RULE", "Privacy", "Zone", "config_folder", "covering", "gather", "hide", "how_to_hide",
    "metres_from", "owner_secret",
]  # fmt: skip
