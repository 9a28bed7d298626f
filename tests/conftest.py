"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from server_fixtures import mariadb, postgres, server_ports  # noqa: F401

settings.register_profile("heatlas", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("heatlas")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real recordings; it lies beside the project, never inside it."""
    folder = Path(os.environ.get("HEATLAS_TEST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    if not folder.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"the real recordings are missing: {folder} is no folder (set HEATLAS_TEST_DATA)")
        pytest.skip(f"no real recordings here: {folder} is no folder (set HEATLAS_TEST_DATA)")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _threads_for_little():
    """Tests draw so little that one thread would do it all, and what threads could change went unseen."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("heatlas.passes._ENOUGH", 1)
        yield
