"""Repair a library: what is sound is taken over into a new file, which then takes the place of the damaged one."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from heatlas.core.context import NOBODY, Context
from heatlas.core.errors import BadOption, SourceFailed
from heatlas.core.frozen import frozen
from heatlas.core.paths import flush, reason_of, rename
from heatlas.core.scratch import scratch_folder
from heatlas.library.care.checking import examine
from heatlas.library.care.rebuilding import Repair, rebuild
from heatlas.library.care.salvage import open_damaged, salvage
from heatlas.library.file.failures import failures
from heatlas.library.file.identity import identity
from heatlas.library.file.opening import open_library
from heatlas.library.file.schema import APPLICATION_ID, MIGRATIONS
from heatlas.library.file.settings import Settings
from heatlas.library.file.states import log_of, read_states, set_foreign_log_aside
from heatlas.library.file.store import Library
from heatlas.library.file.versions import number_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heatlas.library.care.salvage import Salvage
    from heatlas.tracks.privacy import Zone

__all__ = ["Hiding", "Repaired", "repair"]


@frozen
class Hiding:
    """What the owner says that a library hides, where that is damaged."""

    clip_ends: float | None = None
    """Metres; None where nothing was said."""
    zones: Sequence[Zone] | None = None
    """None where nothing was said; empty: nothing is hidden by zones."""


class Repaired(NamedTuple):
    """Result of a repair."""

    done: Repair
    damaged: Path | None
    """The damaged library, which is kept under another name; None where the library was sound, and left as it is."""


def repair(path: Path, said: Hiding = Hiding(), context: Context = NOBODY) -> Repaired:
    """Repair a library. It stays as it was until all is done, and is then kept under another name.

    Small rows come back from their copies, and files of damaged activities are read again if they are still there. What
    cannot be brought back is set aside and named. Damaged tiles of the index are made anew, or all of it, with the cuts
    of the library. A sound library, also after every activity was traced again, is left as it is.

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
    asked, path = path, path.resolve()
    try:
        with failures(asked):
            set_foreign_log_aside(path)
            with scratch_folder(path.parent) as folder:
                return _repaired(asked, folder, said, context)
    except OSError as error:
        raise SourceFailed(f"the library {asked} cannot be repaired: {reason_of(error, path)}") from error


def _repaired(asked: Path, folder: Path, said: Hiding, context: Context) -> Repaired:
    path = asked.resolve()
    if said == Hiding() and (sound := _if_sound(path, context)) is not None:
        return Repaired(sound, None)
    before = _state(path)
    with closing(open_damaged(asked, folder)) as connection:
        old = salvage(connection)
        settings, zones = _hiding(asked, old, said)
        with open_library(folder / path.name, create=True) as new:
            done = rebuild(new, old, settings, zones, context)
    shutil.copymode(path, folder / path.name)
    flush(folder / path.name)
    if _state(path) != before:
        raise SourceFailed(f"the library {asked} was written to meanwhile, and was left as it was: repair it again")
    return Repaired(done, _swap(path, folder / path.name))


def _if_sound(path: Path, context: Context) -> Repair | None:
    """Count what a library holds, if there is nothing to repair; it is only read."""
    library = Library(path)  # without what opening writes into an older one
    try:
        with library.read() as connection:
            head = number_of(connection, "application_id"), number_of(connection, "user_version")
            if head != (APPLICATION_ID, len(MIGRATIONS)) or read_states(connection) is None:
                return None
            held = [
                connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - its own
                for table in ("activities", "point_sets")
            ]
        if examine(library, None, context).faults:
            return None
    except SourceFailed:
        return None
    finally:
        library.close()
    return Repair(activities=held[0], point_sets=held[1], tiles=0)


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
    """Put the new library in the place of the damaged one, in one step; return the name that the old one has then.

    The old one gets another name before: at any time there is a library, and what was damaged is never lost.
    """
    kept = _name_of_damaged(path)
    linked = not os.path.lexists(kept)
    if linked:
        try:
            kept.hardlink_to(path)
        except OSError:  # no links on this file system
            shutil.copy2(path, kept)
    log = log_of(path)
    if log.exists():
        shutil.copy2(log, f"{kept}-wal")
    try:
        rename(new, path)
    except OSError:
        if linked:
            kept.unlink(missing_ok=True)
            Path(f"{kept}-wal").unlink(missing_ok=True)
        raise
    # It belongs to the damaged library. Whoever opens the new one before this, sets it aside.
    for ending in ("-wal", "-shm"):
        Path(f"{path}{ending}").unlink(missing_ok=True)
    return kept


def _name_of_damaged(path: Path) -> Path:
    """First free name; or the one that an interrupted repair gave to the same file."""
    for k in count(1):
        name = path.with_name(f"{path.name}.damaged{'' if k == 1 else f'-{k}'}")
        if not os.path.lexists(name) or (name.exists() and name.samefile(path)):
            return name
    raise AssertionError
