"""Write the files of the export: formats, names and numbers of its activities."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.demo.athlete import Words, tell
from heatlas.demo.diary import KINDS, Session, plan
from heatlas.demo.fit import fit_bytes
from heatlas.demo.motion import Fixes, move, swim
from heatlas.demo.routes import route
from heatlas.demo.table import row, table_bytes
from heatlas.demo.xml import gpx_bytes, tcx_bytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["write_export"]

_ODDITIES = 24
"""Least number of activities among which some are odd."""


@frozen(kw_only=True)
class _Row:
    """One row of the table."""

    session: Session
    form: str
    """fit, gpx or tcx; empty when there is no file."""
    random: int
    """Number of the activity's own stream of random numbers."""
    cut: bool = False


def _gzip(data: bytes) -> bytes:
    """Compress without a time and without the system's name, so that the bytes depend on the data alone (RFC 1952)."""
    deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
    body = deflate.compress(data) + deflate.flush()
    return b"\x1f\x8b\x08\0\0\0\0\0\x02\xff" + body + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)


def _rows(seed: int, activities: int) -> list[_Row]:
    """Choose the activities, their formats, and the odd ones among them."""
    rng = np.random.default_rng([seed, 0])
    odd = activities >= _ODDITIES
    sessions = plan(activities - odd, rng)
    forms = np.array(["fit", "gpx", "fit", "gpx", "fit", "tcx"])[(np.arange(len(sessions)) + int(rng.integers(6))) % 6]
    forms = forms[rng.permutation(len(forms))]
    rows = []
    for i, (session, form) in enumerate(zip(sessions, forms.tolist(), strict=True)):
        # A watch that counts laps writes FIT, and GPX cannot hold a swim without positions.
        lapped = session.kind == "intervals" and form == "gpx"
        rows.append(
            _Row(
                session=session,
                form="fit" if lapped or (session.kind == "swim" and form == "gpx") else form,
                random=i,
            )
        )
    if not odd:
        return rows
    for i in _some(rows, {"walk", "swim", "loop"}, {"fit", "gpx", "tcx"}, 2):
        rows[i] = _Row(session=rows[i].session, form="", random=i)
    (cut,) = _some(rows, {"explore", "long"}, {"fit"}, 1)
    rows[cut] = _Row(session=rows[cut].session, form="fit", random=cut, cut=True)
    (twice,) = _some(rows, {"explore", "loop", "long"}, {"gpx"}, 1)
    rows.insert(twice + 1, _Row(session=rows[twice].session, form="fit", random=twice))
    return rows


def _some(rows: list[_Row], kinds: set[str], forms: set[str], count: int) -> list[int]:
    """Pick rows of some kinds, spread over the list; where there are too few, any rows of these formats."""
    fit = [i for i, r in enumerate(rows) if r.session.kind in kinds and r.form in forms and not r.cut]
    fit = fit if len(fit) >= count else [i for i, r in enumerate(rows) if r.form in forms and not r.cut]
    return [fit[(2 * k + 1) * len(fit) // (2 * count)] for k in range(count)]


def _fixes(session: Session, seed: int, stream: int) -> Fixes:
    rng = np.random.default_rng([seed, 1, stream])
    way = route(session, rng)
    return swim(session, rng) if way is None else move(way, session, rng)


def _content(fixes: Fixes, item: _Row, chosen: Words, sport: str) -> bytes:
    """Bytes of the activity's file, before compression."""
    if item.form == "gpx":
        return gpx_bytes(fixes, sport, chosen.name)
    if item.form == "tcx":
        return tcx_bytes(fixes, sport)
    data = fit_bytes(fixes, sport, 3900000000 + item.session.day // 400)
    return data[: len(data) * 3 // 5] if item.cut else data


def write_export(folder: Path, seed: int, activities: int, progress: Callable[[int, int], None] | None) -> None:
    """Write activities.csv and the folder activities into an existing folder."""
    (folder / "activities").mkdir()
    numbers = np.random.default_rng([seed, 2])
    activity, upload = 12_500_000_000, 13_300_000_000
    table = []
    items = _rows(seed, activities)
    for done, item in enumerate(items, 1):
        session = item.session
        sport = KINDS[session.kind].sport
        chosen = tell(session, np.random.default_rng([seed, 3, item.random]))
        activity += int(numbers.integers(1_000_000, 60_000_000))
        upload += int(numbers.integers(1_000_000, 60_000_000))
        fixes = _fixes(session, seed, item.random) if item.form else None
        file = f"activities/{upload}.{item.form}.gz" if item.form else ""
        if fixes is not None:
            (folder / file).write_bytes(_gzip(_content(fixes, item, chosen, sport)))
        words = {
            "Activity ID": str(activity),
            "Activity Name": chosen.name,
            "Activity Type": sport,
            "Activity Description": chosen.about,
            "Activity Gear": chosen.gear,
            "Commute": "true" if session.kind == "commute" else "false",
            "Filename": file,
            "Pool Length": "25.0" if sport == "Swim" else "",
        }
        table.append(row(words, session.start, fixes, (2400, 5000.0 if sport == "Run" else 1500.0)))
        if progress is not None:
            progress(done, len(items))
    (folder / "activities.csv").write_bytes(table_bytes(table))
