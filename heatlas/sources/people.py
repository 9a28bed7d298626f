"""Whose recordings in files are: a name for all of them, or the folder that each lies in."""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING

from heatlas.core.filesystems import source_name
from heatlas.core.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from heatlas.core.batch import Activity
    from heatlas.core.filesystems import Location

__all__ = ["FOLDER", "NOBODY_SAID", "Whose"]

FOLDER = "folder"
"""Value of the option for recordings that lie in a folder, or an archive, for each person."""


@frozen
class Whose:
    """Whose recordings in files are."""

    said: str = ""
    """A name, or `FOLDER`; empty: nobody has said."""
    roots: tuple[str, ...] = ()
    """Names of the sources, as names of entries begin."""
    uploaders: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Name of a file -> number of who uploaded it, as a list beside the files says; an option says more."""

    @classmethod
    def of_sources(cls, said: str | None, paths: Sequence[Path | Location]) -> Whose:
        """Make it of the option and the files, folders and archives that were given."""
        return cls(said or "", tuple(map(source_name, paths)) if said == FOLDER else ())

    def with_uploaders(self, found: Mapping[str, str]) -> Whose:
        """The same, with more that a list beside the files says."""
        return replace(self, uploaders={**self.uploaders, **found}) if found else self

    def person(self, name: str) -> str:
        """Person of an entry, or of a member inside of it; empty where nobody can tell."""
        if not self.said:
            return self.uploaders.get(name, "")
        if self.said != FOLDER:
            return self.said
        name = name.replace("\\", "/").removeprefix("./")
        for root in sorted(self.roots, key=len, reverse=True):
            inside = _inside(name, root.replace("\\", "/").removeprefix("./"))
            if inside is not None:
                first, slash, _ = inside.partition("/")
                return _stem(first) if slash else ""
        return ""

    def named(self, activity: Activity) -> Activity:
        """Activity with its person; one that its own source names stays."""
        if activity.person or not (self.said or self.uploaders):
            return activity
        return replace(activity, person=self.person(activity.source))


NOBODY_SAID = Whose()
_ARCHIVES = (".tar.bz2", ".tar.gz", ".tar.xz", ".tar", ".tgz", ".zip")


def _inside(name: str, root: str) -> str | None:
    """Part of a name below a root, None for a name that lies elsewhere."""
    root = "" if root in {"", "."} else root.rstrip("/") + "/"
    return name[len(root) :] if name.startswith(root) else None


def _stem(name: str) -> str:
    """Name of a folder, or of an archive without its ending."""
    for ending in _ARCHIVES:
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return name
