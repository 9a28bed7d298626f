"""One small recording in every format: the same way, so that all of them must be read alike.

A format of `heatlas.sources.formats.known` has at least one entry in `SAMPLES`; the common tests of `test_formats.py`
run over all.
"""

from __future__ import annotations

from typing import NamedTuple

import fit_bytes
import made
import numpy as np

COUNT = 60
START = 1_714_809_600.0
"""2024-05-04T08:00:00Z."""
TIME = START + 5.0 * np.arange(COUNT)
LAT = np.round(47.5 + 1e-4 * np.arange(COUNT) + 2e-5 * np.sin(np.arange(COUNT)), 6)
LON = np.round(11.0 + 1e-4 * np.arange(COUNT), 6)
"""A walk of some 800 m, with a fix every 5 s."""


class Sample(NamedTuple):
    """The way in one format."""

    kind: str
    """As in `FORMATS`."""
    data: bytes
    name: str
    """Name that such files have."""
    timed: bool = True
    """Whether the format has a time for each fix."""
    exact: float = 1e-6
    """Degrees by which positions may be rounded."""


def _fit() -> bytes:
    shift = int(START) - fit_bytes.EPOCH
    records = [fit_bytes.record(shift + 5 * k, lat, lon) for k, (lat, lon) in enumerate(zip(LAT, LON, strict=True))]
    return fit_bytes.fit(fit_bytes.file_id(), *records, fit_bytes.session(shift, 11))


def _tcx() -> bytes:
    points = "".join(
        f"<Trackpoint><Time>{moment(t)}</Time><Position><LatitudeDegrees>{lat}</LatitudeDegrees>"
        f"<LongitudeDegrees>{lon}</LongitudeDegrees></Position></Trackpoint>"
        for t, lat, lon in zip(TIME, LAT, LON, strict=True)
    )
    return (
        f'<TrainingCenterDatabase><Activities><Activity Sport="Other"><Id>{moment(START)}</Id><Lap><Track>{points}'
        "</Track></Lap></Activity></Activities></TrainingCenterDatabase>"
    ).encode()


def moment(seconds: float, ending: str = "Z") -> str:
    """A time as ISO 8601, UTC."""
    return f"{np.datetime64(round(seconds * 1000), 'ms')}".removesuffix(".000") + ending


SAMPLES = {
    "fit": Sample("fit", _fit(), "walk.fit"),
    "gpx": Sample("gpx", made.gpx(LON, LAT, start=START, step=5.0, kind="walking"), "walk.gpx"),
    "tcx": Sample("tcx", _tcx(), "walk.tcx"),
}
