"""Drive Firefox by WebDriver BiDi (https://www.w3.org/TR/webdriver-bidi/), which every Firefox speaks.

Debian's Firefox has neither geckodriver nor the patches that Playwright needs, so the few commands that the tests take
are sent over a websocket. Without a screen it draws on one of Xvfb: headless it has no WebGL.
"""

from __future__ import annotations

import base64
import io
import itertools
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

FIREFOX = os.environ.get("HEATLAS_FIREFOX") or shutil.which("firefox-esr") or shutil.which("firefox") or ""
WAIT = 30.0
"""Seconds until something is given up."""
_PREFS = {
    "webgl.force-enabled": True, "webgl.disabled": False, "gfx.webrender.software": True,
    "ui.prefersReducedMotion": 1, "layout.css.prefers-reduced-transparency.enabled": True,
    "ui.prefersReducedTransparency": 1, "ui.systemUsesDarkTheme": 1,
    "layout.css.prefers-color-scheme.content-override": 0,
    "browser.shell.checkDefaultBrowser": False, "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.disabledForTesting": True, "app.normandy.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False, "browser.safebrowsing.downloads.remote.enabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False, "extensions.update.enabled": False,
    "services.settings.server": "data:,", "browser.aboutwelcome.enabled": False, "remote.active-protocols": 1,
}  # fmt: skip
SCREEN = shutil.which("Xvfb") or ""
_KEYS = {"Escape": "\ue00c", "ArrowLeft": "\ue012", "ArrowUp": "\ue013", "Enter": "\ue007", "Tab": "\ue004"}


def lacking() -> str:
    if not FIREFOX:
        return "Firefox is missing: apt-get install firefox-esr"
    if not SCREEN:
        return "Xvfb is missing: apt-get install xvfb"
    try:
        import websockets.sync.client  # noqa: F401
    except ImportError:
        return "websockets is missing: pip install websockets"
    return ""


