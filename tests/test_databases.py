"""Databases that are files, and what holds for all: URLs, queries, passwords."""

from __future__ import annotations

import datetime as dt
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest
from database_rows import COLUMNS, as_read, made_rows, read_rows, secret_free
from hypothesis import given
from hypothesis import strategies as st

import heatlas
from heatlas.core.errors import BadOption, MissingExtra, SourceFailed
from heatlas.sources.databases import is_database_url, open_database
from heatlas.sources.databases.query import check_query
from heatlas.sources.databases.sqlalchemy import open_sqlalchemy
from heatlas.sources.databases.url import parse_address

SQLITE_TYPES = ("INTEGER", "REAL", "REAL", "REAL", "REAL", "TEXT", "TEXT", "TEXT", "TEXT", "INTEGER")


def sqlite_row(row):
    return tuple(
        float(value) if name == "price" and value is not None else str(value) if isinstance(value, dt.date) else value
        for name, value in zip(COLUMNS, row, strict=True)
    )


@pytest.fixture(scope="module")
def rows():
    return made_rows()


@pytest.fixture(scope="module")
def sqlite_file(rows, tmp_path_factory):
    path = tmp_path_factory.mktemp("sqlite") / "a ? # %20 ü.sqlite"
    with closing(sqlite3.connect(path)) as link:
        declared = ", ".join(f"{name} {kind}" for name, kind in zip(COLUMNS, SQLITE_TYPES, strict=True))
        link.execute(f"CREATE TABLE points ({declared})")
        link.executemany(f"INSERT INTO points VALUES ({', '.join('?' * len(COLUMNS))})", map(sqlite_row, rows))
        link.execute('CREATE TABLE "odd "" name" ("a ""b" REAL)')
        link.execute("CREATE VIEW seen AS SELECT lat, lon FROM points WHERE lat IS NOT NULL AND lon IS NOT NULL")
        link.commit()
    return path


@pytest.fixture
def sqlite_url(sqlite_file):
    return f"sqlite:///{sqlite_file.as_posix().replace('%', '%25').replace('?', '%3F').replace('#', '%23')}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("mysql://u:p@h/d", True),
        ("mysql+pymysql://h/d", True),
        ("MariaDB://h", True),
        ("postgres://h/d", True),
        ("postgresql+psycopg://h/d", True),
        ("sqlite:///a.db", True),
        ("duckdb://", True),
        ("mssql+pyodbc://h/d", True),
        ("snowflake://a/b", True),
        ("https://a.b/c.csv", False),
        ("s3://bucket/a.parquet", False),
        ("file:///a.db", False),
        ("a.sqlite", False),
        ("C:\\a.db", False),
        ("c://a.db", False),
        ("-", False),
        ("", False),
    ],
)
def test_urls_of_databases_are_told_from_files(text, told):
    assert is_database_url(text) is told


@given(password=st.text(min_size=4), user=st.text(min_size=1), token=st.text(min_size=4))
def test_an_address_keeps_its_secrets(password, user, token):
    from urllib.parse import quote

    url = f"mysql://{quote(user, safe='')}:{quote(password, safe='')}@h:33/d?ssl_key_password={quote(token, safe='')}"
    address = parse_address(url, {})
    assert (address.user, address.password, address.host, address.port, address.database) == (
        user,
        password,
        "h",
        33,
        "d",
    )
    assert address.name == f"mysql://{quote(user, safe='')}@h:33/d"
    for text in (address.scrub(f"a {password} b {quote(password)} c"), address.scrub(f"a {url} {token}")):
        assert f" {password} " not in text.replace("***", "")
    assert "password=" not in repr(address)
    assert "options=" not in repr(address)


