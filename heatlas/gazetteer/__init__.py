"""Names of towns and countries, offline: names of places, labels of maps, and positions of towns that rows only name.

The towns are a cut of the GeoNames gazetteer (CC BY 4.0; see README.md beside this file). Whoever shows names gives
`CREDIT`.

=========== ====================================================================
`towns`     the towns: names, positions, populations; those of a box
`search`    towns by their names and countries
`naming`    names of positions and boxes, such as Tampere, Finland
`countries` the country of a position
`folding`   spellings that count as equal
`packing`   the file of towns, written and read
`cut`       the cut of a dump of GeoNames
=========== ====================================================================
"""

from heatlas.gazetteer.naming import name_at, names_of
from heatlas.gazetteer.towns import CREDIT, towns

__all__ = ["CREDIT", "name_at", "names_of", "towns"]
