"""Patterns of paths: ``fixes/*.parquet``, ``2026/**/part-[0-9].parquet``."""

from __future__ import annotations

import re
from functools import cache

from heatlas.core.regex import regex

__all__ = ["before_pattern", "is_pattern", "matcher"]

_GLOB = regex(r"[*?\[]")


def is_pattern(path: str) -> bool:
    """Whether a path holds a mark of patterns."""
    return bool(_GLOB.search(path))


def before_pattern(path: str) -> str:
    """Folder in which a pattern begins."""
    found = _GLOB.search(path)
    assert found is not None
    return path[: found.start()].rpartition("/")[0] or ("/" if path.startswith("/") else "")


@cache
def matcher(pattern: str) -> re.Pattern[str]:
    """Pattern of paths: ``*`` and ``?`` stay within a folder, ``**`` goes through any number of them."""
    written = ""
    for part in re.findall(r"\*\*/|\*+|\?|\[!?[^\]/]+\]|.", pattern):
        if part == "**/":
            written += "(?:[^/]+/)*"
        elif part[0] == "*":
            written += "[^/]*"
        elif part == "?":
            written += "[^/]"
        elif len(part) > 1:
            written += f"[{part[1:-1].replace('!', '^', 1) if part[1] == '!' else part[1:-1]}]"
        else:
            written += re.escape(part)
    return re.compile(written)
