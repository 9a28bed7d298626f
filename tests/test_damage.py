"""Libraries with damaged bytes: what is drawn is right or said to be damaged, and a repair brings back what it can."""

from __future__ import annotations

import json
import logging
import os
import random
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import numpy as np
import pytest
from library_made import made as made_library
from library_made import older, put, walks
from made import export, gpx, straight

import heatlas.library.file.sound_rows as sound_rows
import heatlas.library.index.sound_tiles as sound_tiles
from heatlas.core.context import Context
from heatlas.core.errors import BadOption, HeatlasError, SourceFailed
from heatlas.core.mercator import from_lonlat
from heatlas.core.window import Window
from heatlas.library.care.backups import back_up
from heatlas.library.care.checking import check, check_rows, examine
from heatlas.library.care.digest_checks import glance
from heatlas.library.care.repair import Hiding, repair
from heatlas.library.file.digests import SMALL
from heatlas.library.file.opening import open_library
from heatlas.library.file.settings import Settings, read_settings, write_settings
from heatlas.library.file.sound_rows import is_sound, sort_rows
from heatlas.library.index.drawing import draw
from heatlas.library.index.passages_at import passing
from heatlas.library.index.shown import read_shown
from heatlas.library.maintenance import compact, reindex, remove
from heatlas.library.manage import import_into, library_tracks
from heatlas.library.points.point_drawing import draw_tile
from heatlas.library.points.point_rows import read_points
from heatlas.library.points.point_times import PointIndex
from heatlas.library.points.stored_points import list_point_sets
from heatlas.library.rows.merged import list_activities, select
from heatlas.library.zones import list_zones
from heatlas.raster.measure import parse_measure, parse_point_measure
from heatlas.tiles.snapshot import take
from heatlas.tiles.tile_counts import count_tiles
from heatlas.tracks.privacy import Zone

