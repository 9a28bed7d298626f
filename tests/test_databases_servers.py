"""MariaDB and PostgreSQL, on servers of the tests' own."""

from __future__ import annotations

import datetime as dt
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager, suppress

import pyarrow as pa
import pytest
import servers
from database_rows import COLUMNS, as_read, made_rows, point, read_rows, secret_free

from heatlas.core.errors import BadOption, SourceFailed
from heatlas.sources.databases import open_database

MANY = 400_000
MYSQL_TYPES = "BIGINT, DOUBLE, DOUBLE, DOUBLE, DECIMAL(12,4), TEXT, VARCHAR(20), DATETIME(6), DATE, BIGINT UNSIGNED"
POSTGRES_TYPES = "bigint, float8, float8, float8, numeric(12,4), text, varchar(20), timestamp, date, numeric(20)"
SEQUENCE = {
    "mysql": f"SELECT seq AS id, seq / 1e4 AS lat, -seq / 2e4 AS lon, 1.5e0 AS weight FROM seq_1_to_{MANY}",
    "postgresql": "SELECT n AS id, n / 1e4::float8 AS lat, -n / 2e4::float8 AS lon, 1.5::float8 AS weight "
    f"FROM generate_series(1, {MANY}) AS g(n)",
}


def columns_of(types: str) -> str:
    kinds = types.replace("12,4", "12;4").split(", ")
    return ", ".join(f"{name} {kind.replace(';', ',')}" for name, kind in zip(COLUMNS, kinds, strict=True))


@contextmanager
def link_to(server):
    """A connection of the driver's own that may write."""
    if server.scheme == "mysql":
        import pymysql

        login = {"host": "127.0.0.1", "port": server.port, "user": servers.USER, "password": servers.PASSWORD}
        with (
            closing(pymysql.connect(database=server.database, autocommit=True, **login)) as link,
            link.cursor() as cursor,
        ):
            yield cursor
    else:
        import psycopg

        with psycopg.connect(server.url(), autocommit=True) as link, link.cursor() as cursor:
            yield cursor


@pytest.fixture(scope="module")
def rows():
    return made_rows()


@pytest.fixture(scope="module", params=["mariadb", "postgres"])
def server(request, rows):
    """A server with the table points, a schema far with a table of the same name, and a table of many rows."""
    chosen = request.getfixturevalue(request.param)
    far = f"far_{os.getpid()}"
    types = MYSQL_TYPES if chosen.scheme == "mysql" else POSTGRES_TYPES
    with link_to(chosen) as cursor:
        cursor.execute(f"CREATE TABLE points ({columns_of(types)})")
        cursor.executemany(f"INSERT INTO points VALUES ({', '.join(['%s'] * len(COLUMNS))})", rows)
        cursor.execute(f"CREATE SCHEMA {far}")
        cursor.execute(f"CREATE TABLE {far}.points (lat FLOAT, lon FLOAT)")
        cursor.execute(f"INSERT INTO {far}.points VALUES (1.5, 2.5)")
        cursor.execute(f"CREATE TABLE many AS {SEQUENCE[chosen.scheme]}")
    return chosen


def test_the_rows_that_went_in(server, rows):
    table = open_database(server.url(), table="points")
    assert table.name == f"{server.scheme}://heat@127.0.0.1:{server.port}/{server.database}"
    assert table.schema.field("price").type == pa.float64()
    assert not table.repeatable
    expected = as_read(rows)
    by_id = {row[0]: row for row in read_rows(table)}
    assert [by_id[row[0]] for row in expected] == [expected_row(server, row) for row in expected]
    assert len(by_id) == len(rows)


def expected_row(server, row):
    """PostgreSQL has no unsigned numbers: the test's column is numeric there."""
    return (*row[:9], None if row[9] is None else float(row[9])) if server.scheme == "postgresql" else row


def test_only_what_is_asked_for_in_the_order_asked(server, rows):
    table = open_database(server.url(), table="points")
    assert {row[2]: row[:2] for row in read_rows(table, ["lon", "lat", "id"])} == {
        row[0]: (row[2], row[1]) for row in rows
    }
    query = open_database(server.url(), query="SELECT * FROM points WHERE weight < 0 ORDER BY id; -- these")
    chosen = [row for row in rows if row[3] is not None and row[3] < 0]
    assert read_rows(query, ["weight", "note", "id"]) == [(row[3], row[5], row[0]) for row in chosen]
    assert read_rows(query, ["id"]) == [(row[0],) for row in chosen]  # the same table, read again
    with pytest.raises(BadOption, match="has no column nothing"):
        table.read(["nothing"])


