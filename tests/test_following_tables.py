"""Tables that are read again on a schedule, and what is made of them: tiles, a library, the live map."""

from __future__ import annotations

import json
import logging
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from made import gpx, straight
from servers import free_port
from test_databases_servers import link_to

import heatlas
from heatlas.core.errors import BadOption, SourceFailed
from heatlas.library.manage import import_into, point_sets_of

DOCS = Path(__file__).resolve().parents[1] / "docs" / "how-to"
ROWS = {"a": (9.0, 38.7, 3), "b": (9.1, 38.8, 5)}


def written(path, rows=ROWS, more=()):
    lines = ["lat,lon,beds", *(",".join(map(str, row)) for row in (*rows.values(), *more))]
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr("heatlas.watching.rounds.FIRST", 0.1)
    monkeypatch.setattr("heatlas.watching.tables.REST", 0.05)
    monkeypatch.setattr("heatlas.watching.whole.REST", 0.05)


def kept(path, output, steps, **options):
    """Reports of a `render` that goes on, with a step after each of them; after the last it is stopped."""
    reports = []

    def told(report):
        reports.append(report)
        if len(reports) > len(steps):
            raise KeyboardInterrupt
        steps[len(reports) - 1]()

    last = heatlas.render(path, output=output, zoom="0-7", weight="beds", tone="0:10", told=told, **options)
    assert last == reports[-1]
    return reports


@pytest.mark.parametrize("how", [{"every": "1s"}, {"watch": True}])
def test_only_tiles_that_changed_are_drawn_again(tmp_path, quick, how):
    path = tmp_path / "p.csv"
    written(path)
    steps = [
        lambda: written(path, more=[(-20.0, -60.0, 1)]),
        lambda: written(path),
        lambda: path.write_text("lat,lon,beds\n"),
        lambda: written(path),
    ]
    first, second, third, emptied, last = kept(path, tmp_path / "tiles", steps, **how)
    assert first["tiles"]["written"] == last["tiles"]["written"] > 8
    assert 0 < second["tiles"]["written"] < first["tiles"]["written"]
    assert second["tiles"]["unchanged"] > 0
    assert second["points"] == 3
    assert third["tiles"]["removed"] > 0
    assert emptied["tiles"]["removed"] >= first["tiles"]["written"]
    once = tmp_path / "once"
    heatlas.render(path, output=once, zoom="0-7", weight="beds", tone="0:10")
    for tile in once.rglob("*.png"):
        assert (tmp_path / "tiles" / tile.relative_to(once)).read_bytes() == tile.read_bytes()


def test_a_folder_is_followed_as_tiles(tmp_path, quick):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.gpx").write_bytes(gpx(*straight()))
    reports = []

    def told(report):
        reports.append(report)
        if len(reports) == 2:
            raise KeyboardInterrupt
        (folder / "b.gpx").write_bytes(gpx(*straight(lat=47.9), start=1.71e9))

    heatlas.render(folder, output=tmp_path / "tiles", zoom="8-12", watch=True, told=told)
    assert [report["activities"] for report in reports] == [1, 2]
    assert reports[1]["tiles"]["unchanged"] > 0


def test_a_library_is_published_on_a_schedule(tmp_path, quick):
    (tmp_path / "a.gpx").write_bytes(gpx(*straight()))
    import_into(tmp_path / "lib.db", tmp_path / "a.gpx")
    reports = []

    def told(report):
        reports.append(report["tiles"])
        if len(reports) == 2:
            raise KeyboardInterrupt

    heatlas.render(tmp_path / "lib.db", output=tmp_path / "tiles", zoom="8-10", every="1s", told=told)
    assert reports[0]["written"] == reports[1]["unchanged"] > 0