ZOOM = 12
MEASURES = ("passes", "heart_rate")
HOME = Zone(47.8, 10.9, 150.0)
FLIPS = 400
REPAIRS = 40
_COMPARING = "comparing rows with their digests"


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A small library of everything: an export, a private copy of one run elsewhere, a zone, an athlete, points."""
    folder = tmp_path_factory.mktemp("damage")
    export(folder / "export")
    (folder / "other").mkdir()
    lon, lat = straight()
    (folder / "other" / "copy.gpx").write_bytes(gpx(lon, lat, name="the same, by another watch"))
    table = "name,lat,lon,beds\n" + "".join(f"n{k},{47.8 + k / 5000},{10.9 + k / 7000},{k % 9}\n" for k in range(300))
    (folder / "clinics.csv").write_text(table)
    path = folder / "a.db"
    with open_library(path, create=True) as library, library.write() as link:
        write_settings(link, Settings(zooms=(ZOOM, ZOOM)))
    zone = f"{HOME.lat},{HOME.lon},{HOME.radius}m"
    import_into(path, folder / "export", folder / "other", zone=(zone,), rest=48, max_heart_rate=190)
    import_into(path, folder / "clinics.csv", weight="beds")
    return path


def activity_facts(activities):
    return [
        (k, one.source, one.sport, one.name, one.start, one.private, dict(one.extra), dict(one.facts))
        for k, one in activities.items()
    ]


def of_tracks(path):
    tracks = library_tracks(path, ("heart_rate", "elevation"))
    arrays = [
        array.tobytes()
        for batch in tracks.batches
        for array in (batch.u, batch.v, batch.time, batch.segments, *batch.columns.values())
    ]
    return arrays, activity_facts(dict(enumerate(tracks.activities))), tracks.report.data()


def of_index(path):
    with open_library(path) as library:
        keep = select(library, where="sport = 'Run'")
        window = Window(256.0 * 2**ZOOM, 2171 * 256, 1427 * 256, 512, 256)
        grids = [draw(library, window, parse_measure(name), keep) for name in MEASURES]
        return keep.tolist(), [plane.tobytes() for grid in grids for plane in grid.planes.values()]


def of_a_server(path):
    with open_library(path) as library:
        found = take(library, public=True)
    return found.version, activity_facts(found.activities), found.hides


def of_points(path):
    with open_library(path) as library:
        with library.read() as link:
            stored = list_point_sets(link)
            if "clinics" not in stored:  # lost, which was said
                return stored
            points = [part.lon.tobytes() + part.weight.tobytes() for part in read_points(link, stored["clinics"])]
        grid = draw_tile(PointIndex(library, stored["clinics"]), ZOOM, 2172, 1426, parse_point_measure("sum", "beds"))
        return stored, points, [plane.tobytes() for plane in grid.planes.values()]


def of_zones(path):
    with open_library(path) as library:
        return list_zones(library)


COMMANDS = (of_tracks, of_index, of_a_server, of_points, of_zones)


class Said(logging.Handler):
    """Sentences about damage that a command has said."""

    def __init__(self):
        super().__init__()
        self.sentences = []

    def emit(self, record):
        self.sentences.append(record.getMessage())


@pytest.fixture(autouse=True)
def nothing_traced_before():
    """Copies of one library are in one state."""
    sound_tiles._made.clear()


@pytest.fixture
def said():
    handler = Said()
    logger = logging.getLogger("heatlas.library")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def outcome(command, path, said):
    """What a command gives, and what it says of damage; nothing but a sentence may stop it."""
    sound_rows._SAID.clear()
    sound_tiles._made.clear()
    said.sentences.clear()
    try:
        found = command(path)
    except HeatlasError as error:
        return None, [str(error)]
    return found, list(said.sentences)


def faults_of(path):
    """What a check of everything finds; its later stages come only where the first finds nothing."""
    try:
        with open_library(path) as library:
            with library.read() as link:
                found = check_rows(link)
            return found or check(library, None)
    except HeatlasError as error:
        return [str(error)]


def size_of_page(data):
    return int.from_bytes(data[16:18], "big")


def pages_of(path):
    """Pages of each table and index."""
    with closing(sqlite3.connect(path)) as link:
        try:
            rows = link.execute("SELECT name, pageno FROM dbstat").fetchall()
        except sqlite3.OperationalError:  # not in this build of SQLite
            return {"file": range(1, path.stat().st_size // size_of_page(path.read_bytes()) + 1)}
    found = {}
    for name, page in rows:
        found.setdefault(name, []).append(page)
    return found


def flips(path, number, seed):
    """Copies of a library with one byte changed, as many in each of its tables and indexes; yields what was changed."""
    rng, data, pages = np.random.default_rng(seed), path.read_bytes(), pages_of(path)
    size = size_of_page(data)
    names = sorted(pages)
    for k in range(number):
        name = names[k % len(names)]
        page = int(rng.choice(pages[name]))
        body = np.frombuffer(data, np.uint8, size, (page - 1) * size)
        used = np.flatnonzero(body)  # most of a page may be empty
        at = (page - 1) * size + int(rng.choice(used))
        yield f"{name} at {at}", data[:at] + bytes([data[at] ^ int(rng.integers(1, 256))]) + data[at + 1 :]


def test_no_flipped_byte_is_drawn_without_a_word(sound, said):
    """Whatever differs from what the sound library gives is said, and found by a check."""
    expected = [command(sound) for command in COMMANDS]
    assert faults_of(sound) == []
    path, quiet = sound.with_name("flipped.db"), 0
    for where, data in flips(sound, FLIPS, 7):
        remove_library(path)
        path.write_bytes(data)
        found = [outcome(command, path, said) for command in COMMANDS]
        assert not any("\n" in word for _, words in found for word in words)
        for command, (one, words), other in zip(COMMANDS, found, expected, strict=True):
            assert one == other or words, (where, command.__name__)
        told = any(words for _, words in found)
        # Opening a library whose states are damaged writes, and so mends it.
        assert not told or faults_of(path) or path.read_bytes() != data, where
        quiet += not told
    assert 0 < quiet < FLIPS * 0.7  # bytes of indexes and of free space change nothing that is drawn


def remove_library(path):
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


def restored(path):
    """Repair a library; what it hides is said where it cannot tell."""
    clip, zones = None, None
    for _ in range(3):
        try:
            return repair(path, Hiding(clip, zones))
        except BadOption as error:
            words = str(error)
        clip, zones = (0.0, zones) if "ends of tracks" in words else (clip, [HOME])
    raise AssertionError(words)


def named(found):
    """Activities as they are named, as those that are read again get other numbers."""
    arrays, facts, _ = found
    return arrays, [fact[1:] for fact in facts]


def test_a_repair_brings_back_what_is_in_the_files(sound, said):
    expected = [command(sound) for command in COMMANDS]
    path, lost, made = sound.with_name("repaired.db"), [], []
    for where, data in flips(sound, REPAIRS, 12):
        remove_library(path)
        path.write_bytes(data)
        try:
            done, damaged = restored(path)
        except HeatlasError as error:
            lost.append((where, str(error)))
            continue
        assert faults_of(path) == [], where
        got = [outcome(command, path, said) for command in COMMANDS]
        aside = [what for what in done.set_aside if not what.startswith("the points")]
        # Where the description of the digests is damaged, nobody can tell whether the lists are whole.
        assert aside == [] or (where.startswith("sqlite_schema") and "nobody can tell" in aside[0]), where
        assert named(got[0][0]) == named(expected[0]), where
        assert set(map(str, got[4][0].values())) == set(map(str, expected[4].values())), where
        if not done.set_aside:
            assert got[3][0][1:] == expected[3][1:], where
        assert got[1][0][1] == expected[1][1], where
        assert (path if damaged is None else path.with_name("repaired.db.damaged")).read_bytes() == data
        made.append(done.tiles)
    assert len({0, None} & {*made}) == 2
    assert max(tiles or 0 for tiles in made) > 0
    assert all(where.startswith(("sqlite_schema", "file")) for where, _ in lost)  # where it says what is in it
    assert len(lost) <= 3


def table(path, statement, values=()):
    """Change a library behind its back, as a failing disk does; nothing gets a new digest."""
    with closing(sqlite3.connect(path)) as link:
        link.execute(statement, values)
        link.commit()


def broken(path, name, key, copy=True):
    """Damage a row that is stored twice, in both places."""
    with closing(sqlite3.connect(path)) as link:
        part, columns = SMALL[name]
        texts = {"zones": "radius", "activities": "extra", "meta": "value"}
        column = texts[name]
        old = link.execute(f"SELECT {column} FROM {name} WHERE {columns[0]} = ?", (key,)).fetchone()[0]
        new = old + 7 if name == "zones" else f"{{{old}"
        link.execute(f"UPDATE {name} SET {column} = ? WHERE {columns[0]} = ?", (new, key))
        if copy:
            link.execute("UPDATE digests SET copy = '[' || copy WHERE part = ? AND key = ?", (part, key))
        link.commit()


@pytest.fixture
def library_path(sound, tmp_path):
    """A copy of the library, whose files are the sound one's."""
    path = tmp_path / "a.db"
    shutil.copyfile(sound, path)
    return path


