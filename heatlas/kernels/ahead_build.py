"""Compile all kernels ahead of time: numba's code of each, for several processors, linked into one shared library.

    python -m heatlas.kernels.ahead_build

writes the library and `libkernels.json` beside this file, which are found from then on. The build hook of wheels does
the same (`hatch_build.py`). Objects are kept in a folder, under a digest of all sources of kernels.

HEATLAS_TARGET names another system to compile for (`ahead_targets`), and HEATLAS_LEVELS its processors.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heatlas.kernels.ahead import INDEX, digest_of_sources
from heatlas.kernels.ahead_entry import RUNTIME
from heatlas.kernels.ahead_objects import kernels
from heatlas.kernels.ahead_targets import levels_asked, target_asked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heatlas.kernels.ahead_targets import Level, Target

__all__ = ["build"]


def build(objects: Path, index: Path = INDEX) -> tuple[str, str]:
    """Compile and link the library, write it and its index, and return its name and the tag of wheels with it.

    Parameters
    ----------
    objects : Path
        Folder in which objects are kept for the next build.
    index : Path
        File to write, on the same disk; the library is written beside it.

    Raises
    ------
    RuntimeError, ValueError, subprocess.CalledProcessError
        Saying what failed.
    """
    from heatlas.core.paths import rename  # not above: it decides nothing of how kernels are compiled

    target = target_asked()
    levels = levels_asked(target) if target else []
    if not target or not levels:
        raise RuntimeError(f"kernels cannot be compiled ahead for {platform.system()} on {platform.machine()}")
    sources = digest_of_sources()
    folder = objects / f"{target.name}-{sources}-{version('numba')}-{version('llvmlite')}"
    folder.mkdir(parents=True, exist_ok=True)
    results = _compile_all(folder, target, levels)
    names = [f"{one.name}-{name}" for one in levels for name in results]
    library = index.with_name(target.library)
    with tempfile.TemporaryDirectory(dir=objects) as aside:  # linkers write other files, too
        _link(target, folder, names, Path(aside, library.name), objects / "zig")
        rename(Path(aside, library.name), library)
    known = {"levels": [(one.least, one.name) for one in levels], "library": library.name, "results": results}
    index.write_text(json.dumps({**known, "sources": sources}), encoding="utf-8", newline="\n")
    anywhere = levels == list(target.levels) or not target.name.startswith("linux")
    return library.name, target.tag if anywhere else target.name


def _compile_all(folder: Path, target: Target, levels: Sequence[Level]) -> dict[str, Any]:
    """Compile for each processor, in processes of their own: numba compiles for one at a time."""
    shares = max(1, (os.cpu_count() or 1) // len(levels))
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "0"}
    running = []
    for level in levels:
        for share in range(shares):
            todo = [name for name, _ in kernels() if not (folder / f"{level.name}-{name}.json").exists()][share::shares]
            if todo:
                command = [sys.executable, "-m", "heatlas.kernels.ahead_objects", str(folder), target.name, level.name]
                running.append(subprocess.Popen([*command, *todo], env=environment))  # noqa: S603 - of this package
    failed = [process.wait() for process in running]
    if any(failed):
        raise RuntimeError("numba could not compile the kernels; what it said stands above")
    first = levels[0].name
    return {name: json.loads((folder / f"{first}-{name}.json").read_text(encoding="utf-8")) for name, _ in kernels()}


def _link(target: Target, folder: Path, names: Sequence[str], library: Path, cache: Path) -> None:
    """Link by the compiler in the package ziglang, which has what it needs of all systems, of any age.

    A kernel that needs anything but the C library, such as a part of numba, is an error of the linker's, which names
    its object. It would be found missing at a user's first call.
    """
    source, stub = library.with_suffix(".c"), library.with_name("imports.lib")
    entries = "".join((folder / f"{name}.c").read_text(encoding="utf-8") for name in names)
    source.write_text(RUNTIME + entries, encoding="utf-8", newline="\n")
    parts = [source, *(folder / f"{name}.o" for name in names)]
    if target.imports:
        listed = library.with_suffix(".def")
        names_of = "\n".join(["LIBRARY ucrtbase.dll", "EXPORTS", *target.imports])
        listed.write_text(names_of, encoding="utf-8", newline="\n")
        _zig(["dlltool", "-m", "i386:x86-64", "-d", str(listed), "-l", str(stub)], cache)
        parts.append(stub)
    words = ["-target", target.zig, "-O2", "-shared", "-s", "-fvisibility=hidden", "-o", library, *parts]
    # Windows has a limit for the length of a command.
    written = library.with_suffix(".txt")
    text = "\n".join('"{}"'.format(str(word).replace("\\", "/")) for word in [*words, *target.linking])
    written.write_text(text, encoding="utf-8", newline="\n")
    _zig(["cc", f"@{written}"], cache)


def _zig(words: Sequence[str], cache: Path) -> None:
    environment = {**os.environ, "ZIG_GLOBAL_CACHE_DIR": str(cache), "ZIG_LOCAL_CACHE_DIR": str(cache)}
    command = [sys.executable, "-m", "ziglang", *words]
    subprocess.run(command, check=True, env=environment)  # noqa: S603 - of a build dependency


if __name__ == "__main__":
    build(INDEX.parents[2] / "build" / "kernels")
