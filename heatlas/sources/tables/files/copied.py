"""Tables in buckets that are no Parquet: copied to a temporary file, and read from there."""

from __future__ import annotations

import atexit
from typing import TYPE_CHECKING

from heatlas.core.paths import possible_name
from heatlas.core.scratch import make_scratch
from heatlas.sources.tables import is_table_file, see
from heatlas.sources.tables.table import Copied

if TYPE_CHECKING:
    from heatlas.core.filesystems import Location

__all__ = ["copied_table"]

_PIECE = 1 << 22


def copied_table(location: Location) -> Copied | None:
    """Copy a file of a bucket that is a table; None if it is none. The copy is removed when the program ends.

    Raises
    ------
    SourceFailed
        When it cannot be read.
    """
    scratch = make_scratch()
    path = scratch.path / possible_name(location.name)
    with location.opened() as source, path.open("wb") as file:
        while piece := source.read(_PIECE):
            file.write(piece)
    if not is_table_file(path, see(path)):
        scratch.close()
        return None
    atexit.register(scratch.close)
    return Copied(location.uri, path)
