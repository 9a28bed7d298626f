"""Errors that heatlas raises, in one tree.

::

    HeatlasError            one clear sentence for the person at the keyboard
    ├── Unreadable          a file from which nothing could be salvaged
    ├── SourceFailed        a table or database that cannot be read, or not to its end
    │   └── Undecided       ... because it can be read in two ways
    ├── NothingToDraw       sound input, but nothing of it falls into the picture
    │   └── NoRows          ... because a table has no rows
    ├── BadOption           an option, a filter or an argument that cannot be used
    ├── TooLarge            a picture that would not fit into memory
    └── MissingExtra        an optional library is not installed
"""

import re
from pathlib import PurePath

from heatlas.core.regex import regex
from heatlas.core.wording import worded

__all__ = [
    "BadOption", "HeatlasError", "MissingExtra", "NoRows", "NothingToDraw", "SourceFailed", "TooLarge", "Undecided",
    "Unreadable", "path_name", "printable", "unworded",
]  # fmt: skip

_SURROGATE = regex("[\ud800-\udfff]")


def printable(text: str) -> str:
    r"""Return text that can be stored, sent and printed; a byte of a file name that is not UTF-8 becomes ``\xe9``.

    Python represents such bytes as lone surrogates (PEP 383), which cannot be encoded. Different names stay different.
    """
    return text if text.isascii() else _SURROGATE.sub(_escaped, text)


def path_name(path: PurePath) -> str:
    """Name of a file as it is stored, reported and filtered: with slashes on Windows too; see `printable`."""
    return printable(path.as_posix())


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else "\ufffd"


class HeatlasError(Exception):
    """Base of all errors that heatlas raises on purpose; its text is one sentence that says what to do."""

    def __str__(self) -> str:
        """Return the sentence in words of the door; names of files in it can be printed, whatever their bytes."""
        return worded(unworded(self))


def unworded(error: BaseException) -> str:
    """Return the sentence of an error as it was written, for a report or an error that goes through a door later."""
    said = super(HeatlasError, error).__str__() if isinstance(error, HeatlasError) else str(error)
    return printable(said)


class Unreadable(HeatlasError):
    """A file from which nothing could be salvaged; the text is the reason without the file's name.

    Parameters
    ----------
    reason : str
        One sentence.
    kind : str
        Content of a sound file that holds no track, as a plural: "monitoring"; empty where a track was expected.
    """

    def __init__(self, reason: str, kind: str = "") -> None:
        super().__init__(reason)
        self.kind = kind


class SourceFailed(HeatlasError):
    """A table or database that cannot be read, or not to its end; the text names it."""


class Undecided(SourceFailed):
    """A table that can be read in two ways; the text names the option that decides."""


class NothingToDraw(HeatlasError):
    """The input is sound, but there is nothing in it to draw."""


class NoRows(NothingToDraw):
    """A table that was read to its end has no rows."""


class BadOption(HeatlasError, ValueError):
    """An option or argument that cannot be used."""


class TooLarge(HeatlasError):
    """A picture that would not fit into memory."""


class MissingExtra(HeatlasError, ImportError):
    """An optional library is missing; the text holds the command that installs it."""

    def __init__(self, what: str, extra: str, instead: str = "") -> None:
        other = f", {instead}" if instead else ""
        super().__init__(f"{what} needs an optional library: pip install 'heatlas[{extra}]'{other}")
