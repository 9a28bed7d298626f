"""What can go wrong, in one tree.

::

    HeatlasError            one clear sentence for the person at the keyboard
    ├── Unreadable          a file from which nothing could be salvaged
    ├── SourceFailed        a table or database that cannot be read, or not to its end
    ├── NothingToDraw       sound input, but nothing of it falls into the picture
    ├── BadOption           an option, a filter or an argument that cannot be used
    ├── TooLarge            a picture that would not fit into memory
    └── MissingExtra        an optional library is not installed
"""

__all__ = ["BadOption", "HeatlasError", "MissingExtra", "NothingToDraw", "SourceFailed", "TooLarge", "Unreadable"]


class HeatlasError(Exception):
    """Base of all errors that heatlas raises on purpose; its text is one sentence that says what to do."""


class Unreadable(HeatlasError):
    """A file from which nothing could be salvaged; the text is the reason without the file's name."""


class SourceFailed(HeatlasError):
    """A table or database that cannot be read, or not to its end; the text names it."""


class NothingToDraw(HeatlasError):
    """The input is sound, but there is nothing in it to draw."""


class BadOption(HeatlasError, ValueError):
    """An option or argument that cannot be used."""


class TooLarge(HeatlasError):
    """The picture asked for would not fit into memory."""


class MissingExtra(HeatlasError, ImportError):
    """An optional library is missing; the text holds the command that installs it."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional library: pip install 'heatlas[{extra}]'")
