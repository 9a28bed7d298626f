"""Count all columns of copies, also those that were not read, so that the same copy is always the richest."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from heatlas.core.batch import Activity, Batch
    from heatlas.sources.archive import Entry

__all__ = ["Recount"]


class Recount:
    """Counter of the columns of a track; files that were read without some columns are read again.

    Parameters
    ----------
    files : iterable of Entry
        Files that the tracks were read from.
    read : callable
        Returns all tracks of a file, with all of their columns.
    known : mapping
        `Recount.key` -> number of columns, for tracks that were read elsewhere.
    """

    def __init__(
        self,
        files: Iterable[Entry],
        read: Callable[[Entry], Collection[Batch]],
        known: dict[tuple[object, ...], int],
    ) -> None:
        self._files = {entry.name: entry for entry in files}
        self._read = read
        self._known = dict(known)

    @staticmethod
    def key(activity: Activity) -> tuple[object, ...]:
        """Key of a track; tracks of one file differ in it."""
        return activity.source, activity.name, activity.sport, activity.start

    def __call__(self, batch: Batch) -> int:
        """Count the columns of a batch of one track."""
        key = self.key(batch.activities[0])
        if key not in self._known:
            name = batch.activities[0].source
            while name and name not in self._files:  # a member of an archive, or of one within it
                name = name.rpartition("/")[0]
            for track in self._read(self._files[name]) if name else ():
                self._known[self.key(track.activities[0])] = len(track.columns)
        return self._known.setdefault(key, len(batch.columns))
