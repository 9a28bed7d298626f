"""Modules are the same by the finder of the program as by Python's own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
from heatlas.core import finding
if sys.argv[2] == "ours":
    finding._PACKAGES = (*finding._PACKAGES, "made")
    finding.find_by_source()
said = {}
for name in ["numpy.linalg", "click.core", "heatlas.tracks", "made", "made.one", "made.rooms", "made.rooms.two"]:
    module = importlib.import_module(name)
    spec = module.__spec__
    said[name] = [module.__file__, module.__cached__, module.__package__, list(getattr(module, "__path__", [])),
                  spec.origin, spec.has_location, spec.parent, getattr(module, "VALUE", None)]
for name in ["made.none", "made.bare.one"]:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        said[name] = str(error)
said["code"] = importlib.import_module("made.one").where.__code__.co_filename
said["bare"] = importlib.import_module("made.bare").__file__
import importlib.resources, inspect, numpy.random
said["resource"] = importlib.resources.files("made.rooms").joinpath("text.txt").read_text()
said["source"] = inspect.getsource(sys.modules["made.rooms.two"])
said["ours"] = type(sys.modules["made"].one.__spec__.loader).__name__ == "_Loader"
print(json.dumps(said))
"""


def made(folder: Path) -> Path:
    """Write a package with a room, and a folder that is no package."""
    package = folder / "made"
    (package / "rooms").mkdir(parents=True)
    (package / "bare").mkdir()
    (package / "__init__.py").write_text("VALUE = 'package'\n")
    (package / "one.py").write_text("VALUE = 1\ndef where(): pass\n")
    (package / "rooms" / "__init__.py").write_text("")
    (package / "rooms" / "two.py").write_text("VALUE = 2\n")
    (package / "rooms" / "text.txt").write_text("words")
    return package


def imported(folder: Path, which: str, *options: str, **variables: str) -> dict:
    """What the program above says of modules that it imports."""
    command = [sys.executable, *options, "-c", PROGRAM, str(folder), which]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **variables}
    )
    assert not done.returncode, done.stderr
    return json.loads(done.stdout)


def test_modules_are_the_same(tmp_path):
    made(tmp_path)
    usual, ours, again = (imported(tmp_path, which) for which in ("usual", "ours", "ours"))
    assert (usual.pop("ours"), ours.pop("ours"), again.pop("ours")) == (False, True, True)
    assert usual == ours == again


@pytest.mark.parametrize("damage", ["stale", "cut off", "no byte code", "empty", "moved"])
def test_byte_code_that_is_not_of_its_source_is_not_run(tmp_path, damage):
    package = made(tmp_path)
    cached = Path(imported(tmp_path, "usual")["made.one"][1])
    if damage == "stale":
        (package / "one.py").write_text("VALUE = 'new'\ndef where(): pass\n")
    elif damage == "cut off":
        cached.write_bytes(cached.read_bytes()[:30])
        # Python itself fails by such byte code, so ours does as well: with the same error.
        with pytest.raises(AssertionError, match="EOFError"):
            imported(tmp_path, "usual")
        with pytest.raises(AssertionError, match="EOFError"):
            imported(tmp_path, "ours")
        return
    elif damage == "empty":
        cached.write_bytes(b"")
    elif damage == "moved":
        tmp_path = tmp_path.rename(tmp_path.with_name("elsewhere"))
    else:
        cached.unlink()
    found = imported(tmp_path, "ours")
    assert found["made.one"][-1] == ("new" if damage == "stale" else 1)
    assert found["code"] == str(tmp_path / "made" / "one.py")


@pytest.mark.parametrize(("option", "variables"), [("-O", {}), ("-B", {"PYTHONPYCACHEPREFIX": "elsewhere"})])
def test_byte_code_elsewhere_is_left_to_python(tmp_path, option, variables):
    made(tmp_path)
    variables = {name: str(tmp_path / value) for name, value in variables.items()}
    assert not imported(tmp_path, "ours", option, **variables)["ours"]