def test_a_table_of_another_schema(server):
    assert read_rows(open_database(server.url(), table=f"far_{os.getpid()}.points")) == [(1.5, 2.5)]


def test_no_rows_still_have_types(server):
    table = open_database(server.url(), query="SELECT id, lat FROM points WHERE lat > 1000")
    assert [*map(str, table.schema.types)] == ["int64", "double"]
    assert read_rows(table) == []


def test_tables_are_named_where_none_is(server):
    with pytest.raises(BadOption, match=r"needs --query or --table; its tables are many, points"):
        open_database(server.url())
    with pytest.raises(BadOption, match=r"has no table pints; did you mean points\?"):
        open_database(server.url(), table="pints")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT nothing FROM points", "check the names"),
        ("SELECT 1 FROM nowhere", "check the names"),
        ("SELECT FROM WHERE", "syntax.*check the query"),
    ],
)
def test_a_query_that_fails_says_why(server, query, said):
    with pytest.raises(SourceFailed, match=rf"cannot be read: .*{said}") as caught:
        open_database(server.url(), query=query)
    secret_free(caught.value, servers.PASSWORD)


WRONG = "wrong/p@ss w%rd"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"password": WRONG}, "check user and password"),
        ({"password": None}, "check user and password"),
        ({"database": "nowhere"}, "check the name of the database"),
        ({"user": "nobody"}, "check user and password"),
    ],
)
def test_login_that_fails(server, changes, said, caplog, capfd, recwarn):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(SourceFailed, match=f"cannot be reached: .*{said}") as caught:
        open_database(server.url(**changes), table="points", environ={})
    secret_free(caught.value, servers.PASSWORD, WRONG)
    shown = "".join([caplog.text, *capfd.readouterr(), *(str(warning.message) for warning in recwarn)])
    assert WRONG not in shown
    assert servers.PASSWORD not in shown


@pytest.mark.parametrize("scheme", ["mysql", "postgresql"])
def test_a_server_that_is_not_there(scheme, server_ports):
    for url, said in (
        (servers.url(servers.free_port(), scheme), "check host and port"),
        (f"{scheme}://u:s3cret@no-such-host.invalid/d", "check the name of the host"),
    ):
        with pytest.raises(SourceFailed, match=f"cannot be reached: .*{said}") as caught:
            open_database(url, table="points")
        secret_free(caught.value, servers.PASSWORD, "s3cret")


@pytest.mark.parametrize("scheme", ["mysql", "postgresql"])
def test_a_server_that_says_nothing_is_not_waited_for(scheme, server_ports, monkeypatch):
    from heatlas.sources.databases import mysql as database_mysql
    from heatlas.sources.databases import postgres as database_postgres

    for module in (database_mysql, database_postgres):
        monkeypatch.setattr(module, "_CONNECT_SECONDS", 2)  # libpq waits no less
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun = time.monotonic()
        with pytest.raises(SourceFailed, match="cannot be reached"):
            open_database(servers.url(silent.getsockname()[1], scheme), table="points")
        assert time.monotonic() - begun < 8


def test_the_password_may_be_in_the_environment(server):
    own = {"mysql": "MYSQL_PWD", "postgresql": "PGPASSWORD"}[server.scheme]
    for variable in ("HEATLAS_DB_PASSWORD", own):
        environ = {variable: servers.PASSWORD}
        table = open_database(server.url(password=None), query="SELECT 1 AS a", environ=environ)
        assert read_rows(table) == [(1,)]
        assert servers.PASSWORD not in repr(table)


def test_the_server_refuses_to_write(server):
    """What the check of the text lets through: functions that write, and statements that get past it."""
    with link_to(server) as cursor:
        cursor.execute("CREATE TABLE kept (a INT)")
        if server.scheme == "mysql":
            cursor.execute("CREATE FUNCTION writes() RETURNS INT BEGIN INSERT INTO kept VALUES (1); RETURN 1; END")
        else:
            cursor.execute(
                "CREATE FUNCTION writes() RETURNS int LANGUAGE sql AS 'INSERT INTO public.kept VALUES (1); SELECT 1'"
            )
    with pytest.raises(SourceFailed, match=r"(?i)read.only transaction.*heatlas only reads"):
        read_rows(open_database(server.url(), query="SELECT writes() AS a"))
    with link_to(server) as cursor:
        cursor.execute("SELECT count(*) FROM kept")
        assert cursor.fetchone() == (0,)