def test_a_row_with_one_damaged_copy_is_read_from_the_other_and_mended_by_the_next_change(library_path, said):
    expected = [command(library_path) for command in COMMANDS]
    broken(library_path, "activities", 2, copy=False)
    broken(library_path, "meta", "settings", copy=False)
    table(library_path, "UPDATE digests SET digest = x'00' WHERE part = 2 AND key = 3")
    for command, other in zip(COMMANDS, expected, strict=True):
        assert outcome(command, library_path, said)[0] == other
    assert any("1 row of its table activities (2)" in words for words in outcome(of_tracks, library_path, said)[1])
    assert len(faults_of(library_path)) == 3
    with open_library(library_path) as library:
        reindex(library, clip_ends=0.0)
    assert faults_of(library_path) == []
    assert of_tracks(library_path) == expected[0]


def test_nothing_is_built_on_a_damaged_row(library_path):
    table(library_path, "UPDATE activities SET private = 1 - private WHERE number = 1")
    with open_library(library_path) as library, library.write() as link:
        assert link.execute("SELECT private FROM activities WHERE number = 1").fetchone() == (0,)
    table(library_path, "UPDATE tracks SET data = x'00000000' WHERE key = 64")
    with open_library(library_path) as library:
        with pytest.raises(SourceFailed, match="library repair"), library.write() as link:
            link.execute("UPDATE tracks SET data = data WHERE key = 64")
        assert any("track of activity 1" in fault for fault in check(library))


LOST = (
    ("activities", 2, "UPDATE activities SET extra = '{', name = 'x', private = 0 WHERE number = 2"),
    ("activities", 2, "DELETE FROM activities WHERE number = 2"),
    ("files", 2, "UPDATE files SET outcome = '{', digest = x'00' WHERE number = 2"),
    ("point_sets", 1, "UPDATE point_sets SET total = 7 WHERE number = 1"),
    ("meta", "athlete", "UPDATE meta SET value = '{' WHERE name = 'athlete'"),
)


@pytest.mark.parametrize(("name", "key", "change"), LOST)
def test_a_row_that_is_lost_is_said_and_the_rest_goes_on(library_path, tmp_path, said, name, key, change):
    expected, zones = of_tracks(library_path)[1], of_zones(library_path)
    table(library_path, change)
    table(library_path, "UPDATE digests SET copy = 'x' WHERE part = ? AND key = ?", (SMALL[name][0], key))
    found, words = outcome(of_tracks, library_path, said)
    lost = {2} if name == "activities" else set()
    assert [fact[1] for fact in found[1]] == [fact[1] for k, fact in enumerate(expected, 1) if k not in lost]
    assert all(fact[5] for fact in found[1]) == bool(lost)  # as a private copy may be gone
    if name == "point_sets":
        found, words = outcome(of_points, library_path, said)
        assert found == {}
    assert f"1 row of its table {name} cannot be read ({key}) and is left out" in words[0]
    assert outcome(of_index, library_path, said)[0] is not None
    assert of_zones(library_path) == zones
    shown, _ = outcome(of_a_server, library_path, said)
    assert (shown is None) == bool(lost)  # nobody can tell what is private

    new = tmp_path / "new.gpx"
    new.write_bytes(gpx(*straight(lat=47.81), start=1.71e9))
    assert import_into(library_path, new)["activities"] == len(found[1] if name != "point_sets" else expected) + 1
    names = [one[1] for one in outcome(of_tracks, library_path, said)[0][1]]
    assert str(new) in names
    faults = faults_of(library_path)
    assert (faults == []) == (name == "files")  # which is made anew, as it says only what was read
    assert all(str(key) in fault for fault in faults[:1])
    with open_library(library_path) as library:
        compact(library)
        reindex(library, clip_ends=1.0)
    restored(library_path)
    assert faults_of(library_path) == []
    assert len(of_tracks(library_path)[1]) == len(expected) + 1


def test_an_import_says_that_activities_count_as_private_while_any_is_lost(library_path, said):
    new = library_path.with_name("new.gpx")
    new.write_bytes(gpx(*straight(lat=47.81), start=1.71e9))
    table(library_path, "UPDATE activities SET extra = '{', name = 'x' WHERE number = 2")
    table(library_path, "UPDATE digests SET copy = 'x' WHERE part = ? AND key = 2", (SMALL["activities"][0],))
    report, words = outcome(lambda path: import_into(path, new), library_path, said)
    told = f"nobody can tell which had a private copy, so {report['activities']} activities count as private"
    assert sum("private copy" in each for each in words) == sum(told in each for each in words) == 1


def test_a_file_whose_row_is_lost_is_read_again_and_not_counted_twice(library_path, sound):
    table(library_path, "UPDATE files SET size = 7 WHERE number = 2")
    table(library_path, "UPDATE digests SET copy = 'x' WHERE part = 2 AND key = 2")
    before = of_tracks(library_path)
    report = import_into(library_path, sound.with_name("export"), sound.with_name("other"))
    assert report["dropped"].get("activities found twice", 0) <= 1
    assert named(of_tracks(library_path))[0] == named(before)[0]
    assert faults_of(library_path) == []


