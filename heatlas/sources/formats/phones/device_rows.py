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
from heatlas.sources.formats.phones.values import moments
from heatlas.sources.tables.track_groups import grouped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["DeviceRows"]

_NAN = float("nan")


def _numbers() -> array[float]:
    return array("d")


@dataclass(slots=True)
class DeviceRows:
    """Positions in any order, one value of each list for each; `recordings` sorts them by device and time."""

    device: list[str] = field(default_factory=list)
    """Name of the device; "" where the file is of one, and does not name it."""
    time: list[Any] = field(default_factory=list)
    """As written: ISO 8601, or a number since 1970."""
    lon: array[float] = field(default_factory=_numbers)
    lat: array[float] = field(default_factory=_numbers)
    """Degrees."""
    accuracy: array[float] = field(default_factory=_numbers)
    """Metres; NaN or negative where unknown."""
    elevation: array[float] = field(default_factory=_numbers)
    """Metres."""
    speed: array[float] = field(default_factory=_numbers)
    """m/s; negative where unknown."""
    sport: list[str] = field(default_factory=list)
    """Sport that the phone guesses at each position, "" where it does not."""

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
        """Add a position, longitude first."""
        self.device.append(device)
        self.time.append(time)
        self.lon.append(place[0])
        self.lat.append(place[1])
        self.accuracy.append(accuracy)
        self.elevation.append(elevation)
        self.speed.append(speed)
        self.sport.append(sport)

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
        if not self.device:
            raise Unreadable("; ".join((f"{app} without a position", *warnings)))
        time = moments(self.time)
        names = {name: to_name(name) for name in set(self.device)}
        named = set(names.values()) - {""}
        if len(named) == 1:  # rows that name none are of the only device there is
            names[""] = named.pop()
        groups = grouped(pa.array([names[name] or " " for name in self.device]).dictionary_encode(), time)
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
            for k, (first, last, sport) in enumerate(legs([self.sport[row] for row in rows[kept].tolist()], time))
        ]
