"""Databases of the tests' own servers."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pytest
import servers


@dataclass(frozen=True)
class Server:
    """One of the two servers, with a database for this worker alone."""

    scheme: str
    port: int
    database: str

    def url(self, **changes: object) -> str:
        return servers.url(self.port, self.scheme, **{"database": self.database, **changes})

    def connect(self):
        """Connect with the scheme's own driver, to write."""
        if self.scheme == "mysql":
            import pymysql

            return pymysql.connect(
                host="127.0.0.1",
                port=self.port,
                user=servers.USER,
                password=servers.PASSWORD,
                database=self.database,
            )
        import psycopg

        return psycopg.connect(self.url())


@pytest.fixture(scope="session")
def server_ports():
    lacking = servers.missing()
    if lacking:
        said = f"{' and '.join(lacking)} not installed: apt-get install {servers.PACKAGES}"
        if os.environ.get("CI"):
            pytest.fail(said)
        pytest.skip(said)
    folder = servers.shared_folder()
    yield servers.join(folder)
    servers.leave(folder)


@pytest.fixture(scope="session")
def mariadb(server_ports):
    pymysql = pytest.importorskip("pymysql")
    database = f"atlas_{os.getpid()}"
    with pymysql.connect(
        host="127.0.0.1", port=server_ports["mariadb"], user=servers.USER, password=servers.PASSWORD
    ) as link:
        link.cursor().execute(f"CREATE DATABASE {database} CHARACTER SET utf8mb4")
    return Server("mysql", server_ports["mariadb"], database)


@pytest.fixture(scope="session")
def postgres(server_ports):
    psycopg = pytest.importorskip("psycopg")
    database = f"atlas_{os.getpid()}"
    with psycopg.connect(servers.url(server_ports["postgres"], "postgresql"), autocommit=True) as link:
        link.execute(f"CREATE DATABASE {database}")
    server = Server("postgresql", server_ports["postgres"], database)
    with psycopg.connect(server.url(), autocommit=True) as link:
        link.execute("CREATE EXTENSION postgis")
    return server
