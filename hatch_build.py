"""Compile the kernels into a wheel, while pip builds it: who installs it compiles nothing, and needs no numba.

They are compiled for the processor of this machine; HEATLAS_LEVELS=all makes a wheel for others, too.

HEATLAS_JIT=1 leaves them out: such an installation compiles them when they are first called, by the extra `jit`. So do
editable installations, whose kernels may be edited, and systems other than Linux.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_BUILD = """
import pathlib, sys
sys.path.insert(0, sys.argv[1])
from heatlas.kernels.ahead_build import build, glibc
folder = pathlib.Path(sys.argv[1], "build", "kernels")
build(folder, folder / "libkernels.so", folder / "libkernels.json")
print(*glibc(), sep="_")
"""


class KernelHook(BuildHookInterface[Any]):
    """Adds the shared library of the kernels, and what is known of it."""

    PLUGIN_NAME = "custom"

    def _compiles(self) -> bool:
        return sys.platform == "linux" and os.environ.get("HEATLAS_JIT", "0") in {"", "0"}

    def dependencies(self) -> list[str]:
        """List what is needed to compile; pip installs it for the build alone."""
        return ["numba>=0.60", "ziglang>=0.13"] if self._compiles() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and mark the wheel as one for this kind of machine."""
        if self.target_name != "wheel" or version == "editable" or not self._compiles():
            return
        # pip's PYTHONPATH has what is needed to build, and the sources are here.
        path = os.pathsep.join(filter(None, (self.root, os.environ.get("PYTHONPATH"))))
        done = subprocess.run(  # noqa: S603 - this interpreter, on code from here
            [sys.executable, "-c", _BUILD, self.root],
            env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(
                "the kernels could not be compiled (see above): set HEATLAS_JIT=1 to install heatlas without, and "
                "install heatlas[jit], which compiles them when they are first called"
            )
        build_data["pure_python"] = False
        machine = sysconfig.get_platform().rpartition("-")[2]
        anywhere = os.environ.get("HEATLAS_LEVELS") == "all"
        system = f"manylinux_{done.stdout.split()[-1]}" if anywhere else "linux"
        build_data["tag"] = f"py3-none-{system}_{machine}"
        made = Path(self.root, "build", "kernels")
        build_data["force_include"] |= {
            str(made / name): f"heatlas/kernels/{name}" for name in ("libkernels.so", "libkernels.json")
        }