def test_a_password_may_come_from_the_environment():
    both = {"HEATLAS_DB_PASSWORD": "one", "MYSQL_PWD": "two", "PGPASSWORD": "three"}
    assert parse_address("mysql://u@h/d", both).password == "one"
    assert parse_address("mariadb://u@h/d", {"MYSQL_PWD": "two"}).password == "two"
    assert parse_address("postgres://u@h/d", {"PGPASSWORD": "three"}).password == "three"
    assert parse_address("postgres://u@h/d", {"MYSQL_PWD": "two"}).password is None
    assert parse_address("mysql://u:four@h/d", both).password == "four"


@pytest.mark.parametrize("url", ["mysql://u:s3cr?et@h/d", "mysql://u:s3cret@h:99999/d", "mysql://u:s3cret@h:x/d"])
def test_a_url_that_is_none_is_refused_without_its_password(url):
    with pytest.raises(BadOption) as caught:
        open_database(url, table="t", environ={})
    secret_free(caught.value, "s3cret", "s3cr?et", "s3cr")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1",
        " ( select 1 ) union select 2 ; -- done ;",
        "/* a ; b */ SELECT ';', \"a;b\" FROM t -- ; DROP TABLE t",
        "WITH a AS (SELECT 1) SELECT * FROM a;",
        "VALUES (1, 2)",
        "SELECT replace(a, 'INTO', 'DELETE FROM'), updated, \"into\" FROM t",
        "SELECT 'it''s; fine'",
    ],
)
def test_reading_statements_pass(query):
    assert check_query(query, "sqlite").startswith(query[:8])


@pytest.mark.parametrize(
    "query",
    [
        "",
        " -- nothing",
        "INSERT INTO t VALUES (1)",
        "UPDATE t SET a = 1",
        "DELETE FROM t",
        "DROP TABLE t",
        "CREATE TABLE t (a INT)",
        "CALL f()",
        "COPY t TO '/tmp/x'",
        "SET a = 1",
        "ATTACH 'x' AS y",
        "PRAGMA user_version = 3",
        "SELECT 1; DROP TABLE t",
        "SELECT 1;;SELECT 2",
        "SELECT * FROM t INTO OUTFILE '/tmp/x'",
        "SELECT * INTO u FROM t",
        "WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a",
        "WITH a AS (SELECT 1) DELETE FROM t",
        "/* SELECT */ DELETE FROM t",
        "SELECT '\\'; DROP TABLE t; --'",
    ],
)
@pytest.mark.parametrize("dialect", ["sqlite", "postgresql", "duckdb"])
def test_anything_else_is_refused_before_connecting(query, dialect):
    with pytest.raises(BadOption) as caught:
        open_database(f"{dialect}://u:s3cret@h/d", query=query, environ={})
    secret_free(caught.value, "s3cret")


def test_what_quotes_and_comments_are_depends_on_the_database():
    assert check_query("SELECT '\\'; DROP TABLE t; --'", "mysql")  # one text with an escaped quote
    assert check_query("SELECT $x$ ; $x$", "postgresql")
    assert check_query("SELECT a #> '{b}' FROM t", "postgresql")
    assert check_query("SELECT 1 # ; nothing", "mysql")
    assert check_query("SELECT 1 /* a /* b */ ; */", "postgresql")
    for query in ("SELECT 1 /*! INTO OUTFILE 'x' */", "SELECT 1 /*M!100 ; */", "SELECT 1 /* a /* b */ ; DROP TABLE t"):
        with pytest.raises(BadOption):
            check_query(query, "mysql")


def test_query_or_table_not_both_and_not_none(sqlite_url):
    with pytest.raises(BadOption, match="not both"):
        open_database(sqlite_url, query="SELECT 1", table="points")
    with pytest.raises(BadOption, match=r"needs --query or --table; its tables are odd \" name, points, seen"):
        open_database(sqlite_url)


