"""Read MySQL and MariaDB: PyMySQL logs in, and rows of a prepared statement are decoded in blocks.

A prepared statement sends numbers in binary form, so that the server need not write them as text, nor the client parse
it. Blocks of rows are decoded at once, where PyMySQL makes a Python object of each value.
"""

from __future__ import annotations

import struct
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from heatlas.core.errors import BadOption, MissingExtra
from heatlas.sources.databases.failures import attempt
from heatlas.sources.databases.mysql_rows import END, Malformed, column_of, decode_rows, field_of, packet_ends
from heatlas.sources.databases.relations import find_table, make_table, need_table, project, quoted, select

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heatlas.sources.databases.mysql_rows import Column
    from heatlas.sources.databases.url import Address
    from heatlas.sources.tables.table import Table

__all__ = ["open_mysql"]

_CONNECT_SECONDS = 10
_BLOCK = 2 << 20
"""Bytes that are decoded at once; some 60,000 rows of three numbers."""
_PAUSE_SECONDS = 0.05
"""Time without data after which the rows received so far are decoded."""
_OPTIONS = {"unix_socket", "ssl_ca", "ssl_cert", "ssl_key", "ssl_key_password", "ssl_verify_identity", "charset"}
_PREPARE, _EXECUTE = 0x16, 0x17
_TABLES = (
    "SELECT table_schema, table_name FROM information_schema.tables "
    "WHERE table_schema NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys') "
    "ORDER BY table_schema <> COALESCE(DATABASE(), ''), table_schema, table_name"
)


def open_mysql(address: Address, query: str | None, table: str | None, srids: bool = False) -> Table:
    """Open a query or a table of a MySQL or MariaDB server; values of GEOMETRY columns become WKB."""
    errors = _errors()
    connection = attempt(address, errors, "cannot be reached", _connect, address)
    with closing(connection):

        def relation() -> tuple[str, list[Column]]:
            if query is not None:
                return query, _prepare(connection, query)[1]
            tables = _tables(connection)
            if table is None:
                raise need_table(address, tables)
            source = ".".join(quoted(name, "`") for name in find_table(address, table, tables))
            return source, _prepare(connection, select("*", source))[1]

        source, columns = attempt(address, errors, "cannot be read", relation)

    def stream(names: list[str]) -> Iterator[pa.RecordBatch]:
        sql = query if query is not None else select(", ".join(quoted(name, "`") for name in names), source)
        with closing(_connect(address)) as connection:
            for batch in _rows(connection, sql, names, srids):
                yield project(batch, names)

    schema = pa.schema([field_of(column) for column in columns])
    made = make_table(address, schema, stream, errors)
    return replace(made, with_srids=lambda: open_mysql(address, query, table, srids=True))


def _errors() -> tuple[type[BaseException], ...]:
    try:
        import pymysql
    except ImportError:
        raise MissingExtra("reading MySQL and MariaDB", "mysql") from None
    # RuntimeError: the login needs the cryptography package; struct.error: not a MySQL server.
    return (pymysql.Error, OSError, RuntimeError, struct.error, pa.ArrowException, Malformed)


def _connect(address: Address) -> Any:
    """Log in and begin a transaction in which the server refuses writes."""
    import pymysql

    unknown = sorted(address.options.keys() - _OPTIONS)
    if unknown:
        raise BadOption(f"{address.name} cannot take the option {unknown[0]}; known are {', '.join(sorted(_OPTIONS))}")
    options: dict[str, Any] = {"charset": "utf8mb4", **address.options}
    if "ssl_verify_identity" in options:
        options["ssl_verify_identity"] = options["ssl_verify_identity"].lower() in {"1", "true", "yes"}
    connection = pymysql.connect(
        host=address.host or "localhost",
        port=address.port or 3306,
        user=address.user,
        password=address.password or "",
        database=address.database,
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_CONNECT_SECONDS,
        **options,
    )
    # The login has a time limit; a query has none.
    connection._read_timeout = None
    with connection.cursor() as cursor:
        # The server sends a TIMESTAMP in the time zone of the session.
        cursor.execute("SET time_zone = '+00:00'")
        cursor.execute("START TRANSACTION READ ONLY")
    return connection


def _tables(connection: Any) -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        return [(str(schema), str(table)) for schema, table in cursor.fetchall()]


def _prepare(connection: Any, sql: str) -> tuple[int, list[Column]]:
    """Prepare a statement without running it; return its number and the columns of its result."""
    connection._execute_command(_PREPARE, sql)
    statement, columns, parameters = struct.unpack_from("<IHH", connection._read_packet().get_all_data(), 1)
    if parameters:
        raise BadOption("the query holds a ?, for which there is no value")
    if not columns:
        raise BadOption("the query gives no rows: it is one SELECT statement")
    return statement, _columns(connection, columns)


def _columns(connection: Any, count: int) -> list[Column]:
    from pymysql.protocol import FieldDescriptorPacket

    fields = [connection._read_packet(FieldDescriptorPacket) for _ in range(count)]
    connection._read_packet()  # the end of the list
    return [column_of(field.name, field.type_code, field.flags, field.charsetnr) for field in fields]


def _rows(connection: Any, sql: str, names: list[str], srids: bool) -> Iterator[pa.RecordBatch]:
    """Run a statement and decode its rows block by block; only a few blocks are in memory at a time."""
    statement, _ = _prepare(connection, sql)
    connection._execute_command(_EXECUTE, struct.pack("<IBI", statement, 0, 1))
    columns = _columns(connection, connection._read_packet().read_length_encoded_integer())
    columns = [replace(column, srid=srids) for column in columns]
    wanted = [column.name in names for column in columns]
    block, held, ended = bytearray(_BLOCK), 0, False
    begun = connection._rfile.peek(1)  # bytes received along with the column names
    block[: len(begun)], held = begun, len(begun)
    connection._sock.settimeout(_PAUSE_SECONDS)
    try:
        while not ended:
            if held == len(block):  # one row is longer than the block
                block.extend(bytes(len(block)))
            held = _fill(connection._sock, block, held)
            ends = packet_ends(block, held)
            used = int(ends[-1]) if len(ends) else 0
            if used and (mark := block[int(ends[-2]) + 4 if len(ends) > 1 else 4]) in END:
                ended = True
                if mark == 0xFF:
                    _raise(connection, bytes(block[(int(ends[-2]) if len(ends) > 1 else 0) + 4 : used]))
                ends = ends[:-1]
            if len(ends):
                yield decode_rows(np.frombuffer(bytes(block[:held]) + bytes(8), np.uint8), ends, columns, wanted)
            block[: held - used] = block[used:held]
            held -= used
    finally:
        connection._force_close()  # unread rows are discarded; a second close is harmless


def _fill(sock: Any, block: bytearray, held: int) -> int:
    """Read until the block is full, the rows end, or the server pauses; return the number of bytes in the block."""
    import pymysql

    while held < len(block):
        # A short packet marks the end of the rows. A row that looks like it only makes the block shorter.
        if held >= 9 and block[held - 9 : held - 6] == b"\x05\x00\x00" and block[held - 5] == 0xFE:
            break
        try:
            with memoryview(block) as view:
                count = sock.recv_into(view[held:])
        except TimeoutError:
            break
        if not count:
            raise pymysql.OperationalError(2013, "Lost connection to MySQL server during query")
        held += count
    return held


def _raise(connection: Any, packet: bytes) -> None:
    from pymysql.protocol import MysqlPacket

    MysqlPacket(packet, connection.encoding).raise_for_error()