def test_statements_that_get_past_the_check_are_refused_by_the_server(server):
    from heatlas.sources.databases.mysql import open_mysql
    from heatlas.sources.databases.postgres import open_postgres
    from heatlas.sources.databases.url import parse_address

    opened = open_mysql if server.scheme == "mysql" else open_postgres
    statements = ["DELETE FROM points", "CREATE TABLE made (a INT)", "SELECT 1; DELETE FROM points"]
    if server.scheme == "postgresql":
        statements += ["WITH gone AS (DELETE FROM points RETURNING id) SELECT * FROM gone"]
        statements += ["SELECT set_config('transaction_read_only', 'off', false), nextval('numbers')"]
        with link_to(server) as cursor:
            cursor.execute("CREATE SEQUENCE numbers")
    for statement in statements:
        with pytest.raises((SourceFailed, BadOption)):
            read_rows(opened(parse_address(server.url(), {}), statement, None))
    with link_to(server) as cursor:
        cursor.execute("SELECT count(*) FROM points")
        assert cursor.fetchone() == (len(made_rows()),)


@contextmanager
def relay(port: int):
    """A way to the server that can be cut: gives its own port and the cut."""
    ends: list[socket.socket] = []

    def pump(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                target.sendall(data)

    def serve() -> None:
        while True:
            try:
                near, _ = listening.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", port))
            ends.extend((near, far))
            for pair in ((near, far), (far, near)):
                threads.append(threading.Thread(target=pump, args=pair))
                threads[-1].start()

    def cut() -> None:
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    listening = socket.create_server(("127.0.0.1", 0))
    threads = [threading.Thread(target=serve)]
    threads[0].start()
    try:
        yield listening.getsockname()[1], cut
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        cut()
        for thread in threads:
            thread.join()
        for end in ends:
            end.close()


def test_a_line_that_breaks_in_the_middle(server):
    with relay(server.port) as (port, cut):
        table = open_database(servers.url(port, server.scheme, database=server.database), table="many")
        batches = table.read(["lat", "lon", "id"])
        next(batches)
        cut()
        with pytest.raises(SourceFailed, match=r"broke off after [0-9,]+ rows: .*; try again") as caught:
            for _ in batches:
                pass
        secret_free(caught.value, servers.PASSWORD)


def test_a_query_that_the_server_kills(server):
    batches = open_database(server.url(), table="many").read(["lat", "lon", "id"])
    first = next(batches).num_rows
    assert 0 < first < MANY
    with link_to(server) as cursor:
        if server.scheme == "mysql":
            cursor.execute(
                "SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND db = %s",
                [server.database],
            )
            for (number,) in cursor.fetchall():
                cursor.execute(f"KILL {number}")
        else:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = %s",
                [server.database],
            )
    with pytest.raises(SourceFailed, match=r"broke off after [0-9,]+ rows: .*; try again") as caught:
        for _ in batches:
            pass
    secret_free(caught.value, servers.PASSWORD)


def test_an_error_behind_many_rows(server):
    query = {
        "mysql": "SELECT seq AS a, IF(seq = 399000, (SELECT 1 UNION SELECT seq), 0) AS b FROM seq_1_to_400000",
        "postgresql": "SELECT n AS a, 1 / (n - 399000) AS b FROM generate_series(1, 400000) AS g(n)",
    }[server.scheme]
    table = open_database(server.url(), query=query)
    with pytest.raises(SourceFailed, match=r"broke off after [0-9,]+ rows: (Subquery returns|division by zero)"):
        for _ in table.read(["a", "b"]):
            pass


def test_reading_may_stop_early_and_nothing_stays_open(server):
    batches = open_database(server.url(), table="many").read(["lat"])
    next(batches)
    batches.close()
    look = {
        "mysql": "SELECT count(*) FROM information_schema.processlist WHERE db = %s AND id <> CONNECTION_ID()",
        "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
    }[server.scheme]
    until = time.monotonic() + 10
    with link_to(server) as cursor:
        while True:
            cursor.execute(look, [server.database])
            if cursor.fetchone() == (0,):
                break
            assert time.monotonic() < until
            time.sleep(0.05)


READ_MANY = """
import sys, resource
from heatlas.sources.databases import open_database
url, query = sys.argv[1:]
table = open_database(url, query=query)
reading, rows, begun = table.read(["lat", "lon", "weight"]), 0, None
for batch in reading:
    rows += batch.num_rows
    begun = begun or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(rows, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - begun) / 1024)
"""


def test_memory_does_not_grow_with_the_rows(server):
    query = SEQUENCE[server.scheme].replace(str(MANY), "2000000")
    command = [sys.executable, "-c", READ_MANY, server.url(), query]
    rows, grown = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert int(rows) == 2_000_000  # 48 MB as numbers
    assert float(grown) < 30