def test_a_source_that_is_down_keeps_the_tiles_and_is_told_of_once(tmp_path, quick, monkeypatch, caplog):
    path = tmp_path / "p.csv"
    written(path)
    from heatlas.watching import tables

    real, tries = tables.bring, []

    def bring(*given):
        tries.append(1)
        if 1 < len(tries) < 5:
            raise SourceFailed("the server is away")
        return real(*given)

    monkeypatch.setattr(tables, "bring", bring)
    with caplog.at_level(logging.WARNING):
        kept(path, tmp_path / "tiles", [lambda: written(path, more=[(1.0, 2.0, 3)]), lambda: written(path)], every="1s")
    assert [record.message for record in caplog.records] == [
        "heatlas: the server is away; tried again after 0.1 s, then less and less often, at least every 10 min",
        f"heatlas: {path} is well again",
    ]


def test_what_is_wrong_with_the_command_ends_it(tmp_path):
    written(tmp_path / "p.csv")
    for options, words in (
        ({"weight": "nothing"}, "nothing"),
        ({"weight": "beds", "sport": ["Run"]}, "--sport is for tracks"),
        ({"weight": "beds", "every": "now"}, "no time"),
    ):
        with pytest.raises(BadOption, match=words):
            heatlas.render(tmp_path / "p.csv", output=tmp_path / "tiles", **{"every": "1s", **options})
    assert not (tmp_path / "tiles").exists()


def started(*words, cwd, **environment):
    import os

    asked = [sys.executable, "-m", "heatlas", *map(str, words)]
    return subprocess.Popen(
        asked, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | environment
    )


def until(what, seconds=90):
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end
        time.sleep(0.2)
    return found


def ended(run):
    run.send_signal(signal.SIGTERM)
    out, err = run.communicate(timeout=30)
    assert run.returncode == 0, err
    assert "Traceback" not in err
    return out, err


def test_a_server_reads_a_table_again_and_takes_files(tmp_path):
    written(tmp_path / "p.csv")
    (tmp_path / "in").mkdir()
    port = free_port()

    def library():
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/library.json") as answer:
            return json.load(answer)

    def points():
        return [each["points"] for each in library()["point_sets"]]

    run = started("serve", "p.csv", "--weight", "beds", "--every", "1s", "--watch", "in", "--port", port, cwd=tmp_path)
    try:
        line = run.stderr.readline()
        while "http://" not in line:
            line = run.stderr.readline()
        assert points() == [2]
        written(tmp_path / "p.csv", more=[(9.2, 38.9, 1)])
        until(lambda: points() == [3])
        (tmp_path / "in" / "a.gpx").write_bytes(gpx(*straight()))
        until(lambda: library()["activities"] == 1)
    finally:
        _, err = ended(run)
    assert err.splitlines() == ["p: 3 points", "1 file taken; 1 activity now"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--every", "5min"], "--every reads SOURCEs again, and a library is shown as it is"),
        (["--watch", "nowhere"], "there is no file or folder nowhere"),
        (["--watch", ".", "--weight", "beds"], "--weight is for tables"),
        (["Takeot.zip", "--watch", "."], "there is no library Takeot.zip"),
    ],
)
def test_a_server_refuses_what_it_cannot_follow(tmp_path, words, said):
    run = started("serve", *words, cwd=tmp_path)
    _out, err = run.communicate(timeout=60)
    assert run.returncode == 2
    assert said in err
    assert not (tmp_path / "heatlas.db").exists()


def test_a_new_library_is_told_of(tmp_path, caplog):
    from heatlas.cli.serve import _kept_up
    from heatlas.core.context import NOBODY
    from heatlas.options import ServeOptions, gather

    (tmp_path / "in").mkdir()
    asked = gather(ServeOptions, {"watch": (str(tmp_path / "in"),)}, "serve")
    for name in ("maps.db", "typo.db", "typo.db"):
        with _kept_up((str(tmp_path / name),), asked, NOBODY, True) as (path, parts, _alarm, makes):
            assert (path.name, len(parts), makes) == (name, 1, None)
    assert [record.getMessage() for record in caplog.records] == [
        f"heatlas: there was no library {tmp_path / 'maps.db'}: a new one was made",
        f"heatlas: there was no library {tmp_path / 'typo.db'}: a new one was made; a library beside it: maps.db",
    ]


