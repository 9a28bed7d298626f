"""Repair a library: what is sound is taken over into a new file, which then takes the place of the damaged one."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from heatlas.core.context import NOBODY, Context
from heatlas.core.errors import BadOption, SourceFailed
from heatlas.core.paths import rename
from heatlas.core.scratch import scratch_folder
from heatlas.library.failures import failures
from heatlas.library.identity import identity
from heatlas.library.opening import open_library
from heatlas.library.rebuilding import Repair, rebuild
from heatlas.library.salvage import open_damaged, salvage
from heatlas.library.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from heatlas.library.salvage import Salvage
    from heatlas.tracks.privacy import Zone

__all__ = ["Hiding", "Repaired", "repair"]


@dataclass(frozen=True, slots=True)
class Hiding:
    """What the owner says that a library hides, where that is damaged."""

    clip_ends: float | None = None
    """Metres; None where nothing was said."""
    zones: Sequence[Zone] | None = None
    """None where nothing was said; empty: nothing is hidden by zones."""


class Repaired(NamedTuple):
    """Result of a repair."""

    done: Repair
    damaged: Path
    """The damaged library, which is kept under another name."""


def repair(path: Path, said: Hiding = Hiding(), context: Context = NOBODY) -> Repaired:
    """Repair a library. It stays as it was until all is done, and is then kept under another name.

    Small rows come back from their copies, and files of damaged activities are read again if they are still there. What
    cannot be brought back is set aside and named. Everything is indexed anew, with the cuts of the library.

    Parameters
    ----------
    path : Path
        The library.
    said : Hiding
        What it hides; asked for, and taken, only where the library cannot tell.
    context : Context
        Receives the activities done so far and in all.

    Raises
    ------
    BadOption
        When the library cannot tell what it hides and nobody has said it, or has it said though it can tell.
    SourceFailed
        When nothing can be read of it, or another process writes to it meanwhile.
    """
    found = identity(path)
    if found != "library":
        what = {"missing": f"there is no library {path}", "folder": f"{path} is a folder"}
        raise BadOption(f"{what.get(found, f'{path} is no heatlas library')}: there is nothing to repair")
    before = _state(path)
    with scratch_folder(path.parent) as folder, failures(path):
        with closing(open_damaged(path, folder)) as connection:
            old = salvage(connection)
            settings, zones = _hiding(path, old, said)
            with open_library(folder / path.name, create=True) as new:
                done = rebuild(new, old, settings, zones, context)
        if _state(path) != before:
            raise SourceFailed(f"the library {path} was written to meanwhile, and was left as it is: repair it again")
        return Repaired(done, _swap(path, folder / path.name))


def _hiding(path: Path, old: Salvage, said: Hiding) -> tuple[Settings, dict[str, Zone]]:
    """Settings and zones of the new library: nothing is shown that the damaged one may have hidden."""
    settings, zones = old.settings, old.zones
    if settings is None and said.clip_ends is None:
        raise BadOption(
            f"{path} cannot tell any more how much it cuts from the ends of tracks: say heatlas library repair "
            f"-l {path} --clip-ends LENGTH, or --clip-ends 0 if it cut nothing"
        )
    if zones is None and said.zones is None:
        raise BadOption(
            f"{path} cannot tell any more which places it hides: say heatlas library repair -l {path} "
            f"--zone LAT,LON,RADIUS for each, or --no-zones if there was none{_likely(old)}"
        )
    for known, what, option in (
        (settings is not None and said.clip_ends is not None, "how much it cuts", "--clip-ends"),
        (zones is not None and said.zones is not None, "which places it hides", "--zone and --no-zones"),
    ):
        if known:
            raise BadOption(f"{path} can still tell {what}: leave out {option}")
    if settings is None:
        settings = Settings(clip_ends=said.clip_ends or 0.0)
    if zones is None:
        zones = {f"zone {k}": zone for k, zone in enumerate(said.zones or (), 1)}
    return settings, dict(zones)


def _likely(old: Salvage) -> str:
    """What the damaged table of zones says, which may be wrong."""
    named = [f"{lat:.6g},{lon:.6g},{radius:.6g}m" for lat, lon, radius in old.likely_zones()]
    return f"; what is left of them says {', '.join(named)}, which may be wrong" if named else ""


def _state(path: Path) -> list[tuple[int, int]]:
    """Size and time of change of a library and its log."""
    files = [path, path.with_name(f"{path.name}-wal")]
    return [(file.stat().st_size, file.stat().st_mtime_ns) for file in files if file.exists()]


def _swap(path: Path, new: Path) -> Path:
    """Give the new library the name of the damaged one, which gets another, with its log; return that."""
    names = (path.with_name(f"{path.name}.damaged{'' if k == 1 else f'-{k}'}") for k in count(1))
    kept = next(name for name in names if not os.path.lexists(name))
    for ending in ("-wal", "-shm", ""):
        # The log first: beside another library it would destroy that.
        if os.path.lexists(f"{path}{ending}"):
            rename(f"{path}{ending}", f"{kept}{ending}")
    rename(new, path)
    return kept