def test_types_of_mysql(mariadb):
    with link_to(mariadb) as cursor:
        cursor.execute(
            "CREATE TABLE types (big BIGINT UNSIGNED, small TINYINT, flag BOOL, mid MEDIUMINT UNSIGNED, half FLOAT, "
            "moment TIMESTAMP(3) NULL, span TIME(2), year YEAR, place POINT, bits BIT(9), raw VARBINARY(9), "
            "kind ENUM('a', 'b'), doc JSON, long_text LONGTEXT)"
        )
        cursor.execute(
            "INSERT INTO types VALUES (18446744073709551615, -128, TRUE, 16777215, 1.5, '2024-02-29 12:34:56.789', "
            "'-25:00:01.25', 2024, ST_GeomFromText('POINT(24.9 60.2)', 4326), b'101010101', x'00ff', 'b', "
            "'{\"a\": 1}', REPEAT('x', 3000000)), "
            "(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)"
        )
        cursor.execute("SET sql_mode = ''")
        cursor.execute("INSERT INTO types (moment, place) VALUES (0, ST_GeomFromText('POINT(1 2)', 3067))")
    table = open_database(mariadb.url(), table="types")
    full, empty, odd = read_rows(table)
    assert full[:8] == (
        *(2**64 - 1, -128, 1, 2**24 - 1, 1.5, dt.datetime(2024, 2, 29, 12, 34, 56, 789_000)),
        *(-dt.timedelta(hours=25, seconds=1.25), 2024),
    )
    assert point(full[8]) == (24.9, 60.2)
    assert full[9:] == (0b101010101, b"\x00\xff", "b", '{"a": 1}', "x" * 3_000_000)
    assert set(empty) == {None}
    assert odd[5] is None
    assert odd[8][:9] == b"\x01\x01\x00\x00\x20" + (3067).to_bytes(4, "little")  # its SRID goes with it


def test_a_question_mark_is_no_placeholder(mariadb):
    with pytest.raises(BadOption, match=r"holds a \?"):
        open_database(mariadb.url(), query="SELECT * FROM information_schema.tables WHERE table_name = ?")
    assert read_rows(open_database(mariadb.url(), query="SELECT '?' AS a, '100%' AS b")) == [("?", "100%")]


def test_mysql_takes_only_options_that_it_knows(mariadb):
    with pytest.raises(BadOption, match="cannot take the option frobnicate") as caught:
        open_database(mariadb.url() + "?frobnicate=s3cret", table="points")
    secret_free(caught.value, "s3cret", servers.PASSWORD)


def test_points_of_postgis(postgres):
    with link_to(postgres) as cursor:
        cursor.execute(
            'CREATE TABLE "Pla%ces ""x" (id int, here geometry(Point, 4326), "fa%s r" geometry, world geography, '
            "none geometry)"
        )
        cursor.execute(
            'INSERT INTO "Pla%%ces ""x" SELECT n, p, CASE n WHEN 1 THEN ST_Transform(p, 3067) '
            "WHEN 2 THEN ST_SetSRID(p, 0) ELSE p END, p::geography, NULL "
            "FROM generate_series(1, 3) n, ST_SetSRID(ST_Point(24.9, 60.2), 4326) p",
            [],
        )
    table = open_database(postgres.url(), table='pla%ces "X')
    read = read_rows(table, ["world", "fa%s r", "here", "none", "id"])
    assert len(read) == 3
    for world, far, here, none, _ in read:
        assert point(world) == (24.9, 60.2)
        assert point(far) == pytest.approx((24.9, 60.2), abs=1e-9)
        assert point(here) == (24.9, 60.2)
        assert none is None


def test_types_of_postgres(postgres):
    table = open_database(
        postgres.url(),
        query="SELECT true AS flag, NULL AS nothing, 'NaN'::numeric AS nan, '-Infinity'::numeric AS low, "
        "0.1::numeric AS tenth, '2024-07-01 12:00+02'::timestamptz AS moment, '\\x00ff'::bytea AS raw, "
        "'{\"a\": 1}'::jsonb AS doc, 1.5::real AS half",
    )
    (read,) = read_rows(table)
    assert read[:2] == (True, None)
    assert read[2] != read[2]
    assert read[3:5] == (float("-inf"), 0.1)
    assert read[5] == dt.datetime(2024, 7, 1, 10, tzinfo=dt.UTC)
    assert read[6:] == (b"\x00\xff", '{"a": 1}', 1.5)
