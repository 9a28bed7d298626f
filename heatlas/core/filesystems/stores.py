"""File systems of disks and buckets, with the credentials and endpoints that the tools of each cloud find."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from heatlas.core.errors import BadOption, MissingExtra
from heatlas.core.regex import regex

__all__ = ["FSSPEC", "SCHEMES", "filesystem_of", "is_address", "open_by_fsspec", "tries"]

SCHEMES = ("s3", "gs", "gcs", "az", "abfs", "abfss", "file")
"""Addresses that pyarrow reads by itself."""
FSSPEC = ("sftp", "ssh", "smb", "hdfs", "webhdfs", "oss", "oci", "hf", "dbfs", "memory")
"""Addresses that fsspec reads, with a library of its own for each."""
_ADDRESS = regex(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_TRIES = 8
"""Tries of a request to a bucket that answers with an error of the server; the pauses between them grow."""


def is_address(source: object) -> bool:
    """Whether something is the address of files (``s3://bucket/folder``), and not that of a database."""
    found = _ADDRESS.match(source) if isinstance(source, str) else None
    return found is not None and found[1].lower() in {*SCHEMES, *FSSPEC}


def tries() -> int:
    """Tries of a request, as AWS_MAX_ATTEMPTS says, if it does."""
    said = os.environ.get("AWS_MAX_ATTEMPTS", "")
    return int(said) if said.isdecimal() and int(said) else _TRIES


@cache
def filesystem_of(kind: str, name: str) -> Any:
    """File system of a kind: "file", "s3", "gs" or "az"; `name` is the bucket of S3, or the account of Azure.

    Raises
    ------
    BadOption
        When the account of Azure is not known.
    MissingExtra
        When pyarrow was built without Azure.
    """
    from pyarrow import fs

    if kind == "file":
        return fs.LocalFileSystem()
    if kind == "s3":
        return fs.S3FileSystem(**_s3_options(name))
    if kind == "gs":
        import datetime as dt

        return fs.GcsFileSystem(retry_time_limit=dt.timedelta(seconds=60))
    if not hasattr(fs, "AzureFileSystem"):
        raise MissingExtra("reading az://", "remote", "or a pyarrow that was built with Azure")
    account = name or os.environ.get("AZURE_STORAGE_ACCOUNT") or os.environ.get("AZURE_STORAGE_ACCOUNT_NAME")
    if not account:
        raise BadOption("az:// needs the name of the storage account: set AZURE_STORAGE_ACCOUNT")
    key = os.environ.get("AZURE_STORAGE_KEY") or os.environ.get("AZURE_STORAGE_ACCOUNT_KEY")
    return fs.AzureFileSystem(account_name=account, account_key=key)


def _s3_options(bucket: str) -> dict[str, Any]:
    """Options of S3 that pyarrow does not find in the environment by itself."""
    from pyarrow import fs

    options: dict[str, Any] = {"retry_strategy": fs.AwsStandardS3RetryStrategy(max_attempts=tries())}
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    if endpoint:
        scheme, _, host = endpoint.rpartition("://")
        options |= {"endpoint_override": host.rstrip("/"), "scheme": scheme or "https"}
    if os.environ.get("AWS_SKIP_SIGNATURE", "").lower() in {"1", "true", "yes"}:
        options["anonymous"] = True
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if region or endpoint:
        return options | ({"region": region} if region else {})
    try:
        return options | {"region": fs.resolve_s3_region(bucket)}
    except OSError:  # a bucket that does not exist, or no network: the first request says which
        return options


def open_by_fsspec(address: str) -> tuple[Any, str]:
    """File system of an address of `FSSPEC`, and the path on it.

    Raises
    ------
    MissingExtra, BadOption
        When fsspec, or the library that it needs for the scheme, is missing.
    """
    scheme = address.partition("://")[0].lower()
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise MissingExtra(f"reading {scheme}://", "remote") from None
    try:
        made, path = url_to_fs(address)
    except ImportError as error:
        raise BadOption(f"reading {scheme}:// by fsspec needs another library: {error}") from None
    return _by_fsspec(made), path


@cache
def _by_fsspec(made: Any) -> Any:
    """File system of fsspec, which keeps one for each host and user, as pyarrow knows it."""
    from pyarrow.fs import FSSpecHandler, PyFileSystem

    return PyFileSystem(FSSpecHandler(made))
