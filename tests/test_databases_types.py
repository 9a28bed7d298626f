"""Every type of a column in every database: the right weight, moment, filter and place, or a reason."""

from __future__ import annotations

import datetime as dt
import sqlite3

import numpy as np
import pyarrow as pa
import pytest

import heatlas
from heatlas.sources.databases import open_database
from heatlas.sources.tables.cells.text import seconds

NO = "rows whose weight is no number"
NONE = "rows without a weight"
MOMENT = dt.datetime(2024, 2, 3, 8, 15, tzinfo=dt.UTC).timestamp()
DAY = dt.datetime(2024, 2, 3, tzinfo=dt.UTC).timestamp()
UUID = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"

# Type, value, weight or why there is none, moment or None, a filter that passes.
COMMON = [
    ("SMALLINT", "-3", -3, -3, "v = -3"),
    ("INTEGER", "1706948100", 1706948100, MOMENT, "v > 1706948099"),
    ("BIGINT", "1706948100000", 1706948100000, MOMENT, "v = 1706948100000"),
    ("DOUBLE PRECISION", "1.25", 1.25, 1.25, "v < 1.3"),
    ("DECIMAL(20, 3)", "1234567890123.125", 1234567890123.125, 1234567890.123125, "v > 1234567890123"),
    ("VARCHAR(20)", "'1,5'", 1.5, 1.5, "v = '1,5'"),
    ("VARCHAR(19)", "'03/02/2024'", NO, DAY, "v > DATE('2024-02-02')"),
    ("VARCHAR(30)", "'2024-02-03T08:15:00Z'", NO, MOMENT, "v < TIMESTAMP('2024-02-03T08:15:01Z')"),
    ("DATE", "'2024-02-03'", NO, DAY, "v = DATE('2024-02-03')"),
    ("TIME", "'08:15:00'", NO, None, "v IS NOT NULL"),
    ("TIMESTAMP", "'2024-02-03 08:15:00'", NO, MOMENT, "v = TIMESTAMP('2024-02-03T08:15:00Z')"),
    ("DATE", "NULL", NONE, None, "v IS NULL"),
    ("INTEGER", "NULL", NONE, None, "v IS NULL"),
    ("BOOLEAN", "TRUE", 1, None, "v = TRUE"),
]  # fmt: skip
MARIADB = [
    *[row for row in COMMON if row[0] not in {"BOOLEAN", "TIMESTAMP"}],
    ("TINYINT", "7", 7, 7, "v = 7"),
    ("BOOLEAN", "TRUE", 1, 1, "v = TRUE"),  # a TINYINT to the server
    ("MEDIUMINT UNSIGNED", "16000000", 16000000, 16000000, "v = 16000000"),
    ("BIGINT UNSIGNED", "18446744073709551615", 2.0**64, 2**64 / 1e9, "v > 18446744073709000000"),
    ("FLOAT", "1.5", 1.5, 1.5, "v = 1.5"),
    ("BIT(3)", "b'101'", 5, 5, "v = 5"),
    ("DATE", "'0000-00-00'", NONE, None, "v IS NULL"),
    ("DATETIME(3)", "'2024-02-03 08:15:00.000'", NO, MOMENT, "v = TIMESTAMP('2024-02-03T08:15:00Z')"),
    ("TIMESTAMP NULL", "'2024-02-03 13:15:00'", NO, MOMENT, "v = TIMESTAMP('2024-02-03T08:15:00Z')"),  # at +05:00
    ("YEAR", "2024", 2024, dt.datetime(2024, 1, 1, tzinfo=dt.UTC).timestamp(), "v = 2024"),
    ("CHAR(5)", "'1.5'", 1.5, 1.5, "v = '1.5'"),
    ("VARBINARY(5)", "'12'", 12, 12, "v = 12"),
    ("BLOB", "X'FF00'", NO, None, "v IS NOT NULL"),
    ("TEXT", "'many'", NO, None, "v LIKE 'ma%'"),
    ("ENUM('a', '5')", "'5'", 5, 5, "v = '5'"),
    ("SET('a', 'b')", "'a,b'", NO, None, "v = 'a,b'"),
    ("JSON", "'{\"a\": 1}'", NO, None, "v LIKE '%a%'"),
    ("INET6", "'::1'", NO, None, "v = '::1'"),
    ("UUID", f"'{UUID}'", NO, None, f"v = '{UUID}'"),
]  # fmt: skip
POSTGRES = [
    *COMMON,
    ("REAL", "1.5", 1.5, 1.5, "v = 1.5"),
    ("NUMERIC", "'NaN'", NONE, None, "v IS NULL"),
    ("NUMERIC", "'Infinity'", NO, None, "v > 5"),
    ("MONEY", "'1234.56'", 1234.56, 1234.56, "v > 1234 AND v < 1235"),
    ("TIMESTAMPTZ", "'2024-02-03 10:15+02'", NO, MOMENT, "v = TIMESTAMP('2024-02-03T08:15:00Z')"),
    ("DATE", "'infinity'", NO, None, "v IS NOT NULL"),
    ("TIMESTAMP", "'-infinity'", NO, None, "v IS NOT NULL"),
    ("TIMESTAMPTZ", "'infinity'", NO, None, "v IS NOT NULL"),
    ("TIMETZ", "'08:15+02'", NO, None, "v LIKE '08:15%'"),
    ("INTERVAL", "'1 day 02:00'", NO, None, "v IS NOT NULL"),
    ("BIT(3)", "B'101'", 5, 5, "v = 5"),
    ("VARBIT", "B'1010'", 10, 10, "v = 10"),
    ("BYTEA", "'\\xff00'", NO, None, "v IS NOT NULL"),
    ("CHAR(5)", "'7'", 7, 7, "v LIKE '7%'"),
    ("JSON", "'{\"a\": 1}'", NO, None, "v LIKE '%a%'"),
    ("JSONB", "'5'", 5, 5, "v = 5"),
    ("XML", "'<a/>'", NO, None, "v = '<a/>'"),
    ("UUID", f"'{UUID}'", NO, None, f"v = '{UUID}'"),
    ("INET", "'10.0.0.1'", NO, None, "v LIKE '10.%'"),
    ("MACADDR", "'08:00:2b:01:02:03'", NO, None, "v LIKE '08:%'"),
    ("INT4RANGE", "'[1,5)'", NO, None, "v = '[1,5)'"),
    ("TSRANGE", "'[2024-01-01,2024-02-01]'", NO, None, "v LIKE '%2024%'"),
    ("INTEGER[]", "'{1,2}'", NO, None, "v IS NOT NULL"),
    ("TSVECTOR", "'a b'", NO, None, "v LIKE '%a%'"),
    ("OID", "4000000000", 4000000000, 4000000000, "v = 4000000000"),
    ("mood", "'5'", 5, 5, "v = '5'"),
    ("price", "'1234.56'", 1234.56, 1234.56, "v > 1234"),
    ("BOX", "'((1,2),(3,4))'", NO, None, "v IS NOT NULL"),
]  # fmt: skip
DUCKDB = [
    *COMMON,
    ("TINYINT", "7", 7, 7, "v = 7"),
    ("UBIGINT", "18446744073709551615", 2.0**64, 2**64 / 1e9, "v > 18446744073709000000"),
    ("HUGEINT", "170141183460469231731687303715884105727", 2.0**127, None, "v > 1"),
    ("UHUGEINT", "12", 12, 12, "v = 12"),
    ("VARINT", "12", 12, 12, "v = 12"),
    ("FLOAT", "1.5", 1.5, 1.5, "v = 1.5"),
    ("DECIMAL(38, 2)", "1.25", 1.25, 1.25, "v = 1.25"),
    ("TIMESTAMP_S", "'2024-02-03 08:15:00'", NO, MOMENT, "v = TIMESTAMP('2024-02-03T08:15:00Z')"),
    ("TIMESTAMP_MS", "'2024-02-03 08:15:00'", NO, MOMENT, "v = TIMESTAMP('2024-02-03T08:15:00Z')"),
    ("TIMESTAMP_NS", "'2024-02-03 08:15:00'", NO, MOMENT, "v = TIMESTAMP('2024-02-03T08:15:00Z')"),
    ("TIMESTAMPTZ", "'2024-02-03 10:15:00+02'", NO, MOMENT, "v = TIMESTAMP('2024-02-03T08:15:00Z')"),
    ("TIMESTAMP", "'infinity'", NO, None, "v IS NOT NULL"),
    ("DATE", "'-infinity'", NO, None, "v IS NOT NULL"),
    ("INTERVAL", "INTERVAL 1 DAY", NO, None, "v IS NOT NULL"),
    ("UUID", f"'{UUID}'", NO, None, f"v = '{UUID}'"),
    ("BIT", "'101'", NO, None, "v IS NOT NULL"),
    ("BLOB", "'\\xFF\\x00'::BLOB", NO, None, "v IS NOT NULL"),
    ("ENUM('a', '5')", "'5'", 5, 5, "v = '5'"),
    ("INTEGER[]", "[1, 2]", NO, None, "v IS NOT NULL"),
    ("INTEGER[2]", "[1, 2]", NO, None, "v IS NOT NULL"),
    ("STRUCT(a INTEGER)", "{'a': 1}", NO, None, "v IS NOT NULL"),
    ("MAP(VARCHAR, INTEGER)", "MAP {'a': 1}", NO, None, "v IS NOT NULL"),
    ("UNION(a INTEGER)", "1", NO, None, "v IS NOT NULL"),
    ("JSON", "'{\"a\": 1}'", NO, None, "v LIKE '%a%'"),
]  # fmt: skip
SQLITE = [
    ("INTEGER", "7", 7, 7, "v = 7"),
    ("REAL", "1.5", 1.5, 1.5, "v = 1.5"),
    ("NUMERIC", "'1.5'", 1.5, 1.5, "v = 1.5"),
    ("TEXT", "'1,5'", 1.5, 1.5, "v = '1,5'"),
    ("TEXT", "7", 7, 7, "v = '7'"),
    ("TEXT", "'many'", NO, None, "v LIKE 'ma%'"),
    ("", "9.25", 9.25, 9.25, "v = 9.25"),
    ("BLOB", "X'FF00'", NO, None, "v IS NOT NULL"),
    ("BLOB", "NULL", NONE, None, "v IS NULL"),
    ("DECIMAL(5, 2)", "'12.50'", 12.5, 12.5, "v = 12.5"),
    ("BOOLEAN", "1", 1, 1, "v = TRUE"),
    ("DATE", "'2024-02-03'", NO, DAY, "v = DATE('2024-02-03')"),
    ("DATETIME", "'2024-02-03 08:15:00'", NO, MOMENT, "v = TIMESTAMP('2024-02-03T08:15:00Z')"),
    ("REAL", "julianday('2024-02-03 08:15:00')", 2460343.84375, MOMENT, "v > 2460343"),
    ("INTEGER", "1706948100", 1706948100, MOMENT, "v = 1706948100"),
    ("INTEGER", "20240203", 20240203, DAY, "v = 20240203"),
]  # fmt: skip


