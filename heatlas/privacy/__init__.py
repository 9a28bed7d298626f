"""Hide home, and find what should be hidden.

========= ==================================================================
`cuts`    ends of tracks and what lies in a zone are cut, before anything is counted
`secret`  the owner's secret, from which lengths and shifts are drawn
========= ==================================================================
"""

from heatlas.privacy.cuts import RULE, Privacy, Zone, hide
from heatlas.privacy.secret import config_folder, owner_secret

__all__ = ["RULE", "Privacy", "Zone", "config_folder", "hide", "owner_secret"]
