"""Recordings of all sources in one order, so that a run can go on after those that were taken."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from heatlas.core.batch import Unread
from heatlas.core.filesystems import source_name
from heatlas.sources.archive import Entry, entries
from heatlas.sources.people import Whose
from heatlas.sources.raw import joined_recordings, raw_recordings
from heatlas.sources.sheets.exports import Exports, find_exports
from heatlas.sources.tables import is_path
from heatlas.sources.tables.tracks.of_tables import recordings_of_tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heatlas.core.batch import Recording
    from heatlas.sources.archive import Sheet
    from heatlas.sources.reading import Outcome
    from heatlas.sources.resolve import GivenTracks

__all__ = ["Incoming"]


@dataclass
class Incoming:
    """All that is to be prepared, in a fixed order: files first, then tables."""

    tracks: GivenTracks
    left: list[Unread] = field(default_factory=list)
    """Files that could not be opened, or were left out, as the search found them."""

    @cached_property
    def files(self) -> list[Entry]:
        """Files that may be recordings."""
        found = list(entries(self.tracks.paths, self._sheets)) if self.tracks.paths else []
        self.left += [item for item in found if isinstance(item, Unread)]
        return [item for item in found if isinstance(item, Entry)]

    @cached_property
    def _sheets(self) -> list[Sheet]:
        return []

    @cached_property
    def export(self) -> Exports:
        """Tables of exports that the files belong to."""
        _ = self.files
        whose = Whose.of_sources(self.tracks.person, self.tracks.paths)
        return find_exports(self.tracks.paths, self._sheets, whose) if self.tracks.paths else Exports()

    def digest(self) -> str:
        """Digest of the names, sizes and times of all sources."""
        hashed = hashlib.blake2b(digest_size=16)
        for entry in self.files:
            changed = entry.changed
            with suppress(OSError):
                changed = changed or entry.place.stat().st_mtime_ns
            hashed.update(f"{entry.name}\0{entry.size}\0{changed}\0{self.export.said(entry.name)}\n".encode())
        for given in self.tracks.tables:
            for table in given.table.parts or (given.table,):
                changed, size = 0, table.size
                with suppress(OSError):
                    if is_path(table.name):
                        changed = Path(table.name).stat().st_mtime_ns
                hashed.update(f"{table.name}\0{size}\0{changed}\n".encode())
            hashed.update(repr((given.options, self.tracks.track)).encode())
        hashed.update(repr((self.tracks.person, self.tracks.routes)).encode())
        return hashed.hexdigest()

    def recordings(self, outcome: Outcome, done: int) -> Iterator[tuple[int, str, Recording]]:
        """Read all sources after the first `done`, files and tracks of tables alike.

        Yields
        ------
        int
            Number of sources that were taken with this one; 0 where more of the same file follow.
        str
            Name of the trip.
        Recording
            With the positions of its file.
        """
        for k in range(done, len(self.files)):
            entry = self.files[k]
            found = list(raw_recordings(outcome, entry, self.export))
            for n, recording in enumerate(found, 1):
                yield k + 1 if n == len(found) else 0, self._trip(recording.activity.source), recording
        taken = len(self.files)
        for recording in recordings_of_tables(self.tracks):
            taken += 1
            if taken > done:
                for part in joined_recordings(outcome, recording, Exports()):
                    yield taken, part.activity.id or part.activity.name, part

    def _trip(self, source: str) -> str:
        """Name of a file within the source that was given."""
        for path in self.tracks.paths:
            root = source_name(path.parent if isinstance(path, Path) and not path.is_dir() else path)
            if source.startswith(f"{root}/"):
                return source[len(root) + 1 :]
        return source
