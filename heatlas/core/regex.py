"""Regular expressions that are compiled when they are first used.

Compiling takes some 0.2 ms each, and modules of readers and parsers have more than a hundred: compiled when modules are
imported, they would be a tenth of what a short command takes.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast

__all__ = ["regex"]


class _Unmade:
    """Stands for a pattern. What is asked of it is kept, so each further use is as fast as with a pattern."""

    def __init__(self, text: str | bytes, flags: int) -> None:
        self._asked = text, flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # of Python's own protocols, such as copying
            raise AttributeError(name)
        made: Any = re.compile(*self._asked)
        for asked in ("match", "fullmatch", "search", "sub", "split", "findall", "finditer", "pattern", name):
            setattr(self, asked, getattr(made, asked))
        return getattr(made, name)


def regex(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Make a pattern, as `re.compile` does, but when it is first used; it is for constants of modules.

    What is returned has the methods and attributes of a pattern, but is none for `isinstance` and functions of `re`.
    """
    return cast("re.Pattern[AnyStr]", _Unmade(text, flags))