def test_a_damaged_zone_is_never_guessed(library_path, said):
    expected = of_tracks(library_path)
    index = of_index(library_path)
    broken(library_path, "zones", "zone 1")
    for command in (of_tracks, of_a_server, of_zones):
        found, words = outcome(command, library_path, said)
        assert found is None
        assert "zones cannot be read (zone 1)" in words[0]
    assert of_index(library_path) == index  # which was cut before
    new = library_path.with_name("new.gpx")
    new.write_bytes(gpx(*straight(lat=47.81), start=1.71e9))
    with pytest.raises(SourceFailed, match="zones"):
        import_into(library_path, new)
    before = library_path.read_bytes()
    with pytest.raises(BadOption, match=r"cannot tell any more which places it hides.*--zone 47.8,10.9,157m|says 47.8"):
        repair(library_path)
    assert library_path.read_bytes() == before
    repair(library_path, Hiding(zones=[HOME]))
    assert of_tracks(library_path)[0] == expected[0]
    assert of_index(library_path) == index
    with pytest.raises(BadOption, match="can still tell which places it hides"):
        repair(library_path, Hiding(zones=()))


def test_a_lost_zone_does_not_unhide(library_path):
    table(library_path, "DELETE FROM zones")
    table(library_path, "UPDATE digests SET copy = 'x' WHERE part = 1")
    with pytest.raises(SourceFailed, match="zones"):
        of_tracks(library_path)


def without_files(sound, tmp_path):
    """A copy of the library whose files are gone: those of the sound one, under another name."""
    path = tmp_path / "a.db"
    shutil.copyfile(sound, path)
    with open_library(path) as library, library.write() as link:
        link.execute("UPDATE files SET name = '/nowhere' || name")
    return path


def test_what_cannot_be_read_again_is_set_aside_column_by_column(sound, tmp_path):
    path = without_files(sound, tmp_path)
    table(path, "UPDATE tracks SET data = x'0000000001' WHERE key = 1 * 64 + 6")  # heart rate
    table(path, "UPDATE tracks SET data = x'0000000001' WHERE key = 2 * 64")
    with open_library(path) as library:
        names = {k: one.source for k, one in list_activities(library).items()}
    done = repair(path).done
    assert sorted(done.set_aside) == sorted([
        f"heart_rate of {names[1]}: damaged, and its file could not be read again",
        f"{names[2]}: its track is damaged, and its file could not be read again",
    ])  # fmt: skip
    assert faults_of(path) == []
    with open_library(path) as library:
        assert list_activities(library).keys() == names.keys() - {2}


def test_setting_aside_a_private_copy_keeps_its_activity_private(sound, tmp_path):
    path = without_files(sound, tmp_path)
    with open_library(path) as library, library.write() as link:
        ((copy, shown),) = link.execute("SELECT number, same_as FROM activities WHERE same_as IS NOT NULL").fetchall()
        link.execute("UPDATE activities SET private = number = ?", (copy,))
    with open_library(path) as library:
        assert list_activities(library)[shown].private
    table(path, "UPDATE tracks SET data = x'0000000001' WHERE key = ? * 64", (copy,))
    assert len(repair(path).done.set_aside) == 1
    with open_library(path) as library:
        assert list_activities(library)[shown].private


def test_a_damaged_activity_is_left_out_and_said(sound, tmp_path, said):
    path = without_files(sound, tmp_path)
    table(path, "UPDATE tracks SET data = x'0000000001' WHERE key = 2 * 64")
    expected, (found, words) = of_tracks(sound), outcome(of_tracks, path, said)
    assert len(found[1]) == len(expected[1]) - 1
    assert "cannot be read and is left out" in words[0]
    with open_library(path) as library:
        reindex(library, clip_ends=1.0)  # goes on without it
        assert len(check(library, None)) == 1


def test_an_older_library_is_read_around_its_damage_and_gets_digests_by_a_write(sound, tmp_path, said):
    path = tmp_path / "old.db"
    older(path, sound, 6)
    table(path, "INSERT INTO zones (name, lat, lon, radius, rule) VALUES ('home', 47.8, 10.9, 150, 2)")
    with open_library(path) as library:
        assert examine(library).undigested == 5
        shown = len(list_activities(library))
    table(path, "UPDATE activities SET extra = '{' WHERE number = 1")
    with open_library(path) as library:
        assert len(list_activities(library)) == shown - 1
        assert "activity 1 cannot be read" in said.sentences[-1]
        with library.write():
            pass
        assert check(library) == ["activity 1 cannot be read"]
        assert examine(library).undigested == 5
    done = repair(path).done
    assert done.set_aside == []
    assert done.read_again[0].endswith("1.gpx")
    with open_library(path) as library:
        assert examine(library, None)[::4] == ([], 4)  # what was read again has digests from its first day on
        assert len(list_activities(library)) == shown


@pytest.mark.parametrize("kept", [0.6, 0.8])  # the list of tables lies in the first half of a file this small
def test_a_truncated_library_is_damaged_and_comes_back(sound, tmp_path, kept):
    path = tmp_path / "a.db"
    data = sound.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    for command in (of_tracks, of_index):
        with pytest.raises(SourceFailed, match=f"damaged.*heatlas library repair -l {path}"):
            command(path)
    done, _ = restored(path)
    assert faults_of(path) == []
    assert done.activities + len(done.set_aside) > 0
    assert not [file for file in tmp_path.iterdir() if file.name not in {"a.db", "a.db.damaged"}]