def check(column, row):
    """Ask a column of one row for all that it can be."""
    kind, value, weight, moment, passes = row
    held = pa.table({"lat": [1.5], "lon": [2.5], "v": column})
    chunks = list(heatlas.open_points(held, weight="v").chunks())
    weights = [float(w) for chunk in chunks for w in chunk.weight]
    said = f"{kind} {value}"
    if isinstance(weight, str):
        dropped = {reason: n for chunk in chunks for reason, n in chunk.dropped.items()}
        assert (weights, dropped) == ([], {weight: 1}), said
    else:
        assert weights == pytest.approx([weight], rel=1e-15), said
    table = heatlas.open_points(held, time="v").parts[0][0]
    found = next(seconds(batch.column(0))[0][0] for batch in table.read(["v"]))
    if moment is None:
        assert np.isnan(found), said
    else:
        assert found == pytest.approx(moment, abs=0.001), said
    for text, kept in ((passes, 1), (f"NOT ({passes})", 0)):
        plain = heatlas.open_points(held).where(text)
        assert sum(len(chunk.lat) for chunk in plain.chunks()) == kept, f"{said}: {text}"


def all_of(url, rows):
    """Read all columns at once, by a query and as a table, then ask each."""
    for options in ({"table": "kinds"}, {"query": "SELECT * FROM kinds"}):
        table = open_database(url, **options)
        batch = next(iter(table.read(table.schema.names)))
        assert batch.schema.types == table.schema.types
        if "table" in options:
            for number, row in enumerate(rows):
                check(batch.column(f"v{number}"), row)


