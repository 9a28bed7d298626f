"""Compiled kernels on disk, under a digest of the sources of all of them.

numba compares the file that a kernel is written in, not those of the helpers that are compiled into it. After an edit
of a helper, old and new code would mix. The names of stored files therefore hold a digest of all files that kernels are
made of, so that another state of the sources never finds them. The folder is `NUMBA_CACHE_DIR`, else `__pycache__`
beside the sources, else one in the user's home. Services and containers often can write to none of these. Then it is
a private one among temporary files, and where there is none either, kernels are compiled by each process. What others
stored in the first two, as when the image of a container was built, is loaded also where it cannot be written.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import os
import stat
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import CompileResultCacheImpl, FunctionCache, IndexDataCacheFile

__all__ = ["KernelCache", "sources", "warn_private"]

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


@functools.cache
def _private_folder() -> Any:
    """Return a folder among temporary files that only this user can write to; None where it cannot be had.

    Stored kernels are unpickled, so a folder that somebody else made under this name is not used.
    """
    with contextlib.suppress(OSError):
        windows = sys.platform == "win32"  # temporary files are the user's own there
        path = Path(tempfile.gettempdir()) / ("heatlas-kernels" if windows else f"heatlas-kernels-{os.geteuid()}")
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
        status = path.lstat()
        mine = windows or (status.st_uid == os.geteuid() and not status.st_mode & 0o022)
        if stat.S_ISDIR(status.st_mode) and mine:
            tempfile.TemporaryFile(dir=path).close()
            return path
    return None


_BASE: Any = next(cls for cls in CompileResultCacheImpl._locator_classes if "InTree" in cls.__name__)


class _PrivateLocator(_BASE):  # type: ignore[misc]
    """Locator of numba's for the private folder."""

    def __init__(self, function: Any, file: str) -> None:
        super().__init__(function, file)
        self._cache_path = str(_private_folder() / self.get_suitable_cache_subpath(file))

    @classmethod
    def from_function(cls, function: Any, file: str) -> Any:
        """Return the locator of a function; None where there is no such folder."""
        return None if _private_folder() is None else super().from_function(function, file)


class _NoFolder(_BASE):  # type: ignore[misc]
    """Locator of last resort, where no folder can be written: beside the sources, to load from."""

    @classmethod
    def from_function(cls, function: Any, file: str) -> Any:
        """Return the locator of a function."""
        return cls(function, file) if Path(file).exists() else None

    def ensure_cache_path(self) -> None:
        """Refuse to store."""
        raise OSError(errno.EROFS, "no folder can be written")


def _locators() -> list[Any]:
    """List numba's locators and the private one, without those that need a home where there is none.

    Without HOME and an entry in the list of users, numba would take a folder called "~" in the current one.
    """
    known = [cls for cls in CompileResultCacheImpl._locator_classes if "IPython" not in cls.__name__]
    if not os.path.isabs(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~"))):  # noqa: PTH111, PTH117 - never raises
        known = [cls for cls in known if "UserProvided" in cls.__name__ or "InTree" in cls.__name__]
    return [*known, _PrivateLocator, _NoFolder]


class _Impl(CompileResultCacheImpl):
    """File names that hold the digest."""

    _locator_classes = _locators()

    def get_filename_base(self, fullname: str, abiflags: str) -> str:
        return f"{super().get_filename_base(fullname, abiflags)}-{_SOURCES.digest}"


class KernelCache(FunctionCache):
    """Stored code of one kernel."""

    _impl_class = _Impl

    def __init__(self, function: Any) -> None:
        super().__init__(function)
        self._swept = False
        file = function.__code__.co_filename
        folders = [Path(file).parent / "__pycache__"]
        if named := getattr(numba.config, "CACHE_DIR", ""):
            folders.insert(0, Path(named) / self._impl.locator.get_suitable_cache_subpath(file))
            if str(folders[0]) == self.cache_path:
                # Nowhere else: what is stored elsewhere may be compiled in another way, as without checks of bounds.
                folders = folders[:1]
        stamp, base = self._impl.locator.get_source_stamp(), self._impl.filename_base
        self._readable = [
            self._cache_file,
            *(IndexDataCacheFile(str(path), base, stamp) for path in folders if str(path) != self.cache_path),
        ]
        _SOURCES.look_again(file)
        if _SOURCES.mixed:
            self.disable()

    @property
    def can_store(self) -> bool:
        """Whether there is a folder that can be written."""
        return not isinstance(self._impl.locator, _NoFolder)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is stored for these sources and this numba."""
        return not any(map(_index_of, self._readable))

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Load a stored kernel; None where there is none, or where it cannot be read."""
        if not self._enabled:
            return None
        target_context.refresh()
        key = self._index_key(sig, target_context.codegen())
        for stored in self._readable:
            try:
                data = stored.load(key)
                if data is not None:
                    return self._impl.rebuild(target_context, data)
            except MemoryError:
                raise
            except Exception:  # noqa: BLE001 - unpickling damaged bytes can raise anything
                with contextlib.suppress(OSError):  # else a damaged index would also stop storing
                    Path(stored._index_path).unlink()
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Store a compiled kernel, and remove its files of other states of the sources."""
        if not self._enabled:
            return
        try:
            super().save_overload(sig, data)
        except OSError as error:  # a full disk does not stop the work
            self.disable()
            where = f"{self.cache_path}: " if self.can_store else ""
            _warn_unstored(f"{where}{error.strerror or error}")
            return
        warn_private()
        if not self._swept:
            self._swept = True
            self._sweep()

    def _sweep(self) -> None:
        own = self._impl.filename_base
        version = own.rpartition("-")[0].rpartition(".")[2]
        for path in Path(self.cache_path).glob(f"{own.partition('-')[0]}-*.{version}*"):
            if path.suffix in _SUFFIXES and not path.name.startswith(own):
                with contextlib.suppress(OSError):  # another process was faster, or Windows has it open
                    path.unlink()


def _index_of(stored: Any) -> Any:
    """Return what a folder holds of a kernel; nothing where that cannot be read."""
    try:
        return stored._load_index()
    except Exception:  # noqa: BLE001 - unpickling damaged bytes can raise anything
        return {}


@functools.cache
def warn_private() -> None:
    """Warn that code was stored in the private folder, if there is one."""
    folder = _private_folder() if _private_folder.cache_info().currsize else None
    if folder is not None:
        warnings.warn(
            f"no folder of heatlas or of the user can be written: compiled code is stored in {folder}, which may not "
            "last; set NUMBA_CACHE_DIR to a folder that does",
            RuntimeWarning,
            stacklevel=2,
        )


@functools.cache  # once: numba forgets between kernels which warnings were shown
def _warn_unstored(reason: str) -> None:
    warnings.warn(
        f"compiled code cannot be stored ({reason}), so that each start compiles it again, for some 12 s: set "
        "NUMBA_CACHE_DIR to a folder that can be written",
        RuntimeWarning,
        stacklevel=2,
    )