def test_what_can_be_read_of_a_long_list_is_not_given_up(tmp_path):
    """Rows before and after a page that cannot be read, some of them from their copies."""
    path = tmp_path / "a.db"
    with made_library(path, walks(3, 120), settings=Settings(zooms=(ZOOM, ZOOM))) as library:
        before = list_activities(library)
    pages = pages_of(path)
    if "activities" not in pages:
        pytest.skip("this SQLite does not tell where tables lie")
    data = bytearray(path.read_bytes())
    middle, size = before[60].source.encode(), size_of_page(data)
    for page in pages["activities"] + pages["digests"]:
        where = slice((page - 1) * size, page * size)
        if middle in data[where]:
            data[where] = bytes(size)
    path.write_bytes(data)
    with pytest.raises(SourceFailed, match="damaged"):
        of_tracks(path)
    done = repair(path).done
    assert len(before) / 2 < done.activities < len(before)
    assert "how many nobody can tell" in done.set_aside[-1]
    assert faults_of(path) == []
    with open_library(path) as library:
        after = list_activities(library)
        assert all(before[number].name == one.name for number, one in after.items())


def with_pages(path, size):
    """A library whose pages have another size."""
    with closing(sqlite3.connect(path)) as link:
        for text in ("journal_mode = DELETE", f"page_size = {size}"):
            link.execute(f"PRAGMA {text}")
        link.execute("VACUUM")
        link.execute("PRAGMA journal_mode = WAL")
    assert size_of_page(path.read_bytes()) == size


@pytest.mark.parametrize("size", [1024, 8192])  # of today, and of older libraries
def test_a_head_that_is_damaged_is_told_from_another_database(sound, tmp_path, said, size):
    path, expected = tmp_path / "a.db", of_tracks(sound)
    whole = shutil.copyfile(sound, tmp_path / "whole.db")
    with_pages(whole, size)
    for at in (0, 16, 17, 18, 47, 60, 63, 68, 71):
        data = bytearray(whole.read_bytes())
        data[at] ^= 0x15
        remove_library(path)
        path.write_bytes(data)
        found, words = outcome(of_tracks, path, said)
        assert found == expected or "damaged" in words[0] or "unsupported file format" in words[0], at
        repair(path)
        assert faults_of(path) == [], at


def test_a_newer_library_names_the_heatlas_that_it_needs(library_path):
    with open_library(library_path) as library, library.write() as link:
        link.execute(
            "UPDATE meta SET value = ? WHERE name = 'heatlas'", (json.dumps({"step": 99, "version": "7.1.0"}),)
        )
        link.execute("PRAGMA user_version = 99")
    for call in (of_tracks, repair):
        with pytest.raises(SourceFailed, match=r"newer heatlas \(7.1.0; .*'heatlas>=7.1.0'"):
            call(library_path)


def test_an_import_looks_at_some_rows(library_path):
    rng = random.Random(1)
    with open_library(library_path) as library:
        assert not any(glance(library, 40, rng) for _ in range(20))
    table(library_path, "UPDATE tracks SET data = CAST(substr(data, 2) AS BLOB) WHERE key = 65")
    with open_library(library_path) as library:
        found = [sentence for _ in range(40) for sentence in glance(library, 40, rng)]
        assert found
        assert len(found) < 40
    report = import_into(library_path, library_path.parent)
    assert any("rows that were looked at are damaged" in item["reason"] for item in report["files"]["warnings"])


def test_an_import_looks_at_the_indexes_by_which_copies_are_found(library_path):
    with open_library(library_path) as library:
        assert glance(library) == []
    with closing(sqlite3.connect(library_path)) as link:  # an index that has lost a row
        link.execute("PRAGMA writable_schema = ON")
        ((sql,),) = link.execute("SELECT sql FROM sqlite_schema WHERE name = 'activities_by_box'").fetchall()
        link.execute("UPDATE sqlite_schema SET sql = sql || ' WHERE number > 1' WHERE name = 'activities_by_box'")
        link.commit()
    with closing(sqlite3.connect(library_path)) as link:
        link.execute("REINDEX activities_by_box")
        link.execute("PRAGMA writable_schema = ON")
        link.execute("UPDATE sqlite_schema SET sql = ? WHERE name = 'activities_by_box'", (sql,))
        link.commit()
    with open_library(library_path) as library:
        (said,) = glance(library)
        assert said.startswith("the table activities is damaged where SQLite looks rows up: keep the backups")
    assert repair(library_path).done.tiles is None
    assert faults_of(library_path) == []


def test_a_backup_is_a_sound_copy_while_others_write(library_path, tmp_path):
    target = tmp_path / "backup.db"
    with open_library(library_path) as library, open_library(library_path) as other:
        with other.write() as link:
            link.execute("DELETE FROM activity_means")  # not committed, so not in the backup
            assert back_up(library, target) == (5, 1, None)
        assert back_up(library, target).replaced == 5
    assert [file.name for file in tmp_path.iterdir() if "backup" in file.name] == ["backup.db"]
    assert os.name == "nt" or target.stat().st_mode & 0o077 == 0
    assert len(faults_of(target)) == 0
    assert of_tracks(target) == of_tracks(library_path)


