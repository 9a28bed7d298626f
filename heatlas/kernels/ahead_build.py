"""Compile all kernels ahead of time: numba's code of each, for several processors, linked into one shared library.

    python -m heatlas.kernels.ahead_build

writes `libkernels.so` and `libkernels.json` beside this file, which are found from then on. The build hook of wheels
does the same (`hatch_build.py`). Objects are kept in a folder, under a digest of all sources of kernels.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import struct
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heatlas.kernels.ahead import INDEX, LIBRARY, digest_of_sources
from heatlas.kernels.ahead_entry import RUNTIME, declarations, entry
from heatlas.kernels.compiled import Kernel

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["build", "glibc", "kernels", "levels_here"]

_FOLDER = Path(__file__).parent
_LEVELS = {
    "x86_64": [(3, "v3", "x86-64-v3"), (2, "v2", "x86-64-v2")],
    "aarch64": [(1, "arm64", "generic")],
}
"""Machine -> least result of `heatlas_level`, name, and name of the processor for LLVM; the best first."""
_NEEDS = {"v3": ("avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe"), "v2": ("sse4.2", "popcnt")}
"""Level -> features of the processor that tell it from lesser ones, as LLVM calls them."""
_ALLOWED = {"free", "malloc", "memcpy", "memset", "memmove", "__stack_chk_fail", "__cxa_finalize", "__gmon_start__"}
_FUNCTIONS = {
    "acos",
    "asin",
    "atan",
    "atan2",
    "cos",
    "exp",
    "fmod",
    "log",
    "log2",
    "pow",
    "sin",
    "sincos",
    "tan",
}
"""Symbols that the library may take from the C library, and from its part for mathematics."""


def kernels() -> Iterator[tuple[str, Kernel]]:
    """Name as "module.function", and kernel, of all kernels."""
    for path in sorted(_FOLDER.glob("*.py")):
        if path.stem in {"ahead_build", "cache", "intrinsics", "jit", "__init__"}:
            continue
        for name, found in vars(importlib.import_module(f"heatlas.kernels.{path.stem}")).items():
            if isinstance(found, Kernel) and found.signatures and found.py_func.__module__.endswith(f".{path.stem}"):
                yield f"{path.stem}.{name}", found


def levels_here() -> list[tuple[int, str, str]]:
    """Processors that are compiled for: the best one that this machine is.

    HEATLAS_LEVELS is "all", for wheels that go to other machines, or names some, such as v3.
    """
    found = _LEVELS.get(platform.machine(), []) if sys.platform == "linux" else []
    asked = os.environ.get("HEATLAS_LEVELS", "").split()
    if not asked:
        return [one for one in found if _runs(one[1])][:1]
    return [one for one in found if asked == ["all"] or one[1] in asked]


def _runs(level: str) -> bool:
    """Whether this machine runs code of a level."""
    from llvmlite.binding import get_host_cpu_features

    features = get_host_cpu_features()
    return all(features.get(name) for name in _NEEDS.get(level, ()))


def glibc() -> tuple[int, int]:
    """Version of the C library that is needed at least: 2.31, of 2020, or that of this machine if it is older."""
    here = tuple(int(part) for part in platform.libc_ver()[1].split(".")[:2])
    return min((2, 31), (here[0], here[1])) if len(here) == 2 else (2, 31)


def build(objects: Path, library: Path = LIBRARY, index: Path = INDEX) -> None:
    """Compile and link the library, and write its index.

    Parameters
    ----------
    objects : Path
        Folder in which objects are kept for the next build.
    library, index : Path
        Files to write.

    Raises
    ------
    RuntimeError, subprocess.CalledProcessError
        Saying what failed.
    """
    from heatlas.core.paths import rename  # not above: it decides nothing of how kernels are compiled

    levels = levels_here()
    if not levels:
        raise RuntimeError(
            f"kernels cannot be compiled ahead for {platform.system()} on {platform.machine()}: set HEATLAS_JIT=1 to "
            "install heatlas without, and install heatlas[jit]"
        )
    sources = digest_of_sources()
    folder = objects / f"{sources}-{version('numba')}-{version('llvmlite')}"
    folder.mkdir(parents=True, exist_ok=True)
    results = _compile_all(folder, levels)
    runtime = folder / "runtime.c"
    runtime.write_text(RUNTIME, encoding="utf-8", newline="\n")
    made = [folder / f"{level}-{name}{end}" for _, level, _ in levels for name in results for end in (".o", ".c")]
    aside = library.with_name(f"{library.name}.{os.getpid()}")
    try:
        _link([runtime, *made], aside, objects / "zig")
        _check_symbols(aside, made)
        rename(aside, library)
    finally:
        aside.unlink(missing_ok=True)
    what = {"levels": [(least, level) for least, level, _ in levels], "results": results, "sources": sources}
    index.write_text(json.dumps(what), encoding="utf-8", newline="\n")


def _compile_all(folder: Path, levels: Sequence[tuple[int, str, str]]) -> dict[str, Any]:
    """Compile for each processor, in processes of their own: numba takes the processor from the environment."""
    shares = max(1, (os.cpu_count() or 1) // len(levels))
    running = []
    for _, level, processor in levels:
        environment = {**os.environ, "NUMBA_CPU_NAME": processor, "NUMBA_CPU_FEATURES": "", "NUMBA_DISABLE_JIT": "0"}
        for share in range(shares):
            todo = [name for name, _ in kernels() if not (folder / f"{level}-{name}.json").exists()][share::shares]
            if todo:
                command = [sys.executable, "-m", __name__ if __name__ != "__main__" else "heatlas.kernels.ahead_build"]
                command += ["--compile", str(folder), level, processor, *todo]
                running.append(subprocess.Popen(command, env=environment))  # noqa: S603 - this module
    failed = [process.wait() for process in running]
    if any(failed):
        raise RuntimeError("numba could not compile the kernels; what it said stands above")
    _, level, _ = levels[0]
    return {name: json.loads((folder / f"{level}-{name}.json").read_text(encoding="utf-8")) for name, _ in kernels()}


def _compile(folder: Path, level: str, processor: str, names: Sequence[str]) -> None:
    """Write the objects of some kernels, the C of the ways into them, and what each returns, last."""
    import llvmlite.binding as llvm

    from heatlas.kernels.jit import compiled_code

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple()
    machine = target.create_target_machine(cpu=processor, features="", opt=3, reloc="pic", codemodel="default")
    found = dict(kernels())
    for name in names:
        results, source, whole = [], declarations(), None
        for number, signature in enumerate(found[name].signatures):
            result, symbol, text = compiled_code(found[name].py_func, signature, found[name].options)
            own = f"{level}_{name.replace('.', '_')}_{number}"
            module = llvm.parse_assembly(text)
            for one in [*module.functions, *module.global_variables]:
                if not one.is_declaration and not one.name.startswith("kernel_"):
                    one.linkage = "internal"  # code of another processor may have the same name
            code = module.get_function(symbol)
            code.linkage, code.name = "external", f"kernel_{own}"
            code.visibility = "hidden"
            results.append(result)
            source += entry(f"heatlas_{own}", f"kernel_{own}", signature)
            if whole is None:
                whole = module
            else:
                whole.link_in(module)
        assert whole is not None
        whole.verify()
        (folder / f"{level}-{name}.o").write_bytes(machine.emit_object(whole))
        (folder / f"{level}-{name}.c").write_text(source, encoding="utf-8", newline="\n")
        (folder / f"{level}-{name}.json").write_text(json.dumps(results), encoding="utf-8", newline="\n")


def _link(parts: Sequence[Path], library: Path, cache: Path) -> None:
    """Link by the compiler in the package ziglang, for a C library of any age."""
    target = "{}-linux-gnu.{}.{}".format(platform.machine(), *glibc())
    command = [sys.executable, "-m", "ziglang", "cc", "-target", target, "-O2", "-fPIC", "-shared", "-s"]
    command += ["-Wl,--gc-sections", "-o", str(library), *map(str, parts), "-lm"]
    environment = {**os.environ, "ZIG_GLOBAL_CACHE_DIR": str(cache), "ZIG_LOCAL_CACHE_DIR": str(cache)}
    subprocess.run(command, check=True, env=environment)  # noqa: S603 - of a build dependency


def _check_symbols(library: Path, parts: Sequence[Path]) -> None:
    """Refuse a library that needs anything but the C library: it would be found missing at a user's first call."""
    unknown = _undefined(library.read_bytes()) - _ALLOWED - _FUNCTIONS
    if unknown:
        whose = [path.stem for path in parts if path.suffix == ".o" and unknown & _undefined(path.read_bytes())]
        raise RuntimeError(f"{', '.join(whose)} need what a library has not: {', '.join(sorted(unknown))}")


