"""A real headless Chromium, spoken to by WebDriver: just what the tests of the HTML report need."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PORT = 19515
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
AVAILABLE = bool(shutil.which("chromium") and shutil.which("chromedriver"))


def _call(method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", data, method=method)
    with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - as above
        return json.loads(response.read())["value"]


class Browser:
    """One browser window."""

    def __init__(self, session: str) -> None:
        self._path = f"/session/{session}"

    def open(self, url: str) -> None:
        """Load a page."""
        _call("POST", f"{self._path}/url", {"url": url})

    def run(self, script: str) -> Any:
        """Return what a script returns."""
        return _call("POST", f"{self._path}/execute/sync", {"script": script, "args": []})

    def emulate(self, width: int, height: int) -> None:
        """Show the page as a phone of that size does; 0 ends it."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width > 0}
        command = "Emulation.setDeviceMetricsOverride" if width else "Emulation.clearDeviceMetricsOverride"
        _call("POST", f"{self._path}/goog/cdp/execute", {"cmd": command, "params": metrics if width else {}})

    def screenshot(self) -> bytes:
        """Return the window's picture as PNG."""
        return base64.b64decode(_call("GET", f"{self._path}/screenshot"))

    def press(self, selector: str, keys: str) -> None:
        """Type keys into an element, which gets the focus."""
        element = _call("POST", f"{self._path}/element", {"using": "css selector", "value": selector})[_ELEMENT]
        _call("POST", f"{self._path}/element/{element}/value", {"text": keys})

    def complaints(self) -> list[str]:
        """Return what the console says: script errors and violations of the content security policy."""
        entries = _call("POST", f"{self._path}/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries]


@contextmanager
def browser(*arguments: str) -> Iterator[Browser]:
    """Start Chromium and end it."""
    driver = subprocess.Popen(["chromedriver", f"--port={PORT}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                if _call("GET", "/status")["ready"]:
                    break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        options = {"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", *arguments]}
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        session = _call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]
        try:
            yield Browser(session)
        finally:
            _call("DELETE", f"/session/{session}")
    finally:
        driver.terminate()
        driver.wait(10)
