"""Parse addresses of databases, and remove their secrets from all output."""

from __future__ import annotations

import re
from dataclasses import field, replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, quote_plus, unquote

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.core.regex import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Address", "is_database_url", "parse_address"]

_URL = regex(
    r"""(?P<scheme>[a-z][a-z0-9_]*(?:\+[a-z0-9_]+)?)://
        (?:(?P<user>[^:/@?]*)(?::(?P<password>[^?]*))?@)?
        (?P<host>\[[0-9a-f:.%]+\]|[^:/?@\[\]]*)(?::(?P<port>[0-9]{1,5}))?
        (?:/(?P<database>[^?]*))?
        (?:\?(?P<options>.*))?""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_SCHEME = regex(r"([a-z][a-z0-9_]+)(?:\+[a-z0-9_]+)?://", re.IGNORECASE)
_NO_DATABASE = frozenset(
    re.findall(
        r"\w+", "http https ftp ftps sftp ssh file data zip s3 s3a s3n gs gcs az abfs abfss adl wasb wasbs hdfs hf"
    )
)
_SECRET_OPTION = regex("pass|pwd|secret|token|key|cred|auth|odbc_connect", re.IGNORECASE)
_PASSWORD_VARIABLES = {"mysql": ("MYSQL_PWD",), "mariadb": ("MYSQL_PWD",), "postgresql": ("PGPASSWORD",)}
_SPELLINGS = {"postgres": "postgresql"}


@frozen(kw_only=True)
class Address:
    """Where a database is and how to log in; neither `name` nor the representation holds a secret."""

    scheme: str
    """As written, in lower case: `mysql+pymysql`."""
    user: str | None
    password: str | None = field(repr=False)
    """From the URL or the environment."""
    host: str | None
    port: int | None
    database: str | None
    """Name of the database, or path of the file."""
    options: Mapping[str, str] = field(repr=False)
    """Options after the question mark."""

    @property
    def dialect(self) -> str:
        """Kind of the database: `mysql`, `mariadb`, `postgresql`, `sqlite`, `duckdb` or another."""
        base = self.scheme.partition("+")[0]
        return _SPELLINGS.get(base, base)

    @property
    def name(self) -> str:
        """URL without password and options, as any option may be a secret."""
        user = "" if self.user is None else f"{quote(self.user, safe='')}@"
        host = f"[{self.host}]" if self.host and ":" in self.host else self.host or ""
        port = "" if self.port is None else f":{self.port}"
        database = "" if self.database is None else f"/{self.database}"
        return f"{self.scheme}://{user}{host}{port}{database}"

    def scrub(self, text: str) -> str:
        """Replace every secret in a text by stars, whether written plainly or as in a URL."""
        secrets = [value for key, value in self.options.items() if _SECRET_OPTION.search(key)]
        spellings: set[str] = set()
        for secret in [self.password, *secrets]:
            if secret:
                spellings |= {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1]}
        for spelling in sorted(spellings, key=len, reverse=True):
            text = re.sub(re.escape(spelling), "***", text, flags=re.IGNORECASE)
        return text


def is_database_url(text: str) -> bool:
    """Whether a text is the URL of a database, rather than a path or the URL of a file."""
    scheme = _SCHEME.match(text)
    return scheme is not None and scheme[1].lower() not in _NO_DATABASE


def parse_address(url: str, environ: Mapping[str, str]) -> Address:
    """Parse a URL; if it has no password, the environment may hold one.

    Raises
    ------
    BadOption
        When the URL is malformed; the message does not repeat it, as it may hold a password.
    """
    parts = _URL.fullmatch(url)
    if parts is None:
        raise BadOption(
            "this database URL cannot be understood: it is written scheme://user:password@host:port/database, "
            "with : / ? # @ in the password written as %3A %2F %3F %23 %40"
        )

    def part(name: str) -> str | None:
        text = parts[name]
        return unquote(text) if text else None

    options = dict(parse_qsl(parts["options"] or "", keep_blank_values=True))
    host = part("host")
    address = Address(
        scheme=parts["scheme"].lower(),
        user=part("user"),
        password=part("password"),
        host=host.strip("[]") if host else None,
        port=int(parts["port"]) if parts["port"] else None,
        database=part("database"),
        options=options,
    )
    if address.port is not None and address.port > 65535:
        raise BadOption(f"{address.name}: a port is at most 65535")
    if address.password is not None or address.dialect in {"sqlite", "duckdb"}:
        return address
    return _with_password(address, environ)


def _with_password(address: Address, environ: Mapping[str, str]) -> Address:
    variables = ("HEATLAS_DB_PASSWORD", *_PASSWORD_VARIABLES.get(address.dialect, ()))
    password = next((environ[name] for name in variables if environ.get(name)), None)
    return replace(address, password=password)
