"""Compiled kernels on disk: another state of any source is never taken for this one."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import heatlas
from heatlas.kernels.cache import sources

HOME = Path(heatlas.__file__).resolve().parent


@pytest.fixture
def copy(tmp_path):
    """The sources of the kernels, and of nothing else, as a package of its own."""
    package = tmp_path / "copy" / "heatlas"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    shutil.copytree(HOME / "kernels", package / "kernels", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(HOME / "core/mercator.py", package)
    # A kernel and, in another file, its helper, so small that they are compiled in no time.
    (package / "kernels" / "aid.py").write_text(
        "from heatlas.kernels.compiled import helper\n\n\n@helper()\ndef twice(value):\n    return value + value\n"
    )
    (package / "kernels" / "user.py").write_text(
        "from heatlas.kernels.aid import twice\nfrom heatlas.kernels.compiled import kernel\n\n\n"
        "@kernel()\ndef more(value):\n    return twice(value) + 1\n"
    )
    return package.parent


def ask(copy, first="", **environment):
    """Call the kernel in a process of its own: its value, whether it was cold, and whether it came from the disk."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        f"from heatlas.kernels import compiled\n{first}\n"
        "from heatlas.kernels.user import more\n"
        "print(int(compiled.never_compiled(more)), more(10), sum(more.stats.cache_hits.values()))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, str(copy)],
        capture_output=True, text=True, check=False, env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    cold, value, hits = map(int, done.stdout.split())
    return cold == 1, value, hits == 1


def edit(copy, old, new):
    path = copy / "heatlas" / "kernels" / "aid.py"
    path.write_text(path.read_text().replace(old, new))


def stored(folder):
    return sorted(path.name for path in Path(folder).rglob("user.more-*"))


def test_an_edited_helper_is_noticed(copy):
    assert ask(copy) == (True, 21, False)
    assert ask(copy) == (False, 21, True)
    files = stored(copy)
    edit(copy, "value + value", "value * 4")
    assert ask(copy) == (True, 41, False)
    assert ask(copy) == (False, 41, True)
    # What the older state left is gone: nothing grows from update to update.
    assert len(stored(copy)) == len(files) == 2
    assert not set(stored(copy)) & set(files)


def test_code_of_two_states_is_never_stored(copy):
    # The sources change under a process that has not read all of them yet, and later change back.
    path = copy / "heatlas" / "kernels" / "aid.py"
    swap = (
        "from pathlib import Path\n"
        f"path = Path({str(path)!r}); path.write_text(path.read_text().replace('value + value', '7777 * value'))"
    )
    assert ask(copy, swap) == (True, 77771, False)
    edit(copy, "7777 * value", "value + value")
    assert ask(copy) == (True, 21, False)


def test_a_folder_that_is_named_is_used(copy, tmp_path):
    folder = tmp_path / "elsewhere"
    assert ask(copy, NUMBA_CACHE_DIR=str(folder)) == (True, 21, False)
    assert ask(copy, NUMBA_CACHE_DIR=str(folder)) == (False, 21, True)
    assert len(stored(folder)) == 2
    assert not stored(copy)


def test_the_digest_is_of_all_that_kernels_import():
    names = {".".join(path.relative_to(HOME.parent).with_suffix("").parts) for path in sources()}
    for path in sources()[:-1]:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("heatlas"):
                assert node.module in names, f"{path.name} imports {node.module}, which the digest does not hold"