@pytest.fixture(autouse=True)
def gone(request):
    """Leave no table behind in the servers' databases, whose tables other tests list."""
    yield
    for name in {"mariadb", "postgres"} & set(request.fixturenames):
        with request.getfixturevalue(name).connect() as link, link.cursor() as cursor:
            for table in ("kinds", "places"):
                cursor.execute(f"DROP TABLE IF EXISTS {table}")
            link.commit()


def made(cursor, rows):
    cursor.execute("DROP TABLE IF EXISTS kinds")
    cursor.execute(f"CREATE TABLE kinds ({', '.join(f'v{k} {row[0]}' for k, row in enumerate(rows))})")
    cursor.execute(f"INSERT INTO kinds VALUES ({', '.join(row[1] for row in rows)})")


def test_sqlite(tmp_path):
    with sqlite3.connect(tmp_path / "a.db") as link:
        made(link, SQLITE)
    link.close()
    all_of(f"sqlite:///{tmp_path / 'a.db'}", SQLITE)


def test_duckdb(tmp_path):
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect(tmp_path / "a.duckdb") as link:
        made(link, DUCKDB)
    all_of(f"duckdb:///{tmp_path / 'a.duckdb'}", DUCKDB)


def test_mariadb(mariadb):
    with mariadb.connect() as link, link.cursor() as cursor:
        cursor.execute("SET time_zone = '+05:00', sql_mode = ''")
        made(cursor, MARIADB)
        link.commit()
        cursor.execute("SET GLOBAL time_zone = '+05:00'")
        try:
            all_of(mariadb.url(), MARIADB)
        finally:
            cursor.execute("SET GLOBAL time_zone = 'SYSTEM'")