def blocks(kind, page="follow.md"):
    return re.findall(rf"^```{kind}\n(.*?)^```", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL)


def test_the_worked_example_does_what_the_page_says(mariadb, tmp_path):
    """The SQL of the page, then its command, on a server of the tests: new rows become tiles."""
    setup, more = blocks("sql")
    with link_to(mariadb) as cursor:
        for statement in filter(None, map(str.strip, setup.split(";"))):
            if not statement.startswith(("CREATE DATABASE", "CREATE USER", "GRANT")):
                cursor.execute(statement.replace("atlas.", ""))
    (line,) = [line for block in blocks("bash") for line in block.splitlines() if "-o heat/ --every" in line]
    words = line.split()[1:]
    assert words[1] == "mysql://heat@localhost/atlas"
    words[1], words[-1] = mariadb.url(), "2s"
    run = started(*words, cwd=tmp_path)
    try:
        before = until(lambda: len(list((tmp_path / "heat").rglob("*.png"))))
        until(lambda: (tmp_path / "heat" / "tiles.json").exists())
        time.sleep(0.5)
        stamps = {tile: tile.stat().st_mtime_ns for tile in (tmp_path / "heat").rglob("*.png")}
        with link_to(mariadb) as cursor:
            cursor.execute(more.strip().rstrip(";").replace("atlas.", ""))
        until(lambda: len(list((tmp_path / "heat").rglob("*.png"))) > before)
        time.sleep(3)
    finally:
        _out, err = ended(run)
    drawn = [line for line in err.splitlines() if "tiles written" in line]
    assert len(drawn) == 2
    kept = [tile for tile, stamp in stamps.items() if tile.exists() and tile.stat().st_mtime_ns == stamp]
    assert len(kept) > len(stamps) / 3
    assert re.search(r"(\d+) unchanged", drawn[1])


def test_the_unit_and_the_line_of_cron_are_sound():
    """Their commands are parsed by the tests of the documentation; here what systemd wants of a unit."""
    from configparser import ConfigParser

    (unit,) = blocks("ini")
    parser = ConfigParser(strict=True)
    parser.optionxform = str
    parser.read_string(unit)
    assert set(parser) == {"DEFAULT", "Unit", "Service", "Install"}
    command = parser["Service"]["ExecStart"].split()
    assert command[0].startswith("/")
    assert command[-2] == "--every"
    assert parser["Service"]["Restart"] == "on-failure"  # an orderly end has the status 0


def test_a_point_set_of_a_library_follows_a_database(mariadb, tmp_path):
    with link_to(mariadb) as cursor:
        cursor.execute("CREATE TABLE beds (lat DOUBLE, lon DOUBLE, n INT)")
        cursor.execute("INSERT INTO beds VALUES (9, 38, 1)")
    run = started("import", mariadb.url(), "--table", "beds", "--every", "1s", cwd=tmp_path)

    def points():
        return (tmp_path / "heatlas.db").exists() and [
            each["points"] for each in point_sets_of(tmp_path / "heatlas.db")
        ]

    try:
        until(lambda: points() == [1])
        with link_to(mariadb) as cursor:
            cursor.execute("RENAME TABLE beds TO gone")
        time.sleep(2)
        with link_to(mariadb) as cursor:
            cursor.execute("INSERT INTO gone VALUES (8, 38, 1)")
            cursor.execute("RENAME TABLE gone TO beds")
        until(lambda: points() == [2])
        time.sleep(2)
    finally:
        _out, err = ended(run)
    assert err.count("tried again after") == 1
    assert err.count("is well again") == 1
    assert mariadb.url().partition("@")[0].rpartition(":")[2] not in err  # the password
