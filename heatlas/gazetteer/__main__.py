"""Write the file of towns: `python -m heatlas.gazetteer cities500.txt admin1CodesASCII.txt countryInfo.txt`."""

from __future__ import annotations

import sys
from pathlib import Path

from heatlas.gazetteer.cut import cut_towns
from heatlas.gazetteer.packing import pack
from heatlas.gazetteer.towns import FILE


def main() -> None:
    """Cut the towns from three files of a dump of GeoNames, and write them beside this module."""
    if len(sys.argv) != 4:
        raise SystemExit(__doc__)
    towns = cut_towns(*map(Path, sys.argv[1:]))
    data = pack(towns)
    FILE.write_bytes(data)
    print(f"{FILE.name}: {len(towns.names):,} towns, {len(data):,} bytes")  # noqa: T201


if __name__ == "__main__":
    main()