def test_a_backup_replaces_nothing_but_an_older_one_and_only_by_a_sound_one(library_path, tmp_path):
    target, text = tmp_path / "backup.db", tmp_path / "notes.txt"
    text.write_text("something else")
    with open_library(library_path) as library:
        back_up(library, target)
        for wrong in (text, tmp_path, library_path):
            with pytest.raises(BadOption):
                back_up(library, wrong)
        with open_library(target) as used, used.read(), pytest.raises(BadOption, match="in use"):
            back_up(library, target)
    before = target.read_bytes()
    table(library_path, "UPDATE tracks SET data = x'00000000' WHERE key = 64")
    with open_library(library_path) as library, pytest.raises(SourceFailed, match="was left as it was"):
        back_up(library, target)
    assert target.read_bytes() == before
    assert text.read_text() == "something else"


def test_a_backup_replaces_one_beside_which_a_killed_process_left_a_log(library_path, tmp_path):
    target, log = tmp_path / "backup.db", tmp_path / "backup.db-wal"
    killed = "import os, sqlite3, sys; link = sqlite3.connect(sys.argv[1]); link.execute(sys.argv[2]); os._exit(0)"
    with open_library(library_path) as library:
        back_up(library, target)
        for statement in ("SELECT * FROM meta", "CREATE TABLE added (value)"):
            subprocess.run([sys.executable, "-c", killed, str(target), statement], check=True, timeout=60)
            assert log.exists()
            assert back_up(library, target) == (5, 1, 5)
            assert not log.exists()
    assert faults_of(target) == []


def test_what_a_written_row_costs_does_not_grow_with_the_library(tmp_path):
    def steps(connection, statement):
        """Instructions of SQLite that a statement takes, those of triggers among them."""
        taken = [0]

        def count():
            taken[0] += 1

        connection.set_progress_handler(count, 1)
        connection.execute(statement)
        connection.set_progress_handler(None, 1)
        return taken[0]

    found = []
    with open_library(tmp_path / "a.db", create=True) as library:
        for many in (10, 1000):
            with library.write() as link:
                link.executemany("INSERT INTO passages VALUES (?, ?)", [(many + 2 * k, b"p") for k in range(many)])
                link.executemany("INSERT INTO meta VALUES (?, 1)", [(f"m{many + k}",) for k in range(many)])
                found.append(
                    [
                        steps(link, statement)
                        for statement in (
                            f"UPDATE passages SET data = x'00' WHERE key = {many + 2}",
                            f"DELETE FROM passages WHERE key = {many + 2}",
                            f"UPDATE meta SET value = 2 WHERE name = 'm{many + 3}'",
                            f"DELETE FROM meta WHERE name = 'm{many + 3}'",
                        )
                    ]
                )
                link.execute("DELETE FROM passages")
                link.execute("DELETE FROM meta WHERE name LIKE 'm%' AND value = 1 AND length(name) < 6")
    assert found[0] == found[1]


def tables_library(tmp_path, **written):
    """A library of two tracks of a table, one of them damaged; the table lies beside it."""
    rows = [f"{47.8 + k / 9000},{10.9 + k / 7000},2024-05-01T10:00:{k % 60:02d}Z,{'ab'[k >= 60]}" for k in range(120)]
    (tmp_path / "bus.csv").write_text("\n".join(["lat,lon,time,bus", *rows]) + "\n")
    path = tmp_path / "b.db"
    import_into(path, tmp_path / "bus.csv", track="bus", **written)
    table(path, "UPDATE tracks SET data = x'00000000' WHERE key = 64")
    return path


def test_a_track_of_a_table_is_read_again_if_the_table_is_as_it_was(tmp_path):
    path = tables_library(tmp_path)
    done = repair(path).done
    assert [name.rpartition("/")[2] for name in done.read_again] == ["a"]
    assert done.set_aside == []
    assert done.activities == 2
    assert faults_of(path) == []
    assert import_into(path, tmp_path / "bus.csv", track="bus")["dropped"]["tracks that were read before"] == 2


def test_a_track_of_a_table_that_has_changed_is_named_with_what_to_type(tmp_path):
    path = tables_library(tmp_path)
    text = (tmp_path / "bus.csv").read_text()
    (tmp_path / "bus.csv").write_text(text.replace("10.9,", "10.95,"))
    done = repair(path).done
    assert done.read_again == []
    (aside,) = done.set_aside
    table_name = str(tmp_path / "bus.csv")
    assert aside.startswith(f"{table_name}/a: its track is damaged, and its file could not be read again; ")
    assert aside.endswith(f"heatlas import {shlex.quote(table_name)} --track COLUMN brings it back")
    assert import_into(path, tmp_path / "bus.csv", track="bus")["activities"] == 2
    assert faults_of(path) == []


def damaged_tiles(path, *numbers):
    """Damage the pixels of some tiles of the index; return how many tiles there are."""
    with closing(sqlite3.connect(path)) as link:
        keys = [row[0] for row in link.execute("SELECT key FROM passages WHERE key BETWEEN 0 AND ?", ((1 << 62) - 1,))]
        link.executemany("UPDATE passages SET data = x'0000000001' WHERE key = ?", [(keys[k],) for k in numbers])
        link.commit()
    return len(keys)


@pytest.mark.skipif(os.name == "nt", reason="modes mean little there")
def test_a_repaired_library_is_read_by_whoever_could_read_it(library_path):
    library_path.chmod(0o640)
    damaged_tiles(library_path, 0)
    assert repair(library_path).damaged.stat().st_mode & 0o777 == library_path.stat().st_mode & 0o777 == 0o640


