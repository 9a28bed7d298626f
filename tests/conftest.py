"""What all tests share."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from server_fixtures import mariadb, postgres, server_ports  # noqa: F401

_ALIKE = {"deadline": None, "database": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("heatlas", max_examples=60, derandomize=True, **_ALIKE)
# Fresh examples, for `./check --search`: a run is repeated by its seed, which therefore decides everything.
settings.register_profile("search", max_examples=300, derandomize=False, print_blob=True, **_ALIKE)
settings.load_profile("heatlas")


def pytest_collection_modifyitems(config, items):
    """Search in another order each time, file by file: a search that is stopped leaves out other tests each time."""
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
def _own_config(tmp_path_factory):
    """Secrets of tests are not those of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEATLAS_CONFIG", str(tmp_path_factory.mktemp("own-config")))
        yield
