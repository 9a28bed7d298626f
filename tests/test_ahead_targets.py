"""Kernels are compiled and linked for every system, wherever this is; and a wheel without them asks for numba."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder
from packaging.requirements import Requirement

from heatlas.kernels import ahead
from heatlas.kernels.ahead_build import _link
from heatlas.kernels.ahead_targets import TARGETS, levels_asked, native, target_asked

ROOT = Path(__file__).resolve().parents[1]
KERNELS = ("path.fill_metres", "path.change_over")
"""One that calls a function of mathematics, and one that allocates and raises."""
BEGINS = {".so": b"\x7fELF", ".dylib": b"\xcf\xfa\xed\xfe", ".dll": b"MZ"}

COMPILE = f"""
import sys
from pathlib import Path
from heatlas.kernels.ahead_objects import write_objects
from heatlas.kernels.ahead_targets import TARGETS
for name, target in TARGETS.items():
    folder = Path(sys.argv[1], name)
    folder.mkdir()
    write_objects(folder, name, target.levels[-1].name, {KERNELS})
"""


@pytest.fixture(scope="module")
def objects(tmp_path_factory):
    """A folder of objects for each target."""
    folder = tmp_path_factory.mktemp("objects")
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "0", "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", COMPILE, str(folder)], check=True, env=environment)
    return folder


@pytest.mark.parametrize("name", TARGETS)
def test_objects_are_of_that_system(objects, name):
    """By the first bytes: ELF for a kind of machine, Mach-O, or COFF; none calls what only x86 has."""
    begins = {
        "linux_x86_64": b"\x7fELF\2\1\1",
        "linux_aarch64": b"\x7fELF\2\1\1",
        "macosx_x86_64": b"\xcf\xfa\xed\xfe\x07\0\0\1",
        "macosx_arm64": b"\xcf\xfa\xed\xfe\x0c\0\0\1",
        "win_amd64": b"\x64\x86",
    }
    for kernel in KERNELS:
        (made,) = (objects / name).glob(f"*-{kernel}.o")
        data = made.read_bytes()
        assert data.startswith(begins[name])
        if name.startswith("linux"):
            assert data[18] == {"x86_64": 62, "aarch64": 183}[name.partition("_")[2]]
        assert f"kernel_{made.stem.replace('-', '_').replace('.', '_')}".encode() in data


# The other systems' linkers are these two once more, and each takes seconds to get ready for a system.
@pytest.mark.parametrize("name", ["macosx_arm64", "win_amd64"])
def test_they_are_linked_and_nothing_that_a_system_lacks_is(objects, tmp_path, name, capfd):
    target, cache = TARGETS[name], ROOT / "build" / "kernels" / "zig"
    names = [f"{target.levels[-1].name}-{kernel}" for kernel in KERNELS]
    library = tmp_path / target.library
    _link(target, objects / name, names, library, cache)
    data = library.read_bytes()
    assert data.startswith(BEGINS[target.ending])
    for symbol in ("heatlas_world", "heatlas_level", "heatlas_drop", "heatlas_take"):
        assert symbol.encode() in data
    missing = "extern int of_numba(void);\nEXPORTED int calls(void) { return of_numba(); }\n"
    ways = objects / name / f"{names[0]}.c"
    ways.write_text(ways.read_text(encoding="utf-8") + missing, encoding="utf-8", newline="\n")
    with pytest.raises(subprocess.CalledProcessError):
        _link(target, objects / name, names, library, cache)
    assert "of_numba" in capfd.readouterr().err


def test_what_the_environment_asks_for(monkeypatch):
    monkeypatch.delenv("HEATLAS_LEVELS", raising=False)
    monkeypatch.delenv("HEATLAS_TARGET", raising=False)
    assert target_asked() is native()
    for name, target in TARGETS.items():
        monkeypatch.setenv("HEATLAS_TARGET", name)
        assert target_asked() is target
        if target is not native():
            assert levels_asked(target) == list(target.levels)
        elif target.name.endswith("x86_64"):
            assert len(levels_asked(target)) == 1
    monkeypatch.setenv("HEATLAS_LEVELS", "v2")
    assert [level.name for level in levels_asked(TARGETS["win_amd64"])] == ["v2"]
    monkeypatch.setenv("HEATLAS_TARGET", "amiga")
    with pytest.raises(ValueError, match="'amiga', and can be linux_x86_64"):
        target_asked()


@pytest.fixture
def hook():
    """The build hook, as hatchling calls it in this clone."""
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    builder = WheelBuilder(str(ROOT))
    return module, module.KernelHook(
        str(ROOT), {}, builder.config, builder.metadata, "", "wheel", builder.app
    )  # fmt: skip


def built(hook, version="standard"):
    data = {"dependencies": [], "force_include": {}}
    hook.initialize(version, data)
    return data


def asks_for_numba(data):
    """Exactly one requirement holds here, and it is numba."""
    found = [Requirement(text) for text in data["dependencies"]]
    return [one.name for one in found if one.marker is None or one.marker.evaluate()] == ["numba"]


def test_a_wheel_without_compiled_kernels_asks_for_numba(hook, monkeypatch, capsys):
    module, made = hook
    for name in ("HEATLAS_JIT", "HEATLAS_LEVELS", "HEATLAS_TARGET"):
        monkeypatch.delenv(name, raising=False)
    assert any(text.startswith("numba") for text in made.dependencies())
    assert asks_for_numba(built(made, "editable"))
    monkeypatch.setattr(module, "_BUILD", "raise SystemExit('no compiler')")
    data = built(made)
    assert asks_for_numba(data)
    assert not data["force_include"]
    assert "could not be compiled" in capsys.readouterr().err
    monkeypatch.setenv("HEATLAS_TARGET", "win_amd64")
    with pytest.raises(RuntimeError, match="could not be compiled"):
        built(made)
    monkeypatch.setenv("HEATLAS_JIT", "1")
    assert asks_for_numba(built(made))
    assert made.dependencies() == []


def test_a_wheel_with_compiled_kernels_does_not(hook, monkeypatch):
    module, made = hook
    for name in ("HEATLAS_JIT", "HEATLAS_LEVELS", "HEATLAS_TARGET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(module, "_BUILD", "print('libkernels.dll win_amd64')")
    data = built(made)
    assert data["dependencies"] == []
    assert data["tag"] == "py3-none-win_amd64"
    assert sorted(data["force_include"].values()) == [
        "heatlas/kernels/libkernels.dll",
        "heatlas/kernels/libkernels.json",
    ]


@pytest.mark.parametrize(
    "said", ['{"sources": "x"}', "{", '{"results": {}, "sources": "x", "levels": [], "library": "no.so"}']
)
def test_a_library_that_another_state_built_is_as_none(said, tmp_path, monkeypatch):
    """A checkout that was brought up to date holds what was compiled before, in the form of then."""
    monkeypatch.setattr(ahead, "INDEX", tmp_path / "libkernels.json")
    ahead.INDEX.write_text(said)
    assert ahead.find_library.__wrapped__() is None
    monkeypatch.setattr(ahead, "_IN_CHECKOUT", False)
    with pytest.raises((KeyError, ValueError, OSError)):  # an installation is broken then
        ahead.find_library.__wrapped__()