def test_only_damaged_tiles_are_made_anew(library_path, said, monkeypatch):
    index, points = of_index(library_path), of_points(library_path)
    assert damaged_tiles(library_path, -1) > 1
    found, words = outcome(of_index, library_path, said)
    assert found == index
    assert re.search(r"tile .* is not what was written, and was traced again .*; heatlas library repair", words[0])
    monkeypatch.setattr("heatlas.library.care.rebuilding.reindex", None)
    done = repair(library_path).done
    assert (done.tiles, done.set_aside, done.read_again) == (1, [], [])
    assert of_index(library_path) == index
    assert of_points(library_path) == points
    assert faults_of(library_path) == []


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    """A library of walks, three zooms of it, in several chunks a tile; and all that is read from its index."""
    path = tmp_path_factory.mktemp("walked") / "a.db"
    made_library(path, walks(3, 24), settings=Settings(zooms=(12, 14))).close()
    return path, of_tiles(path)


def of_tiles(path):
    """All that is read from an index: grids, amounts, visits, and the activities at a place."""
    u, v = (float(world) for world in from_lonlat(10.9, 47.8))
    with open_library(path) as library:
        keep, found = select(library), []
        for zoom in (12, 14):
            side = 256 * 2**zoom
            window = Window(float(side), int(u * side) - 300, int(v * side) - 300, 600, 600)
            for name in ("passes", "max(power)", "corr(pace,heart_rate)"):
                grid = draw(library, window, parse_measure(name), keep)
                found.append([plane.tobytes() for plane in grid.planes.values()])
        with library.read() as link:
            found.append(read_shown(link))
        found.append(count_tiles(library, 14).passages.sum())
        found.append([(one.number, one.seconds, one.metres) for one in passing(library, 47.8, 10.9, 100.0)])
    return found


def passages_of(path):
    with closing(sqlite3.connect(path)) as link:
        return [row[0] for row in link.execute("SELECT key FROM passages")]


def test_any_damaged_row_of_the_index_is_traced_again(walked, tmp_path, said):
    """A chunk of several, of pixels or of a column, changed or missing: what is drawn is the same, and said."""
    sound, expected = walked
    rng, path, told = np.random.default_rng(5), tmp_path / "a.db", 0
    wrong = "UPDATE passages SET data = CAST(substr(data, 1, length(data) - 1) || '?' AS BLOB) WHERE key = ?"
    for k, number in enumerate(rng.choice(passages_of(sound), 12, replace=False).tolist()):
        shutil.copyfile(sound, path)
        table(path, "DELETE FROM passages WHERE key = ?" if k % 3 else wrong, (number,))
        found, words = outcome(of_tiles, path, said)
        assert found == expected, number
        told += "traced again" in "".join(words)
    assert told > 5  # the others are of columns that nothing of this reads


def test_a_tile_is_not_traced_again_of_damaged_tracks_or_another_index(walked, tmp_path):
    sound, _ = walked
    for change in (
        "UPDATE tracks SET data = x'0000000001' WHERE key = 2 * 64",
        "DELETE FROM tracks WHERE key = 2 * 64 + 1",
    ):
        path = tmp_path / "a.db"
        shutil.copyfile(sound, path)
        damaged_tiles(path, 0)
        table(path, change)
        with pytest.raises(SourceFailed, match=r"(track|tile) .*library repair"):
            of_tiles(path)
    shutil.copyfile(sound, path)
    with open_library(path) as library, library.write() as link:
        link.execute("UPDATE meta SET value = '[1, 2, 3]' WHERE name = 'columns'")  # as an older heatlas indexed
    damaged_tiles(path, 0)
    with pytest.raises(SourceFailed, match=r"tile .* is not what was written; heatlas library repair"):
        of_tiles(path)


def test_a_library_with_a_damaged_tile_is_changed_all_the_same(walked, tmp_path, said):
    """What is imported, removed and compacted leads to what it leads to in a sound library."""
    found = []
    for damage in (False, True):
        path = tmp_path / f"{damage}.db"
        shutil.copyfile(walked[0], path)
        if damage:
            damaged_tiles(path, *range(0, 20, 3))
        with open_library(path) as library:
            for k in range(18):  # so often that chunks are merged
                put(library, walks(100 + k, 1))
            compact(library)
            kept = of_tiles(path)
            remove(library, list(range(1, 20)))
        found.append((kept, of_tiles(path)))
    assert found[0] == found[1]
    assert "chunks are not merged" in "".join(said.sentences)
    assert faults_of(path) == []  # removing made the tiles anew


def test_tiles_of_a_track_that_is_set_aside_lose_it(sound, tmp_path, monkeypatch):
    path = without_files(sound, tmp_path)
    table(path, "UPDATE tracks SET data = x'0000000001' WHERE key = 2 * 64")
    table(path, "DELETE FROM activity_means WHERE number = 1")
    monkeypatch.setattr("heatlas.library.care.rebuilding.reindex", None)
    done = repair(path).done
    assert (done.tiles, len(done.set_aside)) == (0, 1)
    assert faults_of(path) == []


def test_an_index_that_is_not_that_of_its_tracks_is_made_anew_as_a_whole(library_path):
    index = of_index(library_path)
    with open_library(library_path) as library, library.write() as link:
        link.execute("DELETE FROM passages WHERE key = (SELECT min(key) FROM passages WHERE key >= 0)")
    assert any("tiles hold something else" in fault for fault in faults_of(library_path))
    assert repair(library_path).done.tiles is None
    assert of_index(library_path) == index
    assert faults_of(library_path) == []


