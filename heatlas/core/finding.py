"""Find modules of packages with few questions to the file system.

For each module Python looks for a folder, for libraries with five endings and for the source, and works out thrice
where its byte code lies. In packages that are known to hold sources, each beside its byte code, most of that is in
vain, and a picture imports three hundred modules. What is not as expected is left to Python.
"""

from __future__ import annotations

import io
import marshal
import os
import sys
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import MAGIC_NUMBER
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType, ModuleType

__all__ = ["find_by_source"]

_PACKAGES = ("heatlas", "click", "numpy")
_ENDING = f".{sys.implementation.cache_tag}.pyc"
_TIMED = MAGIC_NUMBER + bytes(4)
"""Beginning of byte code that is true as long as its source has the same time and size."""


class _Loader(SourceFileLoader):
    """Loads a module from its byte code, if that is of its source; else as Python does."""

    def __init__(self, name: str, path: str, cached: str, source: os.stat_result) -> None:
        super().__init__(name, path)
        self._cached = cached
        numbers = (int(source.st_mtime), source.st_size)
        self._head = _TIMED + b"".join((number & 0xFFFFFFFF).to_bytes(4, "little") for number in numbers)

    def get_code(self, fullname: str) -> CodeType | None:
        try:
            with io.open_code(self._cached) as file:
                data = file.read()
            if data.startswith(self._head):
                code: CodeType = marshal.loads(memoryview(data)[16:])  # noqa: S302 - as Python does
                if code.co_filename == self.path:
                    return code
        except (OSError, EOFError, ValueError, TypeError):
            pass
        return super().get_code(fullname)


class _Finder:
    """Finds the modules of these packages whose sources are there; a library of the same name would come later."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:  # noqa: ARG004 - as Python calls it
        top, _, last = name.rpartition(".")
        if not path or top.partition(".")[0] not in _PACKAGES:
            return None
        folder = path[0]
        for within, stem in ((folder, last), (f"{folder}{os.sep}{last}", "__init__")):
            source = f"{within}{os.sep}{stem}.py"
            try:
                found = os.stat(source)  # noqa: PTH116 - no `Path` is made
            except OSError:
                continue
            cached = f"{within}{os.sep}__pycache__{os.sep}{stem}{_ENDING}"
            loader = _Loader(name, source, cached, found)
            spec = ModuleSpec(name, loader, origin=source, is_package=within is not folder)
            spec.has_location, spec.cached = True, cached
            if spec.submodule_search_locations is not None:
                spec.submodule_search_locations.append(within)
            return spec
        return None


def find_by_source() -> None:
    """Find modules so from now on, in this whole process, where byte code lies beside sources as usual."""
    if sys.pycache_prefix is None and not sys.flags.optimize:
        sys.meta_path.insert(0, _Finder)
