"""Compiled kernels on disk, under a digest of the sources of all of them.

numba compares the file that a kernel is written in, not those of the helpers that are compiled into it. After an edit
of a helper, old and new code would mix. The names of stored files therefore hold a digest of all files that kernels are
made of, so that another state of the sources never finds them. numba decides the folder: `__pycache__` beside the
sources, a folder of the user's where that cannot be written, or `NUMBA_CACHE_DIR`.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import Any

from numba.core.caching import CompileResultCacheImpl, FunctionCache

__all__ = ["KernelCache", "sources"]

_SUFFIXES = {".nbi", ".nbc"}


def sources() -> list[Path]:
    """List the files that decide how kernels are compiled: all of this folder, and the constants that they use."""
    folder = Path(__file__).parent
    return [*sorted(folder.glob("*.py")), folder.parent / "core/mercator.py"]


class _Sources:
    """State of the sources when the first kernel is made."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, int]] = {}
        self.mixed = False
        digest = hashlib.sha256()
        for path in sources():
            with contextlib.suppress(OSError):  # in an archive there are no files: numba compares the archive
                self._seen[str(path)] = self._state(path)
                digest.update(b"%s\0%s\0" % (path.name.encode(), path.read_bytes()))
        self.digest = digest.hexdigest()[:16]

    @staticmethod
    def _state(path: Path) -> tuple[int, int]:
        state = path.stat()
        return state.st_mtime_ns, state.st_size

    def look_again(self, file: str) -> None:
        """Check whether a file was edited after the digest: kernels compiled from it belong to no state."""
        seen = self._seen.get(file)
        try:
            self.mixed |= seen is not None and self._state(Path(file)) != seen
        except OSError:
            self.mixed = True


_SOURCES = _Sources()


class _Impl(CompileResultCacheImpl):
    """File names that hold the digest."""

    def get_filename_base(self, fullname: str, abiflags: str) -> str:
        return f"{super().get_filename_base(fullname, abiflags)}-{_SOURCES.digest}"


class KernelCache(FunctionCache):
    """Stored code of one kernel."""

    _impl_class = _Impl

    def __init__(self, function: Any) -> None:
        super().__init__(function)
        self._swept = False
        _SOURCES.look_again(function.__code__.co_filename)
        if _SOURCES.mixed:
            self.disable()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is stored for these sources and this numba."""
        return not self._cache_file._load_index()

    def save_overload(self, sig: Any, data: Any) -> None:
        """Store a compiled kernel, and remove its files of other states of the sources."""
        super().save_overload(sig, data)
        if self._enabled and not self._swept:
            self._swept = True
            self._sweep()

    def _sweep(self) -> None:
        own = self._impl.filename_base
        version = own.rpartition("-")[0].rpartition(".")[2]
        for path in Path(self.cache_path).glob(f"{own.partition('-')[0]}-*.{version}*"):
            if path.suffix in _SUFFIXES and not path.name.startswith(own):
                with contextlib.suppress(OSError):  # another process was faster, or Windows has it open
                    path.unlink()
