"""The page on the architecture says what the contract and the code say."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

from heatlas.kernels.compiled import Kernel

ROOT = Path(__file__).resolve().parents[1]

_SPEC = importlib.util.spec_from_file_location("structure", ROOT / "benchmarks" / "structure.py")
structure = importlib.util.module_from_spec(_SPEC)
sys.modules["structure"] = structure  # dataclasses look their module up
_SPEC.loader.exec_module(structure)


def layers():
    contract = ConfigParser()
    contract.read(ROOT / ".importlinter")
    lines = contract["importlinter:contract:layers"]["layers"].split("\n")
    return [set(re.findall(r"\w+", line)) for line in lines if line.strip()]


def test_the_page_lists_the_layers_of_the_contract():
    text = (ROOT / "docs" / "architecture.md").read_text()
    table = text.partition("| layer |")[2].partition("\n\n")[0]
    rows = [set(re.findall(r"`(\w+)`", line.split("|")[1])) for line in table.splitlines()[2:]]
    assert rows == layers()


def test_every_module_has_its_layer():
    modules = {
        path.stem for path in (ROOT / "heatlas").iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    assert modules - {"__init__", "__main__"} == set().union(*layers())


def test_no_modules_name_each_other():
    """Neither when they run, in functions too, nor for types alone."""
    code = structure.read(structure.PACKAGE)
    assert structure.circles(structure.imports(code, types=True)) == []
    assert structure.circles(structure.rooms(structure.imports(code, types=False))) == []


def test_files_are_of_a_size_to_read():
    written = ROOT / "heatlas/options/keywords.py"  # by `python -m heatlas.options`; nobody reads it from end to end
    for path in {*(ROOT / "heatlas").rglob("*.py")} - {written}:
        assert len(path.read_text().splitlines()) <= 360, path


def test_each_room_says_what_its_modules_are():
    """In a table of its first file, whose left column names all that lie beside it, and nothing else."""
    for path in (ROOT / "heatlas").rglob("*/__init__.py"):
        here = {other.stem for other in path.parent.glob("*.py")} - {"__init__", "__main__"}
        here |= {other.parent.name for other in path.parent.glob("*/__init__.py")}
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        table = re.search(r"^(=+) =+$(.*?)^=+ =+$", text, re.DOTALL | re.MULTILINE)
        assert table, f"{path} has no table of its modules"
        left = "\n".join(line[: len(table[1])] for line in table[2].splitlines())
        assert sorted(re.findall(r"`(\w+)`", left)) == sorted(here), path


def test_each_kernel_says_its_types():
    """Its decorator refuses it otherwise; nothing is compiled here."""
    for path in (ROOT / "heatlas" / "kernels").glob("*.py"):
        if path.stem not in {"jit", "cache", "intrinsics"}:
            for found in vars(importlib.import_module(f"heatlas.kernels.{path.stem}")).values():
                if isinstance(found, Kernel) and found.signatures:
                    assert {len(one) for one in found.signatures} == {found.py_func.__code__.co_argcount}, found


@pytest.mark.parametrize(
    "path", sorted([*ROOT.glob("benchmarks/**/*.py"), *ROOT.glob("docs/*.py")]), ids=lambda path: path.name
)
def test_scripts_import_what_there_is(path):
    """No test runs them from end to end; `try` asks for what other states of the code have."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tried = {inner for node in ast.walk(tree) if isinstance(node, ast.Try) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "heatlas" and node not in tried:
            module = importlib.import_module(node.module)
            for each in node.names:
                if not hasattr(module, each.name):
                    importlib.import_module(f"{node.module}.{each.name}")