def test_sqlite_gives_the_rows_that_went_in(sqlite_url, rows):
    table = open_database(sqlite_url, table="points")
    assert table.schema.names == list(COLUMNS)
    assert table.schema.field("lat").type == pa.float64()
    assert table.schema.field("id").type == pa.int64()
    assert not table.repeatable
    assert read_rows(table) == [sqlite_row(row) for row in rows]
    assert read_rows(table, ["lon", "lat"]) == [(row[2], row[1]) for row in rows]
    query = open_database(sqlite_url, query="SELECT * FROM points WHERE weight < 0 ORDER BY id;")
    chosen = [row for row in rows if row[3] is not None and row[3] < 0]
    assert read_rows(query, ["weight", "id"]) == [(row[3], row[0]) for row in chosen]
    assert len(read_rows(open_database(sqlite_url, table="main.SEEN"))) == sum(None not in row[1:3] for row in rows)


def test_sqlite_columns_may_hold_values_of_all_types(tmp_path):
    path = tmp_path / "mixed.db"
    with closing(sqlite3.connect(path)) as link:
        link.execute("CREATE TABLE t (a, b, c)")
        link.executemany(
            "INSERT INTO t VALUES (?, ?, ?)", [(None, 1, b"\xff")] * 10_000 + [(1, 2.5, "x"), ("7", 3, b"\x01")]
        )
        link.execute("INSERT INTO t VALUES (CAST(X'61FF' AS TEXT), 1, NULL)")
        link.commit()
    read = read_rows(open_database(f"sqlite:///{path.as_posix()}", table="t"))
    assert read[0] == (None, 1, b"\xff")
    assert read[-3:] == [("1", 2.5, b"x"), ("7", 3.0, b"\x01"), ("a�", 1.0, None)]


def test_names_cannot_be_anything_but_names(sqlite_url):
    assert read_rows(open_database(sqlite_url, table='odd " name'), ['a "b']) == []
    for table in ("points; DROP TABLE points", 'points" --', "", "sqlite_master"):
        with pytest.raises(BadOption, match="has no table"):
            open_database(sqlite_url, table=table)
    with pytest.raises(BadOption, match="has no column"):
        open_database(sqlite_url, table="points").read(["1; DROP TABLE points"])
    with pytest.raises(BadOption, match="several columns lat"):
        open_database(sqlite_url, query="SELECT lat, lat FROM points").read(["lat"])
    with pytest.raises(BadOption, match="did you mean points"):
        open_database(sqlite_url, table="pints")


@pytest.mark.parametrize("query", ["SELECT missing FROM points", "SELECT 1 FROM", "SELECT * FROM nowhere"])
def test_a_query_that_fails_says_why(sqlite_url, query):
    with pytest.raises(SourceFailed, match=r"^sqlite:///.* cannot be read: .*; check"):
        open_database(sqlite_url, query=query)


def test_no_file_and_no_database(tmp_path):
    (tmp_path / "text.db").write_text("not a database, but long enough to be looked at" * 30)
    for scheme in ("sqlite", "duckdb"):
        if scheme == "duckdb":
            pytest.importorskip("duckdb")
        with pytest.raises(SourceFailed, match="there is no file"):
            open_database(f"{scheme}:///{tmp_path.as_posix()}/nothing.db", table="t")
        assert not (tmp_path / "nothing.db").exists()
        with pytest.raises(SourceFailed, match="cannot be read"):
            open_database(f"{scheme}:///{tmp_path.as_posix()}/text.db", table="t")


def test_sqlite_cannot_be_written(sqlite_file):
    from heatlas.sources.databases.sqlite import _connect

    before = sqlite_file.read_bytes()
    with closing(_connect(str(sqlite_file))) as link, pytest.raises(sqlite3.OperationalError, match="readonly"):
        link.execute("DELETE FROM points")
    assert sqlite_file.read_bytes() == before


