"""Describe failures of databases in one sentence: the event, the database, the remedy, and no secrets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from heatlas.core.errors import SourceFailed
from heatlas.core.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from heatlas.sources.databases.url import Address

__all__ = ["Errors", "attempt", "guarded"]

Errors = tuple[type[BaseException], ...]
P = ParamSpec("P")
T = TypeVar("T")

_LONGEST = 300
_NOISE = regex(
    r"""^(?:(?:[A-Z_]+|IO):\ )?(?:\[\w+\]\ )?                      # status and vendor, as ADBC puts them first
        (?:Failed\ to\ [\w ]+(?:'.*?')?:\ |Execution\ error\ \[\w+\]:\ |PQgetCopyData\(\)\ failed:\ )?
        (?:connection\ to\ server\ at\ .*?\ failed:\ )?
        (?:(?:ERROR|FATAL):\s+)?""",
    re.VERBOSE | re.DOTALL,
)
_TAIL = regex(
    r"""\s*(?:\n\s*LINE\ \d+:|\n\s*Query\ was:|\.\ SQLSTATE:|\n(?:DETAIL|HINT|CONTEXT):
        |\n\(Background|\n\s*Is\ the\ server).*""",
    re.VERBOSE | re.DOTALL,
)
_ADVICE = (
    ("read.?only", "heatlas only reads"),
    ("password|access denied|authenticat|no pg_hba", "check user and password (in the URL or in HEATLAS_DB_PASSWORD)"),
    ("permission denied|command denied|privilege", "ask for the right to read it"),
    (r"unknown database|database .* does not exist", "check the name of the database"),
    ("translate host|getaddrinfo|name or service|nodename|name resolution", "check the name of the host"),
    ("lost connection|terminat|server closed|gone away|killed|reset by|interrupted|broken pipe", "try again"),
    ("refused|time.?out|timed out|unreachable|no such file", "check host and port, and that the server runs"),
    ("syntax|parser error|incomplete input", "check the query"),
    ("exist|no such|unknown column|unknown table|not found|unknown field", "check the names in the query"),
)


def attempt(address: Address, errors: Errors, doing: str, function: Callable[P, T], *args: P.args, **kw: P.kwargs) -> T:
    """Call a function; an error of the driver becomes a `SourceFailed` that names the failed action.

    The failure is raised after the handler, so that the driver's error, which may hold a password, is not its context.
    """
    try:
        return function(*args, **kw)
    except errors as error:
        sentence = describe(address, doing, error)
    raise SourceFailed(sentence)


def guarded(address: Address, errors: Errors, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Pass batches on; an error of the driver becomes a `SourceFailed` with the number of rows read."""
    rows = 0
    while True:
        try:
            batch = next(batches)
        except StopIteration:
            return
        except errors as error:
            doing = f"broke off after {rows:,} rows" if rows else "cannot be read"
            sentence = describe(address, doing, error)
            break
        rows += batch.num_rows
        yield batch
    raise SourceFailed(sentence)


def describe(address: Address, doing: str, error: BaseException) -> str:
    """Describe a driver's error in one sentence, without the secrets of the address."""
    error = getattr(error, "orig", None) or error  # SQLAlchemy wraps the driver's error
    text = str(error.args[1]) if len(error.args) > 1 and isinstance(error.args[0], int) else str(error)
    text = " ".join(_TAIL.sub("", _NOISE.sub("", text)).split()) or type(error).__name__
    text = address.scrub(text).rstrip(".;")
    if len(text) > _LONGEST:
        text = text[: _LONGEST - 3] + "..."
    advice = next((advice for pattern, advice in _ADVICE if re.search(pattern, text, re.IGNORECASE)), None)
    return f"{address.name} {doing}: {text}" + (f"; {advice}" if advice else "")
