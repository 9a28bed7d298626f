"""JSON of recordings is read in slices: what is found does not depend on where they end, and no file is held whole."""

from __future__ import annotations

import json

import numpy as np
import pytest
from format_samples import SAMPLES

from heatlas.core.errors import Unreadable
from heatlas.sources.formats import text_window
from heatlas.sources.formats.json_lists import JsonLists
from heatlas.sources.formats.known import FORMATS, read_format
from heatlas.sources.formats.phones.json_rows import JsonRows

STREAMED = [name for name, each in SAMPLES.items() if FORMATS[each.kind].large and each.kind != "google-records"]


class Slices:
    """Content on a disk, of which only slices are given."""

    def __init__(self, data):
        self._data, self.largest = data, 0

    def __len__(self):
        return len(self._data)

    def __getitem__(self, part):
        found = self._data[part]
        self.largest = max(self.largest, len(found))
        return found


def said(kind, content):
    try:
        found = read_format(kind, content, "x", ())
    except Unreadable as error:
        return str(error)
    return [
        (each.activity, each.warnings, dict(each.dropped), repr(np.array([each.lat, each.lon, each.time]).tolist()))
        for each in found
    ]


def test_all_formats_of_phones_and_maps_are_streamed():
    kinds = {SAMPLES[name].kind for name in STREAMED}
    assert kinds >= {"geojson", "google-timeline", "overland", "owntracks", "owntracks-rec", "traccar", "dawarich"}
    assert kinds >= {"home-assistant", "gpslogger-points"}


@pytest.mark.parametrize("name", STREAMED)
def test_what_is_read_does_not_depend_on_slices(name, monkeypatch):
    kind, data = SAMPLES[name].kind, SAMPLES[name].data
    rng = np.random.default_rng(1)
    damaged = bytearray(data)
    for k in rng.integers(len(data) // 2, len(data), 3):
        damaged[k] = ord("}")
    documents = [data, data + b" \n", data[: len(data) * 2 // 3], data[:-1], bytes(damaged)]
    documents.append(data.decode().encode("utf-16"))
    expected = [said(kind, each) for each in documents]
    assert expected[0][0][3].count(",") > 60
    for piece in (37, 1024):
        monkeypatch.setattr(text_window, "_PIECE", piece)
        assert [said(kind, each) for each in documents] == expected


@pytest.mark.parametrize("name", STREAMED)
def test_no_file_is_asked_for_as_a_whole(name):
    content = Slices(SAMPLES[name].data + b" " * (5 << 20))
    assert said(SAMPLES[name].kind, content) == said(SAMPLES[name].kind, SAMPLES[name].data)
    assert content.largest <= 1 << 20


def test_one_element_is_held_at_a_time(monkeypatch):
    monkeypatch.setattr(text_window, "_PIECE", 256)
    data = json.dumps({"x": {"y": 12345}, "locations": [{"lat": k, "text": "ä" * 40} for k in range(500)]}).encode()
    lists = JsonLists(data, ("locations",), ("lat",))
    held = []
    for k, each in enumerate(lists):
        assert each["lat"] == k
        held.append(len(lists._window.text))
    assert len(held) == 500
    assert lists.warnings == ()
    assert max(held) < 1500


def test_lists_in_lists_are_read_one_by_one(monkeypatch):
    monkeypatch.setattr(text_window, "_PIECE", 64)
    rows = JsonRows(json.dumps([[{"a": k} for k in range(50)], [], [[{"a": 50}], 7]]).encode(), "states")
    assert [each["a"] for each in rows] == list(range(51))
    assert rows.warnings == []


@pytest.mark.parametrize("what", ["text", "number", "list"])
def test_a_value_longer_than_the_limit_is_damage_and_the_rest_is_read(what, monkeypatch):
    monkeypatch.setattr(text_window, "_PIECE", 64)
    monkeypatch.setattr(text_window, "_LARGEST", 2000)
    long = {"text": '"' + "x" * 9000 + '"', "number": "1" * 9000, "list": "[" + "1," * 5000 + "1]"}[what]
    lists = JsonLists(f'[{{"a": 1}}, {{"a": 2, "b": {long}}}, {{"a": 3}}]'.encode(), (), ("a",))
    assert [each["a"] for each in lists] == [1, 3]
    assert lists.warnings == ("damaged: 1 part of it could not be read",)


@pytest.mark.parametrize("piece", [5, 6, 7, 8, 9, 10])
def test_a_number_at_the_end_of_a_slice_goes_on(piece, monkeypatch):
    monkeypatch.setattr(text_window, "_PIECE", piece)
    assert list(JsonLists(b"[12.5e3, -1234567, 0.25, true]", (), ("a",))) == [12500.0, -1234567, 0.25, True]