def _undefined(elf: bytes) -> set[str]:
    """Names that a 64-bit ELF library, or an object of one, looks up elsewhere."""
    shared = struct.unpack_from("<H", elf, 16)[0] == 3  # ET_DYN
    (sections,) = struct.unpack_from("<Q", elf, 40)
    size, count = struct.unpack_from("<HH", elf, 58)
    found = [struct.unpack_from("<IIQQQQIIQQ", elf, sections + k * size) for k in range(count)]
    names: set[str] = set()
    for _, kind, _, _, offset, length, link, _, _, _ in found:
        if kind == (11 if shared else 2):  # SHT_DYNSYM, SHT_SYMTAB
            texts = found[link][4]
            for at in range(offset + 24, offset + length, 24):
                name, _, _, section = struct.unpack_from("<IBBH", elf, at)
                if section == 0:
                    start = texts + name
                    names.add(elf[start : elf.index(b"\0", start)].decode("ascii"))
    return names


def main() -> None:
    """Build the library beside the sources, or compile a part of it in a process of its own."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--compile", nargs="+", help=argparse.SUPPRESS)
    options.add_argument("--objects", type=Path, default=_FOLDER.parents[1] / "build" / "kernels")
    asked = options.parse_args()
    if asked.compile:
        folder, level, processor, *names = asked.compile
        _compile(Path(folder), level, processor, names)
    else:
        build(asked.objects)


if __name__ == "__main__":
    main()
