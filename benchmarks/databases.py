"""Reading databases against their drivers' own bare reads: ``python benchmarks/databases.py [--rows 5000000]``.

Starts a MariaDB and a PostgreSQL of its own (``tests/servers.py``), fills them, an SQLite and a DuckDB file
with the same rows (latitude, longitude, weight as doubles), and reads all of them. Every read runs in a process of
its own; the best of some rounds is given, readers taking turns. Memory is what a process grew after its first rows.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
import servers

QUERY = "SELECT lat, lon, weight FROM points"
COLUMNS = ["lat", "lon", "weight"]
READERS = {
    "mysql": ("heatlas", "PyMySQL SSCursor"),
    "postgresql": ("heatlas", "ADBC", "psycopg, server-side cursor", "psycopg, binary"),
    "sqlite": ("heatlas", "sqlite3 fetchmany"),
    "duckdb": ("heatlas", "duckdb"),
}
CHUNK = 10_000


def fill(count: int, folder: Path, ports: dict[str, int]) -> dict[str, str]:
    """Put the same rows into all databases; give their URLs."""
    import duckdb
    import psycopg
    import pymysql

    rng = np.random.default_rng(1)
    columns = [rng.uniform(-80, 80, count), rng.uniform(-180, 180, count), rng.normal(0, 3, count)]
    made = pa.table(columns, names=COLUMNS)
    path = folder / "points.csv"
    pa.csv.write_csv(made, path, pa.csv.WriteOptions(include_header=False))
    table = "CREATE TABLE points (lat DOUBLE PRECISION, lon DOUBLE PRECISION, weight DOUBLE PRECISION)"
    login = {"host": "127.0.0.1", "user": servers.USER, "password": servers.PASSWORD}
    with pymysql.connect(port=ports["mariadb"], database=servers.DATABASE, local_infile=True, **login) as link:
        cursor = link.cursor()
        cursor.execute(table)
        cursor.execute(f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE points FIELDS TERMINATED BY ','")
        link.commit()
    with psycopg.connect(port=ports["postgres"], dbname=servers.DATABASE, **login) as link:
        link.execute(table)
        with link.cursor().copy("COPY points FROM STDIN (FORMAT csv)") as copy, path.open("rb") as file:
            while block := file.read(1 << 20):
                copy.write(block)
    with sqlite3.connect(folder / "points.sqlite") as link:
        link.execute(table.replace("DOUBLE PRECISION", "REAL"))
        link.executemany("INSERT INTO points VALUES (?, ?, ?)", np.stack(columns, axis=1).tolist())
    with duckdb.connect(str(folder / "points.duckdb")) as link:
        link.register("made", made)
        link.execute("CREATE TABLE points AS SELECT * FROM made")
    return {
        "mysql": servers.url(ports["mariadb"], "mysql"),
        "postgresql": servers.url(ports["postgres"], "postgresql"),
        "sqlite": f"sqlite:///{folder}/points.sqlite",
        "duckdb": f"duckdb:///{folder}/points.duckdb",
    }


def counts(kind: str, url: str, reader: str):
    """Read everything; give the number of rows of each piece."""
    path = url.partition(":///")[2]
    if reader == "heatlas":
        from heatlas.sources.databases import open_database

        yield from (batch.num_rows for batch in open_database(url, table="points").read(COLUMNS))
    elif kind == "mysql":
        import pymysql

        from heatlas.sources.databases.url import parse_address

        at = parse_address(url, {})
        login = {"host": at.host, "port": at.port, "user": at.user, "password": at.password, "database": at.database}
        cursor = pymysql.connect(**login).cursor(pymysql.cursors.SSCursor)
        cursor.execute(QUERY)
        while rows := cursor.fetchmany(CHUNK):
            yield len(rows)
    elif reader == "ADBC":
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(url) as link, link.cursor() as cursor:
            cursor.execute(QUERY)
            yield from (batch.num_rows for batch in cursor.fetch_record_batch())
    elif kind == "postgresql":
        import psycopg

        with psycopg.connect(url) as link, link.cursor("rows", binary=reader.endswith("binary")) as cursor:
            cursor.execute(QUERY)
            while rows := cursor.fetchmany(CHUNK):
                yield len(rows)
    elif kind == "sqlite":
        cursor = sqlite3.connect(path).execute(QUERY)
        while rows := cursor.fetchmany(CHUNK):
            yield len(rows)
    else:
        import duckdb

        result = duckdb.connect(path, read_only=True).sql(QUERY)
        yield from (batch.num_rows for batch in getattr(result, "to_arrow_reader", result.fetch_record_batch)(65_536))


def resident() -> float:
    """Resident memory, MB (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def one(kind: str, url: str, reader: str) -> None:
    """Time one reader from its first rows, so that neither imports nor logging in count; print the figures."""
    pieces = counts(kind, url, reader)
    rows, first = 0, next(pieces)
    begun, held, most = time.perf_counter(), resident(), 0.0
    for number in pieces:
        rows += number
        most = max(most, resident() - held)
    print(json.dumps({"rows": rows + first, "rate": rows / (time.perf_counter() - begun), "grown": most}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=READERS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = servers.shared_folder()
        try:
            urls = fill(asked.rows, Path(folder), servers.join(home))
            for kind, readers in READERS.items():
                if asked.only not in {None, kind}:
                    continue
                best: dict[str, dict[str, float]] = {}
                for _ in range(asked.rounds):
                    for reader in readers:
                        command = [sys.executable, __file__, "one", kind, urls[kind], reader]
                        figures = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
                        assert figures["rows"] == asked.rows
                        grown = max(figures["grown"], best.get(reader, figures)["grown"])
                        best[reader] = max(best.get(reader, figures), figures, key=lambda each: each["rate"]) | {
                            "grown": grown
                        }
                for reader, figures in best.items():
                    ratio = best["heatlas"]["rate"] / figures["rate"]
                    print(
                        f"{kind:11} {reader:28} {figures['rate'] / 1e6:6.2f} M rows/s, "
                        f"heatlas / this {ratio:5.2f}, memory +{figures['grown']:4.0f} MB",
                        flush=True,
                    )
        finally:
            servers.leave(home)


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        one(*sys.argv[2:])
    else:
        main()
