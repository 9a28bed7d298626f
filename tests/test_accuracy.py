"""Positions that are stated as inaccurate are left out by one rule, and counted."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from heatlas.core.batch import COLUMNS, Activity, Recording
from heatlas.sources.accuracy import INACCURATE, is_inaccurate
from heatlas.sources.reading import take_recording
from heatlas.sources.sheets.exports import find_exports
from heatlas.tracks.clean import Gaps


def test_bound() -> None:
    """200 m is kept, and so is what is not known: a position without an accuracy, or with a negative one."""
    stated = np.array([0, 5, 200, 200.5, 1e6, np.inf, np.nan, -1])
    assert is_inaccurate(stated).tolist() == [False, False, False, True, True, True, False, False]


def test_what_a_reader_leaves_out_is_reported() -> None:
    """Counts of a recording reach the outcome, from which reports are made."""
    recording = Recording(
        activity=Activity(source="a"),
        lon=np.array([11.0, 11.0001]),
        lat=np.array([47.5, 47.5]),
        time=np.array([1.7e9, 1.7e9 + 5]),
        dropped={INACCURATE: 3},
    )
    outcome = take_recording(recording, frozenset(COLUMNS), find_exports([Path("a")], []), Gaps())
    assert outcome.dropped == Counter({INACCURATE: 3})
    assert outcome.tracks is not None
    assert outcome.tracks.fixes == 2
