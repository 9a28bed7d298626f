"""Make the pictures of the live map and of a page in these pages: ``python docs/make_screenshots.py``.

Chromium shows the export that `heatlas demo` makes, through playwright (``pip install playwright``); ``CHROMIUM`` names
another browser than /usr/bin/chromium.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parent
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
WAIT = 120_000
"""Milliseconds until the browser is given up: without a graphics card it takes its time."""


@contextmanager
def served(library: Path) -> Iterator[str]:
    """Serve a library; yields the address."""
    command = [sys.executable, "-m", "heatlas", "serve", str(library), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            yield next(word for line in server.stderr for word in line.split() if word.startswith("http"))
        finally:
            server.terminate()


def settled(page: Any) -> None:
    """Wait until everything is drawn."""
    page.wait_for_selector("body.ready", timeout=WAIT)
    page.wait_for_timeout(800)
    page.wait_for_selector("#busy", state="hidden", timeout=WAIT)
    page.wait_for_timeout(4000)  # names of towns come last


def save(page: Any, name: str) -> None:
    """Save what the browser shows."""
    picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
    picture.save(DOCS / name, optimize=True)  # with all its colours: shadows and the legend are gradients
    print(name, picture.size, f"{(DOCS / name).stat().st_size // 1024} KB")


def live(browser: Any, address: str) -> None:
    """The live map, with who passed at a click, and on a phone."""
    page = browser.new_page(viewport={"width": 1400, "height": 900}, color_scheme="dark")
    page.goto(address)
    settled(page)
    page.click("text=Not now")
    page.mouse.click(815, 430)
    page.wait_for_selector("#who", state="visible", timeout=WAIT)
    page.click("#who-list .activity >> nth=0")
    page.wait_for_selector("#who-list svg", timeout=WAIT)
    settled(page)
    save(page, "live-map.png")
    page.close()
    look = {"is_mobile": True, "has_touch": True, "device_scale_factor": 2, "color_scheme": "light"}
    page = browser.new_page(viewport={"width": 390, "height": 844}, **look)
    page.goto(address)
    settled(page)
    page.click("text=Not now")
    settled(page)
    save(page, "live-map-phone.png")
    page.close()


def main() -> None:
    """Make all of them."""
    from playwright.sync_api import sync_playwright

    import heatlas
    from heatlas.library.manage import import_into

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        export, library = Path(folder) / "my-export", Path(folder) / "heatlas.db"
        heatlas.write_demo(export)
        import_into(library, export)
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        with served(library) as address:
            live(browser, address)
        heatlas.render(library, output=Path(folder) / "page.html", layers="sport", zoom="8-14", title="{place}")
        page = browser.new_page(viewport={"width": 1200, "height": 760}, color_scheme="dark")
        page.goto((Path(folder) / "page.html").as_uri())
        settled(page)
        save(page, "page.png")
        browser.close()


if __name__ == "__main__":
    main()
