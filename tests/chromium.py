"""Debian's Chromium as the tests drive it through playwright: with no more of it than they look at.

A page costs seconds of CPU where the graphics are drawn by software. A good half of that is spent on what no test
looks at, so it is left out: see `FLAGS` and `Glass`.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest

CHROMIUM = os.environ.get("HEATLAS_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
_UNWANTED = (
    # Each window has pages of its own for what drops down from the address bar; nobody sees them without a screen.
    "WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup",
    # A second list of features replaces that of playwright: of it, what changes how a page comes about.
    "PaintHolding", "HttpsUpgrades", "HttpsFirstBalancedModeAutoEnable", "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose", "ThirdPartyStoragePartitioning", "OptimizationHints", "MediaRouter", "LensOverlay",
    "NetworkTimeServiceQuerying", "PreconnectToSearch", "AimEnabled",
)  # fmt: skip
# Debian has letters and boxes drawn by the graphics card: without one that is the slowest way.
FLAGS = ["--no-sandbox", "--disable-gpu-rasterization", f"--disable-features={','.join(_UNWANTED)}"]
WEBGL = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
NO_WEBGL = ["--disable-3d-apis"]


def lacking() -> str:
    """Say what is missing for tests in this browser."""
    if not Path(CHROMIUM).exists():
        return "Chromium is missing: apt-get install chromium"
    for module in ("playwright", "uvicorn", "starlette"):
        try:
            __import__(module)
        except ImportError:
            return f"{module} is missing: pip install {module}"
    return ""


@contextmanager
def driving():
    """What launches browsers."""
    if said := lacking():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(said)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright.chromium


@contextmanager
def launched(driver, webgl: bool = True):
    """A browser."""
    browser = driver.launch(executable_path=CHROMIUM, args=[*FLAGS, *(WEBGL if webgl else NO_WEBGL)])
    yield browser
    browser.close()


class Glass:
    """Whether a page is shown as to somebody who wants little transparency: nothing is blurred below panels then.

    Software draws a frame of a blurred map twice as long, and axe cannot tell what words on it lie on.
    """

    def __init__(self, page, scheme: str) -> None:
        self._session = page.context.new_cdp_session(page)
        self._wishes = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}

    def show(self, wanted: bool) -> None:
        wishes = {**self._wishes, "prefers-reduced-transparency": "" if wanted else "reduce"}
        features = [{"name": name, "value": value} for name, value in wishes.items()]
        self._session.send("Emulation.setEmulatedMedia", {"features": features})
