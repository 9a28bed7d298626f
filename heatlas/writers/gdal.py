"""Raise the errors that GDAL only logs or prints when it cannot write.

Where a block or the end of a file cannot be written, rasterio raises nothing, or a different error much later. GDAL's
errors go to a logger at level INFO. Those of libtiff, with the system's reason, go directly to standard error.
"""

from __future__ import annotations

import errno
import logging
import os
import re
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from heatlas.core.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["held_to_its_word"]

_REASONS = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EACCES)
"""Reasons of the system for refusing to write."""
_OF_TIFF = regex(rb"^_tiff[A-Za-z]+Proc: .*\n?", re.MULTILINE)
_STDERR = 2
_LOGGER = "rasterio._env"
_SIGNALLED, _MESSAGE = "GDAL signalled an error", "msg="


class _Said(logging.Handler):
    """Collects the errors that rasterio logs at level INFO."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.words: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        words = record.getMessage()
        if record.levelno >= logging.ERROR or _SIGNALLED in words:
            self.words.append(words)


@contextmanager
def held_to_its_word() -> Iterator[None]:
    """Raise OSError, with the system's reason where known, for every error that GDAL logs, prints or raises.

    Raises
    ------
    OSError
        When writing failed.
    """
    from rasterio._err import CPLE_BaseError
    from rasterio.errors import RasterioError

    words: list[str] = []
    try:
        with _logged(words), _printed(words):
            yield
    except (CPLE_BaseError, RasterioError) as error:
        raise _refusal([*words, str(error)]) from error
    if words:
        raise _refusal(words)


@contextmanager
def _logged(words: list[str]) -> Iterator[None]:
    logger, said = logging.getLogger(_LOGGER), _Said()
    before = logger.level, logger.propagate
    logger.addHandler(said)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(said)
        logger.level, logger.propagate = before
        words += said.words


@contextmanager
def _printed(words: list[str]) -> Iterator[None]:
    """Collect lines of libtiff from standard error; all other output is written there afterwards."""
    try:
        kept = os.dup(_STDERR)
    except OSError:  # standard error is closed: nothing can be printed
        yield
        return
    # A pipe, because the disk may have no room for a file. Output beyond its capacity is lost.
    read, write = os.pipe()
    for end in (read, write):
        os.set_blocking(end, False)
    os.dup2(write, _STDERR)
    try:
        yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(write)
        text = b""
        with suppress(OSError):
            while part := os.read(read, 1 << 16):
                text += part
        os.close(read)
        words += [line.decode(errors="replace").strip() for line in _OF_TIFF.findall(text)]
        with suppress(OSError):
            os.write(kept, _OF_TIFF.sub(b"", text))
        os.close(kept)


def _refusal(words: list[str]) -> OSError:
    """Make an OSError with the system's reason if GDAL's messages contain one, else with the first message."""
    for code in _REASONS:
        if any(os.strerror(code).lower() in each.lower() for each in words):
            return OSError(code, os.strerror(code))
    return OSError(f"the disk may be full ({words[0].partition(_MESSAGE)[2] or words[0]})")
