"""What all tests share."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest
from browsing import browser, driver, plain_browser  # noqa: F401
from buckets import bucket, s3_server  # noqa: F401
from commands import forks_end
from compiling import first_runs  # noqa: F401
from hypothesis import HealthCheck, settings
from newcomer import wheel  # noqa: F401
from server_fixtures import mariadb, postgres, server_ports  # noqa: F401
from slow_tests import slow_tests

from heatlas.core.wording import through

# Ctrl-C is tried on processes of tests, which inherit that it is ignored in the background of a shell.
signal.signal(signal.SIGINT, signal.default_int_handler)

_ALIKE = {"deadline": None, "database": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("heatlas", max_examples=30, derandomize=True, **_ALIKE)
# Fresh examples, for `./check --search`: a run is repeated by its seed, which therefore decides everything.
settings.register_profile("search", max_examples=300, derandomize=False, print_blob=True, **_ALIKE)
settings.load_profile("heatlas")

_SLOW_FILES = {"test_page.py", "test_html.py", "test_notebook.py", "test_databases_servers.py"}
"""Files that are about browsers, notebooks and database servers."""
_LONG_FILES = {"test_ahead.py", "test_readme.py", "test_tutorial.py"}
"""Files with a test of half a minute or more: were one begun last, the other processes would wait for it."""


@pytest.fixture(autouse=True, scope="session")
def words_of_the_command_line():
    """Messages are compared as they are written; `test_wording.py` goes through other doors."""
    with through("shell"):
        yield


def pytest_addoption(parser):
    parser.addoption("--fast", action="store_true", help="Leave out the tests of slow_tests.txt.")


def pytest_ignore_collect(collection_path, config):
    """Do not even import files of which no test is fast: that takes as long as many tests."""
    if config.getoption("--fast") and collection_path.suffix == ".py":
        return collection_path.name in _SLOW_FILES or None
    return None


def pytest_collection_modifyitems(config, items):
    """Leave out slow tests for --fast, and begin with long ones; search in another order each time, file by file.

    So a search that is stopped leaves out other tests each time.
    """
    items.sort(key=lambda item: item.path.name not in _LONG_FILES)
    if config.getoption("--fast"):
        slow = slow_tests()
        names = [f"{item.path.name}::{getattr(item, 'originalname', item.name)}" for item in items]
        left_out = [item for item, name in zip(items, names, strict=True) if name in slow]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item, name in zip(items, names, strict=True) if name not in slow]
    seed = config.getoption("hypothesis_seed", None)
    if seed is not None:
        files = sorted({str(item.path) for item in items})
        random.Random(seed).shuffle(files)
        items.sort(key=lambda item: files.index(str(item.path)))


def pytest_runtest_setup(item):
    if time.time() > float(os.environ.get("HEATLAS_SEARCH_UNTIL", "inf")):
        pytest.skip("the time for searching is up")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real recordings; it lies beside the project, never inside it. `none`: there are none to be had."""
    if os.environ.get("HEATLAS_TEST_DATA") == "none":
        pytest.skip("no real recordings are to be had (HEATLAS_TEST_DATA=none)")
    folder = Path(os.environ.get("HEATLAS_TEST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    if not folder.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"the real recordings are missing: {folder} is no folder (set HEATLAS_TEST_DATA)")
        pytest.skip(f"no real recordings here: {folder} is no folder (set HEATLAS_TEST_DATA)")
    return folder


@pytest.fixture
def nobody(tmp_path):
    """Root may read and write everything: be somebody else for a while."""
    before = os.geteuid()
    if before == 0:
        for folder in (tmp_path, *tmp_path.parents[:3]):  # with one more of each worker's own
            folder.chmod(0o755)
        os.seteuid(65534)
    yield
    os.seteuid(before)


@pytest.fixture(scope="session", autouse=True)
def _same_secret(request):
    """Cuts follow from the owner's secret: one drawn anew in each run made tests say now this, now that."""
    seed = request.config.getoption("hypothesis_seed", None) or 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("secrets.token_hex", lambda size=32: random.Random(seed).randbytes(size).hex())
        yield


@pytest.fixture(scope="session", autouse=True)
def _threads_for_little():
    """Tests draw so little that one thread would do it all, and what threads could change went unseen."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("heatlas.raster.count_passes._ENOUGH", 1)
        yield


@pytest.fixture(scope="session", autouse=True)
def _commands_end():
    with forks_end():
        yield


@pytest.fixture(scope="session", autouse=True)
def _own_config(tmp_path_factory):
    """Secrets of tests are not those of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEATLAS_CONFIG", str(tmp_path_factory.mktemp("own-config")))
        yield
