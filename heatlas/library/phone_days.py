"""Fixes that phones send one by one: a log for each device and day beside the library, and its track in the library.

Logs are CSV, in a folder beside the library: what was received is on disk before it is answered, and can be read by
anything. A day is that of the place. Each moment of a device counts once, so a fix that is sent again changes nothing.
"""

from __future__ import annotations

import csv
import datetime as dt
import math
import os
import re
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from heatlas.core.batch import Activity, Recording
from heatlas.core.errors import SourceFailed, path_name
from heatlas.core.frozen import frozen
from heatlas.core.hashing import blake2b
from heatlas.core.mercator import from_lonlat
from heatlas.core.paths import possible_name
from heatlas.library.imports import import_entries
from heatlas.sources.sheets.exports import Exports
from heatlas.sources.time_zones import zone_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from heatlas.library.file.store import Library

__all__ = ["PhoneDays", "PhoneFix"]

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_HEADER = ("time", "lat", "lon", "elevation", "speed", "accuracy")
_UNNAMED = "phone"
_LONGEST = 60
_DEVICES = 200
"""Devices of a library; a name made up for each request must not fill a disk with folders."""
_RECENT = 3 * 86400.0
"""Seconds of age up to which a log is looked at when the server has started: it may not be in the library yet."""


@frozen
class PhoneFix:
    """One position of a phone, as it was sent."""

    device: str
    time: float
    """Unix seconds, UTC."""
    lat: float
    """Degrees, WGS 84."""
    lon: float
    elevation: float = math.nan
    """Metres."""
    speed: float = math.nan
    """Metres per second."""
    accuracy: float = math.nan
    """Metres."""

    @property
    def day(self) -> dt.date:
        """Day at the place of the fix."""
        u, v = from_lonlat(self.lon, self.lat)
        zone = zone_at(float(u), float(v))
        moment = _EPOCH + dt.timedelta(seconds=self.time)
        with suppress(Exception):  # a zone that the system does not know
            return moment.astimezone(ZoneInfo(zone)).date()
        return moment.date()


class PhoneDays:
    """Logs of phones beside a library; one writer at a time."""

    def __init__(self, library: Path) -> None:
        path = library.resolve()
        self._folder = path.with_name(f"{path.name}.phones")
        self._lock = threading.Lock()
        self._open: set[Path] = set()
        """Logs that hold more than the library."""
        self._looked = False

    def note(self, fixes: Iterable[PhoneFix]) -> int:
        """Add fixes to their logs; returns how many were new.

        Raises
        ------
        SourceFailed
            When they cannot be written, or there are too many devices.
        """
        days: dict[Path, list[PhoneFix]] = {}
        for fix in fixes:
            days.setdefault(self._log(fix), []).append(fix)
        try:
            with self._lock:
                return sum(self._append(log, of_day) for log, of_day in days.items())
        except OSError as error:
            raise SourceFailed(f"{self._folder} cannot be written: {error.strerror or error}") from None

    def take(self, library: Library) -> int:
        """Bring days that have new fixes into the library; returns how many there were."""
        with self._lock:
            if not self._looked:
                self._open |= {log for log in self._folder.glob("*/*.csv") if _age(log) < _RECENT}
                self._looked = True
            logs, self._open = sorted(self._open), set()
        try:
            import_entries(library, [], Exports(), recordings=filter(None, map(_recording, logs)))
        except BaseException:
            with self._lock:
                self._open |= set(logs)
            raise
        library.settle()
        return len(logs)

    def _log(self, fix: PhoneFix) -> Path:
        return self._folder / _folder_name(fix.device) / f"{fix.day}.csv"

    def _append(self, log: Path, fixes: Sequence[PhoneFix]) -> int:
        known = {row[0] for row in _rows(log)}
        new: dict[str, PhoneFix] = {}
        for fix in fixes:
            moment = f"{fix.time:.3f}"
            if moment not in known:
                new.setdefault(moment, fix)
        if not new:
            return 0
        if not log.parent.is_dir():
            if sum(1 for _ in self._folder.glob("*/")) >= _DEVICES:
                raise SourceFailed(f"{self._folder} holds {_DEVICES} devices already: remove those that are not yours")
            self._folder.mkdir(mode=0o700, exist_ok=True)
            log.parent.mkdir(mode=0o700, exist_ok=True)
        begins, torn = not log.exists(), _is_torn(log)
        opened = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(opened, "a", encoding="utf-8", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            file.write("\n" * torn)
            if begins:
                rows.writerow(_HEADER)
            for moment, fix in new.items():
                others = (fix.elevation, fix.speed, fix.accuracy)
                said = ("" if math.isnan(value) else f"{value:.2f}" for value in others)
                rows.writerow((moment, f"{fix.lat:.8f}", f"{fix.lon:.8f}", *said))
            file.flush()
            os.fsync(file.fileno())
        self._open.add(log)
        return len(new)


def _folder_name(device: str) -> str:
    """Name of a device as that of a folder; two devices never share one."""
    plain = re.sub(r"[^\w .@+-]", "_", device).strip(" .")[:_LONGEST] or _UNNAMED
    if plain == device:
        return possible_name(plain)
    return f"{possible_name(plain)}-{blake2b(device.encode(), digest_size=4).hexdigest()}"


def _age(log: Path) -> float:
    with suppress(OSError):
        return time.time() - log.stat().st_mtime
    return math.inf


def _is_torn(log: Path) -> bool:
    """Whether the last line was not written to its end."""
    with suppress(OSError), log.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"
    return False


def _rows(log: Path) -> list[list[str]]:
    """Rows of a log without its head; a line that a full disk cut off is left out."""
    try:
        with log.open(newline="", encoding="utf-8") as file:
            return [row for row in csv.reader(file) if len(row) == len(_HEADER) and row[0] != _HEADER[0]]
    except FileNotFoundError:
        return []


def _recording(log: Path) -> Recording | None:
    """Recording of a log, in the order of time."""
    rows = sorted((float(row[0]), *(float(value or "nan") for value in row[1:])) for row in _rows(log))
    if not rows:
        return None
    moments, lat, lon, *columns = np.array(rows, np.float64).T
    known = dict(zip(_HEADER[3:5], (column.astype(np.float32) for column in columns[:2]), strict=True))
    name = f"{log.parent.name} {log.stem}"
    return Recording(
        activity=Activity(
            source=path_name(log), id=name, name=name, device=log.parent.name, start=float(moments[0]),
        ),
        lon=lon,
        lat=lat,
        time=moments,
        columns={name: column for name, column in known.items() if not np.isnan(column).all()},
    )  # fmt: skip