def test_any_dialect_of_sqlalchemy(sqlite_file, sqlite_url, rows):
    pytest.importorskip("sqlalchemy")
    address = parse_address(sqlite_url, {})
    assert read_rows(open_sqlalchemy(address, None, "points")) == [sqlite_row(row) for row in rows]
    query = open_sqlalchemy(address, "SELECT id, 'a%b' AS text FROM points LIMIT 2", None)
    assert read_rows(query, ["text", "id"]) == [("a%b", rows[0][0]), ("a%b", rows[1][0])]
    assert read_rows(open_sqlalchemy(address, None, 'odd " name')) == []
    with pytest.raises(BadOption, match="needs --query or --table"):
        open_sqlalchemy(address, None, None)
    with pytest.raises(SourceFailed, match="no such column") as caught:
        open_sqlalchemy(address, "SELECT missing FROM points", None)
    assert "\n" not in str(caught.value)
    for url in ("nosuch://u:s3cret@h/d", "nosuch+driver://u:s3cret@h/d?password=s3cret"):
        with pytest.raises(SourceFailed, match="needs a dialect") as caught:
            open_database(url, table="t")
        secret_free(caught.value, "s3cret")


def test_duckdb_gives_the_rows_that_went_in(rows, tmp_path):
    duckdb = pytest.importorskip("duckdb")
    path = tmp_path / "a.duckdb"
    given_rows = pa.table([pa.array(column) for column in zip(*rows, strict=True)], names=list(COLUMNS))
    with duckdb.connect(str(path)) as link:
        link.register("given_rows", given_rows)
        link.execute("CREATE SCHEMA far")
        link.execute("CREATE TABLE far.points AS SELECT * FROM given_rows")
    url = f"duckdb:///{path.as_posix()}"
    table = open_database(url, table="far.points")
    assert table.schema.field("price").type == pa.float64()
    assert read_rows(table) == as_read(rows)
    rows_now = open_database(url, query="SELECT count(*) AS n, sum(weight > 0) AS h FROM far.points")
    assert read_rows(rows_now)[0][0] == len(rows)
    with pytest.raises(SourceFailed, match="check the names"):
        open_database(url, query="SELECT * FROM rows_now")  # no variable of a program is a table
    from heatlas.sources.databases.duckdb import _connect

    with closing(_connect(str(path))) as link, pytest.raises(duckdb.Error, match="read-only"):
        link.execute("DELETE FROM far.points")


def test_a_missing_driver_is_named_with_what_installs_it(monkeypatch):
    for url, module, extra in (
        ("mysql://u:s3cret@h/d", "pymysql", "mysql"),
        ("postgresql://u:s3cret@h/d", "adbc_driver_postgresql", "postgres"),
        ("duckdb://", "duckdb", "duckdb"),
        ("oracle://u:s3cret@h/d", "sqlalchemy", "sql"),
    ):
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(MissingExtra, match=rf"pip install 'heatlas\[{extra}\]'") as caught:
            open_database(url, query="SELECT 1 AS a")
        secret_free(caught.value, "s3cret")


def test_asking_what_a_url_is_loads_no_driver():
    code = (
        "import sys; from heatlas.sources.databases import is_database_url; is_database_url('mysql://h'); "
        "print([m for m in sys.modules if m in {'pyarrow', 'sqlalchemy', 'pymysql', 'duckdb', 'numpy', 'sqlite3'}])"
    )
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"


def test_what_duckdb_puts_aside_goes_with_heatlas():
    pytest.importorskip("duckdb")
    where = "SELECT 1.0 AS lon, 2.0 AS lat, current_setting('temp_directory') AS weight"
    stream = open_database("duckdb://", query=where).read(["lon", "lat", "weight"])
    (folder,) = next(stream).column("weight").to_pylist()
    assert "heatlas-" in folder
    assert Path(folder).is_dir()
    assert list(stream) == []
    assert not Path(folder).exists()


@pytest.mark.parametrize("name", ["a?b.sqlite", "c%20d.sqlite", "e#f.sqlite", "g%.sqlite"])
def test_a_file_may_be_called_what_an_address_writes_otherwise(tmp_path, name):
    with closing(sqlite3.connect(tmp_path / name)) as link:
        link.execute("CREATE TABLE t (lat, lon)")
        link.execute("INSERT INTO t VALUES (47.8, 10.9)")
        link.commit()
    assert heatlas.inspect(tmp_path / name, table="t")["points"] == 1
