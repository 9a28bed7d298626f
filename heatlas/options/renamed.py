"""Old names of keywords of Python: they work, with a warning that says the new name.

An option has one name behind every door: `clip_ends` in Python and in a URL is `--clip-ends` on the command line. Old
flags of the command line are in `heatlas.cli.old_flags`.
"""

from __future__ import annotations

import functools
import inspect
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

__all__ = ["KEYWORDS", "takes_old_names", "warn_of", "with_new_names"]

KEYWORDS = {
    "everything": "all", "form": "format", "metrics": "metric", "smoothing": "smooth", "sports": "sport",
    "zones": "zone",
}  # fmt: skip
"""Old keyword of Python -> the present one."""
_PACKAGE = str(Path(__file__).parents[1] / "_")[:-1]
"""Beginning of the paths of all files of the package."""
P = ParamSpec("P")
R = TypeVar("R")


def with_new_names(keywords: Mapping[str, Any], known: Container[str], function: str) -> dict[str, Any]:
    """Return the keywords under their present names, and warn (DeprecationWarning) of old ones.

    Parameters
    ----------
    keywords : mapping
        As they were passed.
    known : container of str
        Present names that the function takes.
    function : str
        Name of the function, for the warning.

    Raises
    ------
    TypeError
        When an option is passed under both names.
    """
    found = dict(keywords)
    for name in keywords:
        new = KEYWORDS.get(name)
        if new is None or name in known or new not in known:
            continue
        if new in keywords:
            raise TypeError(f"{function}() got both {name!r} and {new!r}, which are one: give {new}")
        warn_of(f"{name}= of {function}() is called {new}= now")
        found[new] = found.pop(name)
    return found


def warn_of(text: str) -> None:
    """Warn (DeprecationWarning) at the line that called heatlas."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame, level = frame.f_back, level + 1
    warnings.warn(text, DeprecationWarning, stacklevel=level)


def takes_old_names(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function take its keywords under their old names, too."""

    @functools.wraps(function)
    def taking(*args: P.args, **keywords: P.kwargs) -> R:
        if not KEYWORDS.keys().isdisjoint(keywords):
            known = inspect.signature(function).parameters
            keywords = with_new_names(keywords, known, function.__name__)  # type: ignore[assignment]
        return function(*args, **keywords)

    return taking
