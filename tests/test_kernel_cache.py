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
from heatlas.kernels import cache
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
        '@kernel("i8")\ndef more(value):\n    return twice(value) + 1\n'
    )
    return package.parent


def ask(copy, first="", **environment):
    """Call the kernel in a process of its own: its value, whether it was cold, and whether it came from the disk."""
    return heard(copy, first, **environment)[:3]


def heard(copy, first="", **environment):
    """As `ask`, and what was said on stderr."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        f"from heatlas.kernels import compiled\n{first}\n"
        "from heatlas.kernels.user import more\n"
        "print(int(compiled.never_compiled(more)), more(10), sum(more.dispatcher.stats.cache_hits.values()))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, str(copy)],
        capture_output=True, text=True, check=False, env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    cold, value, hits = map(int, done.stdout.split())
    return cold == 1, value, hits == 1, done.stderr


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


@pytest.fixture
def homeless(copy, tmp_path):
    """A package that cannot be written, and a user without a home; not even root can make folders under a file."""
    (copy / "heatlas" / "kernels" / "__pycache__").touch()
    (tmp_path / "temporary").mkdir()
    return {"HOME": os.devnull, "XDG_CACHE_HOME": "", "TMPDIR": str(tmp_path / "temporary"), "NUMBA_CACHE_DIR": "",
            "PYTHONDONTWRITEBYTECODE": "1"}  # fmt: skip


def private(homeless):
    return Path(homeless["TMPDIR"]) / f"heatlas-kernels-{os.geteuid()}"


posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has a home and temporary files of each user")


@posix
def test_without_a_home_compiled_code_is_stored_among_temporary_files_and_that_is_said_once(copy, homeless):
    *first, said = heard(copy, **homeless)
    assert first == [True, 21, False]
    assert said.count("NUMBA_CACHE_DIR") == 1
    assert str(private(homeless)) in said
    assert private(homeless).stat().st_mode & 0o777 == 0o700
    assert heard(copy, **homeless) == (False, 21, True, "")


@posix
def test_where_no_folder_is_safe_each_process_compiles_and_says_so_once(copy, homeless):
    private(homeless).mkdir()
    private(homeless).chmod(0o777)
    *first, said = heard(copy, **homeless)
    assert first == [False, 21, False]
    assert said.count("cannot be stored (no folder can be written)") == 1
    assert not stored(private(homeless))


@posix
@pytest.mark.parametrize("trap", ["open to all", "a file", "a link", "somebody's"])
def test_a_folder_that_others_could_write_to_is_not_believed(tmp_path, monkeypatch, trap):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    path = tmp_path / f"heatlas-kernels-{os.geteuid()}"
    path.mkdir(mode=0o700)
    find = cache._private_folder.__wrapped__
    assert find() == path
    if trap == "a file":
        path.rmdir()
        path.touch()
    elif trap == "a link":
        path.rename(tmp_path / "real")
        path.symlink_to("real")
    elif trap == "open to all":
        path.chmod(0o777)
    else:
        path.rename(tmp_path / f"heatlas-kernels-{os.geteuid() + 1}")
        other = os.geteuid() + 1
        monkeypatch.setattr(os, "geteuid", lambda: other)
    assert find() is None


@posix
@pytest.mark.parametrize("home", [None, "relative", "/somewhere"])
def test_a_user_whom_nobody_knows_gets_no_folder_that_is_called_tilde(monkeypatch, home):
    import pwd

    def refuse(number):
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", refuse)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("HOME")
    if home is not None:
        monkeypatch.setenv("HOME", home)
    names = [locator.__name__.lstrip("_") for locator in cache._locators()]
    assert names[:2] == ["UserProvidedCacheLocator", "InTreeCacheLocator"]
    assert ("UserWideCacheLocator" in names) == (home == "/somewhere")
    assert names[-2:] == ["PrivateLocator", "NoFolder"]


@posix
def test_what_the_image_of_a_container_holds_is_loaded_where_it_cannot_be_written(copy, homeless, tmp_path):
    (copy / "heatlas" / "kernels" / "__pycache__").unlink()
    assert ask(copy)[1:] == (21, False)  # as root, when the image is built
    refused = (
        "import errno\n"
        "from heatlas.kernels import cache\n"
        "def refuse(self): raise OSError(errno.EROFS, 'Read-only file system')\n"
        "cache._BASE.ensure_cache_path = refuse"
    )
    assert heard(copy, refused, **homeless) == (False, 21, True, "")
    named = {**homeless, "NUMBA_CACHE_DIR": str(tmp_path / "named")}
    assert ask(copy, **named)[1:] == (21, False)  # whoever names a folder wants no other
    assert ask(copy, refused, **named)[1:] == (21, True)


@posix
def test_a_full_disk_stops_no_work(copy):
    first = (
        "import errno, numba.core.caching as caching\n"
        "def full(*_): raise OSError(errno.ENOSPC, 'No space left on device')\n"
        "caching.IndexDataCacheFile.save = full"
    )
    *found, said = heard(copy, first)
    assert found == [True, 21, False]
    assert "No space left on device" in said


@pytest.mark.parametrize(("ending", "damage"), [(".nbi", b"garbage"), (".nbc", b"")])
def test_damaged_code_is_compiled_anew_and_stored_again(copy, ending, damage):
    ask(copy)
    for path in copy.rglob(f"user.more-*{ending}"):
        path.write_bytes(damage)
    assert ask(copy)[1:] == (21, False)
    assert ask(copy) == (False, 21, True)


def test_the_digest_is_of_all_that_kernels_import():
    names = {".".join(path.relative_to(HOME.parent).with_suffix("").parts) for path in sources()}
    for path in sources()[:-1]:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("heatlas"):
                assert node.module in names, f"{path.name} imports {node.module}, which the digest does not hold"
