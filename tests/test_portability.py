"""What other systems do otherwise than this one: names of files, moments, open files, memory."""

from __future__ import annotations

import ast
import sqlite3
from contextlib import closing
from pathlib import Path, PurePosixPath, PureWindowsPath
from types import SimpleNamespace

from heatlas.errors import path_name
from heatlas.film.timeline import DAY, Timeline, make_timeline, utc
from heatlas.sources.sqlite_head import address_of

CODE = sorted((Path(__file__).resolve().parents[1] / "heatlas").rglob("*.py"))


def test_names_have_slashes_everywhere():
    assert path_name(PureWindowsPath(r"C:\My exports\routes\1.gpx")) == "C:/My exports/routes/1.gpx"
    assert path_name(PurePosixPath("a/b\\c.gpx")) == "a/b\\c.gpx"
    assert path_name(PurePosixPath("caf\udce9.gpx")) == "caf\\xe9.gpx"


def calls(path):
    """Name and node of each call in a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", None) or getattr(node.func, "id", "")
            yield name, node


def test_moments_are_not_made_by_what_knows_none_before_1970_on_windows():
    wrong = {"fromtimestamp", "utcfromtimestamp", "gmtime", "localtime", "mktime"}
    assert not [(path.name, node.lineno) for path in CODE for name, node in calls(path) if name in wrong]


def test_films_of_times_before_1970():
    line = make_timeline(-20.5 * 365 * DAY, -20 * 365 * DAY, 6, "month", None)
    assert [line.date(k) for k in (0, 5)] == ["August 1949", "January 1950"]
    assert Timeline.day(-1.0) == "1969-12-31"
    assert utc(-1.5).isoformat() == "1969-12-31T23:59:58.500000+00:00"


def test_databases_on_a_share_of_the_network_have_an_address(tmp_path):
    share = SimpleNamespace(as_uri=lambda: "file://server/share/a%20b.db")
    assert address_of(share) == "file:////server/share/a%20b.db"
    file = tmp_path / "a b?c%20.db"
    with closing(sqlite3.connect(file)) as link:
        link.execute("CREATE TABLE t (x)")
    with closing(sqlite3.connect(f"{address_of(file)}?mode=ro", uri=True)) as link:
        assert link.execute("SELECT count(*) FROM t").fetchone() == (0,)
