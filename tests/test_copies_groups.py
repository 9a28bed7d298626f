"""Copies among many activities in one place, judged again group by group: quicker, and the same as one by one."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from library_made import made, rows, walks

from heatlas.library import maintenance
from heatlas.library.file.settings import Settings
from heatlas.library.rows import copies
from heatlas.tracks.duplicates import Judge, leeway

_PLACES = st.sampled_from([0.0, 1e-6, 3e-6, 5e-6, 0.4, 0.5, 0.999999])
_BOXES = st.tuples(_PLACES, st.floats(0, 1e-4), st.floats(0.3, 0.3001), st.floats(0, 1e-4)).map(
    lambda box: (box[0], box[0] + box[1], box[2], box[2] + box[3])
)


@given(_BOXES, st.lists(_BOXES, max_size=12), st.integers(1, 4))
def test_the_nearest_boxes_are_those_that_are_compared_one_by_one(box, boxes, most):
    own = float(leeway(np.array([box]))[0])
    given_rows = [(k, *other) for k, other in enumerate(boxes)]
    near = sorted(
        (far, k)
        for k, *other in given_rows
        if (far := copies._difference(box, other)) <= max(own, leeway(np.array([other]))[0]) and k != 3
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(copies, "_MOST", most)
        assert copies._nearest(3, box, own, given_rows) == {k for _, k in near[:most]}


def crowd():
    """Tracks without times in one place, some of them copies: thinned, or in other files."""
    tracks = [replace(track, time=np.full(track.fixes, np.nan)) for track in walks(8, 9)]
    return [*tracks[:7], tracks[2], tracks[8], *walks(9, 2), tracks[5], tracks[7], tracks[2]]


def judged(path, monkeypatch, forgetful):
    """Rows of activities of a library that is judged anew in groups of two, and how many pairs were compared."""
    compared = []
    with monkeypatch.context() as patch, made(path, crowd(), settings=Settings(zooms=(10, 11))) as library:
        with library.write() as link:
            link.execute("UPDATE activities SET same_as = NULL")  # as rules of before judged
            link.execute("DELETE FROM meta WHERE name = 'copies'")
        patch.setattr(maintenance, "_GROUP", 2)
        if forgetful:
            patch.setattr(maintenance, "resolve", lambda link, new, again, _: copies.resolve(link, new, again))
        same = Judge.same
        patch.setattr(Judge, "same", lambda self, a, b: compared.append((a, b)) or same(self, a, b))
        maintenance.judge_anew(library)
        return [row[:3] for row in rows(library)["activities"]], compared


def test_pairs_that_were_told_apart_are_not_compared_in_a_later_group(tmp_path, monkeypatch):
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "config"))
    found, compared = judged(tmp_path / "one.db", monkeypatch, forgetful=False)
    expected, more = judged(tmp_path / "other.db", monkeypatch, forgetful=True)
    assert found == expected
    assert sum(same_as is not None for _, _, same_as in found) == 3, json.dumps(found)
    assert len(compared) < len(more)
