"""zstd, from Python itself or from the package that stands in for it; commands that unpack nothing do without.

Each frame needs a new decompressor here. The package `zstandard` reuses one. In a virtual machine that saves some 10 us
a frame, 6 to 10 % of a cold tile of passes. It is not used, as it takes 24 MB installed, has no wheels for
free-threaded Python, and would be one more package for Python 3.14.
"""

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
