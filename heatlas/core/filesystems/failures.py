"""Errors of file systems in one sentence."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from heatlas.core.errors import SourceFailed, printable
from heatlas.core.filesystems.stores import is_address, tries
from heatlas.core.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["NOT_THERE", "failing"]

NOT_THERE = "there is no such file or folder"

_REFUSED = regex(r"ACCESS_DENIED|403|[Ff]orbidden|[Pp]ermission|InvalidAccessKeyId|INVALID_ACCESS_KEY|SIGNATURE")
_KEYLESS = regex(r"[Cc]redential|UNAUTHORIZED|401|NoCredential")
_BUSY = regex(r"SLOW_DOWN|SERVICE_UNAVAILABLE|INTERNAL_FAILURE|REQUEST_TIMEOUT|\b50[0-4]\b|[Tt]imed? ?out")
_AWAY = regex(r"NETWORK_CONNECTION|curlCode|[Cc]onnection refused|resolve host")


@contextmanager
def failing(uri: str, done: str = "read") -> Iterator[None]:
    """Turn errors of file systems into one sentence.

    Parameters
    ----------
    uri : str
        File or folder.
    done : str
        What should have been done: "read", "written" ...

    Raises
    ------
    SourceFailed
        Says what is wrong, and what to do where that is known.
    """
    import pyarrow as pa

    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise SourceFailed(f"{printable(uri)} cannot be {done}: {_reason(uri, error)}") from None


def _reason(uri: str, error: Exception) -> str:
    """Say in words why a file system failed."""
    said = " ".join(str(error).split())
    if not is_address(uri) or uri.startswith("file://"):
        number = error.strerror if isinstance(error, OSError) else None
        if isinstance(error, FileNotFoundError):
            return NOT_THERE
        return number or said[:200]
    if "NO_SUCH_BUCKET" in said or "NoSuchBucket" in said or "bucket does not exist" in said:
        return f"there is no bucket {uri.partition('://')[2].partition('/')[0]}"
    if isinstance(error, FileNotFoundError) or "NO_SUCH_KEY" in said:
        return NOT_THERE
    if _BUSY.search(said):
        return f"the store answered with an error of its own {tries()} times; try again later ({said[-120:]})"
    if _REFUSED.search(said):
        return "access is refused: check the key and its rights (AWS_PROFILE, AWS_ACCESS_KEY_ID and the like)"
    if _KEYLESS.search(said):
        return "no key was found: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or their like"
    if _AWAY.search(said):
        return "the store cannot be reached: check the network, and AWS_ENDPOINT_URL if it is set"
    return said[:240]
