"""Read tracks of tables again for a library, which does not know with which options its tables were read."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import HeatlasError, printable
from heatlas.core.hashing import blake2b
from heatlas.library.reading_files import EVERY, ReadFile
from heatlas.options import TableOptions
from heatlas.sources.reading import take_recording
from heatlas.sources.resolve import GivenTracks
from heatlas.sources.sheets.exports import Exports

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from heatlas.core.batch import Recording
    from heatlas.tracks.clean import Gaps

__all__ = ["how_to_import", "recording_digest", "tables_again"]


def recording_digest(recording: Recording) -> bytes:
    """BLAKE2b digest of a recording: its activity, but for whose it is, and all columns."""
    # As it was before activities had a person, so that stored tracks are not read again.
    said = repr(replace(recording.activity, person="")).replace(", person=''", "", 1)
    digest = blake2b(said.encode("utf-8", "replace"), digest_size=16)
    arrays: list[NDArray[Any]] = [recording.lon, recording.lat, recording.time, *recording.columns.values()]
    for values in arrays:
        digest.update(values.tobytes())
    digest.update(" ".join(recording.columns).encode("utf-8", "replace"))
    return digest.digest()


def tables_again(wanted: Mapping[str, int], digests: Mapping[int, bytes], gaps: Gaps) -> Iterator[ReadFile]:
    """Read tracks again of tables that are still where they were.

    Each column is tried as the one that tells tracks apart; what has the digest of what was imported is that.

    Parameters
    ----------
    wanted : mapping of str to int
        Names of tracks, as a library stores them, and their numbers.
    digests : mapping of int to bytes
        Digests of the recordings, by number.
    gaps : Gaps
        Gaps that the owner has set.

    Yields
    ------
    ReadFile
        Only those that give a track.
    """
    tables: dict[tuple[Path, str | None], dict[str, int]] = {}
    for name, number in wanted.items():
        if (source := _table_of(name)) is not None:
            rest = name[len(str(source)) + 1 :]
            for layer in (None, *([rest.partition("/")[0]] if "/" in rest else [])):
                tables.setdefault((source, layer), {})[name] = number
    found: set[int] = set()
    for (source, layer), names in tables.items():
        for recording in _recordings(source, layer):
            name = printable(recording.activity.source)
            known = names.get(name)
            if known is None or known in found or recording_digest(recording) != digests[known]:
                continue
            row = {"number": known, "name": name, "size": 0, "changed": 0, "digest": digests[known], "said": b""}
            read = ReadFile(row, take_recording(recording, EVERY, Exports(), gaps))
            if read.tracks:
                found.add(known)
                yield read
            if found >= set(names.values()):
                break


def how_to_import(name: str) -> str:
    """What to type for a track of a table that is still there, as the rest of a sentence; empty if there is none."""
    source = _table_of(name)
    return "" if source is None else f"; heatlas import {shlex.quote(str(source))} --track COLUMN brings it back"


def _table_of(name: str) -> Path | None:
    """File that a track's name begins with, unless it is the track's own file or it is gone."""
    return next((path for path in Path(name).parents if path.is_file()), None)


def _recordings(source: Path, layer: str | None) -> Iterator[Recording]:
    """Tracks of a table, told apart by each of its columns in turn."""
    from heatlas.sources.tables.given import GivenTable
    from heatlas.sources.tables.tracks.lines import LINES
    from heatlas.sources.tables.tracks.of_tables import recordings_of_tables
    from heatlas.sources.tables.tracks.reader import ALL

    try:
        columns = GivenTable(str(source), TableOptions(table=layer)).table.schema.names
    except HeatlasError:  # no table, such as an archive of recordings
        return
    for track in (*columns, ALL, LINES):
        asked = TableOptions(track=track, table=layer)
        try:
            given = GivenTracks((), (GivenTable(str(source), asked),), track)
            yield from recordings_of_tables(given, absolute=True)
        except HeatlasError:
            continue