def test_a_sound_library_is_left_as_it_is(library_path):
    before = library_path.read_bytes()
    done, damaged = repair(library_path)
    assert (done.activities, done.point_sets, damaged) == (5, 1, None)
    assert library_path.read_bytes() == before
    assert sorted(file.name for file in library_path.parent.iterdir()) == ["a.db"]


def test_a_repair_that_was_interrupted_before_the_swap_is_done_again(library_path):
    damaged_tiles(library_path, 0)
    kept = library_path.with_name("a.db.damaged")
    kept.hardlink_to(library_path)
    assert repair(library_path).damaged == kept
    assert not kept.samefile(library_path)
    damaged_tiles(library_path, 0)
    assert repair(library_path).damaged.name == "a.db.damaged-2"


def test_what_lies_in_the_log_is_repaired_too(library_path, tmp_path):
    """Changes that were not yet moved into the file, as after a power failure."""
    (tmp_path / "fallen").mkdir()
    path = tmp_path / "fallen" / "a.db"
    damaged_tiles(library_path, 0)
    with open_library(library_path) as library, library.read() as reader:
        reader.execute("SELECT count(*) FROM meta").fetchone()  # keeps the log from being emptied
        with open_library(library_path) as other, other.write() as link:
            link.execute("UPDATE activities SET name = 'in the log' WHERE number = 3")
        for end in ("", "-wal"):
            shutil.copyfile(f"{library_path}{end}", f"{path}{end}")
    assert path.with_name("a.db-wal").stat().st_size
    assert repair(path).damaged is not None
    with open_library(path) as library:
        assert list_activities(library)[3].name == "in the log"
    assert faults_of(path) == []
    assert not path.with_name("a.db-wal").exists()


def test_progress_is_told_of_what_takes_long(library_path, sound, tmp_path):
    def stages(call):
        found = {}
        call(Context(1, lambda stage, done, total: found.setdefault(stage, []).append((done, total))))
        assert all(done <= total for counts in found.values() for done, total in counts)
        return found

    with open_library(library_path) as library:
        found = stages(lambda context: examine(library, None, context))
        assert {*found} == {"looking at all pages", _COMPARING, "looking at tiles", "tracing again"}
        assert found[_COMPARING][-1][0] > 0.9 * found[_COMPARING][-1][1]
        found = stages(lambda context: back_up(library, tmp_path / "b.db", context))
        assert "copying" in found
    damaged_tiles(library_path, 0)
    found = stages(lambda context: repair(library_path, context=context))
    assert {"mending", "copying the index", "indexing"} <= {*found}
    older(tmp_path / "old.db", sound, 6)
    with open_library(tmp_path / "old.db") as library:
        found = stages(library.update)["making digests of all rows"]
        assert found[0][0] == 0
        assert found[-1][0] == found[-1][1] > 0
        assert stages(library.update) == {}


@pytest.mark.parametrize("name", ["heatlas_digest", "heatlas_text"])
def test_a_signal_in_a_function_of_sqlite_is_no_failure(library_path, name):
    """SQLite hides what was raised in a function that it calls, such as by Ctrl-C."""

    def interrupted(*_):
        raise KeyboardInterrupt

    def change(library):
        with library.write() as link:
            link.create_function(name, -1 if name == "heatlas_text" else 3, interrupted, deterministic=True)
            link.execute("UPDATE activities SET name = 'x' WHERE number = 1")

    with open_library(library_path) as library, pytest.raises(KeyboardInterrupt):
        change(library)
    assert faults_of(library_path) == []


def test_settings_that_were_read_before_follow_each_change(library_path):
    """They are read once for each state: not what was rolled back, nor what another connection has changed since."""

    def kept_open(change):
        with library.read() as link:
            before = read_settings(link)
        change()
        with library.read() as link:
            return before.rejoin, read_settings(link).rejoin

    def write(which, value, fail=False):
        with which.write() as link:
            write_settings(link, Settings(zooms=(ZOOM, ZOOM), rejoin=value))
            assert read_settings(link).rejoin == value
            if fail:
                raise BadOption("rolled back")

    def fail():
        with pytest.raises(BadOption):
            write(library, 9.0, fail=True)

    with open_library(library_path) as library, open_library(library_path) as other:
        assert kept_open(lambda: write(other, 7.0))[1] == 7.0
        assert kept_open(lambda: write(library, 8.0)) == (7.0, 8.0)
        assert kept_open(fail) == (8.0, 8.0)
        table(library_path, "UPDATE meta SET value = '{}' WHERE name = 'settings'")
        table(library_path, "UPDATE digests SET copy = 'x' WHERE part = 0 AND key = 'settings'")
        with pytest.raises(SourceFailed, match="meta cannot be read"):
            kept_open(lambda: None)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE activities SET sport = 'Rvn' WHERE number = 3",
        "UPDATE activities SET distance = 12345.5 WHERE number = 5",
        "DELETE FROM activities WHERE number = 2",
        "UPDATE digests SET digest = x'0000000000000000' WHERE part = 3 AND key = 4",
        "DELETE FROM digests WHERE part = 3 AND key = 5",
    ],
)
def test_a_quick_look_finds_what_a_slow_one_finds(tmp_path, damage):
    path = tmp_path / "a.db"
    made_library(path, walks(5, 5)).close()
    with closing(sqlite3.connect(path)) as link, link:
        assert all(is_sound(link, table) for table in SMALL)
        link.execute(damage)
        assert not is_sound(link, "activities")
        found = sort_rows(link, "activities")
        assert found.healed or found.lost
        assert all(is_sound(link, table) for table in SMALL if table != "activities")
