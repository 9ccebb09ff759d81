"""A headless Chromium for tests, driven by its own protocol; the machine's one, where it has one."""

import asyncio
import base64
import json
import re
import shutil
import subprocess
import tempfile
import time

import aiohttp
import pytest


class Browser:
    """One page.

    Args:
        program: path of the browser.
    """

    def __init__(self, program):
        self._folder = tempfile.mkdtemp(prefix="kedrec-browser-")
        command = [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0",
                   f"--user-data-dir={self._folder}", "--window-size=1280,900",
                   "--no-first-run", "about:blank"]  # fmt: skip
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        told = next(line for line in self._process.stderr if "DevTools listening" in line)
        self._port = re.search(r":(\d+)/", told).group(1)
        self._runner = asyncio.Runner()
        self._number, self.problems = 0, []
        self._runner.run(self._connect())

    async def _connect(self):
        self._session = aiohttp.ClientSession()
        async with self._session.get(f"http://127.0.0.1:{self._port}/json/list") as answer:
            pages = [one for one in await answer.json() if one["type"] == "page"]
        self._socket = await self._session.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0)
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self._ask(f"{domain}.enable")

    async def _ask(self, method, **parameters):
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": parameters})
        while True:
            told = json.loads((await self._socket.receive()).data)
            if told.get("id") == self._number:
                assert "error" not in told, told
                return told["result"]
            self._note(told)

    def _note(self, told):
        """Keep what went wrong on the page: errors of scripts, and what the policy refused."""
        if told.get("method") == "Runtime.exceptionThrown":
            self.problems.append(told["params"]["exceptionDetails"])
        entry = told.get("params", {}).get("entry", {})
        if entry.get("level") == "error" and "favicon" not in entry.get("url", ""):
            self.problems.append(entry.get("text"))

    def ask(self, method, **parameters):
        """Call a method of the browser's protocol."""
        return self._runner.run(self._ask(method, **parameters))

    def run(self, code):
        """The value of an expression on the page, awaited."""
        made = self.ask("Runtime.evaluate", expression=code, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in made, made["exceptionDetails"]
        return made["result"].get("value")

    def until(self, code, seconds=15):
        """Wait until an expression is true."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if self.run(f"!!({code})"):
                    return
            except AssertionError as error:
                if "context" not in str(error).lower() and "navigat" not in str(error).lower():
                    raise
            time.sleep(0.05)
        raise AssertionError(f"not within {seconds} s: {code}; {self.run('document.body.innerText')[:400]}")

    def go(self, address):
        """Open a page and wait until it stands."""
        self.run("window.leaving = true")
        self.ask("Page.navigate", url=address)
        self.until("!window.leaving && document.readyState === 'complete'")

    def press(self, key):
        """Press a key: `Tab`, `Enter`, `Escape`."""
        codes = {"Tab": 9, "Enter": 13, "Escape": 27}
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=codes[key],
                     **(text if kind == "keyDown" else {}))  # fmt: skip

    def type(self, text):
        """Write into what has the focus."""
        self.ask("Input.insertText", text=text)

    def wide(self, width, height=900, dark=False):
        """Make the window so wide, light or dark."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])

    def picture(self, path, whole=True):
        """Write a picture of the page."""
        path.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot", captureBeyondViewport=whole)["data"]))

    def close(self):
        """End the browser."""
        self._runner.run(self._leave())
        self._runner.close()
        self._process.terminate()
        self._process.wait(10)
        self._process.stderr.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _leave(self):
        await self._socket.close()
        await self._session.close()


def opened():
    """A browser, or a skip that says why there is none."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium here; Debian: apt-get install chromium")
    return Browser(program)