def test_postgres(postgres):
    with postgres.connect() as link, link.cursor() as cursor:
        cursor.execute("DROP TYPE IF EXISTS mood CASCADE")
        cursor.execute("DROP DOMAIN IF EXISTS price CASCADE")
        cursor.execute("CREATE TYPE mood AS ENUM ('a', '5')")
        cursor.execute("CREATE DOMAIN price AS money")
        made(cursor, POSTGRES)
        link.commit()
    all_of(postgres.url(), POSTGRES)
    read = open_database(postgres.url(), table="kinds")
    money = next(k for k, row in enumerate(POSTGRES) if row[0] == "MONEY")
    assert next(read.read([f"v{money}"])).column(0).to_pylist() == [1234.56]


PLACE = [24.9, 60.1, 24.9, 60.1]


def placed(url, cursor, kind, value):
    """A table in which the place has an odd name, and one of the usual ones stands for something else."""
    cursor.execute("DROP TABLE IF EXISTS places")
    cursor.execute(f"CREATE TABLE places (location VARCHAR(20), odd {kind})")
    cursor.execute(f"INSERT INTO places VALUES ('Helsinki', {value})")
    return url


@pytest.mark.parametrize("options", [{"table": "places"}, {"query": "SELECT * FROM places"}])
def test_places_are_found_by_their_type(mariadb, postgres, tmp_path, options):
    text = "ST_GeomFromText('POINT(24.9 60.1)'{})"
    cases = [
        (mariadb, [("POINT", text.format("")), ("GEOMETRY", text.format(", 4326"))]),
        (postgres, [("geometry", text.format(", 4326")), ("geometry", text.format("")), ("point", "point(24.9, 60.1)"),
                    ("geography", "ST_GeogFromText('POINT(24.9 60.1)')")]),
    ]  # fmt: skip
    for server, kinds in cases:
        for kind, value in kinds:
            with server.connect() as link, link.cursor() as cursor:
                placed(server.url(), cursor, kind, value)
                link.commit()
            found = heatlas.inspect(server.url(), **options)
            assert (found["columns"], found["bbox"]) == ({"geometry": "odd"}, PLACE), kind
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect(tmp_path / "a.duckdb") as link:
        try:
            placed("", link, "GEOMETRY", "'POINT(24.9 60.1)'")
        except duckdb.Error:
            pytest.skip("this DuckDB has no geometry without an extension")
    found = heatlas.inspect(f"duckdb:///{tmp_path / 'a.duckdb'}", **options)
    assert (found["columns"], found["bbox"]) == ({"geometry": "odd"}, PLACE)


def test_a_system_is_for_the_rows_that_have_none(mariadb, postgres):
    for server in (mariadb, postgres):
        with server.connect() as link, link.cursor() as cursor:
            placed(server.url(), cursor, "GEOMETRY", "ST_GeomFromText('POINT(385000 6672000)')")
            cursor.execute("INSERT INTO places VALUES ('b', ST_GeomFromText('POINT(24.9 60.1)', 4326))")
            link.commit()
        found = heatlas.inspect(server.url(), table="places", crs="EPSG:32635")
        assert found["points"] == 2
        assert found["bbox"][1] == 60.1
        assert found["bbox"][3] == pytest.approx(60.17, abs=0.02)
