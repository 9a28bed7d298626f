"""zstd, from Python itself or from the package that stands in for it; commands that unpack nothing do without."""

from __future__ import annotations

import functools
import sys
from typing import Any

__all__ = ["zstd"]


@functools.cache
def zstd() -> Any:
    """Import the module."""
    if sys.version_info >= (3, 14):
        from compression import zstd as found
    else:
        from backports import zstd as found
    return found
