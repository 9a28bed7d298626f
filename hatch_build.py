"""Compile the kernels into a wheel, while pip builds it: who installs it compiles nothing, and needs no numba.

They are compiled for the processor of this machine. HEATLAS_LEVELS=all makes a wheel for others, too, and
HEATLAS_TARGET one for another system (`heatlas/kernels/ahead_targets.py`).

A wheel without compiled kernels asks for numba, which compiles them when they are first called. Such are editable
installations, whose kernels may be edited, what HEATLAS_JIT=1 asks for, and wheels for systems that kernels cannot be
compiled for.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_BUILD = """
import pathlib, sys
sys.path.insert(0, sys.argv[1])
from heatlas.kernels.ahead_build import build
folder = pathlib.Path(sys.argv[1], "build", "kernels")
print(*build(folder, folder / "libkernels.json"))
"""


class KernelHook(BuildHookInterface[Any]):
    """Adds the shared library of the kernels, and what is known of it; or asks for numba."""

    PLUGIN_NAME = "custom"

    def _compiles(self) -> bool:
        return os.environ.get("HEATLAS_JIT", "0") in {"", "0"}

    @property
    def _numba(self) -> list[str]:
        return list(self.metadata.core.optional_dependencies["jit"])

    def dependencies(self) -> list[str]:
        """List what is needed to compile; pip installs it for the build alone."""
        return [*self._numba, "ziglang>=0.13"] if self._compiles() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and mark the wheel as one for a kind of machine."""
        if self.target_name != "wheel":
            return
        if version == "editable" or not self._compiles() or not self._add_library(build_data):
            build_data["dependencies"] += self._numba

    def _add_library(self, build_data: dict[str, Any]) -> bool:
        """Compile the library into the wheel; False where that fails, unless the wheel is for other machines.

        Raises
        ------
        RuntimeError
            For a wheel that is for other machines.
        """
        # pip's PYTHONPATH has what is needed to build, and the sources are here.
        path = os.pathsep.join(filter(None, (self.root, os.environ.get("PYTHONPATH"))))
        done = subprocess.run(  # noqa: S603 - this interpreter, on code from here
            [sys.executable, "-c", _BUILD, self.root],
            env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            text = "the kernels could not be compiled (see above)"
            if os.environ.get("HEATLAS_LEVELS") or os.environ.get("HEATLAS_TARGET"):
                raise RuntimeError(text)
            self.app.display_warning(f"{text}: numba will compile them when they are first called")
            return False
        library, tag = done.stdout.split()[-2:]
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{tag}"
        made = Path(self.root, "build", "kernels")
        build_data["force_include"] |= {
            str(made / name): f"heatlas/kernels/{name}" for name in (library, "libkernels.json")
        }
        return True
