"""Collect the positions of one or several devices, and make recordings of them."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from heatlas.core.batch import Activity, Recording
from heatlas.core.errors import Unreadable
from heatlas.sources.accuracy import INACCURATE, is_inaccurate
from heatlas.sources.formats.arrays import finite, known_columns, to_name
from heatlas.sources.formats.phones.legs import legs
from heatlas.sources.formats.phones.values import odd_moments, plain_moments
from heatlas.sources.tables.tracks.groups import grouped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["DeviceRows"]

_NAN = float("nan")


def _numbers() -> array[float]:
    return array("d")


def _codes() -> array[int]:
    return array("i")


_PENDING = 1 << 16
"""Times that are held as they are written."""


@dataclass(slots=True)
class DeviceRows:
    """Positions in any order, one value of each list for each; `recordings` sorts them by device and time."""

    lon: array[float] = field(default_factory=_numbers)
    lat: array[float] = field(default_factory=_numbers)
    """Degrees."""
    accuracy: array[float] = field(default_factory=_numbers)
    """Metres; NaN or negative where unknown."""
    elevation: array[float] = field(default_factory=_numbers)
    """Metres."""
    speed: array[float] = field(default_factory=_numbers)
    """m/s; negative where unknown."""
    _device: array[int] = field(default_factory=_codes)
    _devices: dict[str, int] = field(default_factory=dict)
    _sport: array[int] = field(default_factory=_codes)
    _sports: dict[str, int] = field(default_factory=dict)
    _time: array[float] = field(default_factory=_numbers)
    _written: list[Any] = field(default_factory=list)
    """Times that are not read yet, of the last rows."""
    _odd: dict[int, str] = field(default_factory=dict)
    """Row -> time that is written as few are."""

    def __len__(self) -> int:
        """Count the positions."""
        return len(self._device)

    def add(
        self,
        device: str,
        time: Any,
        place: tuple[float, float],
        *,
        accuracy: float = _NAN,
        elevation: float = _NAN,
        speed: float = _NAN,
        sport: str = "",
    ) -> None:
        """Add a position, longitude first.

        The device is "" where the file is of one, and does not name it; the time is as written: ISO 8601, or a number
        since 1970; the sport is what the phone guesses, "" where it does not.
        """
        self._device.append(self._devices.setdefault(device, len(self._devices)))
        self._sport.append(self._sports.setdefault(sport, len(self._sports)))
        self._written.append(time)
        if len(self._written) == _PENDING:
            self._read_times()
        self.lon.append(place[0])
        self.lat.append(place[1])
        self.accuracy.append(accuracy)
        self.elevation.append(elevation)
        self.speed.append(speed)

    def name(self, devices: Sequence[str], times: Sequence[Any], sports: Sequence[str]) -> None:
        """Say of positions that were given as columns of whom they are, when, and doing what."""
        self._device.extend(self._devices.setdefault(each, len(self._devices)) for each in devices)
        self._sport.extend(self._sports.setdefault(each, len(self._sports)) for each in sports)
        self._written += times
        self._read_times()

    def _read_times(self) -> None:
        found, odd = plain_moments(self._written)
        self._odd |= {len(self._time) + k: text for k, text in odd.items()}
        self._time.frombytes(found.tobytes())
        self._written.clear()

    @property
    def time(self) -> NDArray[np.float64]:
        """Unix seconds of all positions; NaN where unknown."""
        self._read_times()
        found = np.array(self._time)
        if self._odd:
            found[list(self._odd)] = odd_moments(self._odd.values())
        return found

    @property
    def device(self) -> tuple[NDArray[np.int32], list[str]]:
        """Index of the device of each position, and the names of all devices; "" is one that is not named."""
        return np.frombuffer(self._device, np.int32), list(self._devices)

    def recordings(self, source: str, app: str, warnings: Sequence[str] = ()) -> list[Recording]:
        """Make one recording of each device, and of each leg where sports are known.

        Positions that are said to be less accurate than 200 m are left out and counted. The order of the rows does not
        matter, nor a row that is there twice.

        Parameters
        ----------
        source : str
            Path of the file, for ``Activity.source``.
        app : str
            What the file is, for messages: "an export of Traccar".
        warnings : sequence of str
            Faults of the file.

        Raises
        ------
        Unreadable
            When there is no position.
        """
        if not self:
            raise Unreadable("; ".join((f"{app} without a position", *warnings)))
        time, (device, written) = self.time, self.device
        names = {name: to_name(name) for name in written}
        named = set(names.values()) - {""}
        if len(named) == 1:  # rows that name none are of the only device there is
            names[""] = named.pop()
        places: dict[str, int] = {}
        codes = [places.setdefault(names[name] or " ", len(places)) for name in written]
        groups = grouped(pa.DictionaryArray.from_arrays(np.array(codes, np.int32)[device], list(places)), time)
        found: list[Recording] = []
        for k, name in enumerate(groups.keys):
            rows = groups.order[groups.starts[k] : groups.starts[k + 1]]
            found += self._of_device(rows, time[rows], Activity(source=source, name=name.strip(), device=name.strip()))
        found[0] = replace(found[0], warnings=tuple(warnings))
        return found

    def _of_device(self, rows: NDArray[np.int64], time: NDArray[np.float64], activity: Activity) -> list[Recording]:
        """Make recordings of some rows, which are in the order of time."""
        lon, lat, accuracy, elevation, speed = (
            np.frombuffer(values)[rows] for values in (self.lon, self.lat, self.accuracy, self.elevation, self.speed)
        )
        lon, lat = finite(lon), finite(lat)
        again = np.append(False, (np.diff(time) == 0) & (np.diff(lon) == 0) & (np.diff(lat) == 0))
        bad = is_inaccurate(accuracy) & ~again
        kept = np.flatnonzero(~again & ~bad)
        lon, lat, time = lon[kept], lat[kept], time[kept]
        columns = {"elevation": elevation[kept], "speed": np.where(speed < 0, np.nan, speed)[kept]}
        sports = np.frombuffer(self._sport, np.int32)[rows[kept]]
        dropped = Counter({INACCURATE: int(bad.sum())} if bad.any() else {})
        return [
            Recording(
                activity=replace(activity, sport=sport or "Unknown"),
                lon=lon[first:last],
                lat=lat[first:last],
                time=time[first:last],
                columns=known_columns(**{name: values[first:last] for name, values in columns.items()}),
                logged=True,
                dropped=dropped if k == 0 else {},
            )
            for k, (first, last, sport) in enumerate(legs(sports, list(self._sports), time))
        ]
