"""Systems and processors that kernels are compiled for: how LLVM, zig and wheels call them.

One is written as the platform tag of its wheels, `win_amd64`, or `linux_x86_64`.
"""

from __future__ import annotations

import os
import platform
import sys
import sysconfig
from dataclasses import dataclass

__all__ = ["TARGETS", "Level", "Target", "levels_asked", "native", "target_asked"]


@dataclass(frozen=True, slots=True)
class Level:
    """A processor, and all that can do as much."""

    least: int
    """Least result of `heatlas_level` (`ahead_entry`)."""
    name: str
    processor: str
    """Its name for LLVM."""
    needs: tuple[str, ...] = ()
    """Features that tell it from lesser ones, as LLVM calls them."""


_V3 = Level(3, "v3", "x86-64-v3", ("avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe"))
_V2 = Level(2, "v2", "x86-64-v2", ("sse4.2", "popcnt"))


@dataclass(frozen=True, slots=True)
class Target:
    """A system, and a kind of machine."""

    name: str
    triple: str
    """What LLVM calls it."""
    zig: str
    """What zig calls it, with the oldest version of the system that the library runs on."""
    levels: tuple[Level, ...]
    """Processors, the best first."""
    tag: str
    """Platform tag of a wheel for any such machine."""
    ending: str
    """Of names of shared libraries."""
    linking: tuple[str, ...]
    """Options of the linker: nothing may be undefined, and what nobody calls is left out."""
    imports: tuple[str, ...] = ()
    """Functions that are taken from the system's C library, where zig cannot link to it as it is."""

    @property
    def library(self) -> str:
        """Name of the shared library."""
        return f"libkernels{self.ending}"


def _linux(machine: str, *levels: Level) -> Target:
    # Of 2020; manylinux is 2.28 or 2.31 wherever the packages that heatlas needs are.
    linking = ("-fPIC", "-lm", "-Wl,--gc-sections", "-Wl,-z,defs")
    triple, zig = f"{machine}-unknown-linux-gnu", f"{machine}-linux-gnu.{_glibc()}"
    return Target(
        f"linux_{machine}", triple, zig, levels, f"manylinux_{_glibc().replace('.', '_')}_{machine}", ".so", linking
    )


def _macos(machine: str, zig: str, *levels: Level) -> Target:
    # Version 11 is the first on ARM, and older than any that pyarrow has wheels for.
    linking = ("-fPIC", "-Wl,-dead_strip", "-Wl,-install_name,@rpath/libkernels.dylib")
    triple, tag = f"{machine}-apple-macosx11.0.0", f"macosx_11_0_{machine}"
    return Target(f"macosx_{machine}", triple, f"{zig}-macos.11.0", levels, tag, ".dylib", linking)


def _windows(machine: str, processor: str, *levels: Level) -> Target:
    # The C library that is part of Windows since version 10, and none of the compiler's: zig's own takes minutes.
    linking = ("-nostdlib", "-rtlib=compiler-rt")
    functions = ("acos", "asin", "atan", "atan2", "cos", "exp", "fmod", "log", "log2", "pow", "sin", "tan")
    imports = ("free", "malloc", "memcpy", "memmove", "memset", *functions)
    triple, name = f"{processor}-pc-windows-msvc", f"win_{machine}"
    return Target(name, triple, f"{processor}-windows-msvc", levels, name, ".dll", linking, imports)


def _glibc() -> str:
    """Version of the C library that is needed at least: 2.31, of 2020, or that of this machine if it is older."""
    name, here = platform.libc_ver()
    older = name == "glibc" and tuple(map(int, here.split(".")[:2])) < (2, 31)
    return ".".join(here.split(".")[:2]) if older else "2.31"


TARGETS = {
    one.name: one
    for one in (
        _linux("x86_64", _V3, _V2),
        _linux("aarch64", Level(1, "arm64", "generic")),
        _macos("x86_64", "x86_64", _V3, _V2),
        _macos("arm64", "aarch64", Level(1, "arm64", "apple-m1")),
        _windows("amd64", "x86_64", _V3, _V2),
    )
}


def native() -> Target | None:
    """What this Python runs on; None for a system or a machine that kernels are not compiled ahead for."""
    # A Python for both kinds of Macs calls itself universal2.
    machine = platform.machine() if sys.platform == "darwin" else sysconfig.get_platform().rpartition("-")[2]
    system = {"darwin": "macosx", "win32": "win"}.get(sys.platform, sys.platform)
    return TARGETS.get(f"{system}_{machine}")


def target_asked() -> Target | None:
    """Return what HEATLAS_TARGET names, or else what this Python runs on.

    Raises
    ------
    ValueError
        For another name.
    """
    asked = os.environ.get("HEATLAS_TARGET", "")
    if asked and asked not in TARGETS:
        raise ValueError(f"HEATLAS_TARGET is {asked!r}, and can be {', '.join(TARGETS)}")
    return TARGETS[asked] if asked else native()


def levels_asked(target: Target) -> list[Level]:
    """List the processors that are compiled for: the best one that this machine is, or all of another machine's.

    HEATLAS_LEVELS is "all", for wheels that go to other machines, or names some, such as v3.
    """
    asked = os.environ.get("HEATLAS_LEVELS", "").split()
    if not asked and target == native():
        return [one for one in target.levels if _runs(one)][:1]
    return [one for one in target.levels if asked in ([], ["all"]) or one.name in asked]


def _runs(level: Level) -> bool:
    """Whether this machine runs code of a level."""
    from llvmlite.binding import get_host_cpu_features

    features = get_host_cpu_features()
    return all(features.get(name) for name in level.needs)