class Firefox:
    """A browser with one page."""

    def __init__(self) -> None:
        self.profile = Path(tempfile.mkdtemp(prefix="heatlas-firefox-"))
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in _PREFS.items()]
        (self.profile / "user.js").write_text("\n".join(lines))
        environment = {**os.environ, "LIBGL_ALWAYS_SOFTWARE": "1", "HOME": str(self.profile), "DISPLAY": self._screen()}
        with (self.profile / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [FIREFOX, "--no-remote", "--profile", self.profile, "--remote-debugging-port=0"],
                stdout=log, stderr=subprocess.STDOUT, env=environment,
            )  # fmt: skip
        self.numbers = itertools.count(1)
        self.events: list[dict] = []
        self.links = ExitStack()
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def _begin(self) -> None:
        from websockets.sync.client import connect

        link = connect(f"{self._address()}/session", max_size=None, open_timeout=WAIT, close_timeout=0.5, proxy=None)
        self.link = self.links.enter_context(link)
        self.send("session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})
        self.send("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])
        self.page = self.send("browsingContext.getTree")["contexts"][0]["context"]
        self.resize(1200, 800)

    def _screen(self) -> str:
        """Start a screen that nobody sees; it takes a number that is free."""
        reading, writing = os.pipe()
        self.screen = subprocess.Popen(
            [SCREEN, "-displayfd", str(writing), "-screen", "0", "1400x1100x24", "-nolisten", "tcp"],
            pass_fds=[writing], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(writing)
        with os.fdopen(reading) as told:
            number = told.readline().strip()
        if not number:
            raise RuntimeError("Xvfb did not start")
        return f":{number}"

    def _address(self) -> str:
        until = time.monotonic() + 2 * WAIT
        while time.monotonic() < until and self.process.poll() is None:
            found = re.search(
                r"WebDriver BiDi listening on (ws://\S+)", (self.profile / "log").read_text("utf-8", "replace")
            )
            if found:
                return found[1]
            time.sleep(0.1)
        raise RuntimeError(f"Firefox did not start: {(self.profile / 'log').read_text('utf-8', 'replace')[-2000:]}")

    def close(self) -> None:
        """End the browser, and remove its profile."""
        self.process.kill()  # what it would save goes with its profile
        self.process.wait()
        self.links.close()
        self.screen.terminate()
        self.screen.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def send(self, method: str, **params: object) -> dict:
        """Send a command, and return its result; events that arrive meanwhile are kept."""
        number = next(self.numbers)
        self.link.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            said = json.loads(self.link.recv(timeout=2 * WAIT))
            if said.get("id") == number:
                if said["type"] == "error":
                    raise RuntimeError(f"{method}: {said['error']}: {said['message']}")
                return said["result"]
            if said.get("type") == "event":
                self.events.append(said)

    def resize(self, width: int, height: int) -> None:
        self.send("browsingContext.setViewport", context=self.page, viewport={"width": width, "height": height})

    def open(self, url: str) -> None:
        self.events.clear()
        # Elsewhere first: an address that differs after its # alone is no new page.
        self.send("browsingContext.navigate", context=self.page, url="about:blank", wait="complete")
        self.send("browsingContext.navigate", context=self.page, url=url, wait="complete")

    @contextmanager
    def without_webgl(self):
        """Open pages as a Firefox does that has none: software draws them in a fraction of the time."""
        refuse = """() => {
            const get = HTMLCanvasElement.prototype.getContext;
            HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
                return kind.startsWith("webgl") ? null : get.call(this, kind, ...more);
            };
        }"""
        script = self.send("script.addPreloadScript", functionDeclaration=refuse, contexts=[self.page])["script"]
        try:
            yield
        finally:
            self.send("script.removePreloadScript", script=script)

    def run(self, script: str):
        """Run the body of an async function; its value is JSON."""
        code = f"(async () => {{ {script} }})().then((value) => JSON.stringify(value ?? null))"
        said = self.send(
            "script.evaluate", expression=code, target={"context": self.page}, awaitPromise=True, userActivation=True
        )
        if said["type"] == "exception":
            raise RuntimeError(said["exceptionDetails"]["text"])
        return json.loads(said["result"]["value"])

    def wait(self, condition: str, seconds: float = WAIT) -> None:
        """Wait until an expression is true."""
        until = time.monotonic() + seconds
        while not self.run(f"return Boolean({condition})"):
            assert time.monotonic() < until, f"this did not come true: {condition}"
            time.sleep(0.1)

    def text(self, one: str) -> str:
        return self.run(f"return document.querySelector({json.dumps(one)}).innerText")

    def seen(self, one: str) -> bool:
        return self.run(f"return Boolean(document.querySelector({json.dumps(one)})?.checkVisibility())")

    def click(self, x: float, y: float) -> None:
        moves = [
            {"type": "pointerMove", "x": round(x), "y": round(y)}, {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]  # fmt: skip
        self.send(
            "input.performActions", context=self.page, actions=[{"type": "pointer", "id": "mouse", "actions": moves}]
        )

    def press(self, key: str) -> None:
        value = _KEYS.get(key, key)
        presses = [{"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]
        self.send(
            "input.performActions", context=self.page, actions=[{"type": "key", "id": "keys", "actions": presses}]
        )

    def shot(self) -> np.ndarray:
        """Pixels of the page, (height, width, 3)."""
        said = self.send("browsingContext.captureScreenshot", context=self.page)
        with Image.open(io.BytesIO(base64.b64decode(said["data"]))) as picture:
            return np.asarray(picture.convert("RGB"), np.int16)

    def troubles(self) -> list[str]:
        """Errors that the page told of."""
        said = [one["params"] for one in self.events if one["method"] == "log.entryAdded"]
        return [str(one.get("text")) for one in said if one["level"] == "error"]

    def away(self) -> list[str]:
        """Requests that left this machine."""
        asked = [one["params"] for one in self.events if one["method"] == "network.beforeRequestSent"]
        urls = [one["request"]["url"] for one in asked if one.get("context") == self.page]
        return [url for url in urls if not re.match(r"(http://127\.0\.0\.1[:/]|blob:|data:|about:|file:)", url)]
