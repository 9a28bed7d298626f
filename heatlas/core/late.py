"""Modules that a command imports by way of others, and of which it needs little, late, or nothing.

click and dataclasses import `inspect`, which imports `tokenize`; pathlib imports `ipaddress`; and NumPy its types for
type checkers, and docstrings of what is written in C. Together they are a tenth of all that is imported for a picture.
Here they are run when something of them is asked for, and docstrings never. Only the program `heatlas` does so
(`import_late`), not a program that imports it.
"""

from __future__ import annotations

import _thread
import sys
from importlib.machinery import PathFinder
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec

__all__ = ["import_late"]

_TYPES = "numpy._typing"
_LOCK = _thread.RLock()


def _cleandoc(module: _Late) -> Callable[[str], str]:
    """What `inspect.cleandoc` makes of a text; of one line, as click has one for each option, without `inspect`."""

    def cleandoc(text: str) -> str:
        if "\n" not in text and "\t" not in text and not text[:1].isspace():
            return text
        module.run()
        cleaned: str = vars(module)["cleandoc"](text)
        return cleaned

    return cleandoc


_LATE: Mapping[str, Mapping[str, Callable[[_Late], Any]]] = {
    "inspect": {"cleandoc": _cleandoc},
    "ipaddress": {},
    "tokenize": {},
    # Of these, NumPy's own modules write `NDArray[Any]` in annotations, which nobody reads.
    _TYPES: {"NDArray": lambda _: sys.modules["numpy._core.multiarray"].ndarray},
}
"""Name of a module -> what stands for some of its attributes until it is run."""
_NEVER = frozenset({"numpy._core._add_newdocs", "numpy._core._add_newdocs_scalars"})
"""Modules that only write docstrings."""


class _Late(ModuleType):
    """A module that is run when an attribute is looked up that nothing stands for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # of Python's own protocols, such as importing
            raise AttributeError(name)
        standing, loader = _LATE[self.__name__].get(name), vars(self)["__loader__"]
        if standing is not None and isinstance(loader, _Waiting):
            return standing(self)
        self.run()
        try:
            return vars(self)[name]
        except KeyError:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}") from None

    def run(self) -> None:
        """Run the module, unless it was or is being run; other threads wait meanwhile."""
        with _LOCK:
            waiting = vars(self)["__loader__"]
            if not isinstance(waiting, _Waiting):
                return
            assert self.__spec__ is not None
            try:
                self.__loader__ = self.__spec__.loader = waiting.loader
                waiting.loader.exec_module(self)
            except BaseException:  # such as Ctrl-C: whoever asks again has it run again
                self.__loader__ = waiting  # type: ignore[assignment]
                raise
            self.__class__ = ModuleType  # type: ignore[assignment]


class _Waiting:
    """Loader that leaves running a module for later, or for never."""

    def __init__(self, loader: Loader) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return _Late(spec.name) if spec.name in _LATE else None

    def exec_module(self, module: ModuleType) -> None:
        """Run nothing."""


class _Finder:
    """Finds the modules that are run late or never."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name == "numpy.typing" and isinstance(types := sys.modules.get(_TYPES), _Late):
            types.run()  # who imports this wants the true ones
        if name not in _LATE and name not in _NEVER:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Waiting(spec.loader)  # type: ignore[assignment]
        return spec


def import_late() -> None:
    """Have modules run late that are imported from now on, in this whole process."""
    sys.meta_path.insert(0, _Finder)
